// The WebSockets of one session object: their numbers, the frames of an event, and what a socket keeps through a
// hibernation.

import type { Account } from "../../core/session/counters.ts";
import type { SocketId } from "../../core/session/effect.ts";
import type { HibernatingSession, KeptSession, KeptState, SessionSnapshot } from "../../core/session/life/snapshot.ts";
import type { SessionStore } from "../../core/session/session-store.ts";
import type { Heard } from "../../core/session/wire/connection.ts";
import { closeWebSocket } from "../../platform/close.ts";
import { FrameBuffer } from "./frame-buffer.ts";

/** What a socket's attachment holds. */
type Attachment = Heard & {
  readonly account: Account;
  /** The snapshot, or null if it is so large that it is in the store. */
  readonly json: string | null;
  /** The snapshot without its subscriptions, which are most of it and rarely change; newer than the one in the store. */
  readonly rest?: string | undefined;
};

/** The platform's limit is 16,384 bytes; a character takes one or two. */
const maximumAttachmentCharacters = 8_000;

/** From this number on, the subscriptions of a session that ends with its connection are compared apart from the rest. */
const manySubscriptions = 20;

type Subscriptions = KeptState["subscriptions"];

type Socket = { readonly webSocket: WebSocket; readonly frames: FrameBuffer };

export class SessionSockets {
  private readonly ctx: DurableObjectState;
  private readonly store: SessionStore;
  private readonly sockets = new Map<SocketId, Socket>();
  private readonly ids = new Map<WebSocket, SocketId>();
  private readonly unflushed = new Set<FrameBuffer>();
  private nextId = 1;
  /** The snapshot in the store, and its list of subscriptions. */
  private storedJson: string | undefined;
  private storedSubscriptions: Subscriptions | undefined;

  constructor(ctx: DurableObjectState, store: SessionStore) {
    this.ctx = ctx;
    this.store = store;
  }

  get hasAny(): boolean {
    return this.sockets.size > 0;
  }

  /** Takes a new socket, hibernatable. */
  accept(webSocket: WebSocket): SocketId {
    this.ctx.acceptWebSocket(webSocket);
    const socketId = this.nextId;
    this.nextId += 1;
    this.add(socketId, webSocket);
    return socketId;
  }

  /**
   * After a start of the object: finds the connected client's socket, and closes all others: nothing is known about them.
   */
  wake(): KeptSession | undefined {
    let found: KeptSession | undefined;
    for (const webSocket of this.ctx.getWebSockets()) {
      const attachment = webSocket.deserializeAttachment() as Attachment | null;
      const json = attachment === null ? undefined : (attachment.json ?? this.store.readSnapshot());
      if (json === undefined || found !== undefined || webSocket.readyState !== WebSocket.OPEN) {
        closeWebSocket(webSocket, 1012, "the session restarted");
        continue;
      }
      const { lastReceivedMs, unheard, account } = attachment as Attachment;
      const { rest } = attachment as Attachment;
      const whole = JSON.parse(json) as SessionSnapshot;
      const snapshot = rest === undefined ? whole : withSubscriptions(JSON.parse(rest), subscriptionsOf(whole));
      found = { snapshot, heard: { lastReceivedMs, unheard }, account };
      if (attachment?.json === null) {
        this.storedJson = json;
        this.storedSubscriptions = subscriptionsOf(snapshot);
      }
      const { socketId } = found.snapshot.connection;
      this.nextId = socketId + 1;
      this.add(socketId, webSocket);
    }
    return found;
  }

  /**
   * Has a socket keep what the session needs after a hibernation.
   * @param mayWrite whether it may cost rows
   * @returns false when it would have
   */
  keep({ socketId, snapshot, heard, account }: HibernatingSession, mayWrite: boolean): boolean {
    const keep = (kept: Pick<Attachment, "json" | "rest">) => {
      this.sockets.get(socketId)?.webSocket.serializeAttachment({ ...heard, account, ...kept } satisfies Attachment);
      return true;
    };
    const subscriptions = subscriptionsOf(snapshot);
    const hasMany = subscriptions.length > manySubscriptions;
    const rest = hasMany ? JSON.stringify(withSubscriptions(snapshot, [])) : undefined;
    const restFits = rest !== undefined && rest.length <= maximumAttachmentCharacters;
    if (restFits && subscriptions === this.storedSubscriptions) return keep({ json: null, rest });
    const json = JSON.stringify(snapshot);
    if (json.length <= maximumAttachmentCharacters) return keep({ json });
    if (json !== this.storedJson) {
      if (!mayWrite) return false;
      this.store.putSnapshot(json);
      this.storedJson = json;
      this.storedSubscriptions = subscriptions;
    }
    return keep({ json: null, rest: restFits ? rest : undefined });
  }

  /** 0, which is no socket's number, for one that is closed already. */
  idOf(webSocket: WebSocket): SocketId {
    return this.ids.get(webSocket) ?? 0;
  }

  forget(webSocket: WebSocket): SocketId {
    const socketId = this.idOf(webSocket);
    this.ids.delete(webSocket);
    this.sockets.delete(socketId);
    return socketId;
  }

  send(socketId: SocketId, packet: Uint8Array): void {
    const socket = this.sockets.get(socketId);
    if (socket === undefined) return;
    socket.frames.add(packet);
    this.unflushed.add(socket.frames);
  }

  flush(): void {
    for (const frames of this.unflushed) frames.flush();
    this.unflushed.clear();
  }

  close(socketId: SocketId, code: number, reason: string): void {
    const socket = this.sockets.get(socketId);
    if (socket === undefined) return;
    socket.frames.flush();
    this.forget(socket.webSocket);
    closeWebSocket(socket.webSocket, code, reason);
  }

  private add(socketId: SocketId, webSocket: WebSocket): void {
    // A send to a socket that the client has closed throws; its close event follows.
    const frames = new FrameBuffer((frame) => {
      if (webSocket.readyState === WebSocket.OPEN) webSocket.send(frame);
    });
    this.sockets.set(socketId, { webSocket, frames });
    this.ids.set(webSocket, socketId);
  }
}

/** The subscriptions of a session that ends with its connection. A durable one has them on disk. */
function subscriptionsOf({ state }: SessionSnapshot): Subscriptions {
  return state?.subscriptions ?? [];
}

function withSubscriptions(snapshot: SessionSnapshot, subscriptions: Subscriptions): SessionSnapshot {
  return snapshot.state === undefined ? snapshot : { ...snapshot, state: { ...snapshot.state, subscriptions } };
}
