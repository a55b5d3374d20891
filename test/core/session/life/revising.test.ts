// What an identity may do has changed, and its session is told: once, twice, or while nobody is connected.

import { describe, expect, it } from "vitest";
import { fullAccess, noAccess } from "../../../../src/core/access/access-rules.ts";
import type { Grant } from "../../../../src/core/access/grant.ts";
import { granted, SessionHarness } from "../../../support/session-harness.ts";

const user = { username: "user", password: Buffer.from("secret") };
const durable = { properties: { sessionExpiryInterval: 3600 } };
const identity = "credential/1";
const present: Grant = { identity, username: "user", rules: fullAccess, endsAtMs: 0, secretId: "one" };

/** A broker whose credential may change. */
function scene() {
  const state = { grant: present, asked: 0 };
  const logIn = () => {
    state.asked += 1;
    return granted(state.grant, true);
  };
  const h = new SessionHarness({ logIn, limits: { loginReuseSec: 600 } });
  const revise = (change: Partial<Grant> | null, of = identity) => {
    if (change !== null) state.grant = { ...state.grant, ...change };
    h.handle({ type: "revise", identity: of, grant: change && state.grant });
  };
  return { h, revise, asked: () => state.asked };
}

describe("a session whose identity", () => {
  it("may do what it could goes on, and asks nobody at its next CONNECT", () => {
    const { h, revise, asked } = scene();
    const client = h.subscribed({ ...user, ...durable });
    revise({});
    client.publish(0, 0);
    expect([client.heard(), client.closed, h.takeRequests().length]).toEqual([[], undefined, 1]);
    client.drop();
    expect(h.resume(user).heard()).toEqual(["CONNACK present"]);
    expect(asked()).toBe(1);
  });

  it("has other rules goes on by those", () => {
    const { h, revise } = scene();
    const client = h.connected(user);
    revise({ rules: noAccess });
    client.publish(1, 7);
    expect(client.heard()).toEqual(["PUBACK #7 0x87"]);
  });

  it("ends earlier, or has ended, has its connection ended then [B93]", () => {
    const { h, revise } = scene();
    const client = h.connected({ ...user, ...durable });
    revise({ endsAtMs: h.nowMs + 20_000 });
    expect([client.heard(), h.session.nextDeadlineMs]).toEqual([[], h.nowMs + 20_000]);
    h.pass(20);
    h.alarmNow();
    expect(client.heard()).toEqual(["DISCONNECT 0x87"]);
    expect(h.inspect()).toMatchObject({ identity });
  });

  it("ends later, or never, has its connection go on", () => {
    const { h, revise } = scene();
    revise({ endsAtMs: h.nowMs + 20_000 });
    const client = h.connected({ ...user, keepalive: 0 });
    revise({ endsAtMs: 0 });
    h.pass(30);
    h.alarmNow();
    expect([client.heard(), client.closed]).toEqual([[], undefined]);
  });

  it.each([
    ["secret", { secretId: "two" }],
    ["username", { username: "other" }],
  ])("has another %s loses its connection, and what it had shown is worth nothing [B92]", (_, change) => {
    const { h, revise, asked } = scene();
    const client = h.connected({ ...user, ...durable });
    revise(change);
    expect(client.heard()).toEqual(["DISCONNECT 0x87"]);
    const again = h.resume(user);
    expect(again.heard()).toEqual(["CONNACK present"]);
    expect(asked()).toBe(2);
    // Told once more, it is not news to who has shown what counts now.
    revise({});
    expect([again.heard(), again.closed]).toEqual([[], undefined]);
  });

  it("has another secret while nobody is connected asks at the next CONNECT, also after a crash", () => {
    const { h, revise, asked } = scene();
    h.connected({ ...user, ...durable }).drop();
    revise({ secretId: "two" });
    h.crash();
    expect(h.resume(user).heard()).toEqual(["CONNACK present"]);
    expect(asked()).toBe(2);
  });

  it("may not use its client identifier any more loses its connection", () => {
    const { h, revise } = scene();
    const client = h.connected(user);
    revise({ rules: { ...fullAccess, clientIds: ["other-*"] } });
    expect(client.heard()).toEqual(["DISCONNECT 0x87"]);
  });

  it("is nobody any more ends, whether it is connected or not, however often it hears so", () => {
    const { h, revise } = scene();
    const client = h.subscribed({ ...user, ...durable });
    for (let count = 0; count < 2; count += 1) revise(null);
    expect(client.heard()).toEqual(["DISCONNECT 0x87"]);
    expect(h.inspect()).toBeUndefined();
    h.connected({ ...user, ...durable }).drop();
    revise(null);
    expect(h.inspect()).toBeUndefined();
  });

  it("is another's than the one that has changed hears nothing", () => {
    const { h, revise } = scene();
    const client = h.connected({ ...user, ...durable });
    h.store.writes.length = 0;
    revise(null, "credential/2");
    expect([client.heard(), client.closed, h.store.writes]).toEqual([[], undefined, []]);
  });
});
