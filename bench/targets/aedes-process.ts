// Aedes over WebSocket, set up as its documentation shows, with everything in memory.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Aedes } from "aedes";
import { createWebSocketStream, WebSocketServer } from "ws";
import { host, untilEnd } from "./target.ts";

const aedes = await Aedes.createBroker();
const httpServer = createServer();
const webSocketServer = new WebSocketServer({ server: httpServer, perMessageDeflate: false });
webSocketServer.on("connection", (webSocket, request) => {
  const stream = createWebSocketStream(webSocket);
  stream.on("error", () => {}); // The client is gone.
  aedes.handle(stream, request);
});
httpServer.listen(0, host);
await once(httpServer, "listening");
const { port } = httpServer.address() as AddressInfo;
await untilEnd({ port, pids: [process.pid] }, async () => {});
