// What a step of the clock does to a session: the table is in docs/RELIABILITY.md.

import { describe, expect, it } from "vitest";
import { messageIdAt } from "../../../../src/core/session/context.ts";
import { delivery, granted, type RequestOf, SessionHarness } from "../../../support/session-harness.ts";

const stepsSec = [-3600, -60, 60, 3600];
const backSec = [-3600, -60, -5];
const durable = { properties: { sessionExpiryInterval: 86_400 } };

function withWill(willDelayInterval: number) {
  return { will: { topic: "w", payload: Buffer.from("gone"), qos: 2, properties: { willDelayInterval } }, ...durable };
}

function published(h: SessionHarness) {
  const publishes = h.requests.map(({ request }) => request).filter(({ type }) => type.startsWith("publish"));
  return (publishes as RequestOf<"publish">[]).map(({ message }) => message);
}

describe("a Will that is due", () => {
  it.each(stepsSec)("is published when the clock steps by %i s before the client is back [B150]", (stepSec) => {
    const h = new SessionHarness();
    h.connected(withWill(0)).drop();
    const [first] = published(h);
    h.giveUp();
    h.pass(stepSec);
    h.resume();
    h.alarm();
    expect(published(h)).toMatchObject([{ id: first?.id }]);
  });

  it.each(stepsSec)("is published when the clock steps by %i s with a crash [B150]", (stepSec) => {
    const h = new SessionHarness();
    h.connected(withWill(0)).drop();
    h.pass(stepSec);
    h.crash();
    expect(published(h)).toHaveLength(1);
  });

  it("stays due when its delay was over, and the clock steps back then [B150]", () => {
    const h = new SessionHarness();
    h.connected(withWill(30)).drop();
    h.alarm();
    h.giveUp();
    h.pass(-60);
    h.crash();
    h.resume();
    expect(published(h)).toHaveLength(1);
  });

  it("is tried again after the usual time, whatever the clock says", () => {
    const h = new SessionHarness();
    h.connected(withWill(0)).drop();
    h.giveUp();
    h.pass(-3600);
    h.alarmNow();
    expect(published(h)).toHaveLength(1);
  });

  it("is published at once with the end of its session", () => {
    const h = new SessionHarness();
    h.connected(withWill(0)).drop();
    h.giveUp();
    h.pass(-60);
    h.command("remove");
    expect(published(h)).toHaveLength(1);
  });
});

describe("a Will whose delay runs", () => {
  it.each(backSec)("is cancelled by its client after a step of %i s [MQTT-3.1.3-9]", (stepSec) => {
    const h = new SessionHarness();
    h.connected(withWill(30)).drop();
    h.pass(stepSec);
    h.resume();
    h.alarmNow();
    expect([published(h), h.store.wills()]).toEqual([[], []]);
  });
});

describe("a session without its client", () => {
  it.each(backSec)("is kept over a step of %i s, and ends later by as much [B151]", (stepSec) => {
    const h = new SessionHarness();
    h.subscribed(durable).drop();
    h.pass(stepSec);
    h.deliver(delivery("1"));
    expect(h.session.nextDeadlineMs).toBe(h.nowMs - stepSec * 1000 + 86_400_000);
    expect(h.resume().heard()).toEqual(["CONNACK present", "PUBLISH 1 q1 #1"]);
  });
});

describe("a connected client", () => {
  it.each(backSec)("is waited for again after a step of %i s, and no longer [B151]", (stepSec) => {
    const h = new SessionHarness();
    const client = h.connected(durable, { isRelayed: false });
    h.pass(stepSec);
    h.deliver();
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 90_000);
    h.alarm();
    expect(client.heard()).toEqual(["DISCONNECT 0x8d"]);
  });

  it.each([60, 3600])("is not taken for gone by a step of %i s, and found when it is [B151]", (stepSec) => {
    const h = new SessionHarness();
    const client = h.connected(durable, { isRelayed: false });
    h.pass(60);
    client.send({ cmd: "pingreq" });
    // The platform rings 90 s after CONNECT, in real time.
    h.pass(30 + stepSec);
    h.handle({ type: "alarm", lateMs: stepSec * 1000 });
    expect(client.heard()).toEqual(["PINGRESP"]);
    h.alarm();
    h.alarm();
    expect(client.heard()).toEqual(["DISCONNECT 0x8d"]);
  });

  it.each([60, 3600])("is not taken for gone by what happens at its session after a step of %i s", (stepSec) => {
    const h = new SessionHarness();
    const client = h.connected(durable, { isRelayed: false });
    h.pass(60 + stepSec);
    h.deliver();
    expect(h.session.nextDeadlineMs).toBeGreaterThan(h.nowMs);
    h.alarmNow();
    expect(client.heard()).toEqual([]);
  });

  it.each([60, 3600])("is waited for again when its alarm is set after a step of %i s, without an event", (stepSec) => {
    const h = new SessionHarness();
    h.connected(durable, { isRelayed: false });
    h.pass(60 + stepSec);
    h.whereabouts();
    // A quarter of the time since CONNECT is added, as for any client: see `livenessDeadlineMs`.
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 90_000 + ((60 + stepSec) * 1_000) / 4);
  });

  it.each(backSec)("that speaks after a step of %i s is not looked after again and again", (stepSec) => {
    const h = new SessionHarness();
    const client = h.connected(durable, { isRelayed: false });
    h.pass(stepSec);
    client.send({ cmd: "pingreq" });
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 90_000);
  });

  it("at MAXIMUM_UNHEARD_BYTES is waited for again after a step back", () => {
    const limits = { maximumUnheardBytes: 65_536, maximumKeepAliveSec: 60 };
    const h = new SessionHarness({ limits });
    const client = h.connected({ keepalive: 0, protocolVersion: 4 }, {});
    client.subscribe(1, "a");
    h.answerAll(2);
    h.deliver(...Array.from({ length: 66 }, () => delivery("x".repeat(1018), { qos: 0 })));
    h.pass(-3600);
    h.deliver();
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 90_000);
  });
});

describe("the repeat of a QoS 2 message", () => {
  it.each([...stepsSec, 3605])("is recognised after a step of %i s", (stepSec) => {
    const h = new SessionHarness({ limits: { deduplicationSec: 60 } });
    h.subscribed(durable).drop();
    const message = delivery("1", { qos: 2, id: `${messageIdAt(h.nowMs - 5_000)}-g-1` });
    h.deliver(message);
    h.pass(stepSec);
    // The first after a start has old ids forgotten.
    h.crash();
    h.deliver(delivery("2", { qos: 2, id: `${messageIdAt(h.nowMs)}-g-2` }));
    h.deliver(message);
    expect(h.resume().heard()).toEqual(["CONNACK present", "PUBLISH 1 q2 #1", "PUBLISH 2 q2 #2"]);
  });
});

describe("a login that a session remembers", () => {
  it("is asked for again after a step back: how old it is nobody knows", () => {
    let asked = 0;
    const logIn = () => {
      asked += 1;
      return granted({ identity: "credential/1" }, true);
    };
    const user = { username: "user", password: Buffer.from("secret") };
    const h = new SessionHarness({ logIn });
    h.connected({ ...user, ...durable }).drop();
    h.pass(-3600);
    h.resume(user);
    expect(asked).toBe(2);
  });
});
