// The sketches of examples/arduino as a C++ compiler of this machine has them: against the stand-ins beside this file.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
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
  const program = output === undefined ? ["-fsyntax-only"] : ["-o", output, ...partsOf(sketch)];
  const strict = ["-std=gnu++17", "-Wall", "-Wextra", "-Werror", "-pthread"];
  const args = [...strict, `-D${board}`, `-I${standIns}`, "-include", "Arduino.h", ...program, "-x", "c++", "-"];
  const compiler = spawn("g++", args, { stdio: ["pipe", "ignore", "pipe"] });
  compiler.stdin.end(sketch);
  let said = "";
  for await (const text of compiler.stderr.setEncoding("utf8")) said += text;
  return said;
}

/** What a sketch that runs is linked with. */
function partsOf(sketch: string): string[] {
  const parts = sketch.includes("<mqtt_client.h>") ? ["host-main.cpp", "esp-mqtt.cpp"] : ["host-main.cpp"];
  return parts.map((file) => path.join(standIns, file));
}
