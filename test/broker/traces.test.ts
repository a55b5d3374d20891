// What is left of connections that never became clients, and of clients whose sessions end with them.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, vi } from "vitest";
import { adminToken, apiOf } from "../support/api.ts";
import { startBroker } from "../support/broker.ts";
import { connect, connectPacket } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { upgrade } from "../support/handshake.ts";
import { objectsIn } from "../support/stored-objects.ts";
import { undoAfterTest } from "../support/undo.ts";

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
  undoAfterTest(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** But for the lock of the folder. */
const touchedIn = async (folder: string) => (await objectsIn(folder)).filter((line) => !line.startsWith("."));

it("no object is touched by a client that is refused on /mqtt [B132]", async () => {
  const dataDir = await emptyFolder();
  const broker = await startBroker({ dataDir, variables: { ALLOW_ANONYMOUS: "0" } });
  const cases = [
    [connectPacket({ clientId: "c" }), { reasonCode: 0x87 }],
    [connectPacket({ clientId: "c", properties: { authenticationMethod: "x" } }), { reasonCode: 0x8c }],
    [connectPacket({ clientId: "c".repeat(300) }), { reasonCode: 0x85 }],
    [connectPacket({ clientId: "c", username: "u", properties: { maximumPacketSize: 3 } }), undefined],
  ] as const;
  try {
    for (const [packet, answer] of cases) {
      const client = await Conversation.open(broker.ws);
      client.send(packet);
      if (answer !== undefined) await client.receive({ cmd: "connack", ...answer });
      await client.closed();
    }
  } finally {
    await broker.close();
  }
  expect(await touchedIn(dataDir)).toEqual([]);
}, 60_000);

it("after refused and anonymous clean connects, and a restart, no session is left [B133]", async () => {
  const dataDir = await emptyFolder();
  const broker = await startBroker({ dataDir });
  const comeAndGo = async (clientId: string) => {
    const refused = await Conversation.open(broker.wsNative(clientId));
    refused.send(connectPacket({ clientId, properties: { authenticationMethod: "none" } }));
    await refused.receive({ cmd: "connack", reasonCode: 0x8c });
    await refused.closed();
    for (const way of ["relayed WebSocket", "native WebSocket"] as const) {
      const client = await connect(broker.url(way, clientId), { clientId });
      client.send({ cmd: "disconnect" });
      await client.closed();
    }
  };
  try {
    await Promise.all(["a", "b", "c", "d"].map(comeAndGo));
    await broker.restart();
  } finally {
    await broker.close();
  }
  expect((await touchedIn(dataDir)).filter((line) => !line.startsWith("DirectoryObject"))).toEqual([]);
}, 120_000);

describe("a namespace [B134]", () => {
  const variables = { NAMESPACES: "", ADMIN_TOKEN: adminToken };

  it("is there when an operator has made something in it", async () => {
    const dataDir = await emptyFolder();
    const broker = await startBroker({ dataDir, variables });
    const inNamespace = (name: string) => broker.wsNative("c").replace("/mqtt", `/ns/${name}/mqtt`);
    try {
      await expect(upgrade(inNamespace("made-up"))).rejects.toThrow("404");
      const token = "A".repeat(43);
      expect(await apiOf(broker, { namespace: "made-up", token }).call("GET", "/credentials")).toMatchObject({
        status: 401,
      });
      const admin = apiOf(broker, { namespace: "plant" });
      const made = await admin.call("POST", "/credentials", { username: "u", rules: {} });
      expect(made.status).toBe(201);
      await connect(inNamespace("plant"), { clientId: "c", username: "u", password: made.body.token });
      await broker.restart();
      await connect(inNamespace("plant"), { clientId: "c", username: "u", password: made.body.token });
    } finally {
      await broker.close();
    }
  }, 60_000);

  it("that is older than the list is found, by its sessions as by its credentials", async () => {
    const dataDir = await emptyFolder();
    const before = await startBroker({ dataDir, variables: { ...variables, NAMESPACES: "*" } });
    const fields = { clientId: "c", properties: { sessionExpiryInterval: 3600 } };
    const address = (broker: typeof before) => broker.wsNative("c").replace("/mqtt", "/ns/old/mqtt");
    try {
      await connect(address(before), fields);
      const { call } = apiOf(before, { namespace: "old" });
      await vi.waitFor(async () => expect((await call("GET", "/clients")).body.items).toHaveLength(1));
    } finally {
      await before.close();
    }
    const after = await startBroker({ dataDir, variables });
    try {
      await connect(address(after), { ...fields, clean: false });
    } finally {
      await after.close();
    }
  }, 60_000);

  it("is one that NAMESPACES names, where it does", async () => {
    const broker = await startBroker({ variables: { NAMESPACES: "plant, garden" } });
    const inNamespace = (name: string) => broker.wsNative("c").replace("/mqtt", `/ns/${name}/mqtt`);
    try {
      for (const name of ["plant", "garden", "default"]) await connect(inNamespace(name), { clientId: "c" });
      await expect(upgrade(inNamespace("other"))).rejects.toThrow("404");
    } finally {
      await broker.close();
    }
  }, 60_000);
});
