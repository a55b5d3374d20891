// The sketches of examples/arduino as a C++ compiler of this machine has them: against the stand-ins beside this file.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { inOneFile } from "../../tools/device-setup/sketch.ts";
import { hasInstalled } from "../programs/installed.ts";

export const hasCompiler = hasInstalled("the sketches", "g++");

const standIns = path.join(import.meta.dirname, "stand-ins");
const examples = path.join(import.meta.dirname, "../../examples/arduino");

export type Board = "ESP32" | "ESP8266";
export type SketchName = "DurableMqtt" | "DurableMqttEspIdf";

/** As people paste it: one text. */
export function sketchText(name: SketchName): string {
  const read = (file: string) => readFileSync(path.join(examples, name, file), "utf8");
  const sketch = read(`${name}.ino`);
  return inOneFile(sketch, sketch.includes("roots.h") ? { "roots.h": read("roots.h") } : {});
}

/** Changes one `#define` at the head, as people do. */
export function withSetting(sketch: string, name: string, value: string): string {
  const line = new RegExp(`^(#define ${name}) .*$`, "m");
  if (!line.test(sketch)) throw new Error(`the sketch has no setting ${name}`);
  return sketch.replace(line, (_, start: string) => `${start} ${value}`);
}

/**
 * What the Arduino IDE does with a sketch, on this machine.
 * @param output where the program goes; without it the compiler checks only
 * @returns what the compiler says; nothing is well
 */
export async function compile(sketch: string, board: Board, output?: string): Promise<string> {
  const flags = [...options(board), ...(await core(board))];
  const source = ["-x", "c++", "-"];
  if (output === undefined) return gpp([...flags, "-fsyntax-only", ...source], sketch);
  return gpp([...flags, ...source, "-x", "none", ...(await objectsFor(sketch)), "-o", output], sketch);
}

const options = (board: Board) => ["-std=gnu++17", "-Wall", "-Wextra", "-Werror", "-pthread", `-D${board}`];

async function gpp(args: readonly string[], input = ""): Promise<string> {
  const compiler = spawn("g++", args, { stdio: ["pipe", "ignore", "pipe"] });
  compiler.stdin.end(input);
  let said = "";
  for await (const text of compiler.stderr.setEncoding("utf8")) said += text;
  return said;
}

/** A folder that is gone after the run: what is compiled in it serves several files. */
export function newFolder(): Promise<string> {
  return mkdtemp(path.join(process.env.TEST_RUN_FOLDER ?? tmpdir(), "sketch-"));
}

const made = new Map<string, Promise<string>>();

/** What is compiled once and used by each sketch: that is most of the time. */
function once(name: string, make: (folder: string) => Promise<{ said: string; result: string }>): Promise<string> {
  const start = async () => {
    const { said, result } = await make(await newFolder());
    if (said !== "") throw new Error(said);
    return result;
  };
  const known = made.get(name) ?? start();
  made.set(name, known);
  return known;
}

/** The stand-ins, and Arduino.h, precompiled, at the head of each sketch. */
async function core(board: Board): Promise<string[]> {
  const header = await once(board, async (folder) => {
    const result = path.join(folder, "core.h");
    const said = await gpp([
      ...options(board),
      "-x",
      "c++-header",
      path.join(standIns, "Arduino.h"),
      "-o",
      `${result}.gch`,
    ]);
    return { said, result };
  });
  return [`-I${standIns}`, "-include", header];
}

/** What a sketch that runs, on an ESP32, is linked with. */
function objectsFor(sketch: string): Promise<string[]> {
  const client = sketch.includes("<mqtt_client.h>") ? "esp-mqtt.cpp" : "MQTTPubSubClient.cpp";
  return Promise.all(
    ["host.cpp", "WebSocketsClient.cpp", client].map((file) =>
      once(file, async (folder) => {
        const flags = [...options("ESP32"), ...(await core("ESP32"))];
        const result = path.join(folder, "part.o");
        return { said: await gpp([...flags, "-c", path.join(standIns, file), "-o", result]), result };
      }),
    ),
  );
}
