// What the Worker and the runtime write, while much goes wrong: nothing that anybody could log in with, and nothing that
// clients have said to each other.

import { once } from "node:events";
import { afterAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { paths, startBroker } from "../support/broker.ts";
import { connect, connectPacket, unique } from "../support/connect.ts";
import { Conversation, endConversations } from "../support/conversation.ts";

const secrets = {
  adminToken: "adminTokenThatNobodyMayRead",
  apiToken: "apiTokenThatNobodyMayRead",
  password: "passwordThatNobodyMayRead",
  bearer: "bearerThatNobodyMayRead",
  payload: "payloadThatNobodyMayRead",
};

afterAll(endConversations);

/** As it is, and as bytes are often shown. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const numbered = JSON.stringify({ ...bytes }).slice(1, -1);
  return [
    secret,
    bytes.toString("base64").slice(0, -4),
    bytes.toString("hex"),
    bytes.join(","),
    bytes.join(", "),
    numbered,
  ];
}

describe("the log", () => {
  it("tells what went wrong, and no secret", async () => {
    const lines: string[] = [];
    const broker = await startBroker({
      variables: { ADMIN_TOKEN: secrets.adminToken, MAXIMUM_PENDING_SOCKETS: "1" },
      log: (line) => lines.push(line),
    });
    const shown = { username: "user", password: Buffer.from(secrets.password) };

    // Clients that are refused, misbehave, or cannot be served.
    for (const path of paths) {
      for (const version of [3, 4, 5] as const) {
        const clientId = unique("client");
        const client = await Conversation.open(broker.url(path, clientId));
        client.send(connectPacket({ version, clientId, ...shown }));
        await client.receive({ cmd: "connack" });
        client.drop();
      }
      const clientId = unique("client");
      const client = await connect(broker.url(path, clientId), { clientId });
      client.send({
        cmd: "publish",
        topic: "a",
        payload: secrets.payload,
        qos: 1,
        messageId: 1,
        dup: false,
        retain: true,
      });
      await client.receive({ cmd: "puback" });
      client.send(Buffer.concat([Buffer.from([0x30, 0x7f, 0xff]), Buffer.from(secrets.payload.repeat(20))]));
      await client.receiveUntil("disconnect");
    }
    const taken = unique("taken");
    await Conversation.open(broker.wsNative(taken));
    const unserved = await Conversation.open(broker.ws);
    unserved.send(connectPacket({ clientId: taken, ...shown }));
    await unserved.closed();

    // Whoever tries tokens.
    const headers = { Authorization: `Bearer ${secrets.bearer}` };
    for (const address of [broker.ws, broker.wsNative(unique("bearer")), `${broker.ws}?token=${secrets.bearer}`]) {
      const socket = new WebSocket(address, "mqtt", { headers });
      socket.on("error", () => {});
      await Promise.race([once(socket, "open"), once(socket, "close")]);
      socket.terminate();
    }
    for (const token of [secrets.apiToken, secrets.adminToken]) {
      for (const [method, path, body] of [
        ["GET", "clients", undefined],
        ["GET", `clients?token=${token}`, undefined],
        ["POST", "publish", `{"topic":"a","payload":"${secrets.payload}"`],
        ["POST", "publish", JSON.stringify({ topic: "a/#", payload: secrets.payload })],
        ["POST", "credentials", JSON.stringify({ username: 1, password: secrets.password })],
        ["POST", "credentials", JSON.stringify({ username: "\\ud800", password: secrets.password })],
      ] as const) {
        const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
        await (
          await fetch(`${broker.http}/api/v1/${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
        ).text();
      }
    }

    await broker.close();
    const written = lines.join("\n");
    // It is this log that was looked at.
    expect(written).toContain("the session cannot be reached");
    for (const [name, secret] of Object.entries(secrets)) {
      for (const form of formsOf(secret)) expect(written.includes(form), name).toBe(false);
    }
  }, 60_000);
});
