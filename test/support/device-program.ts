// A device's program, as the dashboard shows it and the examples have it, run in a folder of its own.

import path from "node:path";
import { hasPythonModule, pythonPath } from "../programs/installed.ts";
import { type RunningProgram, runInFolder } from "./program-in-folder.ts";

const packages = path.join(import.meta.dirname, "../../node_modules");

const everyLanguage = [
  {
    language: "Node.js",
    command: process.execPath,
    example: "node/device.mjs",
    fileName: "device.mjs",
    tab: "MQTT.js",
  },
  {
    language: "Python",
    command: pythonPath,
    example: "python/device.py",
    fileName: "device.py",
    tab: "Python",
  },
] as const;

/** The programs that can run here. */
export const languages = everyLanguage.filter(
  ({ language }) => language !== "Python" || hasPythonModule("a device in Python", "paho.mqtt.client"),
);

/** With the project's packages; it is killed after the test. */
export function runProgram(command: string, fileName: string, text: string): Promise<RunningProgram> {
  return runInFolder(command, [fileName], { files: { [fileName]: text }, packages });
}
