// The WebSockets of one session object: their numbers, the frames of a turn, and what a socket keeps through a
// hibernation.

import type { Heard } from "../core/session/connection.ts";
import type { Account } from "../core/session/counters.ts";
import type { SocketId } from "../core/session/effect.ts";
import type { SessionStore } from "../core/session/session-store.ts";
import type { HibernatingSession, KeptSession, SessionSnapshot } from "../core/session/snapshot.ts";
import { closeWebSocket } from "../relay/close.ts";
import { FrameBuffer } from "./frame-buffer.ts";

/** What a socket's attachment holds; `json` is the snapshot, or null where it is so large that it is in the store. */
type Attachment = Heard & { readonly account: Account; readonly json: string | null };

/** The platform's limit is 16,384 bytes; a character takes one or two. */
const maximumAttachmentCharacters = 8_000;

type Socket = { readonly webSocket: WebSocket; readonly frames: FrameBuffer };

export class SessionSockets {
  private readonly ctx: DurableObjectState;
  private readonly store: SessionStore;
  private readonly sockets = new Map<SocketId, Socket>();
  private readonly ids = new Map<WebSocket, SocketId>();
  private readonly unflushed = new Set<FrameBuffer>();
  private nextId = 1;
  /** The snapshot in the store. */
  private storedJson: string | undefined;

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
   * After a start of the object: finds the connected client's socket, and closes others, of which nothing is known.
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
      found = { snapshot: JSON.parse(json) as SessionSnapshot, heard: { lastReceivedMs, unheard }, account };
      if (attachment?.json === null) this.storedJson = json;
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
    const json = JSON.stringify(snapshot);
    const fits = json.length <= maximumAttachmentCharacters;
    if (!fits && json !== this.storedJson) {
      if (!mayWrite) return false;
      this.store.putSnapshot(json);
      this.storedJson = json;
    }
    const attachment: Attachment = { ...heard, account, json: fits ? json : null };
    this.sockets.get(socketId)?.webSocket.serializeAttachment(attachment);
    return true;
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
