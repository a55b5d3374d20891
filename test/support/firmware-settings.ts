// The settings of firmware that cannot run here, read as the firmware reads them.

import { expect } from "vitest";
import { parseDocument } from "yaml";

/** As ESPHome reads it: `${NAME}` is what `substitutions` says. */
export function esphomeSettings(text: string) {
  const { substitutions } = parseDocument(text, { logLevel: "error" }).toJS() as {
    substitutions: Record<string, string>;
  };
  const filled = text.replace(/\$\{(\w+)\}/g, (_, name: string) => substitutions[name] ?? `no ${name}`);
  const document = parseDocument(filled, { logLevel: "error" });
  expect(document.errors).toEqual([]);
  return document.toJS() as { mqtt: Record<string, string> };
}

/** As Tasmota's console reads it. */
export function tasmotaSettings(line: string): Record<string, string> & { FullTopic: string; Topic: string } {
  const commands = line.replace(/^Backlog /, "").split("; ");
  return Object.fromEntries(commands.map((command) => command.split(" "))) as ReturnType<typeof tasmotaSettings>;
}
