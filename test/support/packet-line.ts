// A packet as a line of text, for tests that compare what was heard: `PUBLISH hello q1 #3 dup`.

import type { Packet } from "mqtt-packet";

export function lineOf(packet: Packet): string {
  const { cmd, messageId, reasonCode } = packet as Packet & { reasonCode?: number };
  const words = [cmd.toUpperCase()];
  if (packet.cmd === "publish") {
    words.push(packet.payload.toString(), `q${packet.qos}`);
    if (packet.qos > 0) words.push(`#${messageId}`);
    if (packet.dup) words.push("dup");
    if (packet.retain) words.push("retain");
    return words.join(" ");
  }
  if (messageId !== undefined) words.push(`#${messageId}`);
  if (packet.cmd === "connack") words.push(packet.sessionPresent ? "present" : "new");
  if (packet.cmd === "suback" || packet.cmd === "unsuback") {
    words.push(...(packet.granted ?? []).map((code) => hex(Number(code))));
  }
  const code = reasonCode ?? (packet.cmd === "connack" ? packet.returnCode : 0);
  return (code ? [...words, hex(code)] : words).join(" ");
}

function hex(code: number): string {
  return `0x${code.toString(16).padStart(2, "0")}`;
}
