// Plays a script against the broker, and says what the broker did wrong: an answer that cannot be read, or a connection
// that stays open for no reason.

import { type IConnackPacket, type Packet, parser } from "mqtt-packet";
import type { Broker } from "../support/broker.ts";
import { openTransport, type Transport } from "../support/transport.ts";
import { takePackets } from "../support/wire.ts";
import type { Move, Script } from "./mutations.ts";

const listenMs = 100;
/** What the WebSocket library says when TCP has ended without a Close frame, or it has itself waited too long for one. */
const closedWithoutCloseFrame = 1006;
/** A reset that overtakes the Close frame comes sooner. */
const answersWithinMs = 5_000;

/** @returns what is wrong, if anything */
export async function attack(broker: Broker, script: Script, patienceMs: number): Promise<string | undefined> {
  const attacker = new Attacker(script);
  const url = broker.url(script.path, script.clientId);
  try {
    await attacker.open(url);
  } catch (error) {
    // A client identifier that is none, or too many connections to one session.
    return /40\d|503|invalid url/i.test(String(error)) ? undefined : `cannot connect: ${error}`;
  }
  for (const move of script.moves) {
    if (attacker.isClosed) break;
    await attacker.do(move);
  }
  await attacker.end();
  const isEnded = await attacker.endedWithin(patienceMs);
  attacker.drop();
  return attacker.complaint ?? (isEnded ? undefined : `the connection was not ended within ${patienceMs} ms`);
}

class Attacker {
  complaint: string | undefined;
  isClosed = false;
  /** Its Close frame never was. */
  #isUnanswered = false;
  /** From then on it says no more, and acknowledges nothing either. */
  #endedMs = Number.POSITIVE_INFINITY;
  readonly #script: Script;
  #transport!: Transport;
  #unread: Buffer = Buffer.alloc(0);
  /** The version of the broker's answers: what they can all be read in. */
  #versions: readonly number[] = [5, 4];
  #isAccepted = false;
  #changed: () => void = () => {};

  constructor(script: Script) {
    this.#script = script;
  }

  async open(url: string): Promise<void> {
    const onClosed = (code: number | undefined) => {
      this.isClosed = true;
      const waitedMs = performance.now() - this.#endedMs;
      this.#isUnanswered ||= code === closedWithoutCloseFrame && waitedMs >= answersWithinMs;
      this.#changed();
    };
    this.#transport = await openTransport(url, { onBytes: (bytes) => this.#onBytes(bytes), onClosed });
  }

  async do(move: Move): Promise<void> {
    if (move.type === "bytes") this.#transport.send(move.bytes);
    else if (move.type === "text") this.#transport.sendText(move.text);
    else if (move.type === "fragments") this.#transport.sendFragments(move.pieces);
    else await this.#change(listenMs);
  }

  async end(): Promise<void> {
    const { ending } = this.#script;
    // Let what was sent arrive.
    if (!this.isClosed) await this.#change(listenMs);
    this.#endedMs = performance.now();
    if (ending === "drop") this.drop();
    else if (ending !== "silent") this.#transport.close();
  }

  /**
   * Whether the broker must end a connection that sends no more. It must if the client has ended its direction, or was
   * never connected, and in MQTT 5.0 by the Server Keep Alive. In MQTT 3.x a client may ask for no keep alive.
   */
  get #mustEnd(): boolean {
    const { ending } = this.#script;
    return ending === "half-open" || (ending === "silent" && (!this.#isAccepted || this.#versions[0] === 5));
  }

  /**
   * Whether the broker has ended it in time, if it must; a late CONNACK may change that. A Close frame ends a
   * WebSocket, whichever side sends the first. The TCP connection below a native one is workerd's, which may keep it as
   * long as others keep the object awake.
   */
  async endedWithin(patienceMs: number): Promise<boolean> {
    const endMs = performance.now() + patienceMs;
    const isFirst = this.#script.ending !== "half-open";
    const isEnding = () => this.isClosed || (isFirst && this.#transport.isClosing);
    while (this.#mustEnd && !isEnding() && performance.now() < endMs) {
      await this.#change(Math.min(500, endMs - performance.now()));
    }
    return !this.#mustEnd || (isEnding() && !this.#isUnanswered);
  }

  drop(): void {
    this.#transport.drop();
  }

  #onBytes(bytes: Buffer): void {
    try {
      const { packets, rest } = takePackets(Buffer.concat([this.#unread, bytes]));
      this.#unread = rest;
      if (this.#transport?.isWebSocket && rest.length > 0) this.complaint ??= `a frame ends in a packet: ${hex(bytes)}`;
      for (const packet of packets) this.#onPacket(packet);
    } catch (error) {
      this.complaint ??= `${(error as Error).message} in ${hex(bytes)}`;
    }
    this.#changed();
  }

  #onPacket(bytes: Buffer): void {
    const readable = this.#versions.filter((version) => parsed(bytes, version) !== undefined);
    const packet = parsed(bytes, readable[0] ?? 5);
    if (packet === undefined) {
      this.complaint ??= `cannot be read: ${hex(bytes)}`;
      return;
    }
    this.#versions = readable;
    if (packet.cmd === "connack") this.#onConnack(packet, bytes);
    const { acknowledges } = this.#script;
    const answer = acknowledges === "never" ? undefined : answerTo(packet, acknowledges === "rightly");
    if (answer !== undefined && !this.isClosed && this.#endedMs === Number.POSITIVE_INFINITY)
      this.#transport.send(answer);
  }

  #onConnack({ reasonCode, returnCode }: IConnackPacket, bytes: Buffer): void {
    // CONNACK of MQTT 3.x has no properties.
    this.#versions = bytes.length === 4 ? [4] : [5];
    this.#isAccepted = (reasonCode ?? returnCode) === 0;
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#changed = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function parsed(bytes: Buffer, protocolVersion: number): Packet | undefined {
  let packet: Packet | undefined;
  const reader = parser({ protocolVersion });
  reader.on("packet", (each) => {
    packet = each;
  });
  reader.on("error", () => {
    packet = undefined;
  });
  reader.parse(bytes);
  return packet;
}

function answerTo({ cmd, messageId = 0, ...packet }: Packet, isRight: boolean): Buffer | undefined {
  const of = (firstByte: number) => Buffer.from([firstByte, 2, messageId >> 8, messageId & 0xff]);
  const qos = "qos" in packet ? packet.qos : 0;
  if (cmd === "publish" && qos > 0) return of(isRight === (qos === 1) ? 0x40 : 0x50);
  return cmd === "pubrel" ? of(isRight ? 0x70 : 0x50) : undefined;
}

function hex(bytes: Buffer): string {
  return bytes.toString("hex");
}
