// A CONNECT that shows who its client is: somebody is asked, and the client waits. MQTT 5.0 sections 3.1.4 and 5.4.

import { describe, expect, it } from "vitest";
import { fullAccess, noAccess } from "../../../../src/core/access/access-rules.ts";
import type { LoginResult } from "../../../../src/core/access/login-attempt.ts";
import { granted, SessionHarness } from "../../../support/session-harness.ts";

const user = { username: "user", password: Buffer.from("secret") };
const durable = { properties: { sessionExpiryInterval: 3600 } };
const pending = { logIn: () => undefined };
const credential = { identity: "credential/1", username: "user" };

describe("CONNECT of a client that shows who it is", () => {
  it("waits for the answer, and does nothing to the session before", () => {
    const h = new SessionHarness(pending);
    const first = h.subscribed();
    h.store.writes.length = 0;
    h.reports = [];
    h.connect({ ...user, clean: true });
    const [login] = h.logins;
    expect(login?.attempt).toMatchObject({ clientId: "c1", username: "user", isProved: false });
    expect(Buffer.from(login?.attempt.password ?? []).toString()).toBe("secret");
    expect([h.store.writes, h.reports, h.takeRequests()]).toEqual([[], [], []]);
    expect(first.closed).toBeUndefined();
  });

  it("is shown with what the Worker saw of it", () => {
    const h = new SessionHarness(pending);
    const facts = { address: "192.0.2.1", certificateSha256: "ab", bearer: "token" };
    h.connect({}, { facts });
    expect(h.logins).toMatchObject([{ attempt: { ...facts, username: undefined, password: undefined } }]);
  });

  it("has what it sends meanwhile dealt with in order, after CONNACK", () => {
    const h = new SessionHarness(pending);
    const client = h.connect(user);
    client.publish(1, 7);
    client.send({ cmd: "pingreq" });
    expect(h.requests).toEqual([]);
    h.answerLogin(granted(credential));
    expect(client.heard()).toEqual(["CONNACK new", "PINGRESP"]);
    h.answerAll();
    expect(client.heard()).toEqual(["PUBACK #7"]);
  });

  it("and sends more than a packet's worth meanwhile is refused [B91]", () => {
    const h = new SessionHarness({ ...pending, limits: { maximumPacketBytes: 1024 } });
    const client = h.connect(user);
    client.publish(0, 0, "x".repeat(900));
    expect(client.closed).toBeUndefined();
    client.publish(0, 0, "x".repeat(900));
    expect(client.heard()).toEqual(["CONNACK new 0x97"]);
    h.answerLogin(granted(credential));
    expect(h.reports).toEqual([]);
  });

  it("is closed if no answer comes in time, and a later answer is ignored", () => {
    const h = new SessionHarness(pending);
    const client = h.connect(user);
    h.handle({ type: "connect timeout", socketId: client.id });
    expect(client.closed?.reason).toBe("authentication did not come in time");
    h.answerLogin(granted(credential));
    expect([client.heard(), h.reports]).toEqual([[], []]);
  });

  it("and leaves before the answer leaves no trace", () => {
    const h = new SessionHarness(pending);
    h.connect({ ...user, ...durable }).drop();
    h.answerLogin(granted(credential));
    expect([h.store.writes, h.reports]).toEqual([[], []]);
  });

  it.each<[LoginResult["outcome"], number, number]>([
    ["refused", 0x86, 4],
    ["later", 0x9f, 3],
    ["unavailable", 0x88, 3],
  ])("and is %s hears it in its version's words [B85]", (outcome, reasonCode, returnCode) => {
    const h = new SessionHarness({ logIn: () => ({ outcome }) as LoginResult });
    const hex = (code: number) => `0x${code.toString(16).padStart(2, "0")}`;
    expect(h.connect(user).heard()).toEqual([`CONNACK new ${hex(reasonCode)}`]);
    expect(h.connect({ ...user, protocolVersion: 4 }).heard()).toEqual([`CONNACK new ${hex(returnCode)}`]);
    expect([h.store.writes, h.reports]).toEqual([[], []]);
  });

  it("is refused as not authorized where it showed nothing, and nobody is asked [B85]", () => {
    const h = new SessionHarness({ anonymousRules: undefined });
    expect(h.connect().heard()).toEqual(["CONNACK new 0x87"]);
    expect(h.connect({ protocolVersion: 4 }).heard()).toEqual(["CONNACK new 0x05"]);
    expect(h.connect({ protocolVersion: 3 }).heard()).toEqual(["CONNACK new 0x05"]);
    expect(h.logins).toEqual([]);
  });

  it("may be bound to other client identifiers", () => {
    const rules = { ...fullAccess, clientIds: ["other-*"] };
    const h = new SessionHarness({ logIn: () => granted({ ...credential, rules }) });
    expect(h.connect(user).heard()).toEqual(["CONNACK new 0x87"]);
  });

  it("is refused for a Will that it may not publish", () => {
    const rules = { ...fullAccess, publish: { allow: ["mine/#"], deny: [] } };
    const h = new SessionHarness({ logIn: () => granted({ ...credential, rules }) });
    const will = (topic: string) => ({ will: { topic, payload: Buffer.from("gone"), qos: 0, retain: false } });
    expect(h.connect({ ...user, ...will("other/x") }).heard()).toEqual(["CONNACK new 0x87"]);
    expect(h.connect({ ...user, ...will("$SYS/x") }).heard()).toEqual(["CONNACK new 0x87"]);
    expect(h.connect({ ...user, ...will("mine/x") }).heard()).toEqual(["CONNACK new"]);
  });
});

describe("a login that a session remembers", () => {
  const reused = () => {
    let asked = 0;
    const logIn = () => {
      asked += 1;
      return granted(credential, true);
    };
    const h = new SessionHarness({ logIn, limits: { loginReuseSec: 600 } });
    h.connected({ ...user, ...durable }).drop();
    return { h, asked: () => asked };
  };

  it("is not asked for again for a while after its client has left [loginReuseSec] [B113]", () => {
    const { h, asked } = reused();
    h.pass(599);
    expect(h.resume(user).heard()).toEqual(["CONNACK present"]);
    expect(asked()).toBe(1);
    h.nowMs += 3_600_000;
    h.resume(user).drop();
    h.pass(599);
    expect(h.resume(user).drop()).toBeUndefined();
    expect(asked()).toBe(1);
    h.pass(600);
    h.resume(user);
    expect(asked()).toBe(2);
  });

  it("is not asked for by a client that a deploy or a crash cuts off, however long it was connected [B113]", () => {
    const { h, asked } = reused();
    h.resume(user);
    h.nowMs += 3_600_000;
    h.crash();
    expect(h.resume(user).heard()).toEqual(["CONNACK present"]);
    expect(asked()).toBe(1);
  });

  it("is asked for where a crash was noticed by time, and its client comes back too late [B113]", () => {
    const { h, asked } = reused();
    h.resume(user);
    h.crash();
    h.alarmNow();
    h.pass(600);
    h.resume(user);
    expect(asked()).toBe(2);
  });

  it("does not help whoever shows something else", () => {
    const { h, asked } = reused();
    h.resume({ username: "user", password: Buffer.from("Secret") });
    h.resume({ username: "User", password: Buffer.from("secret") });
    h.connect({ clean: false, ...user, ...durable }, { facts: { bearer: "x" } });
    expect(asked()).toBe(4);
  });

  it("ends with what it was worth", () => {
    const h = new SessionHarness({
      logIn: () => granted({ ...credential, endsAtMs: 1_800_000_000_000 + 60_000 }, true),
      limits: { loginReuseSec: 600 },
    });
    h.connected({ ...user, ...durable }).drop();
    h.pass(60);
    h.logins = [];
    const client = h.resume(user);
    expect(client.heard()).toEqual(["CONNACK present"]);
    h.alarmNow();
    expect(client.heard()).toEqual(["DISCONNECT 0x87"]);
  });

  it("is not kept if it must not be remembered: a password could be guessed from it", () => {
    const h = new SessionHarness({ logIn: () => granted(credential, false) });
    h.connected({ ...user, ...durable });
    expect(h.store.readRecord()?.admission.shownSha256).toBe("");
  });
});

describe("a session", () => {
  const asUser = (name: string) => ({ username: name, password: Buffer.from("secret") });
  const byName = () =>
    new SessionHarness({
      logIn: ({ username = "" }) => granted({ identity: `credential/${username}`, username }),
    });

  it("is for nobody but whoever made it, while it is connected and after [B87]", () => {
    const h = byName();
    const owner = h.connected({ ...asUser("one"), ...durable });
    expect(h.connect({ ...asUser("other") }).heard()).toEqual(["CONNACK new 0x87"]);
    expect(owner.closed).toBeUndefined();
    owner.drop();
    expect(h.connect({ ...asUser("other"), clean: false }).heard()).toEqual(["CONNACK new 0x87"]);
    expect(h.connect({ ...asUser("other"), clean: true }).heard()).toEqual(["CONNACK new 0x87"]);
    expect(h.connect({ clean: true }).heard()).toEqual(["CONNACK new 0x87"]);
    h.crash();
    expect(h.resume(asUser("other")).heard()).toEqual(["CONNACK new 0x87"]);
    expect(h.resume(asUser("one")).heard()).toEqual(["CONNACK present"]);
  });

  it("of somebody else is refused in words, and the log names both, once a minute [B143]", () => {
    const h = byName();
    h.connected({ ...asUser("one"), ...durable }).drop();
    const refused = () => h.connect(asUser("other"));
    expect(refused().heard()).toEqual(["CONNACK new 0x87"]);
    refused();
    expect(h.log).toHaveLength(1);
    expect(h.log[0]).toMatch(/it is credential\/other, .* of credential\/one: .*DELETE .*clientIds/);
    h.pass(60);
    refused();
    expect(h.log).toHaveLength(2);
  });

  it("is for anybody again when it is over", () => {
    const h = byName();
    h.connected(asUser("one")).drop();
    expect(h.connect(asUser("other")).heard()).toEqual(["CONNACK new"]);
    h.connected({ ...asUser("other"), properties: { sessionExpiryInterval: 10 } }).drop();
    h.pass(10);
    expect(h.connect(asUser("one")).heard()).toEqual(["CONNACK new"]);
  });

  it("that was begun anonymously goes to whoever proves more, and then is anonymous no more [B87]", () => {
    const h = byName();
    h.subscribed().drop();
    expect(h.resume(asUser("one")).heard()).toEqual(["CONNACK present"]);
    expect(h.connect().heard()).toEqual(["CONNACK new 0x87"]);
    expect(h.reports.at(-1)).toMatchObject({ type: "connected", identity: "credential/one" });
  });

  it("that is resumed under other rules loses what they do not allow [B88]", () => {
    let rules = fullAccess;
    const h = new SessionHarness({ logIn: () => granted({ ...credential, rules }) });
    const client = h.connected({ ...user, ...durable });
    client.subscribe(1, { topic: "a/#", qos: 2 }, { topic: "b", qos: 2 });
    h.answerAll();
    client.drop();
    h.takeRequests();
    rules = { ...noAccess, subscribe: { allow: ["b"], deny: [] }, maximumQos: 1 };
    h.resume(user);
    expect(h.takeRequests()).toMatchObject([
      { type: "unsubscribe", topicFilter: "a/#" },
      { type: "subscribe", subscription: { topicFilter: "b", qos: 1 }, sendRetained: false },
    ]);
    expect(h.store.subscriptions()).toMatchObject([{ topicFilter: "b", qos: 1 }]);
  });
});
