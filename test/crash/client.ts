// A client's connection, which comes back whenever it is lost. What the client says and how it takes packets is its
// owner's: here are only CONNECT, the coming back, and the end. No library's client, because what counts is exactly
// which packets went over the wire.

import { generate, type IConnectPacket, type Packet, parser } from "mqtt-packet";
import type { Path } from "../support/broker.ts";
import { openTransport, type Transport } from "../support/transport.ts";
import { Changes } from "./changes.ts";
import type { CrashingServer } from "./crashing-server.ts";

export type ClientOptions = {
  readonly clientId: string;
  readonly version: 4 | 5;
  readonly path: Path;
  /** Fields of CONNECT beside those of a session that outlives its connection. */
  readonly connect?: Pick<Partial<IConnectPacket>, "keepalive" | "will" | "properties">;
  /** How long it waits for CONNACK before it tries again; 5 s unless told otherwise. */
  readonly connackWithinMs?: number;
};

export type ClientHandlers = {
  readonly onConnected: (sessionPresent: boolean) => void;
  readonly onPacket: (packet: Packet) => void;
};

const reconnectAfterMs = 50;
const endWithinMs = 5_000;
const sessionExpirySec = 3_600;

export class Client {
  readonly options: ClientOptions;
  readonly #server: CrashingServer;
  readonly #handlers: ClientHandlers;
  #transport: Transport | undefined;
  #isConnected = false;
  #isWanted = false;
  #unsent: Uint8Array[] = [];
  #reconnectTimer: NodeJS.Timeout | undefined;
  readonly #changes = new Changes();

  constructor(server: CrashingServer, options: ClientOptions, handlers: ClientHandlers) {
    this.#server = server;
    this.options = options;
    this.#handlers = handlers;
  }

  /** CONNACK has come over the present connection. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** It is connected, or on its way. */
  get isWanted(): boolean {
    return this.#isWanted;
  }

  /** From now on it connects, however often it takes. */
  start(): void {
    this.#isWanted = true;
    void this.#connect();
  }

  /** Resolves once CONNACK has come. */
  async connected(timeoutMs: number): Promise<void> {
    await this.#until(() => this.#isConnected, timeoutMs, "to be connected");
  }

  /** Resolves once the connection, if there is one, is lost. */
  async cutOff(): Promise<void> {
    await this.#until(() => !this.#isConnected, endWithinMs, "for its connection to be lost");
  }

  /** Leaves with DISCONNECT, and stays away; `start` brings it back. */
  async leave(): Promise<void> {
    this.#stop();
    if (this.#isConnected) this.send({ cmd: "disconnect", reasonCode: 0 });
    else this.#transport?.drop();
    await this.#until(() => this.#transport === undefined, endWithinMs, "for its connection to end");
  }

  /** Disappears without DISCONNECT, and stays away. */
  vanish(): void {
    this.#stop();
    this.#transport?.drop();
  }

  /** Stays away once the connection is lost. */
  giveUp(): void {
    this.#isWanted = false;
  }

  /** What one turn of the event loop says leaves as one frame. Without a connection it is lost. */
  send(packet: Packet): void {
    if (this.#transport === undefined) return;
    if (this.#unsent.length === 0) queueMicrotask(() => this.#flush());
    this.#unsent.push(generate(packet, { protocolVersion: this.options.version }));
  }

  #flush(): void {
    const frame = Buffer.concat(this.#unsent);
    this.#unsent = [];
    this.#transport?.send(frame);
  }

  #stop(): void {
    this.#isWanted = false;
    clearTimeout(this.#reconnectTimer);
  }

  async #connect(): Promise<void> {
    const { clientId, path, version, connackWithinMs = 5_000 } = this.options;
    const reader = parser({ protocolVersion: version });
    reader.on("packet", (packet: Packet) => this.#onPacket(packet));
    let isOver = false;
    const onClosed = () => {
      if (isOver) return;
      isOver = true;
      this.#onClosed();
    };
    try {
      const url = this.#server.url(path, clientId);
      const transport = await openTransport(url, { onBytes: (bytes) => reader.parse(bytes), onClosed });
      if (isOver) return;
      this.#transport = transport;
      this.send(this.#connectPacket());
      setTimeout(() => {
        if (this.#transport === transport && !this.#isConnected) transport.drop();
      }, connackWithinMs).unref();
    } catch {
      onClosed(); // The server is not there yet.
    }
  }

  #connectPacket(): IConnectPacket {
    const { clientId, version, connect = {} } = this.options;
    const { properties, ...fields } = connect;
    return {
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: version,
      clientId,
      clean: false,
      keepalive: 60,
      ...fields,
      ...(version === 5 ? { properties: { sessionExpiryInterval: sessionExpirySec, ...properties } } : {}),
    };
  }

  #onPacket(packet: Packet): void {
    if (packet.cmd === "connack") {
      const code = packet.reasonCode ?? packet.returnCode ?? 0;
      if (code !== 0) throw new Error(`${this.options.clientId} was refused with ${code}`);
      this.#isConnected = true;
      this.#handlers.onConnected(packet.sessionPresent);
      this.#changes.happened();
    } else {
      this.#handlers.onPacket(packet);
    }
  }

  #onClosed(): void {
    this.#transport = undefined;
    this.#isConnected = false;
    this.#unsent = [];
    if (this.#isWanted) this.#reconnectTimer = setTimeout(() => void this.#connect(), reconnectAfterMs);
    this.#changes.happened();
  }

  async #until(isSo: () => boolean, timeoutMs: number, what: string): Promise<void> {
    if (await this.#changes.until(isSo, timeoutMs)) return;
    throw new Error(`${this.options.clientId} waited ${timeoutMs} ms ${what}`);
  }
}
