// How long a session lives, and when it has to be looked after.

import { describe, expect, it } from "vitest";
import { delivery, SessionHarness } from "../../../support/session-harness.ts";

const expiry = (sessionExpiryInterval: number) => ({ properties: { sessionExpiryInterval } });

describe("Session Expiry Interval", () => {
  it("counts from the end of the connection, and the session ends with it [MQTT-3.1.2-23]", () => {
    const h = new SessionHarness();
    h.subscribed(expiry(100)).drop();
    const endsAtMs = h.nowMs + 100_000;
    expect(h.session.nextDeadlineMs).toBe(endsAtMs);
    h.pass(99);
    h.alarmNow();
    expect(h.requests).toEqual([]);
    h.pass(1);
    h.reports = [];
    h.alarmNow();
    expect(h.takeRequests()).toEqual([{ type: "end", generation: h.generation }]);
    expect(h.reports).toEqual([{ type: "ended", isExpired: true }]);
    expect(h.store.readRecord()).toBeUndefined();
    expect(h.session.isGone).toBe(true);
  });

  it("is up when the time is, though no alarm has rung yet", () => {
    const h = new SessionHarness();
    h.subscribed(expiry(100)).drop();
    h.pass(100);
    expect(h.deliver(delivery("1"))).toEqual([1]);
    const other = new SessionHarness();
    other.subscribed(expiry(100)).drop();
    other.pass(100);
    expect(other.resume().heard()).toEqual(["CONNACK new"]);
  });

  it("does not run while the client is connected", () => {
    const h = new SessionHarness();
    const client = h.subscribed(expiry(100));
    h.pass(1000);
    h.alarmNow();
    expect(h.deliver(delivery("1"))).toEqual([0]);
    expect(client.heard()).toEqual(["PUBLISH 1 q1 #1"]);
  });

  it("is capped, and the client is told [B6]", () => {
    const h = new SessionHarness({ limits: { maximumSessionExpirySec: 50 } });
    expect(h.connected(expiry(100)).connack).toMatchObject({ properties: { sessionExpiryInterval: 50 } });
    expect(h.connected(expiry(50)).connack).not.toHaveProperty("properties.sessionExpiryInterval");
    h.connected({ protocolVersion: 4, clean: false }).drop();
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 50_000);
  });

  it("of 0xFFFFFFFF never ends, where the limit allows it", () => {
    const h = new SessionHarness({ limits: { maximumSessionExpirySec: 0xffff_ffff } });
    h.connected(expiry(0xffff_ffff)).drop();
    expect(h.session.nextDeadlineMs).toBe(Infinity);
    h.pass(1e9);
    expect(h.resume().heard()).toEqual(["CONNACK present"]);
  });

  it("of a session that is not clean in MQTT 3.1.1 is the longest there is [3.1.1 MQTT-3.1.2-4] [B6]", () => {
    const h = new SessionHarness();
    h.connected({ protocolVersion: 4, clean: false }).drop();
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 7_776_000_000);
    const clean = new SessionHarness();
    clean.connected({ protocolVersion: 4, clean: true }).drop();
    expect(clean.session.isGone).toBe(true);
  });

  it("can be changed by DISCONNECT", () => {
    const h = new SessionHarness();
    const client = h.connected(expiry(100));
    client.disconnect(expiry(200));
    expect(client.closed?.code).toBe(1000);
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 200_000);
    h.resume().disconnect(expiry(0));
    expect(h.session.isGone).toBe(true);
    expect(h.store.readRecord()).toBeUndefined();
  });

  it("of 0 cannot be raised by DISCONNECT [MQTT-3.14.2-2]", () => {
    const h = new SessionHarness();
    const client = h.connected();
    client.disconnect(expiry(200));
    expect(client.heard()).toEqual(["DISCONNECT 0x82"]);
    expect(h.session.isGone).toBe(true);
  });

  it("is that of the latest CONNECT", () => {
    const h = new SessionHarness();
    h.subscribed(expiry(100)).drop();
    h.resume(expiry(0)).drop();
    expect(h.session.isGone).toBe(true);
    expect(h.store.readRecord()).toBeUndefined();
  });

  it("of 0 in the latest CONNECT counts after a crash as well", () => {
    const h = new SessionHarness();
    h.subscribed(expiry(100)).drop();
    h.resume(expiry(0));
    h.crash();
    expect(h.resume().heard()).toEqual(["CONNACK new"]);
  });
});

describe("the keep alive of a client's own socket", () => {
  const direct = { isRelayed: false };

  it("ends the connection after one and a half times its length in silence [MQTT-3.1.2-22]", () => {
    const h = new SessionHarness();
    const client = h.connected({ keepalive: 20 }, direct);
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 30_000);
    h.pass(29);
    h.alarmNow();
    expect(client.closed).toBeUndefined();
    h.alarm();
    expect(client.heard()).toEqual(["DISCONNECT 0x8d"]);
    h.alarmNow();
    expect(h.reports.map(({ type }) => type)).toEqual(["connected", "disconnected"]);
  });

  it("is watched the less closely, the longer the client has been there [B82] [maximumLookDelaySec]", () => {
    const h = new SessionHarness({ limits: { maximumLookDelaySec: 100 } });
    const client = h.connected({ keepalive: 20 }, direct);
    h.pass(20);
    client.send({ cmd: "pingreq" });
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 35_000);
    h.pass(20);
    client.send({ cmd: "pingreq" });
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 40_000);
    h.pass(1000);
    client.send({ cmd: "pingreq" });
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 130_000);
    expect(client.closed).toBeUndefined();
    h.alarm();
    expect(client.closed).toBeDefined();
  });

  it("is always watched in time where the setting says so [B82]", () => {
    const h = new SessionHarness({ limits: { maximumLookDelaySec: 0 } });
    const client = h.connected({ keepalive: 20 }, direct);
    h.pass(1000);
    client.send({ cmd: "pingreq" });
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 30_000);
  });

  it("is watched in time if there is a Will, or a shared subscription [MQTT-3.1.2-22] [B82]", () => {
    const other = new SessionHarness();
    const will = { topic: "w", payload: Buffer.from("gone"), qos: 0 as const, retain: false };
    const withWill = other.connected({ keepalive: 20, will }, direct);
    other.pass(1000);
    withWill.send({ cmd: "pingreq" });
    expect(other.session.nextDeadlineMs).toBe(other.nowMs + 30_000);
    const h = new SessionHarness();
    const member = h.connected({ keepalive: 20 }, direct);
    const subscriptions = [{ topic: "$share/g/t", qos: 1 as const }];
    member.send({ cmd: "subscribe", messageId: 1, subscriptions });
    h.pass(1000);
    member.send({ cmd: "pingreq" });
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 30_000);
    member.send({ cmd: "unsubscribe", messageId: 2, unsubscriptions: ["$share/g/t"] });
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 30_000 + 250_000);
  });

  it("is the server's where the client asks for more, or for none [MQTT-3.2.2-21] [B5]", () => {
    const h = new SessionHarness();
    for (const keepalive of [0, 61, 65_535]) {
      expect(h.connected({ keepalive }, direct).connack).toMatchObject({ properties: { serverKeepAlive: 60 } });
      expect(h.session.nextDeadlineMs).toBe(h.nowMs + 90_000);
    }
    expect(h.connected({ keepalive: 60 }, direct).connack).not.toHaveProperty("properties.serverKeepAlive");
  });

  it("is the client's word in MQTT 3.1.1, and off at 0 [3.1.1 MQTT-3.1.2-24] [B5]", () => {
    const h = new SessionHarness();
    h.connected({ protocolVersion: 4, keepalive: 1000 }, direct);
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 1_500_000);
    const client = h.connected({ protocolVersion: 4, keepalive: 0 }, direct);
    expect(h.session.nextDeadlineMs).toBe(Infinity);
    h.pass(1e6);
    h.alarmNow();
    expect(client.closed).toBeUndefined();
  });

  it("goes through a hibernation", () => {
    const h = new SessionHarness();
    const client = h.connected({ keepalive: 20 }, direct);
    h.pass(10);
    h.hibernate();
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 20_000);
    h.alarm();
    expect(client.heard()).toEqual(["DISCONNECT 0x8d"]);
  });
});

describe("a client behind the Worker, which watches the keep alive", () => {
  it("is not ended by the session, however silent", () => {
    const h = new SessionHarness();
    const client = h.connected({ keepalive: 20, ...expiry(100) });
    for (let looks = 0; looks < 3; looks += 1) {
      h.alarm();
      h.alarmNow();
    }
    expect(client.closed).toBeUndefined();
    expect(h.session.nextDeadlineMs).toBeGreaterThan(h.nowMs);
  });

  it("costs no alarm, unless something follows from its loss: a Will soon, an expiry in its time, within a day", () => {
    const h = new SessionHarness();
    h.connected();
    expect(h.session.nextDeadlineMs).toBe(Infinity);
    h.connected(expiry(10));
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 900_000);
    h.connected(expiry(1000));
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 1_000_000);
    h.connected(expiry(1_000_000));
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 86_400_000);
    h.connected({ will: { topic: "w", payload: Buffer.from("x"), qos: 0, retain: false } });
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 90_000);
  });
});

describe("the end of a connection", () => {
  it.each([
    ["DISCONNECT", 1000],
    ["a text frame", 1003],
  ])("by %s closes the socket with %d", (how, code) => {
    const h = new SessionHarness();
    const client = h.connected();
    if (how === "DISCONNECT") client.disconnect();
    else client.text();
    expect(client.closed?.code).toBe(code);
    expect(h.reports.at(-1)).toMatchObject({ type: "disconnected", atMs: h.nowMs, queuedMessages: undefined });
  });

  it("by a packet over the server's maximum is explained with 0x95 [MQTT-3.2.2-15]", () => {
    const h = new SessionHarness({ limits: { maximumPacketBytes: 1024 } });
    const client = h.connected();
    client.publish(1, 1, "x".repeat(1024));
    expect(client.heard()).toEqual(["DISCONNECT 0x95"]);
  });

  it("comes after what was good in its frame", () => {
    const h = new SessionHarness();
    const client = h.connected();
    const publish = client.encode({ cmd: "publish", topic: "a", payload: "m", qos: 0 });
    client.frame(Uint8Array.from([...publish, 0xf1, 0, ...publish]));
    expect(h.requests).toHaveLength(1);
    expect(client.heard()).toEqual(["DISCONNECT 0x81"]);
  });
});
