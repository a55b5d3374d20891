// What a broker does about one packet, as a word, so that a table of packets is proved by a table of answers.
// MQTT 5.0 section 4.13.

import { expect } from "vitest";
import { connect, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { field, rawPacket, twoBytes } from "../support/wire.ts";
import { section, type Version } from "./packets.ts";
import { isGiven } from "./target.ts";

/** The reason code of CONNACK or DISCONNECT as "0x81"; "closed" is the close alone. */
export type Answer = "accepted" | "closed" | "silence" | `0x${string}`;
export type Packets = Readonly<Record<string, Uint8Array>>;

/** How many conversations are held at a time. */
const conversationsAtOnce = 8;
const patienceMs = 10_000;
const fenceId = 0xfff1;

/** How a packet is refused: before MQTT 5.0 by the close alone. */
export function refusal(version: Version, reasonCode: number): Answer {
  return version === 5 ? asText(reasonCode) : "closed";
}

/**
 * Holds a conversation for each packet, and expects the same answer to all.
 *
 * @param alternatives what MQTT allows as well. Another broker may choose them, or close without a word, since the
 * packet that says why is a SHOULD; ours gives the first.
 */
export async function expectAnswer(
  url: string,
  version: Version,
  packets: Packets,
  expected: Answer,
  ...alternatives: Answer[]
): Promise<void> {
  const answers = await answersTo(url, version, packets);
  if (isGiven && expected !== "accepted") {
    for (const [name, answer] of Object.entries(answers)) {
      if (answer === "closed" || alternatives.includes(answer)) answers[name] = expected;
    }
  }
  expect(answers).toEqual(Object.fromEntries(Object.keys(packets).map((name) => [name, expected])));
}

/** What the broker does about each packet, each in a conversation of its own. */
export async function answersTo(url: string, version: Version, packets: Packets): Promise<Record<string, Answer>> {
  const waiting = Object.entries(packets);
  const answers: Record<string, Answer> = {};
  const converse = async () => {
    const clientId = unique("answer");
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [name, packet] = next;
      answers[name] = await answerTo(url, version, packet, clientId);
    }
  };
  await Promise.all(Array.from({ length: conversationsAtOnce }, converse));
  return answers;
}

/** What the broker does about a CONNECT on a new connection, or about another packet of a client that is connected. */
async function answerTo(url: string, version: Version, packet: Uint8Array, clientId: string): Promise<Answer> {
  const client = isConnect(packet) ? await Conversation.open(url) : await connect(url, { version, clientId });
  client.version = version;
  client.send(packet);
  // UNSUBSCRIBE and not PINGREQ, which a broker may answer before what came first.
  if (!isConnect(packet)) client.send(rawPacket(0xa2, twoBytes(fenceId), section(version), field("fence")));
  try {
    return await answerOf(client, version);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("did not see")) return "silence";
    throw error;
  } finally {
    client.drop();
  }
}

async function answerOf(client: Conversation, version: Version): Promise<Answer> {
  for (;;) {
    const bytes = await client.receiveBytes({ timeoutMs: patienceMs }).catch((error: Error) => {
      if (error.message.startsWith("closed")) return undefined;
      throw error;
    });
    if (bytes === undefined) return "closed";
    const code = codeOf(bytes, version);
    if (code === undefined) continue;
    if (code === 0) return "accepted";
    await client.closed({ timeoutMs: patienceMs });
    return asText(code);
  }
}

/** The decision of a packet that has one: 0 is yes. */
function codeOf(bytes: Buffer, version: Version): number | undefined {
  const type = (bytes[0] ?? 0) >> 4;
  if (type === 2) return bytes[3];
  if (type === 14 && version === 5) return bytes[2];
  return type === 11 && bytes.readUInt16BE(2) === fenceId ? 0 : undefined;
}

function isConnect(packet: Uint8Array): boolean {
  return (packet[0] ?? 0) >> 4 === 1;
}

function asText(reasonCode: number): Answer {
  return `0x${reasonCode.toString(16).padStart(2, "0")}`;
}
