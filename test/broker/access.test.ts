// Who is let in, with the real Worker, and whose a session is. MQTT 5.0 section 5.4; rules are in access-rules.test.ts.

import { describe, expect, it } from "vitest";
import { asked, auth, authenticated, begin } from "../support/authenticating.ts";
import { paths, useBroker } from "../support/broker.ts";
import { connect, durable, refusal, unique } from "../support/connect.ts";
import { makeCredential, mayUse } from "../support/credentials.ts";
import { ScramClient, scramUser } from "../support/scram-client.ts";

const broker = useBroker({ variables: { ALLOW_ANONYMOUS: "0", SCRAM_USERS: scramUser("user", "pencil") } });

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
    const { login } = await makeCredential(broker, {}, { kind: "password", password: String(password) });
    const options = { username: login.username, clientId: unique("client") };
    expect(await refusal(broker.tcp, { ...options, password: Buffer.from("Correct horse battery staple") })).toBe(0x86);
    expect(await refusal(broker.tcp, options)).toBe(0x86);
    await connect(broker.tcp, { ...options, password });
  });
});

describe("a user who is proved by SCRAM-SHA-256", () => {
  it("is let in where a credential has that name, with its rules, and not by the name alone", async () => {
    const scram = new ScramClient("user", "pencil");
    const stranger = await begin(broker.tcp, scram.first());
    stranger.send(auth(scram.final(await asked(stranger))));
    await stranger.receive({ cmd: "connack", reasonCode: 0x87 });
    await makeCredential(broker, { username: "user", rules: mayUse("scram/%u") }, { kind: "scram" });
    const client = await authenticated(broker.tcp);
    expect(await client.subscribe(["scram/user", "scram/other"])).toMatchObject({ granted: [0, 0x87] });
    expect(await refusal(broker.tcp, { username: "user", password: Buffer.from("pencil") })).toBe(0x86);
  });
});

describe("a session", () => {
  it("of another user cannot be had by its client identifier", async () => {
    const [owner, thief] = [await makeCredential(broker), await makeCredential(broker)];
    const clientId = unique("client");
    const client = await connect(broker.tcp, { clientId, ...owner.login, ...durable() });
    expect(await refusal(broker.tcp, { clientId, ...thief.login, ...durable() })).toBe(0x87);
    await client.disconnect();
    expect(await refusal(broker.tcp, { clientId, ...thief.login, clean: true })).toBe(0x87);
  });

  it("is let in again after a restart of everything without a new question, but not after a revocation", async () => {
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
