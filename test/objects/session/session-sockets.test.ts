// What a socket keeps through a hibernation of its session, if the session has thousands of subscriptions.

import { describe, expect, it } from "vitest";
import type { KeptSession, SessionSnapshot } from "../../../src/core/session/life/snapshot.ts";
import { SessionSockets } from "../../../src/objects/session/session-sockets.ts";
import { MemorySessionStore } from "../../support/memory-session-store.ts";

const subscriptions = Array.from({ length: 5_000 }, (_, index) => {
  return {
    topicFilter: `home/${index}/state`,
    qos: 1,
    noLocal: false,
    retainAsPublished: false,
    subscriptionIdentifier: 0,
  };
});

/** The socket of a session that ends with its connection, after `messages` messages. */
function keptSession(messages: number, list: readonly object[] = subscriptions): KeptSession {
  const snapshot = {
    connection: { socketId: 1 },
    outbound: { inFlightThrough: messages },
    inbound: {},
    state: { record: { generation: "g" }, subscriptions: list },
  };
  const heard = { lastReceivedMs: messages, unheard: { bytes: 0, fullSinceMs: 0 } };
  return { snapshot: snapshot as unknown as SessionSnapshot, heard, account: { connection: "1" } as never };
}

/** A socket that the platform keeps, whose attachment is a copy. */
class PlatformSocket {
  readonly readyState = WebSocket.OPEN;
  attachment: unknown = null;
  serializeAttachment(value: unknown): void {
    this.attachment = structuredClone(value);
  }
  deserializeAttachment(): unknown {
    return this.attachment;
  }
}

function objectOf(socket: PlatformSocket, store: MemorySessionStore): SessionSockets {
  const ctx = { acceptWebSocket: () => {}, getWebSockets: () => [socket] };
  return new SessionSockets(ctx as unknown as DurableObjectState, store);
}

describe("the socket of a session with thousands of subscriptions that ends with its connection", () => {
  it("keeps what changes, and has the subscriptions written once", () => {
    const [socket, store] = [new PlatformSocket(), new MemorySessionStore()];
    const sockets = objectOf(socket, store);
    sockets.accept(socket as unknown as WebSocket);
    expect(sockets.keep({ ...keptSession(1), socketId: 1 }, false)).toBe(false);
    expect(sockets.keep({ ...keptSession(1), socketId: 1 }, true)).toBe(true);
    expect(sockets.keep({ ...keptSession(2), socketId: 1 }, false)).toBe(true);
    expect(store.writes).toEqual(["putSnapshot"]);
    expect(JSON.stringify(socket.attachment).length).toBeLessThan(8_000);

    const awake = objectOf(socket, store);
    const kept = awake.wake();
    expect(kept).toEqual(keptSession(2));
    // The session goes on with the list that it was given.
    const same = kept?.snapshot.state?.subscriptions ?? [];
    expect(awake.keep({ ...keptSession(3, same), socketId: 1 }, false)).toBe(true);
    expect(awake.keep({ ...keptSession(3, same.slice(1)), socketId: 1 }, false)).toBe(false);
    expect(objectOf(socket, store).wake()).toEqual(keptSession(3));
  });

  it("is found as the last version kept it", () => {
    const [socket, store] = [new PlatformSocket(), new MemorySessionStore()];
    const { snapshot, heard, account } = keptSession(1);
    store.putSnapshot(JSON.stringify(snapshot));
    socket.serializeAttachment({ ...heard, account, json: null });
    expect(objectOf(socket, store).wake()).toEqual(keptSession(1));
  });
});
