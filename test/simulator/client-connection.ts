// One connection of a simulated client, from the socket on: bytes into packets, and packets into bytes.

import { generate, type Packet, parser } from "mqtt-packet";
import { Acknowledgements } from "./acknowledgements.ts";
import type { Profile } from "./client-packets.ts";
import type { WillRecord } from "./history.ts";
import { RelayedLink } from "./relayed-link.ts";
import { type ClientLink, Link } from "./socket.ts";
import type { World } from "./world.ts";

export type ConnectionHandlers = {
  readonly onPacket: (packet: Packet) => void;
  /** Bytes that are no packet. */
  readonly onError: (error: Error) => void;
  readonly onClosed: (code: number) => void;
  /** To send what acknowledges a message. */
  readonly send: (packet: object) => void;
};

export class Connection {
  readonly link: ClientLink;
  readonly cleanStart: boolean;
  readonly will: WillRecord | undefined;
  readonly acknowledgements: Acknowledgements;
  isAccepted = false;
  /** PINGREQ packets without their answer. */
  openPings = 0;
  /** DISCONNECT was sent: the broker is to close. */
  isLeaving = false;
  /** With 0x00. */
  hasLeft = false;
  /** Before DISCONNECT was sent. */
  wasLost = false;
  readonly #version: Profile["version"];

  constructor(
    world: World,
    profile: Profile,
    { cleanStart, will }: { cleanStart: boolean; will: WillRecord | undefined },
    { onPacket, onError, onClosed, send }: ConnectionHandlers,
  ) {
    this.cleanStart = cleanStart;
    this.will = will;
    this.#version = profile.version;
    const packets = parser({ protocolVersion: profile.version });
    packets.on("packet", onPacket);
    packets.on("error", onError);
    const onBytes = (bytes: Uint8Array) => packets.parse(Buffer.from(bytes));
    const { namespace, clientId, isRelayed } = profile;
    const end = { onBytes, onClosed };
    this.link =
      isRelayed && world.features.relay
        ? new RelayedLink(world, namespace, end)
        : new Link(world, world.sessionHost(namespace, clientId), end, isRelayed);
    this.acknowledgements = new Acknowledgements(world, profile, send);
  }

  send(packet: object): void {
    this.link.send(generate(packet as Packet, { protocolVersion: this.#version }));
  }
}
