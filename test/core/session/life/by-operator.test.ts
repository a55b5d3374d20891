// What the operator sees of a session, and does to it.

import { describe, expect, it } from "vitest";
import { delivery, granted, SessionHarness } from "../../../support/session-harness.ts";

describe("a look at a session", () => {
  it("shows nothing if there is no session, and writes nothing", () => {
    const h = new SessionHarness();
    expect(h.inspect()).toBeUndefined();
    // The directory may list one that a crash has ended.
    const ended = { type: "ended", isExpired: false };
    expect([h.store.isUsed, h.reports, h.requests]).toEqual([false, [ended], []]);
  });

  it("shows whose it is, its connection, and how much waits", () => {
    const h = new SessionHarness({ logIn: () => granted({ identity: "credential/1", username: "u" }) });
    const fields = {
      username: "u",
      password: Buffer.from("p"),
      properties: { sessionExpiryInterval: 60, receiveMaximum: 1 },
    };
    const client = h.subscribed(fields);
    h.deliver(delivery("1"), delivery("2"), delivery("3", { qos: 0 }));
    client.publish(2, 7);
    expect(h.inspect()).toEqual({
      identity: "credential/1",
      username: "u",
      connection: { protocolVersion: 5, keepAliveSec: 60, isRelayed: true, connectedAtMs: h.nowMs },
      disconnectedAtMs: 0,
      expirySec: 60,
      endsAtMs: undefined,
      queue: { messages: 2, bytes: expect.any(Number) },
      inFlightMessages: 1,
      incomingMessages: 1,
      counts: expect.objectContaining({ messagesReceived: 1, messagesDropped: 0 }),
      subscriptions: [expect.objectContaining({ topicFilter: "a", qos: 2 })],
    });
    const leftAtMs = h.nowMs;
    client.drop();
    h.pass(10);
    const away = {
      connection: undefined,
      disconnectedAtMs: leftAtMs,
      endsAtMs: leftAtMs + 60_000,
      inFlightMessages: 0,
    };
    expect(h.inspect()).toMatchObject(away);
  });

  it("shows none whose time is up, though no alarm has rung yet", () => {
    const h = new SessionHarness();
    h.subscribed().drop();
    h.pass(3600);
    expect(h.inspect()).toBeUndefined();
  });
});

describe("the operator", () => {
  it("disconnects a client: 0x98, and its session waits for it", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    expect(h.command("disconnect")).toBe(true);
    expect(client.packets()).toMatchObject([{ cmd: "disconnect", reasonCode: 0x98 }]);
    expect(client.closed?.code).toBe(1008);
    expect(h.command("disconnect")).toBe(false);
    expect(h.resume().heard()).toEqual(["CONNACK present"]);
  });

  it("ends a session, whether its client is there or not", () => {
    for (const isThere of [true, false]) {
      const h = new SessionHarness();
      const client = h.subscribed();
      if (!isThere) client.drop();
      expect(h.command("remove")).toBe(true);
      expect(client.closed !== undefined).toBe(isThere);
      expect(h.takeRequests()).toEqual([{ type: "end", generation: h.generation }]);
      expect(h.reports.at(-1)).toEqual({ type: "ended", isExpired: false });
      expect([h.store.readRecord(), h.session.isGone]).toEqual([undefined, true]);
    }
  });

  it("publishes its Will, which is not to wait for its delay any more", () => {
    const h = new SessionHarness();
    const will = {
      topic: "w",
      payload: Buffer.from("gone"),
      qos: 1,
      retain: false,
      properties: { willDelayInterval: 99 },
    };
    h.subscribed({ will });
    h.command("remove");
    expect(h.takeRequests()).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({ type: "publish", message: expect.objectContaining({ topicName: "w" }) }),
      ]),
    );
  });

  it("that ends none takes what the directory may list of it", () => {
    const h = new SessionHarness();
    expect(h.command("remove")).toBe(false);
    expect(h.reports).toEqual([{ type: "ended", isExpired: false }]);
    expect(h.store.isUsed).toBe(false);
  });
});
