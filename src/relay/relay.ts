// A WebSocket to /mqtt: the client identifier is only in CONNECT, so the Worker reads that far, finds the session and
// passes bytes both ways. It answers PINGREQ and watches the keep alive itself, so that an idle client does not wake
// its session. An error before the session is found touches no object.

import type { ClientFacts } from "../core/access/login-attempt.ts";
import { utf8Bytes } from "../core/bytes.ts";
import { decodePacket, encodePacket } from "../core/packet/codec.ts";
import type { ConnectPacket } from "../core/packet/packet.ts";
import { PacketReader } from "../core/packet/packet-reader.ts";
import type { RawPacket } from "../core/packet/raw-packet.ts";
import { ReasonCode } from "../core/packet/reason-code.ts";
import { ProtocolError } from "../core/protocol-error.ts";
import { checkBeforeSession } from "../core/session/connect/before-session.ts";
import { keepAliveSecOf } from "../core/session/connect/connecting.ts";
import { checkRedirection } from "../core/session/connect/redirection.ts";
import { CloseCode } from "../core/session/effect.ts";
import { refusalOf } from "../core/session/wire/connack-refusal.ts";
import { quietBytesOf } from "../core/session/wire/unheard.ts";
import { closeWebSocket, lostCode } from "../platform/close.ts";
import { logError } from "../platform/log.ts";
import { randomId } from "../platform/random-id.ts";
import { storageFailureOf } from "../platform/storage-failure.ts";
import { sessionSettingsOf } from "../settings/session-settings.ts";
import type { Settings } from "../settings/settings.ts";
import { PingFilter } from "./ping-filter.ts";

/** Opens a WebSocket to the session with this client identifier. */
export type OpenSession = (clientId: string) => Promise<WebSocket>;

type State =
  | { readonly name: "awaiting CONNECT"; readonly reader: PacketReader; readonly received: Uint8Array[] }
  /** What the client sends meanwhile is kept, up to one packet's size. */
  | { readonly name: "opening"; readonly waiting: Uint8Array[]; waitingBytes: number }
  | { readonly name: "open"; readonly session: WebSocket; readonly filter: PingFilter }
  | { readonly name: "closed" };

/** A timer that comes this much too early, or too late, shows that the clock was set. */
const clockStepMs = 1_000;

const pingReq = new Uint8Array([0xc0, 0x00]);
const pingResp = new Uint8Array([0xd0, 0x00]);
const connackType = 2;

export class Relay {
  private readonly client: WebSocket;
  private readonly settings: Settings;
  private readonly facts: ClientFacts;
  private readonly openSession: OpenSession;
  private readonly onSilent: (clientId: string) => void;
  private state: State;
  private connect: ConnectPacket | undefined;
  /** Also set if the broker has assigned it. */
  private clientId = "";
  private isAccepted = false;
  /** Pings before CONNACK: they are answered after it. */
  private earlyPings = 0;
  private lastReceivedMs = Date.now();
  /** Bytes relayed to the client since anything from it was passed on. */
  private unheardBytes = 0;
  private timer: ReturnType<typeof setTimeout>;
  private readonly listener = ({ data }: MessageEvent) => this.onClientMessage(data);

  /**
   * @param client the relay accepts it
   * @param onSilent called when the client is disconnected because nothing came for 1.5 times its keep alive
   */
  constructor(
    client: WebSocket,
    settings: Settings,
    facts: ClientFacts,
    openSession: OpenSession,
    onSilent: (clientId: string) => void = () => {},
  ) {
    const { maximumPacketBytes, connectTimeoutSec } = settings.limits;
    this.client = client;
    this.settings = settings;
    this.facts = facts;
    this.openSession = openSession;
    this.onSilent = onSilent;
    this.state = { name: "awaiting CONNECT", reader: new PacketReader(maximumPacketBytes), received: [] };
    this.timer = setTimeout(
      () => this.end(CloseCode.PolicyViolation, "CONNECT did not come, or was not accepted, in time"),
      connectTimeoutSec * 1000,
    );
    client.binaryType = "arraybuffer";
    client.addEventListener("message", this.listener);
    client.addEventListener("close", () => this.end(CloseCode.Normal, "the client closed"));
    client.addEventListener("error", () => this.end(CloseCode.Normal, "the client's connection failed"));
    client.accept();
  }

  private onClientMessage(data: ArrayBuffer | string): void {
    this.lastReceivedMs = Date.now();
    if (typeof data === "string") {
      this.end(CloseCode.UnsupportedData, "MQTT needs binary frames"); // [MQTT-6.0.0-1]
      return;
    }
    const bytes = new Uint8Array(data);
    switch (this.state.name) {
      case "awaiting CONNECT":
        this.awaitConnect(this.state, bytes);
        return;
      case "opening":
        this.state.waitingBytes += bytes.length;
        this.state.waiting.push(bytes);
        if (this.state.waitingBytes > this.settings.limits.maximumPacketBytes) {
          this.end(CloseCode.TryAgainLater, "too much was sent before CONNACK");
        }
        return;
      case "open":
        this.forward(this.state.session, this.state.filter, bytes);
        return;
      case "closed":
    }
  }

  private awaitConnect({ reader, received }: Extract<State, { name: "awaiting CONNECT" }>, bytes: Uint8Array): void {
    received.push(bytes);
    const { packets, error } = reader.push(bytes);
    const [first] = packets;
    if (first === undefined && error === undefined) return;
    try {
      if (first === undefined) throw error;
      const packet = decodePacket(first, undefined);
      if (packet.type !== "CONNECT") throw new ProtocolError(ReasonCode.ProtocolError, "CONNECT comes first");
      checkRedirection(this.settings.redirection);
      if (utf8Bytes(packet.clientId) > this.settings.limits.maximumClientIdBytes) {
        throw new ProtocolError(ReasonCode.ClientIdentifierNotValid, "the client identifier is too long");
      }
      const clientId = packet.clientId === "" ? randomId() : packet.clientId;
      checkBeforeSession(packet, this.facts, sessionSettingsOf(this.settings, clientId));
      void this.open(packet, clientId, first, received);
    } catch (refusal) {
      if (!(refusal instanceof ProtocolError)) throw refusal;
      const connack = refusalOf(first, refusal);
      if (connack !== undefined) this.client.send(connack);
      this.end(CloseCode.PolicyViolation, refusal.message);
    }
  }

  private async open(
    packet: ConnectPacket,
    clientId: string,
    raw: RawPacket,
    received: readonly Uint8Array[],
  ): Promise<void> {
    this.connect = packet;
    this.clientId = clientId;
    const opening: Extract<State, { name: "opening" }> = { name: "opening", waiting: [...received], waitingBytes: 0 };
    this.state = opening;
    let session: WebSocket;
    try {
      session = await this.openSession(clientId);
    } catch (error) {
      if (storageFailureOf(error) === undefined) logError("a session cannot be reached", { reason: String(error) });
      this.refuse(raw, "the session cannot be reached, try again later");
      return;
    }
    session.binaryType = "arraybuffer";
    session.addEventListener("message", ({ data }) => this.onSessionMessage(data));
    session.addEventListener("close", ({ code, reason }) => {
      if (code === lostCode) this.onSessionLost(raw);
      else this.end(code, reason);
    });
    session.addEventListener("error", () => this.onSessionLost(raw));
    session.accept();
    const filter = new PingFilter();
    const isClientGone = this.state !== opening;
    if (!isClientGone) this.state = { name: "open", session, filter };
    // What the client sent before it left counts all the same.
    for (const bytes of opening.waiting) this.forward(session, filter, bytes);
    if (isClientGone) session.close(CloseCode.Normal, "the client closed");
  }

  /** The session's object restarts or is gone, so it could not send the client anything. */
  private onSessionLost(raw: RawPacket): void {
    if (this.state.name === "closed") return;
    if (this.isAccepted) this.disconnect(ReasonCode.ServerBusy, "the session was lost, connect again");
    else this.refuse(raw, "the session was lost, try again later");
  }

  private refuse(raw: RawPacket, reason: string): void {
    const connack = refusalOf(raw, new ProtocolError(ReasonCode.ServerUnavailable, reason));
    if (connack !== undefined && this.client.readyState === WebSocket.OPEN) this.client.send(connack);
    this.end(CloseCode.TryAgainLater, reason);
  }

  private forward(session: WebSocket, filter: PingFilter, bytes: Uint8Array): void {
    const { forward, pings } = filter.push(bytes);
    if (forward !== undefined) this.pass(session, forward);
    for (let count = pings; count > 0; count -= 1) {
      if (this.isAccepted) this.onPing(session);
      // A PINGREQ during authentication is a protocol error [MQTT-3.1.2-30], which the session answers.
      else if (this.connect?.authenticationMethod !== undefined) this.pass(session, pingReq);
      else this.earlyPings += 1;
    }
  }

  /** If the session has sent much, it has to hear from the client: it gets the ping and answers it. */
  private onPing(session: WebSocket): void {
    if (this.unheardBytes > quietBytesOf(this.settings.limits)) this.pass(session, pingReq);
    else this.client.send(pingResp);
  }

  private pass(session: WebSocket, bytes: Uint8Array): void {
    session.send(bytes);
    this.unheardBytes = 0;
  }

  private onSessionMessage(data: ArrayBuffer | string): void {
    if (typeof data === "string" || this.client.readyState !== WebSocket.OPEN) return;
    this.client.send(data);
    this.unheardBytes += data.byteLength;
    if (this.isAccepted || !isSuccessfulConnack(new Uint8Array(data))) return;
    this.isAccepted = true;
    // The time counts from now, not from CONNECT: the clock may have been set in between.
    this.lastReceivedMs = Date.now();
    for (; this.earlyPings > 0; this.earlyPings -= 1) this.client.send(pingResp);
    this.watchKeepAlive();
  }

  /** [MQTT-3.1.2-22]; one timer that looks again, rather than one a packet. */
  private watchKeepAlive(): void {
    clearTimeout(this.timer);
    const keepAliveMs = this.connect === undefined ? 0 : keepAliveSecOf(this.connect, this.settings.limits) * 1500;
    if (keepAliveMs === 0) return;
    const nowMs = Date.now();
    const dueMs = this.lastReceivedMs + keepAliveMs;
    this.timer = setTimeout(() => {
      const lookedAtMs = Date.now();
      // A timer counts real time. If the clock disagrees, it was set, and nobody knows when the client was last heard.
      if (Math.abs(lookedAtMs - dueMs) > clockStepMs) this.lastReceivedMs = lookedAtMs;
      if (lookedAtMs < this.lastReceivedMs + keepAliveMs) {
        this.watchKeepAlive();
        return;
      }
      this.onSilent(this.clientId);
      this.disconnect(ReasonCode.KeepAliveTimeout, "nothing came for 1.5 times the keep alive");
    }, dueMs - nowMs);
  }

  private disconnect(reasonCode: ReasonCode, reasonString: string): void {
    const bytes = encodePacket(
      { type: "DISCONNECT", reasonCode, reasonString },
      {
        protocolVersion: this.connect?.protocolVersion ?? 4,
        maximumPacketBytes: this.connect?.maximumPacketBytes ?? Number.POSITIVE_INFINITY,
        requestProblemInformation: true,
        nowMs: 0,
      },
    );
    if (bytes !== undefined && this.client.readyState === WebSocket.OPEN) this.client.send(bytes);
    this.end(CloseCode.PolicyViolation, reasonString);
  }

  /** Both ends; the session sees a close without DISCONNECT as a lost connection, unless one came. */
  private end(code: number, reason: string): void {
    if (this.state.name === "closed") return;
    const session = this.state.name === "open" ? this.state.session : undefined;
    this.state = { name: "closed" };
    clearTimeout(this.timer);
    // A client that goes on sending would fill the memory, so its bytes are not kept.
    this.client.removeEventListener("message", this.listener);
    closeWebSocket(this.client, code, reason);
    if (session !== undefined) closeWebSocket(session, CloseCode.Normal, "");
  }
}

function isSuccessfulConnack(frame: Uint8Array): boolean {
  // Behind the Remaining Length, whose last byte is the first below 0x80, are the flags and the reason code.
  let bodyOffset = 2;
  while ((frame[bodyOffset - 1] ?? 0) >= 0x80) bodyOffset += 1;
  return (frame[0] ?? 0) >> 4 === connackType && frame[bodyOffset + 1] === ReasonCode.Success;
}
