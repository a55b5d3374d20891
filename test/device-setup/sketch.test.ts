// A device's settings in the sketch's own words.

import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { inOneFile, sketchFor, sketchSettings } from "../../tools/device-setup/sketch.ts";

const setup = { brokerUrl: "wss://mqtt.example.org/mqtt", clientId: "kitchen", username: "kitchen", token: "t0ken" };
const folder = path.join(import.meta.dirname, "../../examples/arduino");
const sketches = ["DurableMqtt/DurableMqtt.ino", "DurableMqttEspIdf/DurableMqttEspIdf.ino"];

/** The `#define`s of a text, without comments. */
function definitions(text: string): Record<string, string> {
  const lines = text.matchAll(/^#define (\w+) ((?:"(?:[^"\\]|\\.)*"|[^/\n"])+?)\s*(?:\/\/.*)?$/gm);
  return Object.fromEntries([...lines].map(([, name, value]) => [name, value]));
}

describe("the settings of a device", () => {
  it.each([
    ["wss://mqtt.example.org/mqtt", '"mqtt.example.org"', "443", "1", '"/mqtt/" DEVICE_ID'],
    ["wss://mqtt.example.org:8443/ns/home/mqtt", '"mqtt.example.org"', "8443", "1", '"/ns/home/mqtt/" DEVICE_ID'],
    ["ws://192.168.1.5:8787/mqtt", '"192.168.1.5"', "8787", "0", '"/mqtt/" DEVICE_ID'],
    ["ws://broker.local/mqtt", '"broker.local"', "80", "0", '"/mqtt/" DEVICE_ID'],
  ])("of %s", (brokerUrl, host, port, tls, path) => {
    expect(definitions(sketchSettings({ ...setup, brokerUrl }))).toEqual({
      MY_BROKER_HOST: host,
      MY_BROKER_PORT: port,
      MY_BROKER_TLS: tls,
      MY_BROKER_PATH: path,
      DEVICE_ID: '"kitchen"',
      DEVICE_USERNAME: '"kitchen"',
      DEVICE_TOKEN: '"t0ken"',
    });
  });

  it("are C++ strings whatever is in them: no quotation mark, backslash, line end or trigraph ends or changes one", () => {
    const settings = definitions(sketchSettings({ ...setup, token: 'a"b\\c\nd??/ü1' }));
    expect(settings.DEVICE_TOKEN).toBe('"a\\042b\\134c\\012d\\077\\077/\\303\\2741"');
  });
});

describe.each(sketches)("%s filled in", (file) => {
  const template = readFileSync(path.join(folder, file), "utf8");

  it("has the settings, and is otherwise as it was", () => {
    const filled = sketchFor(template, setup);
    expect(definitions(filled)).toMatchObject(definitions(sketchSettings(setup)));
    const unlike = (text: string) => text.split("\n").filter((line) => !/^#define (MY_BROKER|DEVICE)_/.test(line));
    expect(unlike(filled)).toEqual(unlike(template));
    expect(definitions(filled).BROKER).toBe("MY_BROKER");
  });

  it("can be filled in again", () => {
    const other = { ...setup, brokerUrl: "ws://127.0.0.1:1/ns/a/mqtt", token: 'with "marks"' };
    expect(sketchFor(sketchFor(template, other), setup)).toBe(sketchFor(template, setup));
  });

  it("says which setting a template lacks", () => {
    const without = template.replace(/^#define DEVICE_TOKEN.*\n/m, "");
    expect(() => sketchFor(without, setup)).toThrow('the sketch has no line "#define DEVICE_TOKEN"');
  });
});

describe("a sketch in one file", () => {
  it("has the headers beside it where it included them, and includes the libraries still", () => {
    const sketch = '#include <WiFi.h>\n  int x;\n#include "roots.h"  // of trust\nint y;\n';
    expect(inOneFile(sketch, { "roots.h": "const int ROOTS = 1;  // $& $1\n" })).toBe(
      "#include <WiFi.h>\n  int x;\nconst int ROOTS = 1;  // $& $1\nint y;\n",
    );
  });

  it("is the main sketch with its roots", () => {
    const read = (name: string) => readFileSync(path.join(folder, "DurableMqtt", name), "utf8");
    const whole = inOneFile(read("DurableMqtt.ino"), { "roots.h": read("roots.h") });
    expect(whole).not.toContain('#include "');
    expect(whole.match(/-----BEGIN CERTIFICATE-----/g)).toHaveLength(4);
  });
});
