// A database that cannot be used harms nobody else, and the log names it.

import { mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Broker, startBroker } from "../support/broker.ts";
import { connect, refusal } from "../support/connect.ts";
import { endConversations } from "../support/conversation.ts";
import { refusedUpgrade } from "../support/handshake.ts";

const timeout = 90_000;
const ADMIN_TOKEN = "t".repeat(40);
const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` };

let folder: string;
let log: string[];
let broker: Broker;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
  log = [];
  broker = await started();
}, timeout);
afterEach(async () => {
  endConversations();
  await broker.close();
  await rm(folder, { recursive: true, force: true });
}, timeout);

const started = () => startBroker({ dataDir: folder, variables: { ADMIN_TOKEN }, log: (line) => log.push(line) });

const durable = { clean: false, properties: { sessionExpiryInterval: 1000 } } as const;

const api = (place: string, init: RequestInit = {}) =>
  fetch(`${broker.http}/api/v1/${place}`, { ...init, headers: { ...headers, "Content-Type": "application/json" } });

type Spoil = (file: string) => void | Promise<void>;

const garbage: Spoil = async (file) => {
  for (const suffix of ["", "-wal", "-shm"]) await writeFile(file + suffix, Buffer.alloc(20_000, "garbage "));
};
const cutShort: Spoil = async (file) => {
  for (const suffix of ["-wal", "-shm"]) await rm(file + suffix, { force: true });
  await truncate(file, 3_000).catch(() => {});
  await writeFile(file, Buffer.alloc(2_000, "SQLite"), { flag: "r+" });
};
const later: Spoil = (file) => {
  const database = new DatabaseSync(file);
  database.exec("UPDATE schema_version SET version = version + 1");
  database.close();
};

/** A client's session, a retained message; then the broker starts again with what is spoiled. */
async function restartedWith(object: string, spoil: Spoil): Promise<void> {
  const device = await connect(broker.tcp, { clientId: "device", ...durable });
  await device.publish("kept", "1", { qos: 1, retain: true });
  await device.disconnect();
  await broker.close();
  const files = await readdir(folder, { recursive: true });
  const own = files.filter((name) => name.includes(object) && name.endsWith(".sqlite") && !name.includes("metadata"));
  expect(own).toHaveLength(1);
  for (const file of own) await spoil(path.join(folder, file));
  log.length = 0;
  broker = await started();
}

/** One line, without a stack, whatever else was tried. */
function expectNamed(...parts: string[]): void {
  const named = log.filter((line) => line.includes("an object cannot be used"));
  expect(named, log.join("\n")).toHaveLength(1);
  for (const part of parts) expect(named[0]).toContain(part);
  expect(log.filter((line) => /^\s+at |SENTRY|internal-error/.test(line))).toEqual([]);
}

it.each<[string, Spoil, string]>([
  ["is garbage", garbage, "damaged"],
  ["is cut short", cutShort, "damaged"],
  ["is of a later version", later, "run that version again"],
])("a session whose database %s is refused, and others go on [B144]", { timeout }, async (_what, spoil, cure) => {
  await restartedWith("SessionObject", spoil);
  expect(await refusal(broker.tcp, { clientId: "device", ...durable })).toBe(0x88);
  expect(await refusal(broker.ws, { clientId: "device", clean: false, version: 4 })).toBe(3);
  const native = await refusedUpgrade(broker.wsNative("device"));
  expect([native.status, native.body]).toEqual([503, "the session cannot be reached, try again later\n"]);
  expect((await api("clients/device")).status).toBe(503);
  expect((await api("sessions")).status).toBe(200);
  const other = await connect(broker.tcp, { clientId: "other" });
  await other.subscribe("kept");
  expect((await other.message()).payload.toString()).toBe("1");
  expectNamed("session", "device", ".sqlite", cure);
});

it.each<[string, Spoil]>([
  ["is garbage", garbage],
  ["is of a later version", later],
])("no message is acknowledged while the topic object's database %s [B144]", { timeout }, async (_what, spoil) => {
  await restartedWith("TopicObject", spoil);
  const publisher = await connect(broker.tcp, { clientId: "publisher" });
  publisher.send({ cmd: "publish", topic: "kept", payload: "2", qos: 1, messageId: 1, retain: false, dup: false });
  const answer = await publisher.receive({ cmd: "disconnect" }, { timeoutMs: 20_000 });
  expect(answer.reasonCode).toBeGreaterThanOrEqual(0x80);
  expect((await api("retained")).status).toBe(503);
  expectNamed("topic", "shard 0", ".sqlite");
});

it("clients come and go while the directory's database is garbage, and its lists answer 503 [B144]", {
  timeout,
}, async () => {
  await restartedWith("DirectoryObject", garbage);
  const device = await connect(broker.tcp, { clientId: "device", ...durable });
  await device.publish("a", "1", { qos: 1 });
  for (const place of ["clients", "stats"]) {
    const answer = await api(place);
    expect([answer.status, Object.keys((await answer.json()) as object)]).toEqual([503, ["error"]]);
  }
  expectNamed("directory", ".sqlite");
});

it("a login cannot be judged while the access object's database is garbage: 0x88 [B144]", { timeout }, async () => {
  const rules = { publish: { allow: ["#"] }, subscribe: { allow: ["#"] } };
  const body = JSON.stringify({ name: "one", username: "one", secret: { kind: "token" }, rules });
  const made = await api("credentials", { method: "POST", body });
  expect([made.status, made.ok ? "" : await made.text()]).toEqual([201, ""]);
  await restartedWith("AccessObject", garbage);
  const shown = { clientId: "one", username: "one", password: Buffer.from("x") };
  expect(await refusal(broker.tcp, shown)).toBe(0x88);
  expect((await api("credentials")).status).toBe(503);
  await connect(broker.tcp, { clientId: "other" });
  expectNamed("access", ".sqlite");
});
