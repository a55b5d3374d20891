import { describe, expect, it } from "vitest";
import type { RequestOf } from "../../../support/session-harness.ts";
import { SessionHarness } from "../../../support/session-harness.ts";

type WillFields = { delaySec?: number; expirySec?: number; qos?: 0 | 1 | 2; messageExpirySec?: number };

/** CONNECT with a Will to the topic `w`, by default at QoS 2, in a session that outlives its connection. */
function withWill({ delaySec = 0, expirySec = 3600, qos = 2, messageExpirySec }: WillFields = {}) {
  const properties = {
    ...(delaySec > 0 ? { willDelayInterval: delaySec } : {}),
    ...(messageExpirySec === undefined ? {} : { messageExpiryInterval: messageExpirySec }),
  };
  const will = { topic: "w", payload: Buffer.from("gone"), qos, retain: true, properties };
  return { will, properties: { sessionExpiryInterval: expirySec } };
}

function published(h: SessionHarness) {
  const publishes = h.requests.map(({ request }) => request).filter(({ type }) => type.startsWith("publish"));
  return (publishes as RequestOf<"publish">[]).map(({ message }) => message);
}

describe("the Will", () => {
  it("is on disk before CONNACK leaves, whatever the session's life [MQTT-3.1.2-7]", () => {
    const h = new SessionHarness();
    h.connected(withWill({ expirySec: 0 }));
    expect(h.store.wills()).toMatchObject([{ will: { topicName: "w", qos: 2, retain: true }, stage: "held" }]);
    expect(h.store.writes).toEqual(["putWill"]);
  });

  it("is published when the connection is lost, and forgotten when the topic object has it [MQTT-3.1.2-8] [MQTT-3.1.2-10]", () => {
    const h = new SessionHarness();
    h.connected(withWill()).drop();
    expect(published(h)).toMatchObject([{ topicName: "w", qos: 2, retain: true, expiresAtMs: 0 }]);
    expect(Buffer.from(published(h)[0]?.payload ?? []).toString()).toBe("gone");
    expect(h.store.wills()).toHaveLength(1);
    h.answer();
    expect(h.store.wills()).toEqual([]);
    h.alarmNow();
    expect(h.requests).toEqual([]);
  });

  it.each([
    [
      "a mistake of the client",
      (h: SessionHarness, id: number) =>
        h.handle({ type: "frames", frames: [{ socketId: id, data: Uint8Array.of(0xf1, 0) }] }),
    ],
    [
      "a text frame",
      (h: SessionHarness, id: number) => h.handle({ type: "frames", frames: [{ socketId: id, data: "" }] }),
    ],
    ["silence", (h: SessionHarness) => h.alarm()],
  ])("is published when %s ends the connection", (_, end) => {
    const h = new SessionHarness();
    const client = h.connected(withWill(), { isRelayed: false });
    end(h, client.id);
    expect(client.closed).toBeDefined();
    expect(published(h)).toHaveLength(1);
  });

  it("is discarded by DISCONNECT 0x00, and published by DISCONNECT 0x04 [MQTT-3.14.4-3] [MQTT-3.1.2-10] [B55]", () => {
    const h = new SessionHarness();
    h.connected(withWill()).disconnect();
    expect([published(h), h.store.wills()]).toEqual([[], []]);
    h.resume(withWill()).disconnect({ reasonCode: 4 });
    expect(published(h)).toHaveLength(1);
  });

  it("is replaced by that of the next connection, or by none", () => {
    const h = new SessionHarness();
    h.connected(withWill()).disconnect();
    h.resume().drop();
    expect(published(h)).toEqual([]);
  });

  it("expires from when it is published", () => {
    const h = new SessionHarness();
    const client = h.connected(withWill({ messageExpirySec: 10 }));
    h.pass(100);
    client.drop();
    expect(published(h)[0]?.expiresAtMs).toBe(h.nowMs + 10_000);
  });

  it("expires from when it was due, however often it is tried [B54]", () => {
    const h = new SessionHarness();
    h.connected(withWill({ delaySec: 5, messageExpirySec: 10 })).drop();
    h.alarm();
    const dueAtMs = h.nowMs;
    h.giveUp();
    h.alarm();
    expect(h.nowMs).toBeGreaterThan(dueAtMs);
    expect(published(h)[0]?.expiresAtMs).toBe(dueAtMs + 10_000);
  });

  it("has an id at QoS 2 only", () => {
    const h = new SessionHarness();
    h.connected(withWill({ qos: 1, expirySec: 0 })).drop();
    h.connected(withWill({ qos: 2, expirySec: 0 })).drop();
    expect(published(h).map(({ id }) => id === "")).toEqual([true, false]);
  });
});

describe("Will Delay Interval", () => {
  it("is waited for [MQTT-3.1.3-9]", () => {
    const h = new SessionHarness();
    h.connected(withWill({ delaySec: 30 })).drop();
    expect(h.requests).toEqual([]);
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 30_000);
    h.pass(29);
    h.alarmNow();
    expect(h.requests).toEqual([]);
    h.alarm();
    h.alarmNow();
    expect(published(h)).toHaveLength(1);
  });

  it("is cut short by the end of the session", () => {
    const h = new SessionHarness();
    h.connected(withWill({ delaySec: 100, expirySec: 30 })).drop();
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 30_000);
    h.alarm();
    expect(published(h)).toHaveLength(1);
    h.answerAll();
    expect(h.session.nextDeadlineMs).toBe(Infinity);
  });

  it("counts for nothing in a session that ends with its connection", () => {
    const h = new SessionHarness();
    h.connected(withWill({ delaySec: 100, expirySec: 0 })).drop();
    expect(published(h)).toHaveLength(1);
  });

  it("is cut short by a clean start [MQTT-3.1.3-9]", () => {
    const h = new SessionHarness();
    h.connected(withWill({ delaySec: 100 })).drop();
    h.resume({ clean: true });
    expect(published(h)).toHaveLength(1);
  });

  it("is cut short by a clean start that takes the connection over [MQTT-3.1.3-9]", () => {
    const h = new SessionHarness();
    h.connected(withWill({ delaySec: 100 }));
    h.resume({ clean: true });
    expect(published(h)).toHaveLength(1);
  });

  it("is cut short by the Session Expiry Interval of DISCONNECT 0x04", () => {
    const h = new SessionHarness();
    const client = h.connected(withWill({ delaySec: 100 }));
    client.disconnect({ reasonCode: 4, properties: { sessionExpiryInterval: 7 } });
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 7000);
    h.resume(withWill({ delaySec: 100 })).disconnect({ reasonCode: 4, properties: { sessionExpiryInterval: 0 } });
    expect(published(h)).toHaveLength(1);
  });

  it("is over before a session that never expires is [MQTT-3.1.2-8]", () => {
    const h = new SessionHarness({ limits: { maximumSessionExpirySec: 0xffff_ffff } });
    h.connected(withWill({ delaySec: 100, expirySec: 0xffff_ffff })).drop();
    h.alarm();
    expect(published(h)).toHaveLength(1);
    h.answerAll();
    expect(h.session.nextDeadlineMs).toBe(Infinity);
    expect(h.resume().heard()).toEqual(["CONNACK present"]);
  });

  it("that is not over when the client is back cancels the Will [MQTT-3.1.3-9]", () => {
    const h = new SessionHarness();
    h.connected(withWill({ delaySec: 30 })).drop();
    h.pass(29);
    h.resume();
    expect(h.store.wills()).toEqual([]);
    h.pass(100);
    h.alarmNow();
    expect(h.requests).toEqual([]);
  });

  it("that is over publishes the Will, though the client is back before the alarm", () => {
    const h = new SessionHarness();
    h.connected(withWill({ delaySec: 30 })).drop();
    h.pass(30);
    h.resume();
    h.alarmNow();
    expect(published(h)).toHaveLength(1);
  });

  it("is not published when another client takes over within the delay, and is without one", () => {
    const h = new SessionHarness();
    h.connected(withWill({ delaySec: 30 }));
    h.resume(withWill());
    expect(published(h)).toEqual([]);
    h.resume();
    expect(published(h)).toHaveLength(1);
  });

  it("goes on over a crash", () => {
    const h = new SessionHarness();
    h.connected(withWill({ delaySec: 30 })).drop();
    h.pass(10);
    h.crash();
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 20_000);
    h.alarm();
    expect(published(h)).toHaveLength(1);
  });
});

describe("a restart with a client connected", () => {
  it.each([
    ["that outlives its connection", 3600],
    ["that ends with its connection", 0],
  ])("by a crash publishes the Will of a session %s [B53]", (_, expirySec) => {
    const h = new SessionHarness();
    h.connected(withWill({ expirySec }));
    h.crash();
    expect(published(h)).toHaveLength(1);
    h.answer();
    expect(h.store.wills()).toEqual([]);
  });

  it("by a crash begins the delay", () => {
    const h = new SessionHarness();
    h.connected(withWill({ delaySec: 30 }));
    h.pass(100);
    h.crash();
    expect(h.requests).toEqual([]);
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 30_000);
  });

  it("by a crash publishes the Will of a connection that was the session's last [B53]", () => {
    const h = new SessionHarness();
    h.connected({ properties: { sessionExpiryInterval: 3600 } }).drop();
    h.resume(withWill({ expirySec: 0 }));
    h.crash();
    expect(published(h)).toHaveLength(1);
  });

  it("after a hibernation is no loss of the connection", () => {
    const h = new SessionHarness();
    const client = h.connected(withWill({ expirySec: 0 }));
    h.hibernate();
    expect(h.requests).toEqual([]);
    client.disconnect();
    expect([published(h), h.store.wills()]).toEqual([[], []]);
  });
});

describe("a Will whose topic object cannot be reached", () => {
  it("is tried again later, as the same message", () => {
    const h = new SessionHarness();
    h.connected(withWill({ expirySec: 0 })).drop();
    const [first] = published(h);
    h.giveUp();
    expect(h.session.isGone).toBe(false);
    expect(h.store.wills()).toHaveLength(1);
    h.pass(1);
    h.alarmNow();
    expect(h.requests).toEqual([]);
    h.alarm();
    expect(published(h)[0]?.id).toBe(first?.id);
    h.answer();
    expect(h.session.isGone).toBe(true);
  });

  it("is tried again as well when the topic object failed at it", () => {
    const h = new SessionHarness();
    h.connected(withWill({ expirySec: 0 })).drop();
    const [first] = published(h);
    h.answer(0x80);
    expect(h.store.wills()).toHaveLength(1);
    h.alarm();
    expect(published(h)[0]?.id).toBe(first?.id);
    h.answer();
    expect(h.session.isGone).toBe(true);
  });

  it("is the same message after a crash as well", () => {
    const h = new SessionHarness();
    h.connected(withWill()).drop();
    const [first] = published(h);
    h.crash();
    h.alarm();
    expect(published(h)[0]?.id).toBe(first?.id);
  });

  it("is still published when the client comes back before the next try: it was due", () => {
    const h = new SessionHarness();
    h.connected(withWill()).drop();
    h.giveUp();
    h.resume();
    h.alarm();
    expect(published(h)).toHaveLength(1);
  });

  it("is not published twice while its answer is on its way", () => {
    const h = new SessionHarness();
    h.connected(withWill()).drop();
    h.alarmNow();
    h.resume().drop();
    h.alarmNow();
    expect(published(h)).toHaveLength(1);
  });
});
