// The floor: what the platform needs to receive and send the frames of a work, with no broker in between. One object
// holds all sockets, hibernatable like ours, and sends each frame unchanged to the sockets that the work's shape names.
// Plain JavaScript, because it runs in workerd as it is.

import { DurableObject } from "cloudflare:workers";

export default {
  fetch(request, env) {
    return env.FLOOR.getByName("floor").fetch(request);
  },
};

export class FloorObject extends DurableObject {
  /** The destinations of each socket's frames; made again when sockets come and go. */
  #receivers = new Map();

  fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const { runId, role, index } = /\/(?<runId>[^/]+)-(?<role>[ps])-(?<index>\d+)$/.exec(pathname).groups;
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    server.serializeAttachment({ runId, role, index, shape: searchParams.get("shape") });
    this.#receivers.clear();
    return new Response(null, { status: 101, webSocket: client });
  }

  webSocketMessage(socket, frame) {
    const receivers = this.#receivers.get(socket) ?? this.#find(socket);
    for (const receiver of receivers) receiver.send(frame);
  }

  webSocketClose() {
    this.#receivers.clear();
  }

  /** A subscriber sends acknowledgements, which go back to the publisher of its pair. */
  #find(socket) {
    const from = socket.deserializeAttachment();
    const receivers = this.ctx.getWebSockets().filter((other) => {
      const to = other.deserializeAttachment();
      if (to.runId !== from.runId || to.role === from.role) return false;
      return from.shape === "pairs" ? to.index === from.index : to.role === "s";
    });
    this.#receivers.set(socket, receivers);
    return receivers;
  }
}
