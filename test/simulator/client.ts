// A client as MQTT requires it, which sends bytes to the broker. It keeps its session state across connections, sends
// again what was not acknowledged, and acknowledges in order. It checks every packet of the broker; what becomes of
// messages is judged at the end.

import type { Packet } from "mqtt-packet";
import type { QoS } from "../../src/core/message/message.ts";
import { lineOf } from "../support/packet-line.ts";
import { Connection } from "./client-connection.ts";
import { connectOf, detailOf, type Profile, publishOf, type WillWish } from "./client-packets.ts";
import { ClientSession, type Outgoing } from "./client-session.ts";
import { ClientWills } from "./client-wills.ts";
import type { History } from "./history.ts";
import type { ClientLink } from "./socket.ts";
import type { World } from "./world.ts";

const keepAliveTimeout = 0x8d;
const serverUnavailable = 0x88;

export class Client {
  readonly profile: Profile;
  session: ClientSession | undefined;
  /** When its connection last began or ended, or may have. */
  changedAtMs = 0;
  readonly #world: World;
  readonly #history: History;
  #connection: Connection | undefined;
  /** When the broker may forget the session, if it has not before; Infinity while connected. */
  #keptUntilMs = 0;
  /** A clean start was asked for, or the session given up, and no CONNACK has come since. */
  #mustStartClean = false;
  readonly #wills: ClientWills;

  constructor(world: World, profile: Profile) {
    this.#world = world;
    this.profile = profile;
    this.#history = world.historyOf(profile.namespace);
    this.#wills = new ClientWills(world, profile);
  }

  /** For traces. */
  get #name(): string {
    const { namespace, clientId } = this.profile;
    return namespace === "default" ? clientId : `${namespace}/${clientId}`;
  }

  get isConnected(): boolean {
    return this.#connection?.isAccepted === true && !this.#connection.isLeaving;
  }

  /** A socket is open, or about to be. */
  get isBusy(): boolean {
    return this.#connection !== undefined;
  }

  get link(): ClientLink | undefined {
    return this.#connection?.link;
  }

  get isDurable(): boolean {
    return this.profile.expirySec > 0;
  }

  // What the client does

  /** Over a new socket, whatever becomes of the one it has. */
  connect({ cleanStart, will }: { cleanStart: boolean; will: WillWish | undefined }): void {
    if (this.#connection !== undefined) this.#abandon(this.#connection);
    const isClean = cleanStart || this.#mustStartClean || !this.isDurable;
    if (isClean) this.#endSession();
    this.#wills.onConnect(isClean);
    const record = will === undefined ? undefined : this.#wills.make(will);
    const connection: Connection = new Connection(
      this.#world,
      this.profile,
      { cleanStart: isClean, will: record },
      {
        onPacket: (packet) => this.#onPacket(connection, packet),
        onError: (error) => this.#wrong(`got bytes that are no packet: ${error}`),
        onClosed: (code) => this.#onClosed(connection, code),
        send: (packet) => this.#send(connection, packet),
      },
    );
    this.#connection = connection;
    this.changedAtMs = this.#world.clock.nowMs;
    this.#mustStartClean = isClean;
    this.#send(connection, connectOf(this.profile, isClean, record));
  }

  /** Leaves in an orderly way; with its Will published all the same, if it says so. */
  disconnect({ withWill = false, endsSession = false } = {}): void {
    const connection = this.#connection;
    if (connection === undefined || !this.isConnected) return;
    const isFive = this.profile.version === 5;
    const properties = endsSession && isFive ? { properties: { sessionExpiryInterval: 0 } } : {};
    this.#send(connection, { cmd: "disconnect", reasonCode: withWill ? 4 : 0, ...properties });
    connection.isLeaving = true;
    this.changedAtMs = this.#world.clock.nowMs;
    connection.hasLeft = !(withWill && isFive);
    // If the broker decided earlier that the connection is lost, the Will is published.
    connection.wasLost = connection.link.endedAtMs < Number.POSITIVE_INFINITY;
    if (endsSession && isFive) {
      this.#mustStartClean = true;
      this.#endSession();
    }
  }

  publish(
    topicName: string,
    qos: QoS,
    options: { retain?: boolean; isEmpty?: boolean; expirySec?: number } = {},
  ): void {
    const { session } = this;
    if (session === undefined || this.#connection === undefined || !this.isConnected) return;
    const { retain = false, isEmpty = false, expirySec } = options;
    const { version, clientId } = this.profile;
    const publication = this.#history.publish({
      ...this.#world.newPayload(clientId),
      publisher: clientId,
      topicName,
      qos,
      retain,
      isEmpty,
      mayExpire: version === 5 && expirySec !== undefined,
      mayBeRefused: this.#world.mayRefuse,
      isBinding: version === 5 || this.#world.hasRoomForAll,
    });
    const outgoing = { publication, expirySec: version === 5 ? expirySec : undefined, isReleased: false };
    const packetId = qos === 0 ? 0 : session.newPacketId();
    if (qos > 0) session.outgoing.set(packetId, outgoing);
    this.#sendPublish(this.#connection, packetId, outgoing, false);
  }

  subscribe(topicFilter: string, qos: QoS, options: object = {}): void {
    const { session } = this;
    if (session === undefined || !this.isConnected || session.isChanging(topicFilter)) return;
    const messageId = session.newPacketId();
    session.onFilterSent(messageId, topicFilter, qos);
    const isFive = this.profile.version === 5;
    const subscriptions = [{ topic: topicFilter, qos, ...(isFive ? options : {}) }];
    this.#send(this.#connection, { cmd: "subscribe", messageId, subscriptions });
  }

  unsubscribe(topicFilter: string): void {
    const { session } = this;
    if (session === undefined || !this.isConnected || session.isChanging(topicFilter)) return;
    const messageId = session.newPacketId();
    session.onFilterSent(messageId, topicFilter, undefined);
    this.#send(this.#connection, { cmd: "unsubscribe", messageId, unsubscriptions: [topicFilter] });
  }

  // What it hears

  #onPacket(connection: Connection, packet: Packet): void {
    if (this.#connection !== connection) return;
    this.#world.trace(`${this.#name} <- ${lineOf(packet)}`);
    if (packet.cmd === "connack") {
      this.#onConnack(connection, packet.sessionPresent, packet.reasonCode ?? packet.returnCode ?? 0);
      return;
    }
    const { session } = this;
    if (packet.cmd === "disconnect") {
      if (packet.reasonCode === keepAliveTimeout && !connection.isLeaving)
        this.#wrong("is taken for gone, and has sent PINGREQ");
      return;
    }
    if (!connection.isAccepted) this.#wrong(`got ${packet.cmd} before CONNACK`);
    // The client has ended its session, and waits for the broker to close.
    if (session === undefined) return;
    const code = (packet as { reasonCode?: number }).reasonCode ?? 0;
    const packetId = packet.messageId ?? 0;
    switch (packet.cmd) {
      case "publish": {
        const mistake = connection.acknowledgements.onPublish(session, packet);
        if (mistake !== undefined) this.#wrong(mistake);
        break;
      }
      case "pubrel":
        connection.acknowledgements.onPubrel(session, packetId);
        break;
      case "puback":
      case "pubrec":
        this.#onAnswered(connection, session, packetId, code, packet.cmd);
        break;
      case "pubcomp":
        session.outgoing.delete(packetId);
        break;
      case "suback":
      case "unsuback":
        if (!session.onFilterAnswered(packetId, Number(packet.granted?.[0] ?? 0))) {
          this.#wrong(`got ${packet.cmd} ${packetId}, which nobody has asked for`);
        }
        break;
      case "pingresp":
        connection.openPings = 0;
        break;
      default:
        this.#wrong(`got ${packet.cmd}`);
    }
  }

  #onConnack(connection: Connection, sessionPresent: boolean, code: number): void {
    if (code !== 0) {
      // The connection ends, and the client comes again. The relay says so of a session that was lost.
      const isLost = !this.#world.isCalm && code === (this.profile.version === 5 ? serverUnavailable : 3);
      if (!isLost) this.#wrong(`was refused: ${code}`);
      return;
    }
    connection.isAccepted = true;
    this.changedAtMs = this.#world.clock.nowMs;
    if (connection.will !== undefined) connection.will.isSet = true;
    // Before MQTT 3.1.1 CONNACK does not say it.
    const isPresent =
      this.profile.version === 3 ? !connection.cleanStart && this.session !== undefined : sessionPresent;
    if (isPresent && connection.cleanStart) this.#wrong("got an old session for a clean start [MQTT-3.2.2-2]");
    const { clock, wallClock } = this.#world;
    const isKept = this.session !== undefined && this.#keptUntilMs - wallClock.spreadMs > clock.nowMs;
    if (!isPresent && isKept) this.#wrong("lost its session before it expired");
    if (!isPresent) this.#endSession();
    this.session ??= new ClientSession(this.#history, this.profile.clientId, this.isDurable);
    this.#mustStartClean = false;
    this.#keptUntilMs = Number.POSITIVE_INFINITY;
    for (const [packetId, outgoing] of this.session.outgoing) this.#sendAgain(connection, packetId, outgoing);
    this.#keepAlive(connection);
  }

  #onAnswered(connection: Connection, session: ClientSession, packetId: number, code: number, cmd: string): void {
    const outgoing = session.outgoing.get(packetId);
    if (outgoing === undefined) return;
    const { publication } = outgoing;
    if ((cmd === "puback") !== (publication.qos === 1)) this.#wrong(`got ${cmd} for QoS ${publication.qos}`);
    if (publication.state === "open") this.#history.answer(publication, code >= 0x80);
    if (cmd === "puback" || code >= 0x80) {
      session.outgoing.delete(packetId);
      return;
    }
    outgoing.isReleased = true;
    this.#send(connection, { cmd: "pubrel", messageId: packetId });
  }

  // Ends

  #onClosed(connection: Connection, code: number): void {
    if (this.#connection !== connection) return;
    this.#world.trace(`${this.#name} <- closed ${code}`);
    // The broker has read DISCONNECT, and closes: the Will is discarded for good [MQTT-3.14.4-3].
    const isDiscarded = connection.hasLeft && !connection.wasLost && code === 1000;
    if (isDiscarded && connection.will !== undefined) connection.will.fate = "must not";
    this.#lose(connection);
  }

  /** The keep alive finds connections that nobody uses, unless the broker has closed them before. */
  #abandon(connection: Connection): void {
    this.#lose(connection);
    this.#world.clock.after(this.profile.keepAliveSec * 1500, undefined, () => connection.link.cut());
  }

  #lose(connection: Connection): void {
    this.#connection = undefined;
    this.changedAtMs = this.#world.clock.nowMs;
    connection.acknowledgements.stop();
    this.session?.onConnectionLost();
    if (connection.isAccepted) {
      const { version, expirySec } = this.profile;
      const endedAtMs = Math.min(connection.link.endedAtMs, this.#world.clock.nowMs);
      this.#keptUntilMs = version === 5 ? endedAtMs + expirySec * 1000 : Number.POSITIVE_INFINITY;
      if (connection.will !== undefined && !connection.hasLeft) this.#wills.onLost(connection.will);
    }
    if (!this.isDurable) this.#endSession();
  }

  /** The run is over, and the client away for so long that its session has ended. */
  giveUp(): void {
    this.#wills.onSessionOver();
    this.#endSession();
  }

  #endSession(): void {
    this.session?.end();
    this.session = undefined;
    this.#keptUntilMs = 0;
  }

  // Sending

  #sendAgain(connection: Connection, packetId: number, outgoing: Outgoing): void {
    if (outgoing.isReleased) this.#send(connection, { cmd: "pubrel", messageId: packetId });
    else this.#sendPublish(connection, packetId, outgoing, true);
  }

  #sendPublish(connection: Connection, messageId: number, { publication, expirySec }: Outgoing, dup: boolean): void {
    this.#send(connection, publishOf(publication, messageId, expirySec, dup));
  }

  #send(connection: Connection | undefined, packet: object): void {
    if (connection === undefined || this.#connection !== connection || connection.isLeaving) return;
    this.#world.trace(() => `${this.#name} -> ${lineOf(packet as Packet)}${detailOf(packet)}`);
    connection.send(packet);
  }

  #keepAlive(connection: Connection): void {
    const { keepAliveSec, isRelayed } = this.profile;
    if (keepAliveSec === 0 || (isRelayed && !this.#world.features.relay)) return;
    this.#world.clock.after(keepAliveSec * 500, undefined, () => {
      if (this.#connection !== connection) return;
      const isUnanswered = connection.openPings > 0 && connection.link.endedAtMs === Number.POSITIVE_INFINITY;
      if (isUnanswered) this.#wrong("got no PINGRESP [MQTT-3.12.4-1]");
      connection.openPings += 1;
      this.#send(connection, { cmd: "pingreq" });
      this.#keepAlive(connection);
    });
  }

  #wrong(what: string): void {
    this.#world.violate(`${this.#name} ${what}`);
  }
}
