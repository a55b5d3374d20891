// GET /stats: counts of what there is, over all objects, and of what has happened.

import { expect, it } from "vitest";
import { adminToken, apiOf } from "../support/api.ts";
import { useBroker } from "../support/broker.ts";
import { connect, durable } from "../support/connect.ts";

const broker = useBroker({ variables: { ADMIN_TOKEN: adminToken, TOPIC_SHARDS: "8", TOPIC_EPOCH: "8" } });
const api = apiOf(broker);

it("counts clients, subscriptions, messages and retained messages", async () => {
  const before = await api.call("GET", "/stats");
  expect(before.body).toMatchObject({
    clients: { connected: 0, sleeping: 0, maximum: 0, expired: 0, connects: 0 },
    counters: { messagesReceived: 0 },
    subscriptions: 0,
    retained: { messages: 0, bytes: 0, publishers: [] },
    owedMessages: 0,
  });
  const client = await connect(broker.tcp);
  await client.subscribe(["a", "b"], { qos: 1 });
  const away = await connect(broker.tcp, durable());
  await away.subscribe("c/#", { qos: 1 });
  await away.publish("nowhere", "x", { qos: 1 });
  await away.disconnect(0, { sessionExpiryInterval: 600 });
  for (const topic of ["a", "b", "c"]) await api.call("POST", "/publish", { topic, payload: "x", retain: true });
  await expect
    .poll(async () => (await api.call("GET", "/stats")).body)
    .toMatchObject({
      clients: { connected: 1, sleeping: 1, connects: 2 },
      counters: { messagesReceived: 1 },
      subscriptions: 2 + 1,
      retained: { messages: 3 },
    });
});
