import { describe, expect, it, vi } from "vitest";
import { SqliteSessionStore } from "../../../src/objects/session/sqlite-session-store.ts";
import { MemorySessionStore } from "../../support/memory-session-store.ts";
import { NodeSqlStorage } from "../../support/node-sql-storage.ts";
import { delivery, sessionStoreContract } from "./session-store.contract.ts";

sessionStoreContract("memory", () => {
  const store = new MemorySessionStore();
  return { store, reopen: () => store };
});

sessionStoreContract("SQLite", () => {
  const node = new NodeSqlStorage();
  return { store: new SqliteSessionStore(node.storage), reopen: () => new SqliteSessionStore(node.storage) };
});

const indexOf = (sequence: number, qos: 1 | 2) => {
  return { sequence, qos, isReleased: false, bytes: 70, expiresAtMs: 0, isShared: false } as const;
};

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
    expect(node.tables()).toEqual(["incoming", "schema_version"]);
  });

  it("makes no table for what is taken away, or read, and was never there", () => {
    const node = new NodeSqlStorage();
    const store = new SqliteSessionStore(node.storage);
    store.putIncoming(incoming(1));
    store.deleteWill("w");
    store.deleteSubscription("a");
    store.releaseOutgoing(1);
    store.deleteOutgoing(1);
    store.forgetMessagesBefore("a");
    store.clear();
    expect([store.readOutgoing(1), store.remembersMessage("a"), store.wills()]).toEqual([undefined, false, []]);
    expect(node.tables()).toEqual(["incoming", "schema_version"]);
  });

  it("writes one row for each thing that is kept, and none for a repeat that it remembers", () => {
    const node = new NodeSqlStorage();
    const store = new SqliteSessionStore(node.storage);
    store.putIncoming(incoming(1));
    node.rowsWritten = 0;
    store.putIncoming(incoming(2));
    store.putOutgoing([{ index: indexOf(1, 2), delivery: undefined }]);
    store.releaseOutgoing(1);
    store.deleteOutgoing(1);
    store.rememberMessage("1-a");
    expect(node.rowsWritten).toBe(5);
    store.rememberMessage("1-a");
    expect(node.rowsWritten).toBe(5);
  });

  it("writes one row for all QoS 1 messages that come together, and one when the last of them goes", () => {
    const node = new NodeSqlStorage();
    const store = new SqliteSessionStore(node.storage);
    store.putIncoming(incoming(1));
    node.rowsWritten = 0;
    const sequences = Array.from({ length: 100 }, (_, place) => place + 1);
    store.putOutgoing(sequences.map((sequence) => ({ index: indexOf(sequence, 1), delivery })));
    expect(node.rowsWritten).toBe(1);
    for (const sequence of sequences.slice(1)) store.deleteOutgoing(sequence);
    expect(store.isUnsettled).toBe(true);
    expect(node.rowsWritten).toBe(1);
    store.deleteOutgoing(1);
    expect(store.isUnsettled).toBe(false);
    expect(node.rowsWritten).toBe(2);
    expect(new SqliteSessionStore(node.storage).outgoing()).toEqual([]);
  });

  it("brings back after a crash what was deleted of a row that others still need, unless that was settled", () => {
    const node = new NodeSqlStorage();
    const store = new SqliteSessionStore(node.storage);
    store.putOutgoing([1, 2, 3].map((sequence) => ({ index: indexOf(sequence, 1), delivery })));
    const stored = () => new SqliteSessionStore(node.storage).outgoing().map(({ sequence }) => sequence);
    store.deleteOutgoing(2);
    expect(stored()).toEqual([1, 2, 3]);
    store.settleOutgoing();
    expect(stored()).toEqual([1, 3]);
    const later = new SqliteSessionStore(node.storage);
    later.outgoing();
    later.deleteOutgoing(3);
    later.settleOutgoing();
    expect(stored()).toEqual([1]);
    later.deleteOutgoing(1);
    expect(stored()).toEqual([]);
  });

  it("a row that is settled takes less than twice of what is left of it", () => {
    const node = new NodeSqlStorage();
    const store = new SqliteSessionStore(node.storage);
    const sequences = Array.from({ length: 100 }, (_, place) => place + 1);
    const named = (sequence: number) => ({ ...delivery, message: { ...delivery.message, topicName: `t/${sequence}` } });
    store.putOutgoing(sequences.map((sequence) => ({ index: indexOf(sequence, 1), delivery: named(sequence) })));
    const rowBytes = () => {
      type Row = { bytes: number };
      return node.storage.sql.exec<Row>("SELECT length(deliveries) AS bytes FROM outgoing_batch").one().bytes;
    };
    const wholeBytes = rowBytes();
    for (const sequence of sequences) {
      if (sequence % 10 === 7) continue;
      expect(store.readOutgoing(sequence)).toEqual(named(sequence));
      store.deleteOutgoing(sequence);
      if (sequence % 5 === 0) store.settleOutgoing();
    }
    expect(rowBytes()).toBeLessThan(wholeBytes / 5);
    for (const opened of [store, new SqliteSessionStore(node.storage)]) {
      expect(opened.outgoing().map(({ sequence }) => sequence)).toEqual([7, 17, 27, 37, 47, 57, 67, 77, 87, 97]);
      expect(opened.readOutgoing(97)).toEqual(named(97));
    }
  });

  it("lets no row be shared by more than 128 messages, or grow over a megabyte", () => {
    const node = new NodeSqlStorage();
    const store = new SqliteSessionStore(node.storage);
    store.putIncoming(incoming(1));
    node.rowsWritten = 0;
    const put = (first: number, count: number, bytes: number) => {
      const sequences = Array.from({ length: count }, (_, place) => first + place);
      store.putOutgoing(sequences.map((sequence) => ({ index: { ...indexOf(sequence, 1), bytes }, delivery })));
    };
    put(1, 129, 70);
    expect(node.rowsWritten).toBe(2);
    put(1000, 3, 400_000);
    expect(node.rowsWritten).toBe(4);
    expect(store.outgoing()).toHaveLength(132);
    expect(store.readOutgoing(129)).toEqual(delivery);
    expect(store.readOutgoing(1002)).toEqual(delivery);
  });

  it("does not open what a later version has stored", () => {
    const node = new NodeSqlStorage();
    new SqliteSessionStore(node.storage).putIncoming(incoming(1));
    node.exec("UPDATE schema_version SET version = 99");
    expect(() => new SqliteSessionStore(node.storage)).toThrow("stored by a later version (schema 99");
  });

  it("has no message where one cannot be read, alone or in a shared row, and says so", () => {
    const node = new NodeSqlStorage();
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    const put = new SqliteSessionStore(node.storage);
    put.putOutgoing([1, 2].map((sequence) => ({ index: indexOf(sequence, 1), delivery })));
    put.putOutgoing([{ index: indexOf(3, 2), delivery }]);
    // As by a later version.
    node.exec("UPDATE outgoing SET delivery = CAST(x'63' || substr(delivery, 2) AS BLOB)");
    node.exec("UPDATE outgoing_batch SET deliveries = CAST(x'63' || substr(deliveries, 2) AS BLOB)");
    const store = new SqliteSessionStore(node.storage);
    expect([1, 2, 3].map((sequence) => store.readOutgoing(sequence))).toEqual([undefined, delivery, undefined]);
    expect(String(logged.mock.calls)).toMatch(/"a stored message cannot be read, and is dropped"/);
    logged.mockRestore();
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
    store.putOutgoing([{ index: present, delivery: undefined }]);
    expect(store.outgoing()).toEqual([old, present]);
  });
});

describe("SQLite session store: Wills that an older version stored", () => {
  it("are held while their connection lives, delayed with a delay, and due without", () => {
    const node = new NodeSqlStorage();
    node.exec(`CREATE TABLE will (id TEXT PRIMARY KEY, due_at_ms INTEGER, message_id TEXT, topic_name TEXT, payload BLOB,
      qos INTEGER, retain INTEGER, delay_sec INTEGER, message_expiry_sec INTEGER, properties BLOB,
      access_grant TEXT NOT NULL DEFAULT '') WITHOUT ROWID`);
    const insert = "INSERT INTO will VALUES (?, ?, '', 'w', x'00', 1, 0, ?, NULL, x'', '')";
    node.exec(insert, "a", null, 30);
    node.exec(insert, "b", 9, 30);
    node.exec(insert, "c", 9, 0);
    node.exec("CREATE TABLE schema_version (id INTEGER PRIMARY KEY, version INTEGER)");
    node.exec("INSERT INTO schema_version VALUES (1, 6)");
    const store = new SqliteSessionStore(node.storage);
    expect(store.wills().map(({ stage }) => stage)).toEqual(["held", "delayed", "due"]);
    for (const each of store.wills()) store.putWill(each);
    expect(store.wills().map(({ stage }) => stage)).toEqual(["held", "delayed", "due"]);
  });
});
