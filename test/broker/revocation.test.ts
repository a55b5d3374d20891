// A credential that is changed or deleted: what that does to sessions that are there already.

import { describe, expect, it } from "vitest";
import { readAccessRules } from "../../src/core/access/read-access-rules.ts";
import { useBroker } from "../support/broker.ts";
import { connect, durable, refusal, unique } from "../support/connect.ts";
import { makeCredential, mayUse } from "../support/credentials.ts";

const broker = useBroker({ variables: { ALLOW_ANONYMOUS: "0" } });

describe("a credential that is changed", () => {
  it("ends connections and sessions when it is deleted, also those that sleep, and their Wills [B92]", async () => {
    const { login, credential } = await makeCredential(broker);
    const watch = await makeCredential(broker);
    const topic = unique("revoked");
    const watcher = await connect(broker.tcp, watch.login);
    await watcher.subscribe(topic);
    const sleeper = unique("sleeper");
    const asleep = await connect(broker.tcp, { clientId: sleeper, ...login, ...durable() });
    await asleep.subscribe(topic, { qos: 1 });
    await asleep.disconnect();
    const will = { topic, payload: "will", qos: 0, retain: false } as const;
    const client = await connect(broker.tcp, { ...login, will });

    expect(await (await broker.access()).deleteCredential(credential.id)).toBe(true);
    await client.receive({ cmd: "disconnect", reasonCode: 0x87 });
    await client.closed();
    await watcher.expectNothingMore();
    expect(await refusal(broker.tcp, { ...login, clientId: sleeper })).toBe(0x86);
    // Its session is nobody's any more, and gone.
    const other = await connect(broker.tcp, { clientId: sleeper, ...watch.login, ...durable() });
    expect(other.connack.sessionPresent).toBe(false);
  });

  it("has a Will judged again when it is published", async () => {
    const topic = unique("will");
    const { login, credential } = await makeCredential(broker, { rules: mayUse(topic) });
    const watcher = await connect(broker.tcp, (await makeCredential(broker)).login);
    await watcher.subscribe(topic);
    const will = { topic, payload: "will", qos: 0, retain: false } as const;
    const client = await connect(broker.tcp, { ...login, will });
    const rules = readAccessRules(mayUse("other"));
    await (await broker.access()).updateCredential(credential.id, { rules }, undefined);
    client.drop();
    await client.closed();
    await watcher.expectNothingMore();
  });

  it("has retained messages kept from who may not have them any more", async () => {
    const topic = unique("secret");
    const { login, credential } = await makeCredential(broker, { rules: mayUse(`${topic}/#`) });
    const publisher = await connect(broker.tcp, (await makeCredential(broker)).login);
    await publisher.publish(`${topic}/x`, "retained", { qos: 1, retain: true });
    const clientId = unique("client");
    const client = await connect(broker.tcp, { clientId, ...login, ...durable() });
    await client.subscribe(`${topic}/#`);
    await client.message({ topic: `${topic}/x`, retain: true });
    await (await broker.access()).updateCredential(
      credential.id,
      { rules: readAccessRules(mayUse("other")) },
      undefined,
    );
    expect(await client.subscribe(`${topic}/#`)).toMatchObject({ granted: [0x87] });
    await client.expectNothingMore();
  });

  it("keeps what was queued, and is on its way, from clients that may not have it any more [B89]", async () => {
    const { login, credential } = await makeCredential(broker, { rules: mayUse("open/#", "secret/#") });
    const { login: publisherLogin } = await makeCredential(broker);
    const publisher = await connect(broker.tcp, publisherLogin);
    const clientId = unique("client");
    const first = await connect(broker.tcp, { clientId, ...login, ...durable() });
    await first.subscribe("open/#", { qos: 1 });
    await first.subscribe("secret/#", { qos: 1 });
    await first.disconnect();
    for (const topic of ["secret/1", "open/1"]) await publisher.publish(topic, "queued", { qos: 1 });

    const rules = readAccessRules(mayUse("open/#"));
    expect(await (await broker.access()).updateCredential(credential.id, { rules }, undefined)).toMatchObject({
      ok: true,
    });
    await publisher.publish("secret/2", "later", { qos: 1 });
    await publisher.publish("open/2", "later", { qos: 1 });
    const second = await connect(broker.tcp, { clientId, ...login, ...durable() });
    expect(second.connack.sessionPresent).toBe(true);
    await second.message({ topic: "open/1" });
    await second.message({ topic: "open/2" });
    await second.expectNothingMore();
    expect(await second.subscribe("secret/#")).toMatchObject({ granted: [0x87] });
  });

  it("takes effect on a client that is connected: it goes on, and gets no more of what it may not have", async () => {
    const { login, credential } = await makeCredential(broker, { rules: mayUse("open/#", "secret/#") });
    const client = await connect(broker.tcp, login);
    await client.subscribe("open/live");
    await client.subscribe("secret/live");
    const rules = readAccessRules(mayUse("open/#"));
    await (await broker.access()).updateCredential(credential.id, { rules }, undefined);
    const { login: publisherLogin } = await makeCredential(broker);
    const publisher = await connect(broker.tcp, publisherLogin);
    await publisher.publish("secret/live", "no", { qos: 1 });
    await publisher.publish("open/live", "yes", { qos: 1 });
    await client.message({ topic: "open/live", payload: "yes" });
    client.send({
      cmd: "publish",
      topic: "secret/live",
      payload: "no",
      qos: 1,
      dup: false,
      retain: false,
      messageId: 9,
    });
    await client.receive({ cmd: "puback", messageId: 9, reasonCode: 0x87 });
    await client.expectNothingMore();
  });

  it("has its client log in again when its token is another: the old one is worth nothing [B92]", async () => {
    const { login, credential } = await makeCredential(broker);
    const clientId = unique("client");
    const client = await connect(broker.tcp, { clientId, ...login, ...durable() });
    const result = await (await broker.access()).updateCredential(credential.id, {}, { kind: "token" });
    await client.receive({ cmd: "disconnect", reasonCode: 0x87 });
    expect(await refusal(broker.tcp, { clientId, ...login, ...durable() })).toBe(0x86);
    const password = Buffer.from((result.ok && result.token) || "");
    const again = await connect(broker.tcp, { ...durable(), clientId, username: login.username, password });
    expect(again.connack.sessionPresent).toBe(true);
  });

  it("ends the connection when it expires [B93]", async () => {
    const { login } = await makeCredential(broker, { expiresAtMs: Date.now() + 1_500 });
    const client = await connect(broker.tcp, login);
    await client.receive({ cmd: "disconnect", reasonCode: 0x87 }, { timeoutMs: 5_000 });
    expect(await refusal(broker.tcp, login)).toBe(0x86);
  });

  it("ends the connection when it is made to expire at once [B93]", async () => {
    const { login, credential } = await makeCredential(broker);
    const client = await connect(broker.tcp, { clientId: unique("client"), ...login, ...durable() });
    await (await broker.access()).updateCredential(credential.id, { expiresAtMs: Date.now() - 1 }, undefined);
    await client.receive({ cmd: "disconnect", reasonCode: 0x87 });
    expect(await refusal(broker.tcp, login)).toBe(0x86);
  });

  it("has its clients log in again when its username is another, and once only", async () => {
    const { login, credential } = await makeCredential(broker, { rules: mayUse("home/%u/#") });
    const client = await connect(broker.tcp, { clientId: unique("client"), ...login, ...durable() });
    const username = unique("renamed");
    const access = await broker.access();
    await access.updateCredential(credential.id, { username }, undefined);
    await client.receive({ cmd: "disconnect", reasonCode: 0x87 });
    expect(await refusal(broker.tcp, login)).toBe(0x86);
    const again = await connect(broker.tcp, { clientId: unique("client"), ...login, username });
    await access.updateCredential(credential.id, { rules: readAccessRules(mayUse("home/%u/x")) }, undefined);
    expect(await again.subscribe(`home/${username}/x`)).toMatchObject({ granted: [0] });
    expect(await again.subscribe(`home/${login.username}/x`)).toMatchObject({ granted: [0x87] });
  });
});

describe("a credential with a maximum number of clients", () => {
  it("has the next one wait", async () => {
    const { login } = await makeCredential(broker, { maximumClients: 1 });
    const client = await connect(broker.tcp, login);
    expect(await refusal(broker.tcp, login)).toBe(0x9f);
    await client.subscribe("still/there");
  });

  it("has no place taken by who guesses its password", async () => {
    const password = Buffer.from("correct horse battery staple");
    const secret = { kind: "password", password: String(password) } as const;
    const { login } = await makeCredential(broker, { maximumClients: 1 }, secret);
    const { username } = login;
    const guess = { username, password: Buffer.from("wrong") };
    for (let count = 0; count < 3; count += 1) expect(await refusal(broker.tcp, guess)).toBe(0x86);
    await connect(broker.tcp, { username, password });
    // Nor does an answer tell that it is full, and so that there is such a username.
    expect(await refusal(broker.tcp, guess)).toBe(0x86);
    expect(await refusal(broker.tcp, { username, password })).toBe(0x9f);
  });
});
