// POST /publish, seen by subscribers.

import { describe, expect, it } from "vitest";
import { adminToken, apiOf } from "../support/api.ts";
import { useBroker } from "../support/broker.ts";
import { connect, durable, unique } from "../support/connect.ts";

const broker = useBroker({ variables: { ADMIN_TOKEN: adminToken, MAXIMUM_QUEUED_MESSAGES: "3" } });
const publish = (body: unknown) => apiOf(broker).call("POST", "/publish", body);

describe("a message that is published", () => {
  it.each([0, 1, 2] as const)("reaches a subscriber at QoS %i", async (qos) => {
    const topic = unique("api/publish");
    const subscriber = await connect(broker.tcp);
    await subscriber.subscribe(topic, { qos });
    const { status, body } = await publish({ topic, payload: "äöü 🙂", qos });
    expect([status, body]).toEqual([200, { matched: true }]);
    const message = await subscriber.message({ topic, qos });
    expect(message.payload.toString()).toBe("äöü 🙂");
    await subscriber.expectNothingMore();
  });

  it("is stored for a durable session whose client is away", async () => {
    const topic = unique("api/publish");
    const clientId = unique("api-sleeper");
    const away = await connect(broker.tcp, { clientId, ...durable() });
    await away.subscribe(topic, { qos: 1 });
    await away.end();
    expect((await publish({ topic, payload: "1", qos: 1 })).body).toEqual({ matched: true });
    const back = await connect(broker.tcp, { clientId, ...durable() });
    expect((await back.message({ topic })).payload.toString()).toBe("1");
  });

  it("matched nobody if nobody subscribes", async () => {
    for (const qos of [0, 1, 2]) {
      expect((await publish({ topic: unique("api/nobody"), payload: "", qos })).body).toEqual({ matched: false });
    }
  });

  it("has any bytes as Base64, and the properties of MQTT 5.0", async () => {
    const topic = unique("api/publish");
    const subscriber = await connect(broker.tcp);
    await subscriber.subscribe(topic, { qos: 0 });
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    await publish({
      topic,
      payload: bytes.toString("base64"),
      encoding: "base64",
      messageExpirySec: 60,
      contentType: "text/plain",
      responseTopic: "answers/1",
      correlationData: Buffer.from([0, 255]).toString("base64"),
      userProperties: [
        ["b", "1"],
        ["a", "2"],
        ["b", "3"],
      ],
    });
    const { payload, properties } = await subscriber.message({ topic });
    expect(bytes.equals(payload as Buffer)).toBe(true);
    expect(properties).toEqual({
      messageExpiryInterval: 60,
      contentType: "text/plain",
      responseTopic: "answers/1",
      correlationData: Buffer.from([0, 255]),
      userProperties: Object.assign(Object.create(null), { b: ["1", "3"], a: "2" }),
    });
  });

  it("is retained where that is asked for, and cleared by an empty one", async () => {
    const topic = unique("api/publish");
    await publish({ topic, payload: "kept", retain: true });
    const first = await connect(broker.tcp);
    await first.subscribe(topic, { qos: 1 });
    expect((await first.message({ topic, retain: true })).payload.toString()).toBe("kept");
    await publish({ topic, payload: "", retain: true });
    const second = await connect(broker.tcp);
    await second.subscribe(topic, { qos: 1 });
    await second.expectNothingMore();
  });

  it("may be as large as a client's, as Base64", async () => {
    const topic = unique("api/publish");
    const payload = Buffer.alloc(1_000_000, 7).toString("base64");
    expect((await publish({ topic, payload, encoding: "base64" })).status).toBe(200);
  });

  it("may follow a byte order mark", async () => {
    const message = { topic: unique("api/publish"), payload: "" };
    expect((await publish(`\uFEFF${JSON.stringify(message)}`)).status).toBe(200);
  });

  it("is answered 507 where a queue is full", async () => {
    const topic = unique("api/publish");
    const clientId = unique("api-sleeper");
    const away = await connect(broker.tcp, { clientId, ...durable() });
    await away.subscribe(topic, { qos: 1 });
    await away.end();
    for (let sent = 0; sent < 3; sent += 1) await publish({ topic, payload: "x", qos: 1 });
    const { status, body } = await publish({ topic, payload: "x", qos: 1 });
    expect([status, body.error.code]).toEqual([507, "quota-exceeded"]);
  });
});

describe("what is no message", () => {
  const valid = { topic: "a", payload: "" };
  it.each([
    ["a wildcard", { ...valid, topic: "a/+" }, 400, "invalid-topic"],
    ["an empty topic", { ...valid, topic: "" }, 400, "invalid-topic"],
    ["U+0000", { ...valid, topic: "a\0" }, 400, "invalid-request"],
    ["too many levels", { ...valid, topic: "/".repeat(300) }, 400, "invalid-topic"],
    ["$SYS", { ...valid, topic: "$SYS/broker/version" }, 403, "reserved-topic"],
    ["QoS 3", { ...valid, qos: 3 }, 400, "invalid-request"],
    ["a field that there is not", { ...valid, quality: 1 }, 400, "invalid-request"],
    ["no payload", { topic: "a" }, 400, "invalid-request"],
    ["no Base64", { ...valid, payload: "a", encoding: "base64" }, 400, "invalid-request"],
    ["half of a surrogate pair", { ...valid, payload: "\ud800" }, 400, "invalid-text"],
    ["a wildcard to answer to", { ...valid, responseTopic: "#" }, 400, "invalid-topic"],
    ["too many user properties", { ...valid, userProperties: Array(129).fill(["", ""]) }, 400, "invalid-request"],
    ["more than the largest packet", { ...valid, payload: "x".repeat(1_900_001) }, 413, "too-large"],
    ["more than the largest body", { ...valid, payload: "x".repeat(4_500_000) }, 413, "too-large"],
    ["no JSON", "{", 400, "invalid-json"],
    ["nothing at all", "", 400, "invalid-json"],
    ["no object", "null", 400, "invalid-request"],
  ])("as %s is refused", async (_, request, status, code) => {
    const { status: answered, body } = await publish(request);
    expect([answered, body.error.code]).toEqual([status, code]);
    expect(body.error.message).not.toContain("\n");
  });

  it("as a form is refused: a page of another origin could send it unasked", async () => {
    const form = { "Content-Type": "application/x-www-form-urlencoded" };
    const { status, body } = await apiOf(broker).call("POST", "/publish", "topic=a", form);
    expect([status, body.error.code]).toEqual([415, "not-json"]);
  });

  it("is bounded as well where its length is not told", async () => {
    let chunks = 0;
    const stream = new ReadableStream({
      pull(controller) {
        chunks += 1;
        if (chunks <= 60) controller.enqueue(new TextEncoder().encode(" ".repeat(100_000)));
        else controller.close();
      },
    });
    const response = await fetch(`${broker.http}/api/v1/publish`, {
      method: "POST",
      headers: { Authorization: `Bearer ${adminToken}`, "Content-Type": "application/json" },
      body: stream,
      duplex: "half",
    } as RequestInit);
    expect([response.status, ((await response.json()) as { error: { code: string } }).error.code]).toEqual([
      413,
      "too-large",
    ]);
  });
});

describe("a broker that does not offer it", () => {
  const modest = useBroker({ variables: { ADMIN_TOKEN: adminToken, MAXIMUM_QOS: "1", RETAIN_AVAILABLE: "0" } });
  it.each([{ qos: 2 }, { retain: true }])("refuses %j", async (asked) => {
    const { status, body } = await apiOf(modest).call("POST", "/publish", { topic: "a", payload: "x", ...asked });
    expect([status, body.error.code]).toEqual([400, "not-offered"]);
  });
});
