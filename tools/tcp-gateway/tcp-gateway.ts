// MQTT over TCP in, MQTT over WebSocket out. The gateway moves bytes in order and parses no packets: a WebSocket frame is
// whatever arrived from the client in one turn of the event loop, which MQTT allows [MQTT-6.0.0-2]. It adds no delivery
// guarantees and needs none: when either side is gone, it ends the other, and both ends see what they would see
// without it between them.

import { once } from "node:events";
import net from "node:net";
import { WebSocket } from "ws";

export type TcpGatewayOptions = {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** The broker's address: ws://127.0.0.1:8787/mqtt, or wss:// for a deployed one. */
  readonly target: string;
  /** One line about something that the operator should know. */
  readonly log?: (line: string) => void;
};

export type TcpGateway = {
  readonly port: number;
  /** Ends every connection. */
  close(): Promise<void>;
};

/** Bytes of one client waiting for its WebSocket to open or to take more; above it, the client's socket is not read. */
const waitingBytesMaximum = 256 * 1024;
/** How long to go on reading a client after the last byte for it left: what it still sends would make the kernel answer
 * with a reset, and a reset takes from the client the bytes (a DISCONNECT packet, say) that it has not read yet. */
const lingerMs = 2_000;
/** A client that takes none of the bytes waiting for it is given up. */
const stalledClientMs = 120_000;
/** The broker's time to answer the opening and the closing handshake. */
const openTimeoutMs = 10_000;
const closeTimeoutMs = 2_000;
/** Each costs two file descriptors. */
const connectionsMaximum = 10_000;

/** @throws the listening socket's error: EADDRINUSE, EACCES, … */
export async function startTcpGateway(options: TcpGatewayOptions): Promise<TcpGateway> {
  const connections = new Set<Connection>();
  let targetAnswers = true;

  const server = net.createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, (socket) => {
    const connection = new Connection(socket, options.target);
    connections.add(connection);
    connection.onOpen = () => {
      targetAnswers = true;
    };
    connection.onRefused = (error) => {
      if (targetAnswers) options.log?.(`TCP clients cannot reach ${options.target}: ${error.message || error.name}`);
      targetAnswers = false;
    };
    connection.onEnd = () => connections.delete(connection);
  });
  server.maxConnections = connectionsMaximum;
  server.listen(options.port, options.host);
  await once(server, "listening");
  server.on("error", (error) => options.log?.(`TCP listener: ${error.message}`));

  return {
    port: (server.address() as net.AddressInfo).port,
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const connection of connections) connection.destroy();
      await closed;
    },
  };
}

/**
 * One client and its WebSocket.
 *
 * The client's bytes wait in `waiting` until the turn ends and the WebSocket is open. The broker's bytes wait in the
 * client socket's own write buffer. Each direction stops reading its source while its buffer is over the limit.
 */
class Connection {
  onOpen = () => {};
  onRefused = (_error: Error) => {};
  onEnd = () => {};

  readonly #socket: net.Socket;
  readonly #webSocket: WebSocket;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** At most one is needed at a time: the stalled client, the broker's closing handshake, lingering. */
  #deadline: NodeJS.Timeout | undefined;

  constructor(socket: net.Socket, target: string) {
    this.#socket = socket;
    this.#webSocket = new WebSocket(target, "mqtt", { perMessageDeflate: false, handshakeTimeout: openTimeoutMs });

    socket.on("data", (bytes) => this.#onClientBytes(bytes));
    socket.on("end", () => this.#onClientEnd());
    socket.on("error", () => {}); // "close" follows
    socket.on("close", () => this.#onClientGone());

    const onRefused = (error: Error) => {
      if (!socket.destroyed) this.onRefused(error);
    };
    this.#webSocket.once("error", onRefused);
    this.#webSocket.once("open", () => {
      this.#webSocket.off("error", onRefused);
      this.onOpen();
      this.#flush();
    });
    this.#webSocket.on("message", (bytes) => this.#onBrokerBytes(bytes as Buffer));
    this.#webSocket.on("error", () => {}); // "close" follows
    this.#webSocket.on("close", () => this.#onBrokerEnd());
  }

  destroy() {
    this.#socket.destroy();
  }

  get #clientHasEnded() {
    return this.#socket.readableEnded;
  }

  get #brokerHasEnded() {
    return this.#webSocket.readyState === WebSocket.CLOSED;
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
    if (this.#webSocket.readyState !== WebSocket.OPEN) return;
    if (this.#waitingBytes > 0) {
      const frame = this.#waiting.length === 1 ? this.#waiting[0] : Buffer.concat(this.#waiting);
      this.#waiting = [];
      this.#waitingBytes = 0;
      this.#webSocket.send(frame as Buffer, { binary: true }, () => this.#paceClient());
    }
    if (this.#clientHasEnded) {
      this.#webSocket.close(1000);
      this.#setDeadline(closeTimeoutMs, () => this.#webSocket.terminate());
    }
    this.#paceClient();
  }

  #paceClient() {
    const held = this.#waitingBytes + this.#webSocket.bufferedAmount;
    if (this.#brokerHasEnded || held < waitingBytesMaximum / 2) this.#socket.resume();
    else if (held >= waitingBytesMaximum) this.#socket.pause();
  }

  #onBrokerBytes(bytes: Buffer) {
    if (this.#socket.writableEnded || this.#socket.destroyed) return;
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork();
      process.nextTick(() => this.#socket.uncork());
    }
    if (this.#socket.write(bytes) || this.#webSocket.isPaused) return;
    this.#webSocket.pause();
    this.#setDeadline(stalledClientMs, () => this.#socket.resetAndDestroy());
    this.#socket.once("drain", () => {
      this.#clearDeadline();
      this.#webSocket.resume();
    });
  }

  /** The client's FIN. What it sent before is forwarded first. */
  #onClientEnd() {
    if (this.#brokerHasEnded) this.#socket.destroySoon();
    else this.#flush();
  }

  #onClientGone() {
    this.#clearDeadline();
    if (!this.#brokerHasEnded) this.#webSocket.terminate();
    this.onEnd();
  }

  #onBrokerEnd() {
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#setDeadline(stalledClientMs, () => this.#socket.resetAndDestroy());
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
