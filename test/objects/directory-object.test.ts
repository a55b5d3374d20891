// The directory itself, over sessions that say where their clients are: whose word counts when reports and answers cross.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

vi.mock("cloudflare:workers", () => import("../simulator/cloudflare-workers.ts"));

import { noCounts } from "../../src/core/session/counters.ts";
import { type Report, ReportAnswer } from "../../src/core/session/effect.ts";
import type { Whereabouts } from "../../src/core/session/life/whereabouts.ts";
import { directoryMigrations } from "../../src/objects/directory/directory-migrations.ts";
import { DirectoryObject } from "../../src/objects/directory-object.ts";
import { Schema } from "../../src/platform/schema.ts";
import { NodeSqlStorage } from "../support/node-sql-storage.ts";

const identity = "credential/1";

function scene(variables: Record<string, string> = {}) {
  const sql = new NodeSqlStorage();
  const sessions = new Map<string, Whereabouts>();
  const asked: string[] = [];
  const env = {
    ...variables,
    SESSION: {
      getByName: (name: string) => ({
        whereabouts: async () => {
          asked.push(name);
          return sessions.get(name.slice("default/".length)) ?? { state: "none" };
        },
      }),
    },
    TOPIC: { getByName: () => ({ counts: () => Promise.reject(new Error("out of reach")) }) },
  } as unknown as Env;
  const ctx = { storage: sql.storage, id: { name: "default" } } as unknown as DurableObjectState;
  const open = () => new DirectoryObject(ctx, env);
  return { sessions, asked, sql, open };
}

let lanes = 0;
beforeEach(() => {
  lanes = 0;
});

/** On a lane of its own, as of a session's object that has started again. */
function report(directory: DirectoryObject, clientId: string, ...reports: Report[]) {
  lanes += 1;
  return directory.report(clientId, `${lanes}@lane`, 1, reports);
}
const connected = (connection: string): Report => ({
  type: "connected",
  protocolVersion: 5,
  identity,
  connection,
  atMs: 1,
});
const left = (connection: string, queuedMessages: number | undefined): Report => {
  const account = { connection, counts: noCounts };
  return { type: "disconnected", atMs: 2, account, queuedMessages, identity, connection };
};
const there = (connection: string): Whereabouts => ({
  state: "connected",
  protocolVersion: 5,
  identity,
  connection,
  atMs: 1,
  account: { connection, counts: noCounts },
});
const isConnected = (directory: DirectoryObject, clientId: string) =>
  directory.clients("", 100).find((client) => client.clientId === clientId)?.isConnected;

describe("a report that comes late", () => {
  it("of an earlier connection does not end a later one", async () => {
    const { sessions, open } = scene();
    const directory = open();
    sessions.set("c", there("20-1"));
    await report(directory, "c", connected("20-1"));
    await report(directory, "c", left("10-1", undefined));
    expect(isConnected(directory, "c")).toBe(true);
  });

  it("of a connection that has ended does not list it again: the session has the last word", async () => {
    const { asked, open } = scene();
    const directory = open();
    await report(directory, "c", connected("10-1"), left("10-1", 0));
    await report(directory, "c", connected("10-1"));
    await expect.poll(() => isConnected(directory, "c")).toBeUndefined();
    expect(asked).toEqual(["default/c"]);
  });

  it("may look so where a clock was set back: it counts, and the session is asked", async () => {
    const { sessions, open } = scene();
    const directory = open();
    await report(directory, "c", connected("20-1"));
    sessions.set("c", there("10-1"));
    await report(directory, "c", connected("10-1"));
    expect(isConnected(directory, "c")).toBe(true);
    expect(await directory.countOf(identity, [])).toBe(1);
  });
});

describe("a report of a client that the directory never heard of", () => {
  it("lists it with all there is to know, for a revocation to find", async () => {
    const { open } = scene();
    await report(open(), "c", left("10-1", 3));
    // What is on disk, read by a directory that has started again.
    expect(open().clientsOf(identity, "", 10)).toEqual([{ clientId: "c" }]);
  });
});

describe("a directory whose tables are of the version before", () => {
  it("lists the clients of then and now, whose addresses it may not know", async () => {
    const { open, sql } = scene();
    const before = new Schema(sql.storage, directoryMigrations.slice(0, -2));
    const row = "INSERT INTO client (client_id, is_connected, protocol_version, since_ms) VALUES ('old', 0, 4, 1)";
    before.insert("client", row);
    const directory = open();
    await report(directory, "new", { ...connected("10-1"), address: "192.0.2.1" } as Report);
    await report(directory, "gone", connected("10-1"), left("10-1", undefined));
    expect(directory.clients("", 9)).toMatchObject([
      { clientId: "new", address: "192.0.2.1" },
      { clientId: "old", address: "" },
    ]);
    expect(directory.presencesOfCredentials()).toMatchObject({ identities: [identity], connected: [1] });
  });
});

describe("a directory that starts with clients that are gone", () => {
  it("has them asked before it says that there is no room, and no others [B115]", async () => {
    const { sessions, asked, open } = scene();
    const before = open();
    for (const clientId of ["a", "b"]) await report(before, clientId, connected("10-1"));
    await report(before, "other", { ...connected("10-1"), identity: "credential/2" } as Report);
    sessions.set("b", there("10-1"));
    const directory = open();
    expect(await directory.countOf(identity, [], 3)).toBe(2);
    expect(asked).toEqual([]);
    expect(await directory.countOf(identity, [], 2)).toBe(1);
    expect(asked.sort()).toEqual(["default/a", "default/b"]);
  });

  it("counts as its maximum those that were there at once, and not those that came back under other names", async () => {
    const { sessions, open } = scene();
    const before = open();
    for (const clientId of ["a", "b"]) await report(before, clientId, connected("10-1"));
    const directory = open();
    for (const clientId of ["c", "d"]) {
      sessions.set(clientId, there("20-1"));
      await report(directory, clientId, connected("20-1"));
    }
    expect((await directory.stats()).totals.maximumClients).toBe(2);
  });
});

describe("the most clients that were there at once", () => {
  it("are as many as before a stop, though nobody had left until then, and fewer came back", async () => {
    const { sessions, open } = scene();
    const before = open();
    for (const clientId of ["a", "b", "c"]) await report(before, clientId, connected("10-1"));
    const directory = open();
    sessions.set("d", there("20-1"));
    await report(directory, "d", connected("20-1"));
    await expect.poll(async () => (await directory.stats()).clients.connected).toBe(1);
    expect((await directory.stats()).totals.maximumClients).toBe(3);
    expect((await open().stats()).totals.maximumClients).toBe(3);
  });
});

describe("when a credential was last seen", () => {
  const hourMs = 3_600_000;
  const startMs = 1_800_000_000_000;
  beforeEach(() => {
    vi.useFakeTimers({ now: startMs, toFake: ["Date"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const at = (atMs: number, of: Report): Report => ({ ...of, atMs }) as Report;
  const seen = (directory: DirectoryObject) => {
    const { identities, connected: counts, lastSeenMs } = directory.presencesOfCredentials();
    return identities.map((who, index) => [who, counts[index], lastSeenMs[index]]);
  };
  const comeAndGo = async (directory: DirectoryObject, atMs: number, queuedMessages: number | undefined) => {
    vi.setSystemTime(atMs);
    await report(directory, "c", at(atMs, connected("10-1")));
    await report(directory, "c", at(atMs, left("10-1", queuedMessages)));
  };

  it("is now, while a client of it is connected; other identities are none [B170]", async () => {
    const directory = scene().open();
    await report(directory, "c", connected("10-1"));
    await report(directory, "d", connected("10-1"));
    await report(directory, "e", { ...connected("10-1"), identity: "anonymous" } as Report);
    expect(seen(directory)).toEqual([[identity, 2, startMs]]);
    vi.setSystemTime(startMs + 5_000);
    expect(seen(directory)).toEqual([[identity, 2, startMs + 5_000]]);
  });

  it("is when it left: exact for a session that waits, also for a directory that has started again [B171]", async () => {
    const { open, sql } = scene();
    const directory = open();
    await comeAndGo(directory, startMs, 0);
    await comeAndGo(directory, startMs + 1_000, 0);
    expect(sql.tables()).not.toContain("last_seen");
    expect([seen(directory), seen(open())]).toEqual([
      [[identity, 0, startMs + 1_000]],
      [[identity, 0, startMs + 1_000]],
    ]);
    await report(directory, "c", { type: "ended", isExpired: true });
    expect([seen(directory), seen(open())]).toEqual([
      [[identity, 0, startMs + 1_000]],
      [[identity, 0, startMs + 1_000]],
    ]);
  });

  it("is written once an hour for a session that ends with its connection, and exact in memory [B171]", async () => {
    const { open, sql } = scene();
    const directory = open();
    await comeAndGo(directory, startMs, undefined);
    const rowsOf = async (atMs: number) => {
      const before = sql.rowsWritten;
      await comeAndGo(directory, atMs, undefined);
      return sql.rowsWritten - before;
    };
    // The client's row is written, and deleted.
    expect(await rowsOf(startMs + hourMs - 1)).toBe(2);
    expect([seen(directory), seen(open())]).toEqual([[[identity, 0, startMs + hourMs - 1]], [[identity, 0, startMs]]]);
    expect(await rowsOf(startMs + hourMs)).toBe(3);
    expect(seen(open())).toEqual([[identity, 0, startMs + hourMs]]);
  });

  it("is when it was last confirmed, if it has vanished without a word [B171]", async () => {
    const { open } = scene();
    await report(open(), "c", at(startMs, connected("10-1")));
    vi.setSystemTime(startMs + hourMs);
    const directory = open();
    expect(seen(directory)).toEqual([[identity, 1, startMs + hourMs]]);
    await expect.poll(() => seen(directory)).toEqual([[identity, 0, startMs]]);
  });

  it("is forgotten with the credential", async () => {
    const { open } = scene();
    const directory = open();
    await comeAndGo(directory, startMs, undefined);
    directory.forgetLastSeen([identity, "credential/2"]);
    expect([seen(directory), seen(open())]).toEqual([[], []]);
  });
});

describe("what the sessions of a namespace share", () => {
  const { Noted, NoSession, NoQueue } = ReportAnswer;
  const of = (who: string, report: Report): Report => ({ ...report, identity: who }) as Report;
  const sleeping = (who: string, queuedBytes: number): Report => of(who, { ...left("10-1", 1), queuedBytes } as Report);
  const lines: string[] = [];
  beforeEach(() => {
    lines.length = 0;
    vi.spyOn(console, "warn").mockImplementation((line) => lines.push(line));
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("has room for another identity, and for a session that is there, whatever one identity has [maximumSessions]", async () => {
    const { open } = scene({ MAXIMUM_SESSIONS: "4" });
    let directory = open();
    const connect = (clientId: string, who: string) => report(directory, clientId, of(who, connected("10-1")));
    expect(await Promise.all(["a", "b", "c", "d"].map((clientId) => connect(clientId, "credential/1")))).toEqual([
      [Noted],
      [Noted],
      [Noted],
      [NoSession],
    ]);
    // It ends, as it was told to.
    await report(directory, "d", { type: "ended", isExpired: false });
    expect(await report(directory, "a", left("10-1", 0), connected("20-1"))).toEqual([Noted, Noted]);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { event: "a shared limit is reached", holder: "credential/1", largest: ["credential/1 4"] },
    ]);
    directory = open();
    expect(await connect("d", "credential/1")).toEqual([NoSession]);
    await report(directory, "d", { type: "ended", isExpired: false });
    expect(await connect("e", "credential/2")).toEqual([Noted]);
    expect(await connect("f", "credential/2")).toEqual([NoSession]);
  });

  it("are counted for anonymous clients together [maximumSessions]", async () => {
    const { open } = scene({ MAXIMUM_SESSIONS: "8" });
    const directory = open();
    const answers: number[] = [];
    for (let index = 0; index < 7; index += 1) {
      answers.push(...(await report(directory, `c${index}`, of("anonymous", connected("10-1")))));
    }
    expect(answers.indexOf(NoSession)).toBe(6);
    expect(await report(directory, "c", of("credential/1", connected("10-1")))).toEqual([Noted]);
  });

  it("says which queues may not grow, until there is room again [maximumNamespaceQueuedBytes]", async () => {
    const { open } = scene({ MAXIMUM_NAMESPACE_QUEUED_BYTES: "100000" });
    let directory = open();
    expect(
      await report(directory, "a", of("credential/1", connected("10-1")), sleeping("credential/1", 50_000)),
    ).toEqual([Noted, Noted]);
    expect(await report(directory, "b", sleeping("credential/1", 25_000))).toEqual([NoQueue]);
    expect(await report(directory, "a", { type: "queued", messages: 9, bytes: 60_000 })).toEqual([NoQueue]);
    expect(await report(directory, "other", sleeping("credential/2", 1_000))).toEqual([Noted]);
    expect(lines).toHaveLength(1);
    // What is on disk says the same.
    directory = open();
    expect(await report(directory, "b", { type: "queued", messages: 1, bytes: 25_000 })).toEqual([NoQueue]);
    await report(directory, "a", connected("20-1"));
    expect(await report(directory, "b", { type: "queued", messages: 1, bytes: 25_000 })).toEqual([Noted]);
  });
});
