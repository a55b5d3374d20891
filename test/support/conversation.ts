// Scripted conversations with a broker: what this side sends, and what it expects next, packet by packet. Works with
// any broker by URL. Nothing here sleeps: `receive` waits for the next packet up to a limit, and `expectNothingMore`
// proves silence by a message sent round after whatever might still be on its way.

import { generate, type IPublishPacket, type Packet, type PacketCmd, parser, type QoS } from "mqtt-packet";
import { expect } from "vitest";
import { openTransport, type Transport, type WebSocketOptions } from "./transport.ts";
import { hex, takePackets } from "./wire.ts";

export type PacketOf<C extends PacketCmd> = Extract<Packet, { cmd: C }>;
/** Some fields of a packet; a `payload` given as a string is compared as UTF-8. */
export type Expected<C extends PacketCmd> = { cmd: C } & Record<string, unknown>;
export type PublishOptions = { qos?: QoS; retain?: boolean; properties?: NonNullable<IPublishPacket["properties"]> };
export type SubscriptionOptions = { qos?: QoS; nl?: boolean; rap?: boolean; rh?: number };
type Wait = { timeoutMs?: number };

// A machine of two cores that also does other work is slow at times; a test has 20 s.
const patienceMs = 15_000;
const open = new Set<Conversation>();

/** Ends every conversation that is still open. */
export function endConversations(): void {
  for (const conversation of open) conversation.drop();
}

export class Conversation {
  /** MQTT version that packets are written and read in; set by the CONNECT that is sent. */
  version = 5;
  /** WebSocket messages as they came, for tests of framing. */
  readonly frames: Buffer[] = [];
  /** The Client Identifier of the CONNECT that was sent. */
  clientId = "";
  #transport!: Transport;
  #unread: Buffer = Buffer.alloc(0);
  #packets: Buffer[] = [];
  #closed: { code: number | undefined } | undefined;
  #changed: () => void = () => {};
  #packetId = 0;

  private constructor() {}

  /**
   * @param url `tcp://host:port` or `ws://host:port/path`
   * @param options for a WebSocket
   */
  static async open(url: string, options: WebSocketOptions = {}): Promise<Conversation> {
    const conversation = new Conversation();
    const events = {
      onBytes: (bytes: Buffer) => conversation.#onBytes(bytes),
      onClosed(code: number | undefined) {
        conversation.#closed ??= { code };
        open.delete(conversation);
        conversation.#changed();
      },
    };
    conversation.#transport = await openTransport(url, events, options);
    open.add(conversation);
    return conversation;
  }

  #onBytes(bytes: Buffer): void {
    if (this.#transport.isWebSocket) this.frames.push(bytes);
    const { packets, rest } = takePackets(this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]));
    this.#unread = rest;
    this.#packets.push(...packets);
    this.#changed();
  }

  /** Sends a packet, bytes, or bytes written as hexadecimal digits. */
  send(packet: Packet | Uint8Array | string): void {
    this.#transport.send(this.encode(packet));
  }

  encode(packet: Packet | Uint8Array | string): Uint8Array {
    if (typeof packet === "string") return hex(packet);
    if (packet instanceof Uint8Array) return packet;
    if (packet.cmd === "connect") {
      this.version = packet.protocolVersion ?? 4;
      this.clientId = packet.clientId;
    }
    return generate(packet, { protocolVersion: this.version });
  }

  /** Sends each piece as a WebSocket message of its own (a write of its own over TCP). */
  sendFrames(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.#transport.send(piece);
  }

  /** Sends one WebSocket message in several frames. */
  sendFragments(fragments: readonly Uint8Array[]): void {
    this.#transport.sendFragments(fragments);
  }

  sendText(text: string): void {
    this.#transport.sendText(text);
  }

  /** The next packet, as bytes. */
  async receiveBytes({ timeoutMs = patienceMs }: Wait = {}, expected = "a packet"): Promise<Buffer> {
    const bytes = await this.#poll(() => this.#packets.shift(), timeoutMs, expected);
    if (bytes === undefined) throw new Error(`closed (${this.#closed?.code ?? "no code"}) instead of ${expected}`);
    return bytes;
  }

  /** The next packet, which must have these fields. */
  async receive<C extends PacketCmd>(expected: Expected<C>, wait: Wait = {}): Promise<PacketOf<C>> {
    const packet = this.decode(await this.receiveBytes(wait, JSON.stringify(expected)));
    expect(readable(packet, expected)).toMatchObject(expected);
    return packet as PacketOf<C>;
  }

  /** The next packet, whichever it is. */
  async receiveAny(wait: Wait = {}): Promise<Packet> {
    return this.decode(await this.receiveBytes(wait));
  }

  /** Passes over packets until one of this kind. */
  async receiveUntil<C extends PacketCmd>(cmd: C, wait: Wait = {}): Promise<PacketOf<C>> {
    for (;;) {
      const packet = this.decode(await this.receiveBytes(wait, cmd));
      if (packet.cmd === cmd) return packet as PacketOf<C>;
    }
  }

  decode(bytes: Buffer): Packet {
    const reader = parser({ protocolVersion: this.version });
    let packet: Packet | undefined;
    reader.on("packet", (parsed) => {
      packet = parsed;
    });
    reader.on("error", (error) => {
      throw new Error(`unreadable packet ${bytes.toString("hex")}: ${error.message}`);
    });
    reader.parse(bytes);
    if (packet === undefined) throw new Error(`not one packet: ${bytes.toString("hex")}`);
    return packet;
  }

  /** Waits until the broker has closed the connection; packets before that must have been read. */
  async closed({ timeoutMs = patienceMs }: Wait = {}): Promise<{ code: number | undefined }> {
    const packet = await this.#poll(() => this.#packets.shift(), timeoutMs, "the connection to close");
    if (packet !== undefined) throw new Error(`expected the connection to close, received ${packet.toString("hex")}`);
    return this.#closed ?? { code: undefined };
  }

  /** The broker ends the connection for one of these reasons: with DISCONNECT in MQTT 5.0, by a mere close before. */
  async ended(...reasons: number[]): Promise<void> {
    if (this.version === 5) expect(reasons).toContain((await this.receive({ cmd: "disconnect" })).reasonCode ?? 0);
    await this.closed();
  }

  /** Nothing arrives for this long. Use it only if nothing else can prove the absence. */
  async expectNothing(ms: number): Promise<void> {
    await expect(this.receiveBytes({ timeoutMs: ms })).rejects.toThrow("within");
  }

  /**
   * All messages that are on their way to this client, acknowledged. Found by a message to itself, which takes the
   * same way and arrives behind them: so a publisher must have its acknowledgement, or its own `rest`, before. What
   * another client has published at QoS 0 may still be under way: `restAfter` waits for it.
   */
  async rest(): Promise<IPublishPacket[]> {
    const topic = `fence/${this.clientId}`;
    const subscribed = this.nextPacketId();
    this.send({ cmd: "subscribe", messageId: subscribed, subscriptions: [{ topic, qos: 0 }] });
    const messages = await this.#collectUntil((packet) => packet.cmd === "suback" && packet.messageId === subscribed);
    this.send({ cmd: "publish", topic, payload: "fence", qos: 0, dup: false, retain: false });
    messages.push(...(await this.#collectUntil((packet) => packet.cmd === "publish" && packet.topic === topic)));
    await this.unsubscribe(topic);
    return messages;
  }

  /**
   * As `rest`, with all that another client has published to this topic at this QoS, which may be 0. A mark of that
   * client arrives behind it, because nothing else is ordered with QoS 0 [MQTT-4.6.0-1].
   */
  async restAfter(publisher: Conversation, topic: string, options: PublishOptions = {}): Promise<IPublishPacket[]> {
    const mark = `mark for ${this.clientId}`;
    const textOf = ({ payload }: IPublishPacket) => payload.toString();
    await publisher.publish(topic, mark, options);
    const isMark = (packet: Packet) => packet.cmd === "publish" && textOf(packet) === mark;
    const messages = [...(await this.#collectUntil(isMark, {}, true)), ...(await this.rest())];
    return messages.filter((message) => !textOf(message).startsWith("mark for "));
  }

  /** No message is on its way to this client. */
  async expectNothingMore(): Promise<void> {
    expect(await this.rest()).toEqual([]);
  }

  ping(): Promise<PacketOf<"pingresp">> {
    this.send({ cmd: "pingreq" });
    return this.receive({ cmd: "pingresp" });
  }

  nextPacketId(): number {
    this.#packetId = (this.#packetId % 0xffff) + 1;
    return this.#packetId;
  }

  /** SUBSCRIBE and its SUBACK, which is returned. */
  async subscribe(filter: string | readonly string[], options: SubscriptionOptions & { identifier?: number } = {}) {
    const { identifier, ...rest } = options;
    const messageId = this.nextPacketId();
    const filters = typeof filter === "string" ? [filter] : filter;
    this.send({
      cmd: "subscribe",
      messageId,
      subscriptions: filters.map((topic) => ({ topic, qos: 0, ...rest })),
      ...(identifier === undefined ? {} : { properties: { subscriptionIdentifier: identifier } }),
    });
    return this.receive({ cmd: "suback", messageId });
  }

  async unsubscribe(...unsubscriptions: string[]): Promise<PacketOf<"unsuback">> {
    const messageId = this.nextPacketId();
    this.send({ cmd: "unsubscribe", messageId, unsubscriptions });
    return this.receive({ cmd: "unsuback", messageId });
  }

  /** PUBLISH and the whole exchange that its QoS asks for; returns the reason code of PUBACK or PUBREC. */
  async publish(topic: string, payload: string | Buffer, options: PublishOptions = {}): Promise<number> {
    const messageId = this.sendPublish(topic, payload, options);
    if (messageId === undefined) return 0;
    if (options.qos === 1) return (await this.receive({ cmd: "puback", messageId })).reasonCode ?? 0;
    const { reasonCode } = await this.receive({ cmd: "pubrec", messageId });
    if ((reasonCode ?? 0) < 0x80) {
      this.send({ cmd: "pubrel", messageId });
      await this.receive({ cmd: "pubcomp", messageId });
    }
    return reasonCode ?? 0;
  }

  /** PUBLISH alone; returns its packet identifier, if it has one. */
  sendPublish(topic: string, payload: string | Buffer, options: PublishOptions = {}): number | undefined {
    const messageId = options.qos ? this.nextPacketId() : undefined;
    const ids = messageId === undefined ? {} : { messageId };
    this.send({ cmd: "publish", topic, payload, dup: false, qos: 0, retain: false, ...ids, ...options });
    return messageId;
  }

  /** The next `count` messages, acknowledged as a good client does, with nothing else between. */
  async collect(count: number, wait: Wait = {}): Promise<IPublishPacket[]> {
    let missing = count;
    return count === 0 ? [] : this.#collectUntil(({ cmd }) => cmd === "publish" && --missing === 0, wait, true);
  }

  /** Messages up to a packet (left out unless `inclusive`), and until every QoS 2 exchange has ended. */
  async #collectUntil(isLast: (packet: Packet) => boolean, wait: Wait = {}, inclusive = false) {
    const messages: IPublishPacket[] = [];
    let unreleased = 0;
    let seenLast = false;
    while (!seenLast || unreleased > 0) {
      const packet = await this.receiveAny(wait);
      if (packet.cmd === "pubrel") {
        unreleased--;
        this.send({ cmd: "pubcomp", messageId: packet.messageId ?? 0 });
        continue;
      }
      const last = isLast(packet);
      seenLast ||= last;
      if (last && !inclusive) continue;
      if (packet.cmd !== "publish") throw new Error(`${JSON.stringify(packet)} among messages`);
      messages.push(packet);
      if (packet.qos === 2) unreleased++;
      if (packet.qos > 0) this.send({ cmd: packet.qos === 1 ? "puback" : "pubrec", messageId: packet.messageId ?? 0 });
    }
    return messages;
  }

  /** The next message, which must have these fields; acknowledged. */
  async message(expected: Record<string, unknown> = {}, wait: Wait = {}): Promise<IPublishPacket> {
    const [packet] = await this.collect(1, wait);
    expect(readable(packet as Packet, expected)).toMatchObject(expected);
    return packet as IPublishPacket;
  }

  /** DISCONNECT, and the broker's close. */
  async disconnect(reasonCode = 0, properties: PacketOf<"disconnect">["properties"] = {}): Promise<void> {
    this.send({ cmd: "disconnect", reasonCode, properties });
    await this.closed();
  }

  /** Closes without DISCONNECT. */
  end(): void {
    this.#transport.close();
  }

  /** Breaks the connection off, as a network does. */
  drop(): void {
    open.delete(this);
    this.#transport.drop();
  }

  /** Takes what `take` gives; `undefined` once the connection is closed and nothing is left. */
  async #poll<T>(take: () => T | undefined, timeoutMs: number, expected: string): Promise<T | undefined> {
    const endMs = performance.now() + timeoutMs;
    for (;;) {
      const taken = take();
      if (taken !== undefined || this.#closed !== undefined) return taken;
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) throw new Error(`did not see ${expected} within ${timeoutMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

function readable(packet: Packet, expected: Record<string, unknown>): object {
  const asText = packet.cmd === "publish" && typeof expected.payload === "string";
  return asText ? { ...packet, payload: packet.payload.toString() } : packet;
}
