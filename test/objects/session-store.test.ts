import { describe, expect, it } from "vitest";
import { SqliteSessionStore } from "../../src/objects/sqlite-session-store.ts";
import { MemorySessionStore } from "../support/memory-session-store.ts";
import { NodeSqlStorage } from "../support/node-sql-storage.ts";
import { sessionStoreContract } from "./session-store.contract.ts";

sessionStoreContract("memory", () => {
  const store = new MemorySessionStore();
  return { store, reopen: () => store };
});

sessionStoreContract("SQLite", () => {
  const node = new NodeSqlStorage();
  return { store: new SqliteSessionStore(node.storage), reopen: () => new SqliteSessionStore(node.storage) };
});

const incoming = (packetId: number) => ({ packetId, messageId: "a", isReceived: false });

describe("SQLite session store: what a session costs", () => {
  it("writes nothing, and makes no tables, until the first write", async () => {
    const node = new NodeSqlStorage();
    const store = new SqliteSessionStore(node.storage);
    store.readRecord();
    store.wills();
    store.subscriptions();
    store.outgoing();
    store.readOutgoing(1);
    store.incoming();
    store.readSnapshot();
    store.clear();
    await store.deleteAll();
    expect(node.tables()).toEqual([]);
    expect(node.rowsWritten).toBe(0);
    store.putIncoming(incoming(1));
    expect(node.tables()).toContain("incoming");
  });

  it("writes one row for each thing that is kept, and none for a repeat that it remembers", () => {
    const node = new NodeSqlStorage();
    const store = new SqliteSessionStore(node.storage);
    store.putIncoming(incoming(1));
    node.rowsWritten = 0;
    store.putIncoming(incoming(2));
    store.putOutgoing(
      { sequence: 1, qos: 2, isReleased: false, bytes: 70, expiresAtMs: 0, isShared: false },
      undefined,
    );
    store.releaseOutgoing(1);
    store.deleteOutgoing(1);
    store.rememberMessage("1-a");
    expect(node.rowsWritten).toBe(5);
    store.rememberMessage("1-a");
    expect(node.rowsWritten).toBe(5);
  });

  it("does not open what a later version has stored", () => {
    const node = new NodeSqlStorage();
    new SqliteSessionStore(node.storage).putIncoming(incoming(1));
    node.exec("UPDATE schema_version SET version = 99");
    expect(() => new SqliteSessionStore(node.storage)).toThrow("stored by a later version (schema 99");
  });

  it("leaves no tables behind when everything is deleted", async () => {
    const node = new NodeSqlStorage();
    const store = new SqliteSessionStore(node.storage);
    store.putIncoming(incoming(1));
    await store.deleteAll();
    expect(node.tables()).toEqual([]);
    expect(store.incoming()).toEqual([]);
  });
});

describe("SQLite session store: messages that an older version stored", () => {
  it("are there as they were: none of them expires in the queue, or goes to another member", () => {
    const node = new NodeSqlStorage();
    node.exec(`CREATE TABLE outgoing (sequence INTEGER PRIMARY KEY, qos INTEGER, is_released INTEGER, bytes INTEGER,
      delivery BLOB)`);
    node.exec("INSERT INTO outgoing VALUES (3, 2, 0, 70, NULL)");
    node.exec("CREATE TABLE schema_version (id INTEGER PRIMARY KEY, version INTEGER)");
    node.exec("INSERT INTO schema_version VALUES (1, 1)");
    const store = new SqliteSessionStore(node.storage);
    const old = { sequence: 3, qos: 2, isReleased: false, bytes: 70, expiresAtMs: 0, isShared: false } as const;
    expect(store.outgoing()).toEqual([old]);
    const present = { ...old, sequence: 4, expiresAtMs: 9, isShared: true };
    store.putOutgoing(present, undefined);
    expect(store.outgoing()).toEqual([old, present]);
  });
});
