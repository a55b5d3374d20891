// A database that cannot be used harms nobody else, and the log names it. What a later version stored stays as it is.

import { cp, mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { shardOf } from "../../src/core/topic/shard.ts";
import { type Broker, startBroker } from "../support/broker.ts";
import { connect, refusal } from "../support/connect.ts";
import { endConversations } from "../support/conversation.ts";
import { refusedUpgrade } from "../support/handshake.ts";

const timeout = 90_000;
const ADMIN_TOKEN = "t".repeat(40);
const headers = { Authorization: `Bearer ${ADMIN_TOKEN}`, "Content-Type": "application/json" };
const rules = { publish: { allow: ["#"] }, subscribe: { allow: ["#"] } };
const durable = { clean: false, properties: { sessionExpiryInterval: 1000 } } as const;

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

const shards = 2;
/** A topic of each shard. */
const topics = Array.from({ length: shards }, (_, shard) => {
  for (let count = 0; ; count += 1) if (shardOf(`kept/${count}`, shards) === shard) return `kept/${count}`;
});
const clientIds = ["garbage", "cut-short", "later"] as const;

/** Something of every object; each test has a copy of it. */
let sound: string;
/** The objects' databases by what has made them: a client, a topic, an access object. */
const files = new Map<string, string>();
let folder: string;
let log: string[];
let broker: Broker;
let isStarted = false;

const started = (dataDir: string, hear: (line: string) => void) =>
  startBroker({ dataDir, variables: { ADMIN_TOKEN, TOPIC_SHARDS: String(shards) }, log: hear });

const api = (place: string, init: RequestInit = {}) => fetch(`${broker.http}/api/v1/${place}`, { ...init, headers });

const databases = async (of: string) =>
  (await readdir(sound, { recursive: true })).filter(
    (name) => name.includes(of) && name.endsWith(".sqlite") && !name.includes("metadata"),
  );

/** Remembers the database that is new afterwards. */
async function making(name: string, of: string, act: () => Promise<void>): Promise<void> {
  const before = await databases(of);
  await act();
  const made = (await databases(of)).filter((file) => !before.includes(file));
  expect(made).toHaveLength(1);
  files.set(name, made[0] as string);
}

beforeAll(async () => {
  sound = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
  broker = await started(sound, () => {});
  for (const clientId of clientIds)
    await making(clientId, "SessionObject", async () => {
      await (await connect(broker.tcp, { clientId, ...durable })).disconnect();
    });
  const publisher = await connect(broker.tcp);
  for (const topic of topics)
    await making(
      topic,
      "TopicObject",
      async () => void (await publisher.publish(topic, "1", { qos: 1, retain: true })),
    );
  const body = JSON.stringify({ name: "one", username: "one", secret: { kind: "token" }, rules });
  const made = await api("credentials", { method: "POST", body });
  expect([made.status, made.ok ? "" : await made.text()]).toEqual([201, ""]);
  endConversations();
  await broker.close();
  for (const one of ["AccessObject", "DirectoryObject"]) files.set(one, (await databases(one))[0] as string);
}, timeout);
afterAll(() => rm(sound, { recursive: true, force: true }));
afterEach(async () => {
  endConversations();
  if (isStarted) await stop();
  await rm(folder, { recursive: true, force: true });
}, timeout);

const fileOf = (name: string) => path.join(folder, files.get(name) as string);

/** The broker starts with a copy of what was stored, in which these databases are spoiled. */
async function startWith(spoiled: Readonly<Record<string, Spoil>>): Promise<void> {
  folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
  await cp(sound, folder, { recursive: true });
  for (const [name, spoil] of Object.entries(spoiled)) await spoil(fileOf(name));
  log = [];
  broker = await started(folder, (line) => log.push(line));
  isStarted = true;
}

async function stop(): Promise<void> {
  isStarted = false;
  await broker.close();
}

/** One line, without a stack, whatever else was tried. */
function expectNamed(name: string, ...parts: string[]): void {
  const { name: objectId } = path.parse(files.get(name) as string);
  const lines = log.filter((line) => line.includes("an object cannot be used") && line.includes(`${objectId}.sqlite`));
  expect(lines, log.join("\n")).toHaveLength(1);
  for (const part of parts) expect(lines[0]).toContain(part);
  expect(log.filter((line) => /^\s+at |SENTRY|internal-error/.test(line))).toEqual([]);
}

/** All rows of all tables. */
function contentOf(file: string): unknown {
  const database = new DatabaseSync(file);
  try {
    const tables = database.prepare("SELECT name, sql FROM sqlite_master ORDER BY name").all() as { name: string }[];
    const rows = tables.filter(({ name }) => !name.startsWith("sqlite_")).map(({ name }) => name);
    const read = rows.map((name) => database.prepare(`SELECT * FROM "${name}"`));
    for (const statement of read) statement.setReadBigInts(true);
    return [tables, read.map((statement) => statement.all())];
  } finally {
    database.close();
  }
}

it("sessions whose databases are garbage, cut short or of a later version are refused, others go on [B144]", {
  timeout,
}, async () => {
  await startWith({ garbage, "cut-short": cutShort, later });
  const stored = contentOf(fileOf("later"));
  for (const clientId of clientIds) {
    expect(await refusal(broker.tcp, { clientId, ...durable })).toBe(0x88);
    expect(await refusal(broker.ws, { clientId, clean: false, version: 4 })).toBe(3);
    const native = await refusedUpgrade(broker.wsNative(clientId));
    expect([native.status, native.body]).toEqual([503, "the session cannot be reached, try again later\n"]);
    expect((await api(`clients/${clientId}`)).status).toBe(503);
    expectNamed(clientId, "object session", clientId, clientId === "later" ? "run that version again" : "damaged");
  }
  expect((await api("sessions")).status).toBe(200);
  const other = await connect(broker.tcp, { clientId: "other" });
  await other.subscribe(topics[0] as string);
  expect((await other.message()).payload.toString()).toBe("1");
  await stop();
  expect(contentOf(fileOf("later"))).toEqual(stored);
});

it("no message is acknowledged while its topic object's database is garbage, or of a later version [B144]", {
  timeout,
}, async () => {
  const [first, second] = topics as [string, string];
  await startWith({ [first]: garbage, [second]: later });
  const stored = contentOf(fileOf(second));
  const publish = async (topic: string) => {
    const publisher = await connect(broker.tcp);
    publisher.sendPublish(topic, "2", { qos: 1 });
    return (await publisher.receive({ cmd: "disconnect" }, { timeoutMs: 20_000 })).reasonCode;
  };
  for (const code of await Promise.all(topics.map(publish))) expect(code).toBeGreaterThanOrEqual(0x80);
  expect((await api("retained")).status).toBe(503);
  expectNamed(first, "object topic", "shard 0", "damaged");
  expectNamed(second, "object topic", "shard 1", "run that version again");
  await stop();
  expect(contentOf(fileOf(second))).toEqual(stored);
});

it("clients come and go while the directory's and the access object's databases are garbage [B144]", {
  timeout,
}, async () => {
  await startWith({ DirectoryObject: garbage, AccessObject: garbage });
  const device = await connect(broker.tcp, { clientId: "device", ...durable });
  await device.publish(topics[0] as string, "1", { qos: 1 });
  // A login cannot be judged.
  const shown = { clientId: "one", username: "one", password: Buffer.from("x") };
  expect(await refusal(broker.tcp, shown)).toBe(0x88);
  for (const place of ["clients", "stats", "credentials"]) {
    const answer = await api(place);
    expect([answer.status, Object.keys((await answer.json()) as object)]).toEqual([503, ["error"]]);
  }
  expectNamed("DirectoryObject", "object directory");
  expectNamed("AccessObject", "object access");
});
