// Accepts clients' connections in front of workerd. workerd would accept connections until it has no file descriptors
// left, and then crash. And after it has closed a WebSocket, it keeps the TCP connection until the other side closes it
// too. So the front door accepts only as many connections as there are descriptors for, and ends connections that do
// not become clients.

import { once as nextEvent } from "node:events";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type net from "node:net";
import { createProxyServer } from "httpxy";
import { networkOf } from "../../../src/core/access/network.ts";
import { type TcpPort, tcpPortHeader } from "../../device-setup/examples.ts";
import type { Descriptors } from "../descriptors.ts";
import { setAddressHeader } from "./address-header.ts";
import { ConnectionLimit, once } from "./connection-limit.ts";
import { endUnlessClient } from "./silent.ts";
import { Turnstile } from "./turnstile.ts";

export type FrontDoorOptions = {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** The port on 127.0.0.1 on which workerd listens now. */
  readonly brokerPort: () => number;
  /** Where this server takes MQTT over TCP, if that is known. Responses carry it, so that the dashboard shows the real port. */
  readonly tcpPort?: () => TcpPort | undefined;
  readonly descriptors: Descriptors;
  readonly connectTimeoutMs: number;
  readonly log: (line: string) => void;
};

export type FrontDoor = {
  readonly port: number;
  /** Ends every connection. */
  close(): Promise<void>;
};

/**
 * A WebSocket that is still not a client after this many times CONNECT_TIMEOUT_SEC is ended here. The broker closes it sooner
 * if it can.
 */
const pendingTimeoutFactor = 1.5;
/** Upgrades that workerd has not answered yet. An upgrade that takes longer than `openingMs` is no longer counted. */
const maximumOpening = 8;
const openingMs = 1_000;
/** An upgrade that waits longer than this for the turnstile is refused. */
const maximumWaitMs = 10_000;
/** The limit of workerd. */
const maximumHeadBytes = 128 * 1024;
/** How long a request may take to arrive, and how long its connection may be silent. */
const requestMs = 60_000;
/** How long an idle connection is kept for the next request. */
const keepAliveMs = 15_000;
const timeoutsCheckedEveryMs = 500;
/** Refused connections that are being sent an answer at the same time. Any others are ended without one. */
const maximumRefusing = 64;
const refusingMs = 1_000;
/** However many connections are refused, the log gets one line in this time. */
const logEveryMs = 60_000;

/** @throws the error of the listening socket */
export async function startFrontDoor(options: FrontDoorOptions): Promise<FrontDoor> {
  const door = new Door(options);
  const server = http.createServer({
    noDelay: true,
    keepAlive: true,
    maxHeaderSize: maximumHeadBytes,
    headersTimeout: options.connectTimeoutMs,
    requestTimeout: Math.max(requestMs, options.connectTimeoutMs),
    keepAliveTimeout: keepAliveMs,
    connectionsCheckingInterval: timeoutsCheckedEveryMs,
    // An upgrade with a malformed Host arrives as an ordinary request, so `onRequest` refuses it too.
    shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === "websocket" && hasOneHost(request),
  });
  server.timeout = requestMs;
  server.on("request", (request, response) => door.onRequest(request, response));
  server.on("upgrade", (request, socket, head) => door.onUpgrade(request, socket as net.Socket, head));
  // Only admitted connections are passed to Node.js, which reads their requests.
  const readRequests = server.listeners("connection") as ((socket: net.Socket) => void)[];
  server.removeAllListeners("connection");
  server.on("connection", (socket) => {
    if (door.admit(socket)) for (const read of readRequests) read.call(server, socket);
  });
  server.listen(options.port, options.host);
  await nextEvent(server, "listening");
  server.on("error", (error) => options.log(`Port ${options.port}: ${error.message}`));
  const close = async () => {
    const closed = nextEvent(server, "close");
    server.close();
    door.endAll();
    await closed;
  };
  return { port: (server.address() as net.AddressInfo).port, close };
}

class Door {
  readonly #options: FrontDoorOptions;
  readonly #limit: ConnectionLimit;
  readonly #turnstile = new Turnstile(maximumOpening);
  readonly #sockets = new Set<net.Socket>();
  /** Call it when the connection becomes a client. */
  readonly #releases = new WeakMap<net.Socket, () => void>();
  readonly #refusing = new Set<net.Socket>();
  #loggedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: FrontDoorOptions) {
    this.#options = options;
    this.#limit = new ConnectionLimit(options.descriptors);
  }

  /** @returns whether to read its requests; if not, the connection has been refused */
  admit(socket: net.Socket): boolean {
    socket.on("error", () => {}); // "close" follows
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    const place = this.#limit.admit(networkOfSocket(socket));
    if ("refusal" in place) {
      this.#refuse(socket, place.refusal);
      return false;
    }
    this.#releases.set(socket, place.release);
    socket.once("close", place.release);
    return true;
  }

  onRequest(request: IncomingMessage, response: ServerResponse): void {
    if (!hasOneHost(request)) {
      this.#options.log("a request is refused: its Host is malformed");
      answer(response, 400, "the Host of this request is malformed");
      return;
    }
    setAddressHeader(request.headers, request.socket.remoteAddress);
    // Opens a connection for each request. workerd ends connections that were idle for five seconds, and if it is busy
    // it may do so after the next request has arrived. Nobody could say whether that request was carried out.
    const proxy = createProxyServer({ target: this.#target, agent: false, preserveHeaderKeyCase: true });
    proxy.on("proxyRes", (fromBroker) => {
      // This header is about the connection to the broker. The client's stays open.
      delete fromBroker.headers.connection;
      const tcpPort = this.#options.tcpPort?.();
      if (tcpPort !== undefined) fromBroker.headers[tcpPortHeader] = String(tcpPort);
    });
    proxy.on("error", () => {
      // The broker may answer and then stop reading before the request is complete: its answer has been passed on.
      if (!response.headersSent) answer(response, 503, "the broker cannot be reached right now, try again");
    });
    void proxy.web(request, response);
  }

  onUpgrade(request: IncomingMessage, socket: net.Socket, head: Buffer): void {
    socket.setTimeout(0);
    let isWaiting = true;
    const timer = setTimeout(() => {
      isWaiting = false;
      this.#refuse(
        socket,
        `some waited ${maximumWaitMs / 1000} s because the broker is busy with others. ` +
          "Devices that wait a random time before they try again get in sooner",
      );
    }, maximumWaitMs);
    this.#turnstile.wait(networkOfSocket(socket), () => {
      clearTimeout(timer);
      const leave = once(() => this.#turnstile.leave());
      if (isWaiting && !socket.destroyed) this.#open(request, socket, head, leave);
      else leave();
    });
  }

  endAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #open(request: IncomingMessage, socket: net.Socket, head: Buffer, leave: () => void): void {
    setTimeout(leave, openingMs).unref();
    setAddressHeader(request.headers, socket.remoteAddress);
    const proxy = createProxyServer({ target: this.#target });
    proxy.on("proxyReqWs", (toBroker) => {
      for (const event of ["response", "error", "close"]) toBroker.once(event, leave);
      toBroker.once("upgrade", (response, broker) => {
        leave();
        // Some boards compare the names of headers case-sensitively.
        response.headers = headersAsWritten(response);
        endUnlessClient(socket, broker as net.Socket, pendingTimeoutFactor * this.#options.connectTimeoutMs, () =>
          this.#releases.get(socket)?.(),
        );
      });
    });
    proxy.on("error", () => {
      leave();
      if (socket.bytesWritten === 0) socket.end(unavailable("the broker cannot be reached right now, try again"));
    });
    void proxy.ws(request, socket, {}, head);
  }

  get #target(): { host: string; port: number; protocol: "http:" } {
    return { host: "127.0.0.1", port: this.#options.brokerPort(), protocol: "http:" };
  }

  #refuse(socket: net.Socket, why: string): void {
    this.#logRefusal(why);
    if (this.#refusing.size >= maximumRefusing) {
      socket.destroy();
      return;
    }
    this.#refusing.add(socket);
    const timer = setTimeout(() => socket.destroy(), refusingMs);
    socket.once("close", () => {
      clearTimeout(timer);
      this.#refusing.delete(socket);
    });
    socket.end(unavailable("the server has no room for another connection, try again later", "Retry-After: 10\r\n"));
    // Unread bytes would make the system reset the connection, and the answer would be lost.
    socket.resume();
  }

  #logRefusal(why: string): void {
    const nowMs = performance.now();
    if (nowMs < this.#loggedAtMs + logEveryMs) return;
    this.#loggedAtMs = nowMs;
    this.#options.log(`Connections are refused: ${why}.`);
  }
}

function networkOfSocket(socket: net.Socket): string {
  return networkOf(socket.remoteAddress ?? "");
}

/** workerd throws on any other Host, instead of refusing the request. */
function hasOneHost({ rawHeaders, headers }: IncomingMessage): boolean {
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host");
  return hosts.length <= 1 && !/[\s"<>\\^`{|}]/.test(headers.host ?? "");
}

function headersAsWritten({ rawHeaders }: IncomingMessage): Record<string, string> {
  const names = rawHeaders.filter((_, index) => index % 2 === 0);
  return Object.fromEntries(names.map((name, index) => [name, rawHeaders[2 * index + 1] ?? ""]));
}

function answer(response: ServerResponse, status: number, line: string): void {
  response.writeHead(status, { Connection: "close", "Content-Type": "text/plain; charset=utf-8" });
  response.end(`${status} ${line}\n`);
}

/** The whole answer, for a connection that has no ServerResponse. */
function unavailable(line: string, headers = ""): string {
  const body = `503 ${line}\n`;
  const head = `HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n${headers}`;
  return `${head}Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
