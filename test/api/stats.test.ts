// GET /stats: counts of what there is, over all objects, and of what has happened.

import { describe, expect, it } from "vitest";
import { adminToken, apiOf } from "../support/api.ts";
import { useBroker } from "../support/broker.ts";
import { connect, durable } from "../support/connect.ts";
import { makeCredential, mayUse } from "../support/credentials.ts";

const broker = useBroker({
  variables: {
    ADMIN_TOKEN: adminToken,
    TOPIC_SHARDS: "8",
    TOPIC_EPOCH: "8",
    MAXIMUM_SESSIONS: "8",
    MAXIMUM_RETAINED_MESSAGES: "100",
  },
});
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

describe("shared limits", () => {
  it("say who fills one, and that nobody uses the others", async () => {
    const namespace = "fills-sessions";
    const { credential, login } = await makeCredential(broker, { namespace, rules: mayUse("own/#") });
    const url = broker.ws.replace("/mqtt", `/ns/${namespace}/mqtt`);
    // Its share: three quarters of 8.
    for (let count = 0; count < 6; count += 1) await (await connect(url, { ...login, ...durable() })).disconnect();
    const { body } = await apiOf(broker, { namespace }).call("GET", "/stats");
    const unused = { used: 0, maximum: expect.any(Number), largest: [] };
    expect(body.sharedLimits).toEqual([
      { setting: "MAXIMUM_RETAINED_MESSAGES", ...unused, maximum: 8 * 100 },
      { setting: "MAXIMUM_RETAINED_BYTES", ...unused },
      { setting: "MAXIMUM_SUBSCRIPTION_BYTES", ...unused },
      { setting: "MAXIMUM_OWED_MESSAGES", ...unused },
      {
        setting: "MAXIMUM_SESSIONS",
        used: 6,
        maximum: 8,
        largest: [{ holder: `credential/${credential.id}`, amount: 6 }],
      },
      { setting: "MAXIMUM_NAMESPACE_QUEUED_BYTES", ...unused },
    ]);
  });

  it("add up what topic objects count, and what waits for clients that are away", async () => {
    const namespace = "adds-up";
    const url = broker.ws.replace("/mqtt", `/ns/${namespace}/mqtt`);
    const clientId = "away";
    const away = await connect(url, { clientId, ...durable() });
    await away.subscribe("#", { qos: 1 });
    await away.disconnect();
    const call = apiOf(broker, { namespace }).call;
    const payload = "x".repeat(100_000);
    for (const topic of ["a", "b", "c", "d"]) {
      await call("POST", "/publish", { topic, payload, retain: true, qos: 1 });
    }
    const holder = `anonymous/${clientId}`;
    const useOf = async (setting: string) => {
      const { sharedLimits } = (await call("GET", "/stats")).body;
      return sharedLimits.find((one: { setting: string }) => one.setting === setting);
    };
    expect(await useOf("MAXIMUM_RETAINED_MESSAGES")).toMatchObject({
      used: 4,
      largest: [{ holder: "api", amount: 4 }],
    });
    const ofTree = await useOf("MAXIMUM_SUBSCRIPTION_BYTES");
    expect(ofTree.used).toBeGreaterThan(0);
    expect(ofTree.largest).toEqual([{ holder, amount: ofTree.used }]);
    // A session reports its queue when that has grown enough.
    await expect.poll(async () => (await useOf("MAXIMUM_NAMESPACE_QUEUED_BYTES")).used).toBeGreaterThan(65_536);
    expect((await useOf("MAXIMUM_NAMESPACE_QUEUED_BYTES")).largest).toMatchObject([{ holder }]);
  });
});
