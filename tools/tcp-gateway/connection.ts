// One client of the TCP gateway, and its WebSocket.

import type net from "node:net";
import { TLSSocket } from "node:tls";
import { WebSocket } from "ws";
import { dial, type Target } from "./dial.ts";

/** Bytes of one client that may wait for its WebSocket. Above this, the client's socket is not read. */
const waitingBytesMaximum = 256 * 1024;
/**
 * How long to keep reading a client after the last byte for it left. Otherwise what it still sends would make the
 * kernel answer with a reset, and a reset destroys bytes that the client has not read yet, such as a DISCONNECT packet.
 */
const lingerMs = 2_000;
/** A client that takes none of the waiting bytes for this time is disconnected. */
const stalledClientMs = 120_000;
/** How long the broker may take to answer the closing handshake. */
const closeTimeoutMs = 2_000;
/**
 * Moves bytes both ways, and ends one side when the other is gone.
 *
 * The client's bytes wait in `waiting` until the turn of the event loop ends and the WebSocket is open. The broker's
 * bytes wait in the client socket's own write buffer. Each direction stops reading its source while its buffer is over
 * the limit.
 */
export class Connection {
  onOpen = () => {};
  /** @param reason one line */
  onRefused = (_reason: string) => {};
  onEnd = () => {};

  readonly #socket: net.Socket;
  readonly #stopDialing: () => void;
  /** `undefined` until it is open. */
  #webSocket: WebSocket | undefined;
  #brokerHasEnded = false;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** At most one is needed at a time: the stalled client, the broker's closing handshake, lingering. */
  #deadline: NodeJS.Timeout | undefined;

  constructor(socket: net.Socket, target: Target) {
    this.#socket = socket;
    socket.on("data", (bytes) => this.#onClientBytes(bytes));
    socket.on("end", () => this.#onClientEnd());
    socket.on("error", () => {}); // "close" follows
    socket.on("close", () => this.#onClientGone());
    this.#stopDialing = dial(target, {
      onOpen: (webSocket) => this.#onBrokerOpen(webSocket),
      onRefused: (reason) => {
        if (socket.destroyed) return;
        this.onRefused(reason);
        this.#onBrokerEnd();
      },
    });
  }

  /** Ends a client that takes none of the bytes waiting for it. */
  #giveUp() {
    // TLS has no reset.
    if (this.#socket instanceof TLSSocket) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  get #clientHasEnded() {
    return this.#socket.readableEnded;
  }

  #onBrokerOpen(webSocket: WebSocket) {
    this.#webSocket = webSocket;
    webSocket.on("message", (bytes) => this.#onBrokerBytes(webSocket, bytes as Buffer));
    webSocket.on("error", () => {}); // "close" follows
    webSocket.on("close", () => this.#onBrokerEnd());
    this.onOpen();
    this.#flush();
  }

  #onClientBytes(bytes: Buffer) {
    if (this.#brokerHasEnded) return; // lingering: read and discarded
    if (this.#waiting.length === 0) setImmediate(() => this.#flush());
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.byteLength;
    this.#paceClient();
  }

  /** Everything the client sent since the last time leaves as one frame. */
  #flush() {
    const webSocket = this.#webSocket;
    if (webSocket?.readyState !== WebSocket.OPEN) return;
    if (this.#waitingBytes > 0) {
      const frame = this.#waiting.length === 1 ? this.#waiting[0] : Buffer.concat(this.#waiting);
      this.#waiting = [];
      this.#waitingBytes = 0;
      webSocket.send(frame as Buffer, { binary: true }, () => this.#paceClient());
    }
    if (this.#clientHasEnded) {
      webSocket.close(1000);
      this.#setDeadline(closeTimeoutMs, () => webSocket.terminate());
    }
    this.#paceClient();
  }

  #paceClient() {
    const held = this.#waitingBytes + (this.#webSocket?.bufferedAmount ?? 0);
    if (this.#brokerHasEnded || held < waitingBytesMaximum / 2) this.#socket.resume();
    else if (held >= waitingBytesMaximum) this.#socket.pause();
  }

  #onBrokerBytes(webSocket: WebSocket, bytes: Buffer) {
    if (this.#socket.writableEnded || this.#socket.destroyed) return;
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork();
      process.nextTick(() => this.#socket.uncork());
    }
    if (this.#socket.write(bytes) || webSocket.isPaused) return;
    webSocket.pause();
    this.#setDeadline(stalledClientMs, () => this.#giveUp());
    this.#socket.once("drain", () => {
      this.#clearDeadline();
      webSocket.resume();
    });
  }

  /** The client has sent FIN. What it sent before is forwarded first. */
  #onClientEnd() {
    if (this.#brokerHasEnded) this.#socket.destroySoon();
    else this.#flush();
  }

  #onClientGone() {
    this.#clearDeadline();
    this.#stopDialing();
    if (!this.#brokerHasEnded) this.#webSocket?.terminate();
    this.onEnd();
  }

  #onBrokerEnd() {
    this.#brokerHasEnded = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#setDeadline(stalledClientMs, () => this.#giveUp());
    if (this.#clientHasEnded) {
      this.#socket.destroySoon();
      return;
    }
    this.#socket.resume();
    this.#socket.end(() => this.#setDeadline(lingerMs, () => this.#socket.destroy()));
  }

  #setDeadline(delayMs: number, act: () => void) {
    clearTimeout(this.#deadline);
    if (!this.#socket.destroyed) this.#deadline = setTimeout(act, delayMs);
  }

  #clearDeadline() {
    clearTimeout(this.#deadline);
  }
}
