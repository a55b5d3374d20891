// The sketches compile: for each board and each broker, with nothing for the compiler to warn of. What is not in the
// libraries' headers does not.

import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { sketchFor } from "../../tools/device-setup/sketch.ts";
import { type Board, compile, hasCompiler, sketchText, withSetting } from "./sketch.ts";

const sketches = [
  ["DurableMqtt", "ESP32"],
  ["DurableMqtt", "ESP8266"],
  ["DurableMqttEspIdf", "ESP32"],
] as const satisfies readonly (readonly [string, Board])[];
/** Each broker, and TLS and plain. */
const choices = [
  ["MY_BROKER", "with TLS", "1"],
  ["MY_BROKER", "without TLS", "0"],
  ["HIVEMQ_PUBLIC", "with TLS", "1"],
  ["MOSQUITTO_PUBLIC", "without TLS", "0"],
] as const;

/** A compiler has much to do, and on a busy machine it takes long. */
const timeout = 120_000;

describe.skipIf(!hasCompiler).each(sketches)("%s on the %s", { timeout }, (name, board) => {
  const sketch = sketchText(name);
  const readme = readFileSync(path.join(import.meta.dirname, "../../examples/arduino/README.md"), "utf8");

  it.each(choices)("compiles for %s, %s", async (broker, _, isTls) => {
    const chosen = withSetting(withSetting(sketch, "BROKER", broker), "MY_BROKER_TLS", isTls);
    expect(await compile(chosen, board)).toBe("");
  });

  it("compiles filled in, whatever is in the token", async () => {
    const brokerUrl = "wss://mqtt.example.org/ns/home/mqtt";
    const setup = { brokerUrl, clientId: "kitchen", username: 'a "name"', token: "\\ ??/ \n % ü" };
    expect(await compile(sketchFor(sketch, setup), board)).toBe("");
  });

  it("does not compile with a call that the library does not have", async () => {
    const call = name === "DurableMqtt" ? "mqtt->publish(" : "esp_mqtt_client_publish(";
    expect(sketch).toContain(call);
    const typo = sketch.replace(call, call.replace("publish", "publsh"));
    expect(await compile(typo, board)).toMatch(/publsh/);
  });

  it("does not compile with arguments in the wrong order", async () => {
    const [call, wrong] =
      name === "DurableMqtt"
        ? ['topics + "/telemetry", json, RETAINED, 1', 'json, 1, topics + "/telemetry", RETAINED']
        : ["json, 0, 1, RETAINED", "0, json, 1, RETAINED"];
    expect(sketch).toContain(call);
    expect(await compile(sketch.replace(call, wrong), board)).toMatch(/error/);
  });

  it("needs the subprotocol named: the library's own is not MQTT's", () => {
    const begins = [...sketch.matchAll(/^\s*webSocket\.begin\w*\((.*)\);$/gm)].map(([, args]) => args);
    expect(begins.length).toBe(name === "DurableMqtt" ? 2 : 0);
    for (const args of begins) expect(args).toMatch(/, "mqtt"$/);
  });

  it("says nothing of failures that the README does not explain", () => {
    const literals = [...sketch.matchAll(/(?:println\(|\b(?:words|why|cause|ended) = )"([^"]{15,})"/g)];
    const said = literals.map(([, text = ""]) => text.replace(/^(MQTT|WebSocket): /, "").slice(0, 18));
    expect(said.length).toBeGreaterThan(5);
    expect(said.filter((start) => !readme.includes(start))).toEqual([]);
  });

  it("is short enough to be read", () => {
    expect(sketch.replace(/R"PEM\([^)]*\)PEM"/, "").split("\n").length).toBeLessThan(300);
  });
});
