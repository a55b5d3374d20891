// Turns what a client should send into what a broken or hostile client might: packets are spoilt, repeated, out of
// order, mixed with another client's, and cut anywhere.

import { type Path, paths } from "../support/broker.ts";
import { Random } from "../support/random.ts";
import { variableByteInteger } from "../support/wire.ts";
import { conversationOf } from "./conversations.ts";

export type Move =
  | { readonly type: "bytes"; readonly bytes: Buffer }
  /** One WebSocket message in several frames. */
  | { readonly type: "fragments"; readonly pieces: readonly Buffer[] }
  | { readonly type: "text"; readonly text: string }
  /** Until something is heard, or a moment has passed. */
  | { readonly type: "listen" };

/** What one connection does. */
export type Script = {
  readonly path: Path;
  /** In the address of a native WebSocket. */
  readonly clientId: string;
  readonly moves: readonly Move[];
  /** How it acknowledges what it gets. */
  readonly acknowledges: "never" | "rightly" | "wrongly";
  /** `half-open`: it ends its own direction alone; `silent`: it stays, and says no more. */
  readonly ending: "close" | "drop" | "half-open" | "silent";
  /** Names of what was done to the conversation, for the report. */
  readonly mutations: readonly string[];
};

export function scriptOf(seed: number, caseNumber: number): Script {
  const random = new Random(seed, caseNumber);
  const path = random.pick(paths);
  const { clientId, packets } = conversationOf(random);
  const isMixed = random.chance(1 / 6);
  const said = isMixed ? mix(random, packets, conversationOf(random).packets) : [...packets];
  const mutations = isMixed ? ["mixed with another client's"] : [];
  for (let count = random.below(4); count > 0; count -= 1) mutations.push(mutate(random, said));
  return {
    path,
    clientId: random.chance(1 / 20) ? random.bytes(8).toString("latin1") : clientId,
    moves: movesOf(random, said, path !== "TCP"),
    acknowledges: random.pick(["never", "rightly", "rightly", "wrongly"]),
    ending: random.pick(["close", "close", "drop", "half-open", "silent"]),
    mutations,
  };
}

/** Two clients over one connection. */
function mix(random: Random, one: readonly Buffer[], other: readonly Buffer[]): Buffer[] {
  const rests = [[...one], [...other]];
  const result: Buffer[] = [];
  while (rests.some((rest) => rest.length > 0)) {
    const next = random.pick(rests).shift();
    if (next !== undefined) result.push(next);
  }
  return result;
}

/** Changes what is said at one place; returns the name of what it did. */
function mutate(random: Random, packets: Buffer[]): string {
  const at = random.chance(1 / 5) ? 0 : random.below(packets.length + 1);
  const packet = packets[at] ?? pingReq;
  if (random.chance(1 / 2)) {
    const [name, reorder] = random.pick(reorderings);
    reorder(random, packets, at, packet);
    return name;
  }
  const [name, spoil] = random.pick(spoilings);
  // Mostly near the beginning, where each bit has a meaning.
  packets[at] = spoil(random, packet, Math.floor(random.skewed(0, packet.length)));
  return name;
}

const pingReq = Buffer.from([0xc0, 0x00]);

type Reordering = (random: Random, packets: Buffer[], at: number, packet: Buffer) => void;
const reorderings: readonly (readonly [string, Reordering])[] = [
  ["repeated", (random, packets, at, packet) => packets.splice(at, 0, ...new Array(1 + random.below(20)).fill(packet))],
  ["left out", (_, packets, at) => packets.splice(at, 1)],
  ["moved", (random, packets, at) => packets.splice(random.below(packets.length + 1), 0, ...packets.splice(at, 1))],
  ["noise between", (random, packets, at) => packets.splice(at, 0, random.bytes(1 + random.below(40)))],
];

/** Values at which something may begin or end. */
const edges = [0x00, 0x01, 0x02, 0x7f, 0x80, 0xc0, 0xfe, 0xff];
const lengths = [0, 1, 127, 128, 16_383, 16_384, 2_097_152, 268_435_455];

type Spoiling = (random: Random, packet: Buffer, at: number) => Buffer;
const spoilings: readonly (readonly [string, Spoiling])[] = [
  ["another packet type", (random, packet) => withByte(packet, 0, (random.below(16) << 4) | ((packet[0] ?? 0) & 0x0f))],
  ["other flags", (random, packet) => withByte(packet, 0, ((packet[0] ?? 0) & 0xf0) | random.below(16))],
  ["a bit flipped", (random, packet, at) => withByte(packet, at, (packet[at] ?? 0) ^ (1 << random.below(8)))],
  ["a byte at an edge", (random, packet, at) => withByte(packet, at, random.pick(edges))],
  ["bytes added", (random, packet, at) => spliced(packet, at, 0, random.bytes(1 + random.below(8)))],
  ["bytes taken away", (random, packet, at) => spliced(packet, at, 1 + random.below(8), Buffer.alloc(0))],
  ["cut off", (_, packet, at) => packet.subarray(0, at)],
  ["a wrong length", (random, packet) => spliced(packet, 1, 1, variableByteInteger(random.pick(lengths)))],
  ["a length of five bytes", (_, packet) => spliced(packet, 1, 1, Buffer.from("ffffffff01", "hex"))],
  ["enlarged", enlarged],
];

function withByte(packet: Buffer, at: number, value: number): Buffer {
  return spliced(packet, at, 1, Buffer.from([value]));
}

function spliced(packet: Buffer, at: number, removed: number, inserted: Buffer): Buffer {
  return Buffer.concat([packet.subarray(0, at), inserted, packet.subarray(at + removed)]);
}

/** The whole body with something large behind it, and the right length before. */
function enlarged(random: Random, packet: Buffer): Buffer {
  const filling = random.pick(["00", "ff", "2f", "2600000000", "0001610000016200", "e6b8a9"]);
  const body = Buffer.concat([
    packet.subarray(2),
    Buffer.alloc(random.pick([100, 5_000, 60_000, 200_000]), filling, "hex"),
  ]);
  return Buffer.concat([packet.subarray(0, 1), variableByteInteger(body.length), body]);
}

function movesOf(random: Random, packets: readonly Buffer[], isWebSocket: boolean): Move[] {
  const moves: Move[] = [];
  for (const chunk of chunksOf(random, packets)) {
    if (isWebSocket && random.chance(1 / 10)) moves.push({ type: "fragments", pieces: cut(random, chunk) });
    else moves.push({ type: "bytes", bytes: chunk });
    if (random.chance(1 / 3)) moves.push({ type: "listen" });
    if (isWebSocket && random.chance(1 / 60)) moves.push({ type: "text", text: chunk.toString("latin1") });
  }
  return moves;
}

/** One packet per chunk, all in one, cut inside packets, or byte by byte. */
function chunksOf(random: Random, packets: readonly Buffer[]): readonly Buffer[] {
  const all = Buffer.concat(packets);
  switch (random.below(5)) {
    case 0:
      return [all];
    case 1:
      return cut(random, all);
    case 2:
      return all.length < 500 ? Array.from(all, (byte) => Buffer.from([byte])) : cut(random, all);
    default:
      return packets;
  }
}

function cut(random: Random, bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const length = random.pick([1, 2, 5, 30, 1000, 50_000]);
    pieces.push(bytes.subarray(from, from + length));
    from += length;
  }
  return pieces;
}

/** Everything that a case sends, for people to look at. */
export function describeScript({ path, clientId, moves, acknowledges, ending }: Script): string {
  const lines = moves.map((move) => {
    if (move.type === "bytes") return `  ${move.bytes.toString("hex")}`;
    if (move.type === "fragments") return `  fragments ${move.pieces.map((piece) => piece.toString("hex")).join(" ")}`;
    return move.type === "text" ? `  text ${JSON.stringify(move.text)}` : "  listen";
  });
  const head = `over ${path} as ${JSON.stringify(clientId)}, acknowledging ${acknowledges}:`;
  return [head, ...lines, `  ${ending}`].join("\n");
}
