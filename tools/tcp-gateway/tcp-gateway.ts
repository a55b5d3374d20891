// MQTT over TCP or TLS in, MQTT over WebSocket out. The gateway moves bytes in order and parses no packets: a WebSocket
// frame is whatever arrived from the client in one turn of the event loop, which MQTT allows [MQTT-6.0.0-2]. It needs
// no delivery guarantees of its own: when one side is gone it ends the other, as if the two were connected directly.

import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";
import { Connection } from "./connection.ts";
import type { Target } from "./dial.ts";

export type Listener = {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** PEM, for MQTT over TLS. */
  readonly tls?: { readonly certificate: string; readonly key: string };
};

export type TcpGatewayOptions = {
  readonly listeners: readonly Listener[];
  /** The address for the WebSocket of this client. */
  readonly targetFor: (socket: net.Socket) => Target;
  /** Called for each new connection; returns false to end it at once. */
  readonly hasRoom?: () => boolean;
  /** Called with one line that the operator should know. */
  readonly log?: (line: string) => void;
  /** Whether that includes a line for each client that comes or goes. */
  readonly logsClients?: boolean;
};

export type TcpGateway = {
  /** In the order of the listeners. */
  readonly ports: readonly number[];
  /** Ends every connection. */
  close(): Promise<void>;
};

/** Each connection takes two file descriptors. */
const connectionsMaximum = 10_000;
const tlsHandshakeTimeoutMs = 10_000;

/** @throws {ListenError} if it cannot listen */
export async function startTcpGateway(options: TcpGatewayOptions): Promise<TcpGateway> {
  const { listeners, targetFor, hasRoom = () => true, log, logsClients } = options;
  // Includes connections whose TLS handshake is not complete.
  const sockets = new Set<net.Socket>();
  const logClient = logsClients ? log : undefined;
  let targetAnswers = true;

  const onClient = (socket: net.Socket) => {
    if (!hasRoom()) {
      socket.destroy();
      return;
    }
    const openedAtMs = performance.now();
    const name = `${socket.remoteAddress}:${socket.remotePort}`;
    const target = targetFor(socket);
    const connection = new Connection(socket, target);
    connection.onOpen = () => {
      targetAnswers = true;
      logClient?.(`${name} is connected`);
    };
    connection.onRefused = (reason) => {
      if (targetAnswers) log?.(`TCP clients cannot reach ${target.url}: ${reason}`);
      targetAnswers = false;
    };
    connection.onEnd = () => logClient?.(`${name} is gone, ${traffic(socket, performance.now() - openedAtMs)}`);
  };
  const servers: net.Server[] = [];
  const close = async () => {
    const closed = servers.map((server) => once(server, "close"));
    for (const server of servers) server.close();
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
  };
  try {
    for (const listener of listeners) {
      const server = await listen(listener, onClient, log);
      server.on("connection", (socket: net.Socket) => {
        sockets.add(socket);
        socket.once("close", () => sockets.delete(socket));
      });
      servers.push(server);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { ports: servers.map((server) => (server.address() as net.AddressInfo).port), close };
}

/** The listening socket failed. The `code` of its cause is EADDRINUSE, EACCES, … */
export class ListenError extends Error {
  readonly listener: Listener;

  constructor(listener: Listener, cause: Error) {
    super(cause.message, { cause });
    this.listener = listener;
  }
}

async function listen(
  listener: Listener,
  onClient: (socket: net.Socket) => void,
  log: TcpGatewayOptions["log"],
): Promise<net.Server> {
  const options = { allowHalfOpen: true, noDelay: true, keepAlive: true };
  const server =
    listener.tls === undefined
      ? net.createServer(options, onClient)
      : tls.createServer({ ...options, ...keysOf(listener.tls), handshakeTimeout: tlsHandshakeTimeoutMs }, onClient);
  server.maxConnections = connectionsMaximum;
  server.on("tlsClientError", (error, socket) => log?.(`${socket.remoteAddress}: TLS failed: ${error.message}`));
  server.listen(listener.port, listener.host);
  await once(server, "listening").catch((error) => {
    throw new ListenError(listener, error);
  });
  server.on("error", (error) => log?.(`Listener on port ${listener.port}: ${error.message}`));
  return server;
}

function keysOf({ certificate, key }: NonNullable<Listener["tls"]>): tls.SecureContextOptions {
  return { cert: certificate, key };
}

function traffic({ bytesRead, bytesWritten }: net.Socket, openMs: number): string {
  return `after ${Math.round(openMs / 1_000)} s: ${bytesRead} bytes from it, ${bytesWritten} to it`;
}
