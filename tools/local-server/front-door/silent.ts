// Ends WebSockets that become no client, and those that the broker has closed and the other side has not: workerd keeps their
// TCP connections for as long as the other side does.

import type net from "node:net";
import { BrokerFrames, type Stage } from "./broker-frames.ts";

/** For the other side to answer a Close frame, or the end of the connection. */
const lingerMs = 2_000;

/**
 * @param broker the WebSocket's other half, to the broker; its first frame has not been read
 * @param pendingMs after which a WebSocket that is no client is ended, in milliseconds
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
  // What was read of the one that is gone is still on its way to the other.
  const closeBoth = (gone: net.Socket, other: net.Socket) => {
    gone.once("close", () => {
      other.end();
      linger();
    });
  };
  closeBoth(socket, broker);
  closeBoth(broker, socket);
}
