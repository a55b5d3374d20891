// A WebSocket server in the broker's place, and clients of a TCP gateway in front of it.

import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { Target } from "../../tools/tcp-gateway/dial.ts";
import { startTcpGateway, type TcpGateway, type TcpGatewayOptions } from "../../tools/tcp-gateway/tcp-gateway.ts";
import type { Certificates } from "../support/certificates.ts";
import { undoAfterTest } from "../support/undo.ts";

export const host = "127.0.0.1";

export type Upgrade = {
  request: http.IncomingMessage;
  complete(): WebSocket;
  refuse(statusCode: number, line?: string): void;
};

/** Completes or refuses each upgrade when the test says so. */
export async function startTarget({ port = 0, certificates }: { port?: number; certificates?: Certificates } = {}) {
  const server =
    certificates === undefined
      ? http.createServer()
      : https.createServer({ cert: certificates.certificate, key: certificates.key });
  const webSockets = new WebSocketServer({ noServer: true, handleProtocols: () => "mqtt" });
  const upgrades: Upgrade[] = [];
  server.on("upgrade", (request: http.IncomingMessage, socket: Duplex, head: Buffer) => {
    upgrades.push({
      request,
      complete() {
        let accepted: WebSocket | undefined;
        webSockets.handleUpgrade(request, socket, head, (webSocket) => {
          accepted = webSocket;
        });
        return accepted as WebSocket;
      },
      refuse: (statusCode, line = "") => {
        const headers = `Connection: close\r\nContent-Length: ${line.length}\r\n`;
        socket.end(`HTTP/1.1 ${statusCode} Refused\r\n${headers}\r\n${line}`);
      },
    });
    server.emit("upgrade waiting");
  });
  server.listen(port, host);
  await once(server, "listening");
  undoAfterTest(() => {
    for (const webSocket of webSockets.clients) webSocket.terminate();
    server.close();
    server.closeAllConnections();
  });
  const scheme = certificates === undefined ? "ws" : "wss";
  return {
    url: `${scheme}://${host}:${(server.address() as net.AddressInfo).port}/mqtt`,
    async nextUpgrade(): Promise<Upgrade> {
      if (upgrades.length === 0) await once(server, "upgrade waiting");
      return upgrades.shift() as Upgrade;
    },
  };
}

/** A port that nobody listens on. */
export async function unusedPort(): Promise<number> {
  const server = net.createServer().listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Gives a broker that it cannot reach up at once, unless told otherwise. */
export async function startGateway(
  target: Target,
  log: (line: string) => void = () => {},
  options: Partial<TcpGatewayOptions> = {},
): Promise<TcpGateway> {
  const given = { listeners: [{ host, port: 0 }], targetFor: () => ({ giveUpAfterMs: 0, ...target }), log, ...options };
  const gateway = await startTcpGateway(given);
  undoAfterTest(() => gateway.close());
  return gateway;
}

export async function connectClient(
  gateway: TcpGateway,
  options: { allowHalfOpen?: boolean } = {},
): Promise<net.Socket> {
  const client = net.connect({ port: gateway.ports[0] as number, host, ...options });
  undoAfterTest(() => client.destroy());
  await once(client, "connect");
  return client;
}

export async function readToEnd(client: net.Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of client) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
