// A device or program of the runs, with MQTT 3.1.1 over WebSocket. Like client libraries, it acknowledges what it gets,
// and sends PINGREQ when it has sent nothing for its keep alive.

import { once } from "node:events";
import { generate, type Packet, parser } from "mqtt-packet";
import { WebSocket } from "ws";

/** `native` is /mqtt/{clientId}, `relayed` is /mqtt. */
export type Path = "native" | "relayed";

export type ClientOptions = {
  readonly path?: Path;
  readonly isDurable?: boolean;
  readonly keepAliveSec?: number;
  readonly hasWill?: boolean;
};

type QoS = 0 | 1;

const protocol = { protocolVersion: 4 } as const;
const payload = Buffer.alloc(64, "x");
const subscribePacketId = 65_535;
const patienceMs = 60_000;

export class Client {
  /** PUBLISH packets received. */
  received = 0;
  /** PUBACK packets received. */
  acknowledged = 0;
  readonly #clientId: string;
  readonly #options: ClientOptions;
  /** By the real clock. */
  readonly #keepAliveMs: number;
  readonly #socket: WebSocket;
  readonly #replies: Packet["cmd"][] = [];
  readonly #listeners = new Set<() => void>();
  #pingTimer: NodeJS.Timeout | undefined;
  #nextPacketId = 1;
  #failure: Error | undefined;

  private constructor(url: string, clientId: string, options: ClientOptions, clockRate: number) {
    this.#clientId = clientId;
    this.#options = options;
    this.#keepAliveMs = ((options.keepAliveSec ?? 60) * 1000) / clockRate;
    const address = options.path === "relayed" ? url : `${url}/${clientId}`;
    this.#socket = new WebSocket(address, "mqtt", { perMessageDeflate: false });
    this.#socket.binaryType = "nodebuffer";
    const reader = parser(protocol);
    reader.on("packet", (packet) => this.#onPacket(packet));
    this.#socket.on("message", (bytes: Buffer) => reader.parse(bytes));
    this.#socket.on("close", () => this.#fail("was disconnected"));
    this.#socket.on("error", (error) => this.#fail(error.message));
  }

  /** @param clockRate how fast the Worker's clock runs */
  static async connect(url: string, clientId: string, options: ClientOptions, clockRate: number): Promise<Client> {
    const client = new Client(url, clientId, options, clockRate);
    const { isDurable = false, keepAliveSec = 60, hasWill = false } = options;
    await once(client.#socket, "open");
    client.#send({
      cmd: "connect",
      protocolId: "MQTT",
      ...protocol,
      clientId,
      clean: !isDurable,
      keepalive: keepAliveSec,
      ...(hasWill ? { will: { topic: "will", payload, qos: 1, retain: false } } : {}),
    });
    await client.#reply("connack");
    return client;
  }

  async subscribe(topicFilter: string, qos: QoS): Promise<void> {
    this.#send({ cmd: "subscribe", messageId: subscribePacketId, subscriptions: [{ topic: topicFilter, qos }] });
    await this.#reply("suback");
  }

  publish(topic: string, qos: QoS): void {
    const messageId = this.#nextPacketId;
    this.#nextPacketId = (messageId % (subscribePacketId - 1)) + 1;
    const publish = { cmd: "publish", topic, payload, qos, retain: false, dup: false } as const;
    this.#send(qos === 0 ? publish : { ...publish, messageId });
  }

  /** Resolves when the answer is there. */
  async ping(): Promise<void> {
    this.#send({ cmd: "pingreq" });
    await this.#reply("pingresp");
  }

  /** Ends the connection without DISCONNECT, as if the network was lost. */
  async drop(): Promise<void> {
    this.#end();
    this.#socket.terminate();
    if (this.#socket.readyState !== WebSocket.CLOSED) await once(this.#socket, "close");
  }

  async leave(): Promise<void> {
    this.#send({ cmd: "disconnect" });
    this.#end();
    await once(this.#socket, "close");
  }

  async until(isSo: (client: Client) => boolean): Promise<void> {
    const endMs = performance.now() + patienceMs;
    while (!isSo(this)) {
      if (this.#failure !== undefined) throw this.#failure;
      if (performance.now() > endMs) throw new Error(`${this.#clientId} waited ${patienceMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, patienceMs);
        const listener = () => {
          clearTimeout(timer);
          this.#listeners.delete(listener);
          resolve();
        };
        this.#listeners.add(listener);
      });
    }
  }

  #onPacket(packet: Packet): void {
    if (packet.cmd === "publish") {
      this.received += 1;
      if (packet.qos > 0) this.#send({ cmd: "puback", messageId: packet.messageId as number });
    } else if (packet.cmd === "puback") {
      this.acknowledged += 1;
    } else {
      this.#replies.push(packet.cmd);
    }
    this.#happened();
  }

  async #reply(command: Packet["cmd"]): Promise<void> {
    await this.until(() => this.#replies.includes(command));
    this.#replies.splice(this.#replies.indexOf(command), 1);
  }

  #send(packet: Packet): void {
    this.#socket.send(generate(packet, protocol));
    if (this.#keepAliveMs === 0) return;
    this.#pingTimer ??= setTimeout(() => this.#send({ cmd: "pingreq" }), this.#keepAliveMs);
    this.#pingTimer.refresh();
  }

  #end(): void {
    clearTimeout(this.#pingTimer);
    this.#socket.removeAllListeners("close");
  }

  #fail(why: string): void {
    clearTimeout(this.#pingTimer);
    this.#failure ??= new Error(`${this.#clientId} ${why} (${JSON.stringify(this.#options)})`);
    this.#happened();
  }

  #happened(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
