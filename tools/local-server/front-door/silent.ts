// Ends WebSockets that do not become clients, and those that only the broker has closed: workerd keeps their TCP connections
// until the client closes them too.

import type net from "node:net";
import { BrokerFrames, type Stage } from "./broker-frames.ts";

/** How long the client may take to answer the broker's Close frame, or to close its side of the connection. */
const lingerMs = 2_000;

/**
 * @param socket the client's side of the WebSocket
 * @param broker the broker's side; no frame of it has been read yet
 * @param pendingMs a WebSocket that is not a client after this time is ended, in milliseconds
 * @param onClient called once, when the broker accepts the CONNECT
 */
export function endUnlessClient(socket: net.Socket, broker: net.Socket, pendingMs: number, onClient: () => void): void {
  const end = () => {
    socket.destroy();
    broker.destroy();
  };
  let timer = setTimeout(end, pendingMs);
  const linger = () => {
    clearTimeout(timer);
    if (!socket.destroyed || !broker.destroyed) timer = setTimeout(end, lingerMs);
  };
  const onStage = (stage: Stage) => {
    if (stage === "closing") linger();
    if (stage !== "client") return;
    clearTimeout(timer);
    onClient();
  };
  const frames = new BrokerFrames();
  broker.on("data", (chunk: Buffer) => {
    const before = frames.stage;
    frames.push(chunk);
    if (frames.stage !== before) onStage(frames.stage);
  });
  // The last bytes of one side are still on their way to the other.
  const closeBoth = (gone: net.Socket, other: net.Socket) => {
    gone.once("close", () => {
      other.end();
      linger();
    });
  };
  closeBoth(socket, broker);
  closeBoth(broker, socket);
}
