// A client with a credential, as simple as possible: it connects when it may, publishes, and records what it gets.
// guesthouse.ts decides and judges what it is allowed.

import { generate, type Packet, parser } from "mqtt-packet";
import { lineOf } from "../support/packet-line.ts";
import { type ClientLink, Link } from "./socket.ts";
import type { World } from "./world.ts";

export type Login = { readonly username: string; readonly password: string };

export type GuestHandlers = {
  /** Undefined for a client that shows nothing of who it is. */
  readonly login: () => Login | undefined;
  readonly onAccepted: (guest: Guest, shown: Login | undefined, askedAtMs: number) => void;
  readonly onMessage: (guest: Guest, payload: string) => void;
};

const namespace = "default";
const keepAliveSec = 60;

type Connection = {
  readonly link: ClientLink;
  readonly shown: Login | undefined;
  readonly askedAtMs: number;
  isAccepted: boolean;
};

export class Guest {
  readonly clientId: string;
  readonly #world: World;
  readonly #handlers: GuestHandlers;
  /** 0: the session ends with each connection. */
  readonly #expirySec: number;
  #connection: Connection | undefined;
  #packetIds = 0;

  constructor(world: World, clientId: string, expirySec: number, handlers: GuestHandlers) {
    this.#world = world;
    this.clientId = clientId;
    this.#expirySec = expirySec;
    this.#handlers = handlers;
  }

  /** The secret of its present connection, if that was accepted; `null` if there is none. */
  get shown(): Login | undefined | null {
    return this.#connection?.isAccepted ? this.#connection.shown : null;
  }

  /** When it asked for the connection that it has. */
  get askedAtMs(): number {
    return this.#connection?.askedAtMs ?? Number.POSITIVE_INFINITY;
  }

  get isBusy(): boolean {
    return this.#connection !== undefined;
  }

  connect(): void {
    const shown = this.#handlers.login();
    const askedAtMs = this.#world.clock.nowMs;
    const packets = parser({ protocolVersion: 5 });
    packets.on("packet", (packet) => {
      if (this.#connection === connection) this.#onPacket(connection, packet, askedAtMs);
    });
    const end = {
      onBytes: (bytes: Uint8Array) => void packets.parse(Buffer.from(bytes)),
      onClosed: () => {
        if (this.#connection === connection) this.#connection = undefined;
      },
    };
    const link = new Link(this.#world, this.#world.sessionHost(namespace, this.clientId), end, false);
    const connection: Connection = { link, shown, askedAtMs, isAccepted: false };
    this.#connection = connection;
    const properties = { sessionExpiryInterval: this.#expirySec };
    const { username, password } = shown ?? {};
    const login = username === undefined ? {} : { username, password: Buffer.from(password ?? "") };
    this.#send({
      cmd: "connect",
      clientId: this.clientId,
      protocolVersion: 5,
      clean: this.#expirySec === 0,
      keepalive: keepAliveSec,
      properties,
      ...login,
    });
  }

  publish(topic: string, payload: string): void {
    if (this.shown === null) return;
    this.#send({ cmd: "publish", topic, payload, qos: 1, dup: false, retain: false, messageId: this.#newPacketId() });
  }

  disconnect(): void {
    if (this.#connection === undefined) return;
    if (this.#connection.isAccepted) this.#send({ cmd: "disconnect", reasonCode: 0 });
    else this.#connection.link.close();
    this.#connection = undefined;
  }

  #onPacket(connection: Connection, packet: Packet, askedAtMs: number): void {
    this.#world.trace(`${this.clientId} <- ${lineOf(packet)}`);
    if (packet.cmd === "connack") {
      if (packet.reasonCode !== 0) return;
      connection.isAccepted = true;
      this.#handlers.onAccepted(this, connection.shown, askedAtMs);
      this.#send({ cmd: "subscribe", messageId: this.#newPacketId(), subscriptions: [{ topic: "$guests/#", qos: 1 }] });
      this.#ping(connection);
    } else if (packet.cmd === "publish") {
      this.#handlers.onMessage(this, String(packet.payload));
      if (packet.qos === 1) this.#send({ cmd: "puback", messageId: packet.messageId });
    } else if (packet.cmd === "disconnect") {
      connection.isAccepted = false;
    }
  }

  #ping(connection: Connection): void {
    this.#world.clock.after(keepAliveSec * 500, undefined, () => {
      if (this.#connection !== connection) return;
      this.#send({ cmd: "pingreq" });
      this.#ping(connection);
    });
  }

  #newPacketId(): number {
    this.#packetIds = (this.#packetIds % 65_535) + 1;
    return this.#packetIds;
  }

  #send(packet: object): void {
    this.#world.trace(() => `${this.clientId} -> ${lineOf(packet as Packet)}`);
    this.#connection?.link.send(generate(packet as Packet, { protocolVersion: 5 }));
  }
}
