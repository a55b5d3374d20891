// The Will Delay Interval, and the Message Expiry Interval of a Will. MQTT 5.0 sections 3.1.3.2.2 and 3.1.3.2.4.

import { describe, expect, it, vi } from "vitest";
import { type ConnectOptions, connect } from "../support/connect.ts";
import { passed, timed } from "../support/time.ts";
import { useTarget } from "./target.ts";
import { connectWithWill, type Will } from "./will.ts";

const target = useTarget();
// What these wait for is the same second.
vi.setConfig({ maxConcurrency: 20 });

const kept = (sessionExpiryInterval: number): ConnectOptions => ({ properties: { sessionExpiryInterval } });
const scene = (willDelayInterval: number, options: ConnectOptions, will: Partial<Will> = {}) =>
  connectWithWill(target.url, { ...will, properties: { willDelayInterval, ...will.properties } }, options);

/** Longer than a delay of one second that begins now. */
const pastMs = 2500;

describe.concurrent("the Will Delay Interval", () => {
  it.each([600, 0xffff_ffff])("holds the Will back while the session lives, for %i s [MQTT-3.1.2-8]", async (sec) => {
    const { watcher, client, topic } = await scene(2, kept(sec));
    client.drop();
    const elapsedMs = await timed(watcher.message({ topic, payload: "will" }, { timeoutMs: 8000 }));
    expect(elapsedMs).toBeGreaterThan(1500);
    expect(elapsedMs).toBeLessThan(5000);
    await watcher.expectNothingMore();
  });

  it("holds for DISCONNECT 0x04 as well [MQTT-3.1.2-8]", async () => {
    const { watcher, client, topic } = await scene(2, kept(600));
    await client.disconnect(0x04);
    const elapsedMs = await timed(watcher.message({ topic, payload: "will" }, { timeoutMs: 8000 }));
    expect(elapsedMs).toBeGreaterThan(1500);
  });

  it("leaves the session alone when it has passed", async () => {
    const { watcher, client, topic, again } = await scene(1, kept(600));
    client.drop();
    await watcher.message({ topic, payload: "will" }, { timeoutMs: 8000 });
    expect((await again()).connack.sessionPresent).toBe(true);
    await watcher.expectNothingMore();
  });

  it.each([1, 0xffff_ffff])("of %i s is cancelled by a connection in time [MQTT-3.1.3-9]", async (delay) => {
    const { watcher, client, again } = await scene(delay, kept(600));
    client.drop();
    expect((await again()).connack.sessionPresent).toBe(true);
    await passed(pastMs);
    await watcher.expectNothingMore();
  });

  it("is cancelled by a takeover that resumes the session [MQTT-3.1.3-9]", async () => {
    const { watcher, client, again } = await scene(1, kept(600));
    const next = await again();
    await expect(client.receiveUntil("pingresp")).rejects.toThrow("closed");
    await passed(pastMs);
    await watcher.expectNothingMore();
    await next.ping();
  });

  it("is cancelled for good: the Will does not come with the end of the next connection [MQTT-3.1.3-9]", async () => {
    const { watcher, client, again } = await scene(1, kept(600));
    client.drop();
    (await again()).drop();
    await passed(pastMs);
    await watcher.expectNothingMore();
  });

  it("begins again with the Will of the next connection [MQTT-3.1.3-9]", async () => {
    const { watcher, client, topic, again } = await scene(60, kept(600));
    client.drop();
    const next = await again({ will: { topic, payload: "next", qos: 0, retain: false } });
    next.drop();
    await watcher.message({ topic, payload: "next" });
    await watcher.expectNothingMore();
  });

  it("is cut short by the end of the session, when that comes first [MQTT-3.1.2-8]", async () => {
    const { watcher, client, topic } = await scene(60, kept(1));
    client.drop();
    const elapsedMs = await timed(watcher.message({ topic, payload: "will" }, { timeoutMs: 8000 }));
    expect(elapsedMs).toBeGreaterThan(700);
    expect(elapsedMs).toBeLessThan(5000);
    await watcher.expectNothingMore();
  });

  it("is cut short by the expiry that DISCONNECT sets [MQTT-3.1.2-8]", async () => {
    const { watcher, client, topic } = await scene(60, kept(600));
    await client.disconnect(0x04, { sessionExpiryInterval: 1 });
    await watcher.message({ topic, payload: "will" }, { timeoutMs: 8000 });
  });

  it("is cut short at once by an expiry of 0 in DISCONNECT [MQTT-3.1.2-8]", async () => {
    const { watcher, client, topic } = await scene(60, kept(600));
    await client.disconnect(0x04, { sessionExpiryInterval: 0 });
    await watcher.message({ topic, payload: "will" });
  });

  it.each([
    ["absent", {}],
    ["0", kept(0)],
  ])("does not count where the Session Expiry Interval is %s [MQTT-3.1.2-8]", async (_, options) => {
    const { watcher, client, topic } = await scene(60, options);
    client.drop();
    await watcher.message({ topic, payload: "will" });
  });

  it("is cut short by a Clean Start, which ends the session [MQTT-3.1.2-8] [MQTT-3.1.2-4]", async () => {
    const { watcher, client, topic, again } = await scene(60, kept(600));
    client.drop();
    await again({ clean: true });
    await watcher.message({ topic, payload: "will" });
    await watcher.expectNothingMore();
  });

  it("is cut short by a takeover with Clean Start [MQTT-3.1.2-8] [MQTT-3.1.2-4]", async () => {
    const { watcher, topic, again } = await scene(60, kept(600));
    await again({ clean: true });
    await watcher.message({ topic, payload: "will" });
    await watcher.expectNothingMore();
  });

  it("does not bring back a Will that DISCONNECT 0x00 removed [MQTT-3.1.2-10]", async () => {
    const { watcher, client } = await scene(1, kept(1));
    await client.disconnect();
    await passed(pastMs);
    await watcher.expectNothingMore();
  });
});

describe.concurrent("the Message Expiry Interval of a Will", () => {
  it("counts from its publication: not while the client is connected, nor during the delay [B54]", async () => {
    const { watcher, client, topic } = await scene(1, kept(600), { properties: { messageExpiryInterval: 60 } });
    await passed(2000);
    client.drop();
    const message = await watcher.message({ topic, payload: "will" }, { timeoutMs: 8000 });
    expect(message.properties?.messageExpiryInterval).toBeGreaterThan(58);
  });

  it("lets it expire for a subscriber that comes later [MQTT-3.3.2-5]", async () => {
    const will = { qos: 1, retain: true, properties: { messageExpiryInterval: 1 } } as const;
    const { watcher, client, topic } = await scene(0, {}, will);
    client.drop();
    await watcher.message({ topic, payload: "will" });
    await passed(pastMs);
    const later = await connect(target.url);
    await later.subscribe(topic);
    await later.expectNothingMore();
  });
});
