// What the Worker and the runtime write, while much goes wrong: nothing that anybody could log in with, and nothing that
// clients have said to each other.

import { once } from "node:events";
import { afterAll, expect, it } from "vitest";
import { WebSocket } from "ws";
import { type Broker, paths, startBroker } from "../support/broker.ts";
import { connect, connectPacket, unique } from "../support/connect.ts";
import { Conversation, endConversations } from "../support/conversation.ts";

const secrets = {
  adminToken: "adminTokenThatNobodyMayRead",
  apiToken: "apiTokenThatNobodyMayRead",
  password: "passwordThatNobodyMayRead",
  bearer: "bearerThatNobodyMayRead",
  payload: "payloadThatNobodyMayRead",
};
const username = "user";

afterAll(endConversations);

it("the log tells what went wrong, and no secret", async () => {
  const lines: string[] = [];
  const broker = await startBroker({
    // Nobody is there.
    variables: { ADMIN_TOKEN: secrets.adminToken, JWT_JWKS_URL: "http://127.0.0.1:9/keys" },
    log: (line) => lines.push(line),
  });
  await showBearers(broker);
  for (const token of [secrets.apiToken, secrets.adminToken]) await useApi(broker, token);
  for (const path of paths) {
    for (const wrong of ["", "x", secrets.bearer]) await logIn(broker.url(path, unique("client")), wrong);
    await misbehave(broker, path);
  }
  await showJwt(broker);
  await broker.close();

  const written = lines.join("\n");
  // It is this log that was looked at.
  expect(written).toContain("cannot be fetched");
  for (const [name, secret] of Object.entries(secrets)) {
    for (const form of formsOf(secret)) expect(written.includes(form), name).toBe(false);
  }
}, 60_000);

/** As it is, and as bytes are often shown. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const numbered = JSON.stringify({ ...bytes }).slice(1, -1);
  const listed = [bytes.join(","), bytes.join(", "), numbered];
  return [secret, bytes.toString("base64").slice(0, -4), bytes.toString("hex"), ...listed];
}

/** Tokens that come with the request of a WebSocket. */
async function showBearers(broker: Broker): Promise<void> {
  const headers = { Authorization: `Bearer ${secrets.bearer}` };
  for (const address of [broker.ws, broker.wsNative(unique("bearer")), `${broker.ws}?token=${secrets.bearer}`]) {
    const socket = new WebSocket(address, "mqtt", { headers });
    socket.on("error", () => {});
    await Promise.race([once(socket, "open"), once(socket, "close")]);
    socket.terminate();
  }
}

/** Makes a credential if the token allows it, and mistakes. */
async function useApi(broker: Broker, token: string): Promise<void> {
  const { password, payload } = secrets;
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  for (const address of ["clients", `clients?token=${token}`]) {
    await (await fetch(`${broker.http}/api/v1/${address}`, { headers })).text();
  }
  const credential = JSON.stringify({ username, rules: {}, secret: { kind: "password", password } });
  for (const [address, body] of [
    ["publish", `{"topic":"a","payload":"${payload}"`],
    ["publish", JSON.stringify({ topic: "a/#", payload })],
    ["credentials", credential],
    ["credentials", credential],
    ["credentials", JSON.stringify({ username: 1, password })],
  ] as const) {
    await (await fetch(`${broker.http}/api/v1/${address}`, { method: "POST", headers, body })).text();
  }
}

async function logIn(url: string, wrong: string): Promise<void> {
  const client = await Conversation.open(url);
  const clientId = decodeURIComponent(/\/mqtt\/(.+)$/.exec(url)?.[1] ?? unique("client"));
  client.send(connectPacket({ clientId, username, password: Buffer.from(`${secrets.password}${wrong}`) }));
  await client.receive({ cmd: "connack" });
  client.drop();
}

/** Publishes, and then sends what is no packet. */
async function misbehave(broker: Broker, path: (typeof paths)[number]): Promise<void> {
  const clientId = unique("client");
  const client = await connect(broker.url(path, clientId), { clientId });
  await client.publish("a", secrets.payload, { qos: 1, retain: true });
  client.send(Buffer.concat([Buffer.from([0x30, 0x7f, 0xff]), Buffer.from(secrets.payload.repeat(20))]));
  await client.receiveUntil("disconnect");
}

/** The keys to check it with cannot be had. */
async function showJwt(broker: Broker): Promise<void> {
  const client = await Conversation.open(broker.tcp);
  const password = Buffer.from(`eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.${secrets.bearer}`);
  client.send(connectPacket({ username, password }));
  await client.receive({ cmd: "connack", reasonCode: 0x88 });
}
