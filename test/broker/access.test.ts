// Who may do what, with the real Worker: logins by token and password, rules, and what a change of them does to sessions
// that are there already. MQTT 5.0 section 5.4.

import { describe, expect, it } from "vitest";
import { hashPassword } from "../../src/auth/password.ts";
import { readAccessRules } from "../../src/core/access/read-access-rules.ts";
import { paths, useBroker } from "../support/broker.ts";
import { type ConnectOptions, connect, connectPacket, durable, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { makeCredential, mayUse } from "../support/credentials.ts";

const broker = useBroker({ variables: { ALLOW_ANONYMOUS: "0" } });

/** CONNACK's code. */
async function refusal(url: string, options: ConnectOptions): Promise<number | undefined> {
  const conversation = await Conversation.open(url);
  conversation.send(connectPacket(options));
  const { reasonCode, returnCode } = await conversation.receive({ cmd: "connack" });
  await conversation.closed();
  return reasonCode ?? returnCode;
}

describe.each(paths)("over %s a client", (path) => {
  const urlOf = (clientId: string) => broker.url(path, clientId);

  it.each([3, 4, 5] as const)("of version %i is let in with its token, and with nothing else", async (version) => {
    const { login } = await makeCredential(broker);
    const clientId = unique("client");
    const wrong = { username: login.username, password: Buffer.from("dmq_wrong") };
    const [badLogin, notAuthorized] = version === 5 ? [0x86, 0x87] : [4, 5];
    expect(await refusal(urlOf(clientId), { version, clientId, ...wrong })).toBe(badLogin);
    expect(await refusal(urlOf(clientId), { version, clientId, username: "nobody" })).toBe(badLogin);
    expect(await refusal(urlOf(clientId), { version, clientId })).toBe(notAuthorized);
    const client = await connect(urlOf(clientId), { version, clientId, ...login });
    await client.disconnect();
  });

  it("may publish and subscribe what its rules name, and nothing beside", async () => {
    const { login, credential } = await makeCredential(broker, { rules: mayUse("devices/%c/#", "all/%u") });
    const clientId = unique("client");
    const client = await connect(urlOf(clientId), { clientId, ...login });
    const codes = await client.subscribe(`devices/${clientId}/+`, { qos: 1 });
    expect(codes).toMatchObject({ granted: [1] });
    for (const filter of ["#", "devices/#", "+/+/x", "devices/other/x", "$SYS/#", `$share/g/devices/#`]) {
      expect(await client.subscribe(filter)).toMatchObject({ granted: [0x87] });
    }
    expect(await client.subscribe(`$share/g/all/${credential.username}`)).toMatchObject({ granted: [0] });
    client.sendPublish(`devices/${clientId}/x`, "1");
    await client.message({ topic: `devices/${clientId}/x`, payload: "1" });
    expect(await client.publish("devices/other/x", "2", { qos: 1 })).toBe(0x87);
  });
});

describe("a chosen password", () => {
  it("is compared in the session, whatever its length", async () => {
    const password = Buffer.from("correct horse battery staple");
    const passwordHash = await hashPassword(password);
    const { login } = await makeCredential(broker, {}, { kind: "password", passwordHash });
    const options = { username: login.username, clientId: unique("client") };
    expect(await refusal(broker.tcp, { ...options, password: Buffer.from("Correct horse battery staple") })).toBe(0x86);
    expect(await refusal(broker.tcp, options)).toBe(0x86);
    await connect(broker.tcp, { ...options, password });
  });
});

describe("a credential that is changed", () => {
  it("ends connections and sessions when it is deleted, also those that sleep, and their Wills", async () => {
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

  it("keeps what was queued, and is on its way, from clients that may not have it any more", async () => {
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

  it("has its client log in again when its token is another: the old one is worth nothing", async () => {
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

  it("ends the connection when it expires", async () => {
    const { login } = await makeCredential(broker, { expiresAtMs: Date.now() + 1_500 });
    const client = await connect(broker.tcp, login);
    await client.receive({ cmd: "disconnect", reasonCode: 0x87 }, { timeoutMs: 5_000 });
    expect(await refusal(broker.tcp, login)).toBe(0x86);
  });

  it("holds only so many clients at once", async () => {
    const { login } = await makeCredential(broker, { maximumClients: 1 });
    const client = await connect(broker.tcp, login);
    expect(await refusal(broker.tcp, login)).toBe(0x9f);
    await client.subscribe("still/there");
  });
});

describe("a session", () => {
  it("of another user is not to be had by its client identifier", async () => {
    const [owner, thief] = [await makeCredential(broker), await makeCredential(broker)];
    const clientId = unique("client");
    const client = await connect(broker.tcp, { clientId, ...owner.login, ...durable() });
    expect(await refusal(broker.tcp, { clientId, ...thief.login, ...durable() })).toBe(0x87);
    await client.disconnect();
    expect(await refusal(broker.tcp, { clientId, ...thief.login, clean: true })).toBe(0x87);
  });

  it("is let in again after a restart of everything without asking anew, but not after a revocation", async () => {
    const { login, credential } = await makeCredential(broker);
    const options = { clientId: unique("client"), ...login, ...durable() };
    await (await connect(broker.tcp, options)).disconnect();
    await broker.restart();
    await (await connect(broker.tcp, options)).disconnect();
    await (await broker.access()).updateCredential(credential.id, { isEnabled: false }, undefined);
    expect(await refusal(broker.tcp, options)).toBe(0x86);
  });
});

describe("namespaces", () => {
  it("have credentials, clients and topics of their own", async () => {
    const here = await makeCredential(broker);
    const there = await makeCredential(broker, { namespace: "other" });
    const otherUrl = broker.ws.replace("/mqtt", "/ns/other/mqtt");
    expect(await refusal(otherUrl, here.login)).toBe(0x86);
    expect(await refusal(broker.ws, there.login)).toBe(0x86);
    const topic = unique("topic");
    const clientId = unique("client");
    const one = await connect(broker.ws, { clientId, ...here.login });
    const other = await connect(otherUrl, { clientId, ...there.login });
    await one.subscribe(topic);
    await other.publish(topic, "there", { qos: 1, retain: true });
    await one.publish(topic, "here", { qos: 1 });
    await one.message({ topic, payload: "here" });
    await one.expectNothingMore();
  });
});
