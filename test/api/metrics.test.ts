// GET /metrics, read by Prometheus' own parser for Python.

import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { defaultLimits } from "../../src/core/limits.ts";
import { hasPythonModule, pythonPath } from "../programs/installed.ts";
import { adminToken, apiOf } from "../support/api.ts";
import { useBroker } from "../support/broker.ts";
import { connect, unique } from "../support/connect.ts";

const broker = useBroker({ variables: { ADMIN_TOKEN: adminToken, TOPIC_SHARDS: "2", TOPIC_EPOCH: "2" } });

const hasParser = hasPythonModule("GET /metrics", "prometheus_client.parser");

const program = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families as read
print(json.dumps([[f.name, f.type, f.documentation, [[s.name, s.labels, s.value] for s in f.samples]]
  for f in read(sys.stdin.read())]))
`;

type Family = [name: string, type: string, help: string, samples: [name: string, labels: object, value: number][]];

function familiesOf(text: string): Family[] {
  const { stdout, stderr, status } = spawnSync(pythonPath, ["-c", program], { input: text, encoding: "utf8" });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as Family[];
}

async function metrics(path = "/metrics", token = adminToken) {
  return fetch(`${broker.http}${path}`, { headers: { Authorization: `Bearer ${token}` } });
}

describe.skipIf(!hasParser)("GET /metrics", () => {
  it("has families with a name, a help and a type, and samples that count", async () => {
    const client = await connect(broker.tcp);
    await client.subscribe(unique("a"));
    await client.publish(unique("b"), "12345", { qos: 1, retain: true });
    const response = await metrics();
    expect(response.headers.get("Content-Type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const families = familiesOf(await response.text());
    for (const [name, type, help, samples] of families) {
      expect(name).toMatch(/^durable_mqtt_[a-z_]+$/);
      expect(["counter", "gauge"], name).toContain(type);
      expect(help, name).not.toBe("");
      expect(samples.length, name).toBeGreaterThan(0);
      if (type === "counter") expect(samples.every(([sample]) => sample === `${name}_total`)).toBe(true);
    }
    const values = Object.fromEntries(
      families.map(([name, , , samples]) => [name, samples.map(([, , value]) => value)]),
    );
    expect(values).toMatchObject({
      durable_mqtt_clients_connected: [1],
      durable_mqtt_subscriptions: [1],
      durable_mqtt_retained_messages: [1],
      durable_mqtt_publish_messages_received: [1],
      durable_mqtt_publish_bytes_received: [5],
      durable_mqtt_connects: [1],
    });
    // One line for each topic object.
    expect(values.durable_mqtt_topic_messages_published?.reduce((sum, value) => sum + value)).toBe(1);
    const samplesOf = (wanted: string) => families.find(([name]) => name === wanted)?.[3] ?? [];
    const limits = (wanted: string) =>
      Object.fromEntries(
        samplesOf(wanted).map(([, labels, value]) => [(labels as { setting: string }).setting, value]),
      );
    expect(limits("durable_mqtt_shared_limit_used")).toEqual({
      MAXIMUM_RETAINED_MESSAGES: 1,
      MAXIMUM_RETAINED_BYTES: values.durable_mqtt_retained_bytes?.[0],
      MAXIMUM_SUBSCRIPTION_BYTES: expect.any(Number),
      MAXIMUM_OWED_MESSAGES: 0,
      MAXIMUM_SESSIONS: 1,
      MAXIMUM_NAMESPACE_QUEUED_BYTES: 0,
    });
    expect(limits("durable_mqtt_shared_limit_maximum")).toMatchObject({
      MAXIMUM_RETAINED_MESSAGES: 2 * defaultLimits.maximumRetainedMessages,
      MAXIMUM_SESSIONS: defaultLimits.maximumSessions,
    });
    await client.disconnect();
  });

  it("is of one namespace", async () => {
    const families = familiesOf(await (await metrics("/ns/empty/metrics")).text());
    const connects = families.find(([name]) => name === "durable_mqtt_connects");
    expect(connects?.[3].map(([, , value]) => value)).toEqual([0]);
  });
});

describe("GET /metrics", () => {
  it("takes a token that may read stats, and no other", async () => {
    expect((await fetch(`${broker.http}/metrics`)).status).toBe(401);
    expect((await metrics("/metrics", "wrong")).status).toBe(401);
    for (const [scopes, status] of [
      [["stats:read"], 200],
      [["publish", "clients:read"], 403],
    ] as const) {
      const { body } = await apiOf(broker).call("POST", "/tokens", { name: unique("token"), scopes });
      expect((await metrics("/metrics", body.token)).status).toBe(status);
      expect((await metrics("/ns/other/metrics", body.token)).status).toBe(401);
    }
  });
});
