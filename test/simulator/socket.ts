// The simulated network between a client and a session object: one connection with its two ends. Frames arrive in
// order, after a while; when it breaks, each end notices some time later, and what was under way is lost.

import type { Host } from "./host.ts";
import type { Instance } from "./instance.ts";
import type { World } from "./world.ts";

export type ClientEnd = {
  onBytes(bytes: Uint8Array): void;
  onClosed(code: number): void;
};

export const lostCode = 1006;

/** A client's connection to the broker. */
export interface ClientLink {
  /** When the broker may have noticed its end, at the earliest; Infinity while all is well. */
  readonly endedAtMs: number;
  send(bytes: Uint8Array): void;
  /** By the client, in an orderly way. */
  close(): void;
  /** Somewhere between the two ends. */
  cut(): void;
}

/** What the object has of a connection: as much of a WebSocket as src/objects use. */
export class ServerSocket {
  readyState: number = WebSocket.OPEN;
  link: Link | undefined;
  /** Whose it is, where that one has been superseded. */
  instance: Instance | undefined;
  #attachment: unknown = null;

  send(bytes: Uint8Array): void {
    if (this.readyState !== WebSocket.OPEN) throw new TypeError("the WebSocket is closed");
    const copy = bytes.slice();
    this.link?.leave(this, () => this.link?.toClient((end) => end.onBytes(copy)));
  }

  close(code: number): void {
    if (this.readyState !== WebSocket.OPEN) return;
    this.readyState = WebSocket.CLOSING;
    this.link?.end();
    this.link?.leave(this, () => this.link?.closeToClient(code));
  }

  /** A copy, as the platform keeps it. */
  serializeAttachment(attachment: unknown): void {
    this.#attachment = structuredClone(attachment);
  }

  deserializeAttachment(): unknown {
    return structuredClone(this.#attachment);
  }

  /** The object's process is gone. */
  lose(): void {
    this.readyState = WebSocket.CLOSED;
    this.link?.lose();
  }
}

export class Link implements ClientLink {
  readonly host: Host;
  readonly #world: World;
  readonly #client: ClientEnd;
  #server: ServerSocket | undefined;
  /** When the broker may have noticed, at the earliest; Infinity while all is well. */
  endedAtMs = Number.POSITIVE_INFINITY;
  #isBroken = false;
  #isClientDone = false;
  #toClientMs = 0;
  #toServerMs = 0;

  /** @param isRelayed whether the Worker stands between */
  constructor(world: World, host: Host, client: ClientEnd, isRelayed: boolean) {
    this.#world = world;
    this.host = host;
    this.#client = client;
    this.#later("server", () => this.#open(isRelayed));
  }

  /** From the client. */
  send(bytes: Uint8Array): void {
    this.#later("server", () => {
      const server = this.#server;
      if (server?.readyState !== WebSocket.OPEN) return;
      const message = new Uint8Array(bytes).buffer;
      this.#give(server, (object: Pick<SocketHandlers, "webSocketMessage">) =>
        object.webSocketMessage(server, message),
      );
    });
  }

  /** By the client, in an orderly way. */
  close(): void {
    this.#isClientDone = true;
    this.end();
    this.#later("server", () => this.#onGone());
  }

  /** Somewhere between the two ends. */
  cut(): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.end();
    const { faults, clock } = this.#world;
    clock.after(faults.noticeMs(), undefined, () => this.#tellClient(lostCode));
    clock.after(faults.noticeMs(), undefined, () => this.#onGone());
  }

  /** The server's end is gone without a Close frame. */
  lose(): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.end();
    this.#server = undefined;
    this.#world.clock.after(this.#world.faults.noticeMs(), undefined, () => this.#tellClient(lostCode));
  }

  end(): void {
    this.endedAtMs = Math.min(this.endedAtMs, this.#world.clock.nowMs);
  }

  /** Called by the object: waits for its disk. */
  leave({ instance }: ServerSocket, act: () => void): void {
    (instance ?? this.host.instance)?.leave(act);
  }

  toClient(act: (end: ClientEnd) => void): void {
    this.#later("client", () => {
      if (!this.#isClientDone) act(this.#client);
    });
  }

  closeToClient(code: number): void {
    this.#later("client", () => {
      this.#tellClient(code);
      this.#later("server", () => this.#onGone());
    });
  }

  #open(isRelayed: boolean): void {
    const request = new Request(`https://session/${isRelayed ? "relayed" : "native"}`);
    this.host
      .receive((object: Pick<SocketHandlers, "fetch">) => object.fetch(request))
      .then(
        ({ webSocket }) => {
          if (webSocket === undefined) this.closeToClient(lostCode);
          else this.#accept(webSocket);
        },
        () => this.closeToClient(lostCode),
      );
  }

  #accept(server: ServerSocket): void {
    // The object may have gone in the same turn, and the socket with it.
    if (server.readyState !== WebSocket.OPEN) {
      this.lose();
      return;
    }
    this.#server = server;
    server.link = this;
  }

  #onGone(): void {
    const server = this.#server;
    this.#server = undefined;
    const sockets = server?.instance?.sockets ?? this.host.sockets;
    if (server === undefined || !sockets.has(server)) return;
    server.readyState = WebSocket.CLOSED;
    this.#give(server, (object: Pick<SocketHandlers, "webSocketClose">) => object.webSocketClose(server));
    sockets.delete(server);
  }

  #give({ instance }: ServerSocket, event: (object: never) => unknown): void {
    const done = instance === undefined ? this.host.receive(event) : this.host.receiveAs(instance, event);
    // The object handles its errors itself.
    done.catch(() => {});
  }

  #tellClient(code: number): void {
    if (this.#isClientDone) return;
    this.#isClientDone = true;
    this.#client.onClosed(code);
  }

  /** After all that goes the same way already. */
  #later(end: "client" | "server", act: () => void): void {
    const { clock, faults } = this.#world;
    const atMs = clock.nowMs + faults.frameMs();
    if (end === "client") this.#toClientMs = Math.max(this.#toClientMs, atMs);
    else this.#toServerMs = Math.max(this.#toServerMs, atMs);
    const arrivesMs = end === "client" ? this.#toClientMs : this.#toServerMs;
    clock.after(arrivesMs - clock.nowMs, undefined, () => {
      if (!this.#isBroken) act();
    });
  }
}

/** What the simulator calls of a session object for a socket. */
type SocketHandlers = {
  fetch(request: Request): { readonly webSocket: ServerSocket | undefined };
  webSocketMessage(socket: ServerSocket, message: ArrayBuffer): void;
  webSocketClose(socket: ServerSocket): void;
};
