// What a session says about where its client is, and what it reports to the directory when it must report again.

import { describe, expect, it } from "vitest";
import { isEarlierConnection } from "../../../../src/core/session/life/whereabouts.ts";
import { delivery, SessionHarness } from "../../../support/session-harness.ts";

const will = { topic: "gone", payload: Buffer.from("gone"), qos: 0, retain: false };

describe("a session that is asked where its client is", () => {
  it("says that it is connected, away, or that there is no session", () => {
    const h = new SessionHarness();
    expect(h.whereabouts()).toEqual({ state: "none" });
    const client = h.subscribed();
    const { nowMs: atMs } = h;
    expect(h.whereabouts()).toMatchObject({
      state: "connected",
      protocolVersion: 5,
      identity: "anonymous",
      atMs,
      account: { counts: { connects: 1 } },
    });
    h.deliver(delivery("1"), delivery("2", { expiresAtMs: h.nowMs + 1_000 }));
    client.drop();
    h.deliver(delivery("3", { expiresAtMs: h.nowMs + 1_000 }));
    h.pass(2);
    // What has expired unsent does not count; what may have been sent goes again.
    expect(h.whereabouts()).toEqual({
      state: "away",
      identity: "anonymous",
      atMs,
      queuedMessages: 2,
      queuedBytes: expect.any(Number),
    });
    h.pass(3_600);
    expect(h.whereabouts()).toEqual({ state: "none" });
  });

  it("tells the directory the same when it has to tell again", () => {
    const h = new SessionHarness();
    const tell = () => {
      h.reports = [];
      h.handle({ type: "report due" });
      return h.reports;
    };
    expect(tell()).toEqual([{ type: "ended", isExpired: false }]);
    const client = h.subscribed();
    expect(tell()).toMatchObject([{ type: "connected", identity: "anonymous", connection: expect.any(String) }]);
    client.drop();
    expect(tell()).toMatchObject([{ type: "disconnected", identity: "anonymous", queuedMessages: 0 }]);
  });
});

describe("what a crash has ended", () => {
  it("is reported to the directory with the Will that the alarm publishes", () => {
    const h = new SessionHarness();
    h.connected({ will });
    h.reports = [];
    h.crash();
    expect(h.reports).toEqual([{ type: "ended", isExpired: false }]);
    expect(h.takeRequests()).toMatchObject([{ type: "publish", message: { topicName: "gone" } }]);
  });

  it("is told when somebody looks for the session that is not there", () => {
    const h = new SessionHarness();
    h.connected();
    h.reports = [];
    h.crash();
    expect(h.reports).toEqual([]);
    expect(h.inspect()).toBeUndefined();
    expect(h.reports).toEqual([{ type: "ended", isExpired: false }]);
  });
});

describe("one of two connections", () => {
  it("is the earlier by its time, and then by its socket", () => {
    expect(isEarlierConnection("1-9", "2-1")).toBe(true);
    expect(isEarlierConnection("2-1", "1-9")).toBe(false);
    expect(isEarlierConnection("2-9", "2-10")).toBe(true);
    expect(isEarlierConnection("2-9", "2-9")).toBe(false);
  });
});
