// A request that the API cannot use: one plain line says where, and what to send.

import { describe, expect, it } from "vitest";
import { adminToken, apiOf, documentOf } from "../support/api.ts";
import { useBroker } from "../support/broker.ts";

const broker = useBroker({ variables: { ADMIN_TOKEN: adminToken } });
const api = apiOf(broker);

const message = { topic: "a", payload: "1" };
const credential = { username: "sensor-7", rules: {} };

describe("a request that the API cannot use is answered with what to send", () => {
  it.each([
    ["no object", "/publish", [], "the body: send a JSON object"],
    ["null", "/publish", null, "the body: send a JSON object"],
    ["nothing for a text", "/publish", { payload: "1" }, "topic: is missing: send a string"],
    ["a number for a text", "/publish", { ...message, topic: 1 }, "topic: send a string"],
    ["a text for a flag", "/publish", { ...message, retain: "yes" }, "retain: send true or false"],
    ["a text for a number", "/publish", { ...message, messageExpirySec: "1" }, "messageExpirySec: send a number"],
    ["a fraction", "/publish", { ...message, messageExpirySec: 1.5 }, "messageExpirySec: send a whole number"],
    ["less than the least", "/publish", { ...message, messageExpirySec: -1 }, "messageExpirySec: send at least 0"],
    ["QoS 3", "/publish", { ...message, qos: 3 }, "qos: send 0, 1 or 2"],
    ["another encoding", "/publish", { ...message, encoding: "hex" }, 'encoding: send "utf-8" or "base64"'],
    ["an object for a list", "/publish", { ...message, userProperties: {} }, "userProperties: send a list"],
    ["half a pair", "/publish", { ...message, userProperties: [["a"]] }, "userProperties.0: send at least 2 items"],
    ["another field", "/publish", { ...message, a: 1 }, 'the body: leave out "a": there is no such field'],
    ["no rules", "/credentials", { username: "a" }, "rules: is missing: send a JSON object"],
    ["an empty name", "/credentials", { ...credential, username: "" }, "username: send at least 1 character"],
    [
      "a day",
      "/credentials",
      { ...credential, expiresAt: "tomorrow" },
      "expiresAt: send a time in UTC, such as 2026-11-23T12:00:00.000Z",
    ],
    [
      "another kind",
      "/credentials",
      { ...credential, secret: { kind: "none" } },
      'secret.kind: send "token", "password", "certificate" or "scram"',
    ],
    [
      "a short password",
      "/credentials",
      { ...credential, secret: { kind: "password", password: "a" } },
      "secret.password: send at least 8 characters",
    ],
    ["no scope", "/tokens", { scopes: [] }, "scopes: send at least 1 item"],
  ])("%s", async (_name, path, body, line) => {
    const { status, body: answer } = await api.call("POST", path, body);
    expect([status, answer]).toEqual([400, { error: { code: "invalid-request", message: line } }]);
  });

  it.each([
    ["?limit=many", "limit: send a number"],
    ["?limit=1001", "limit: send at most 1000"],
    ["?page=2", 'the query: leave out "page": there is no such field'],
  ])("GET /clients%s", async (query, line) => {
    const { status, body } = await api.call("GET", `/clients${query}`);
    expect([status, body.error.message]).toEqual([400, line]);
  });

  it("every operation with a body, for each of its fields, in words of JSON alone", async () => {
    const { paths } = await documentOf(broker);
    const lines: string[] = [];
    for (const [path, operations] of Object.entries(paths)) {
      for (const [method, { requestBody }] of Object.entries(operations)) {
        const name = requestBody?.content["application/json"]?.schema.$ref.split("/").at(-1);
        if (name === undefined) continue;
        for (const field of await fieldsOf(name)) {
          for (const value of [{ a: 1 }, [{}], "\ud800", -0.5, true, null]) {
            const body = JSON.stringify({ [field]: value });
            const address = path.replaceAll(/\{\w+\}/g, "something");
            const answer = await api.call(method.toUpperCase(), address, body);
            if (answer.status === 400) lines.push(answer.body.error.message);
          }
        }
      }
    }
    expect(lines.length).toBeGreaterThan(50);
    expect(
      lines.filter((line) => /invalid|expected|received|too (big|small)|unrecognized|undefined/i.test(line)),
    ).toEqual([]);
  });
});

async function fieldsOf(schema: string): Promise<string[]> {
  const { components } = await documentOf(broker);
  return Object.keys(components.schemas[schema]?.properties ?? {});
}
