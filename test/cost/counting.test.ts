// The real Worker, counted: what a message, a ping and an idle hour are not to cost.

import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { Client } from "../../tools/cost/client.ts";
import { type Counts, readCounts } from "../../tools/cost/counts.ts";
import { type CountingServer, Stage, startCountingServer } from "../../tools/cost/stage.ts";
import { noObjectCounts } from "./scene.ts";

let server: CountingServer;
let count = 0;

beforeAll(async () => {
  server = await startCountingServer({ clockRate: 1, callMs: 0 });
}, 60_000);
afterAll(() => server.close());

/** Plays in a namespace of its own. */
async function onStage(act: (stage: Stage) => Promise<void>, on = server): Promise<void> {
  count += 1;
  const stage = new Stage(on, `test-${count}`);
  await act(stage);
  await stage.end();
}

const messages = 20;

/** One after the other: the next leaves when the last has come, so that none share a batch. */
async function publishSingly(publisher: Client, subscriber: Client, qos: 0 | 1): Promise<void> {
  const { received, acknowledged } = subscriber;
  expect(acknowledged).toBe(0);
  const start = publisher.acknowledged;
  for (let sent = 1; sent <= messages; sent += 1) {
    publisher.publish("a/b", qos);
    await subscriber.until((client) => client.received === received + sent);
    if (qos > 0) await publisher.until((client) => client.acknowledged === start + sent);
  }
}

const sumOf = ({ objects }: Counts, what: "rowsWritten" | "alarmsSet") =>
  Object.values(objects).reduce((sum, object) => sum + object[what], 0);

describe("what a message costs", () => {
  it("at QoS 0: two calls and a frame, and no row, whatever the subscriber's session", async () => {
    for (const isDurable of [false, true]) {
      await onStage(async (stage) => {
        const subscriber = await stage.connect("subscriber", { isDurable });
        await subscriber.subscribe("a/+", 1);
        const publisher = await stage.connect("publisher");
        const { counts } = await stage.window(() => publishSingly(publisher, subscriber, 0));
        expect(counts.calls).toEqual({ "SESSION to TOPIC.exchange": messages, "TOPIC to SESSION.deliver": messages });
        expect(counts.objects.SESSION?.events).toEqual({ webSocketMessage: messages, deliver: messages });
        expect([sumOf(counts, "rowsWritten"), sumOf(counts, "alarmsSet"), counts.workerRequests]).toEqual([0, 0, 0]);
      });
    }
  });

  it("at QoS 1 to a durable session: at most two rows", async () => {
    await onStage(async (stage) => {
      const subscriber = await stage.connect("subscriber", { isDurable: true });
      await subscriber.subscribe("a/+", 1);
      const publisher = await stage.connect("publisher");
      // The first makes its table.
      publisher.publish("a/b", 1);
      await subscriber.until(({ received }) => received === 1);
      await publisher.until(({ acknowledged }) => acknowledged === 1);
      await subscriber.ping();
      const { counts } = await stage.window(async () => {
        await publishSingly(publisher, subscriber, 1);
        // Its last PUBACK is there before its answer to a PINGREQ.
        await subscriber.ping();
      });
      expect(counts.objects.SESSION?.events).toEqual({ webSocketMessage: 2 * messages + 1, deliver: messages });
      const rows = sumOf(counts, "rowsWritten");
      // It is stored, so there is a row to be counted.
      expect(rows).toBeGreaterThanOrEqual(messages);
      expect(rows).toBeLessThanOrEqual(2 * messages);
      expect(sumOf(counts, "alarmsSet")).toBe(0);
    });
  });
});

describe("what counting costs", () => {
  it("is nothing while nobody asks, and a row when a connection ends", async () => {
    await onStage(async (stage) => {
      const namespace = `test-${count}`;
      const reported = (times: number) =>
        expect
          .poll(async () => (await readCounts(server.url, namespace)).calls["SESSION to DIRECTORY.report"])
          .toBe(times);
      // The first makes the table.
      const first = await stage.connect("first");
      await first.leave();
      const client = await stage.connect("client");
      const traffic = await stage.window(async () => {
        for (let sent = 0; sent < messages; sent += 1) client.publish("a/b", 0);
        await client.ping();
      });
      expect(traffic.counts.objects.DIRECTORY?.events ?? {}).toEqual({});
      await reported(3);
      const { counts } = await stage.window(async () => {
        await client.leave();
        await reported(4);
      });
      // The client's row is deleted, and the totals are written.
      expect(counts.objects.DIRECTORY).toMatchObject({ rowsWritten: 2, alarmsSet: 0 });
    });
  });

  it("is a few rows an interval while somebody subscribes to $SYS, and nothing afterwards", async () => {
    const fast = await startCountingServer({ clockRate: 10, callMs: 0 });
    try {
      await onStage(async (stage) => {
        const watcher = await stage.connect("watcher");
        await watcher.subscribe("$SYS/broker/uptime", 0);
        await watcher.until(({ received }) => received >= 2);
        const { counts } = await stage.window(() => watcher.until(({ received }) => received >= 4));
        const { events, rowsWritten, alarmsSet } = counts.objects.DIRECTORY ?? noObjectCounts;
        expect([events.alarm, alarmsSet]).toEqual([2, 2]);
        // What was published; and, where the session has counted anything, its row and the totals.
        expect(rowsWritten).toBeLessThanOrEqual(2 * 3);
        await watcher.leave();
        // The next alarm finds nobody.
        await stage.sleep(15_000);
        const afterwards = await stage.window(() => stage.sleep(25_000));
        expect([afterwards.counts.calls, afterwards.counts.objects.DIRECTORY?.events ?? {}]).toEqual([{}, {}]);
      }, fast);
    } finally {
      await fast.close();
    }
  });
});

describe("what an idle client costs", () => {
  it("relayed, with pings: nothing", async () => {
    await onStage(async (stage) => {
      const client = await stage.connect("client", { path: "relayed" });
      const { counts } = await stage.window(() => client.ping());
      expect([counts.calls, counts.objects.SESSION?.events, counts.workerRequests]).toEqual([{}, {}, 0]);
    });
  });

  it("on a fast clock pings in its time, and stays; its periods can be counted whole", async () => {
    const fast = await startCountingServer({ clockRate: 60, callMs: 0 });
    try {
      await onStage(async (stage) => {
        const client = await stage.connect("client", { keepAliveSec: 60 });
        const { counts, ms } = await stage.window(() => stage.sleep(150_000));
        await client.until(() => true);
        expect(counts.objects.SESSION?.events.webSocketMessage).toBe(2);
        expect(ms).toBeGreaterThanOrEqual(150_000);
        expect(ms).toBeLessThan(180_000);
      }, fast);
      await onStage(async (stage) => {
        const client = await stage.connect("client", { keepAliveSec: 60, hasWill: true });
        await stage.sleepToAlarm(0);
        const { counts, ms } = await stage.window(() => stage.sleepToAlarm(100_000));
        await client.until(() => true);
        // An alarm that a fast clock makes late begins the wait again: another PINGREQ may come before the next one.
        const { webSocketMessage = 0, alarm } = counts.objects.SESSION?.events ?? {};
        expect(alarm).toBe(2);
        expect(Math.abs(webSocketMessage - ms / 60_000)).toBeLessThan(1);
      }, fast);
    } finally {
      await fast.close();
    }
  });
});

describe("what is counted", () => {
  it("has the Worker's request, and the time that a timer keeps the object awake", async () => {
    const waitMs = 300;
    const url = `${server.url.replace("http", "ws")}/ns/silent/mqtt/client`;
    const socket = new WebSocket(url, "mqtt");
    await once(socket, "open");
    // The session waits for CONNECT.
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    const { workerRequests, calls, objects } = await readCounts(server.url, "silent");
    expect([workerRequests, calls]).toEqual([1, { "WORKER to SESSION.fetch": 1 }]);
    expect(objects.SESSION).toMatchObject({ starts: 1, events: { fetch: 1 } });
    expect(objects.SESSION?.timerMs).toBeGreaterThan(waitMs - 50);
    socket.terminate();
  });
});
