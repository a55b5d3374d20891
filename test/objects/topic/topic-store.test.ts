import { describe, expect, it, vi } from "vitest";
import { OwedTable } from "../../../src/objects/topic/owed-table.ts";
import { SqliteTopicStore } from "../../../src/objects/topic/sqlite-topic-store.ts";
import { MemoryTopicStore } from "../../support/memory-topic-store.ts";
import { NodeSqlStorage } from "../../support/node-sql-storage.ts";
import { delivery } from "../session/session-store.contract.ts";
import { topicStoreContract } from "./topic-store.contract.ts";

topicStoreContract("memory", () => {
  const store = new MemoryTopicStore();
  return { store, reopen: () => store };
});

topicStoreContract("SQLite", () => {
  const { storage } = new NodeSqlStorage();
  return { store: new SqliteTopicStore(storage), reopen: () => new SqliteTopicStore(storage) };
});

describe("SQLite topic store", () => {
  it("writes nothing, and makes no tables, until the first write", () => {
    const node = new NodeSqlStorage();
    const store = new SqliteTopicStore(node.storage);
    store.subscribers();
    store.readRetained("a");
    store.retainedNames("", false, 10);
    store.retainedTotals();
    store.retainedHolding("a");
    store.owed("c1", 10);
    store.owedCounts();
    expect(node.tables()).toEqual([]);
    expect(node.rowsWritten).toBe(0);
    store.putRetained("a", Uint8Array.of(1), 0, "p", 1_000);
    expect(node.tables()).toContain("retained");
  });

  it("passes over what is owed and cannot be read, says so, and counts it no longer [B122]", () => {
    const node = new NodeSqlStorage();
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    const store = new SqliteTopicStore(node.storage);
    const owed = { generation: "g", kind: "plain", delivery } as const;
    for (let count = 0; count < 3; count += 1) store.putOwed("c1", owed, false, 1);
    node.exec("UPDATE owed SET delivery = x'ff' WHERE sequence < 3");
    const read = [
      { sequence: 1, delivery: undefined },
      { sequence: 2, delivery: undefined },
      { sequence: 3, delivery: owed },
    ];
    expect(store.owed("c1", 3)).toEqual(read);
    const table = new OwedTable(store, 4, 75);
    expect([table.size, table.next("c1", 2), table.size]).toEqual([3, [{ sequence: 3, delivery: owed }], 1]);
    expect(store.owedCounts()).toEqual([{ clientId: "c1", count: 1 }]);
    // The session has room for as many as are not there any more.
    expect([1, 2, 3].map(() => table.put("c1", owed, false))).toEqual(["kept", "kept", "full"]);
    expect(String(logged.mock.calls)).toMatch(/"an owed message cannot be read, and is dropped"/);
    logged.mockRestore();
  });

  it("does not open what a later version has stored", () => {
    const node = new NodeSqlStorage();
    new SqliteTopicStore(node.storage).putRetained("a", Uint8Array.of(1), 0, "p", 1_000);
    node.exec("UPDATE schema_version SET version = 99");
    expect(() => new SqliteTopicStore(node.storage)).toThrow("stored by a later version (schema 99, this one knows 6)");
  });

  it("opens what the version before has stored: nobody knows who has published it, and when", () => {
    const node = new NodeSqlStorage();
    for (const statement of [
      "CREATE TABLE schema_version (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER)",
      "INSERT INTO schema_version VALUES (1, 3)",
      "CREATE TABLE retained (topic_name TEXT PRIMARY KEY, expires_at_ms INTEGER, message BLOB) WITHOUT ROWID",
      "INSERT INTO retained VALUES ('a', 0, x'0102'), ('b', 7, x'03')",
    ]) {
      node.exec(statement);
    }
    const store = new SqliteTopicStore(node.storage);
    expect(store.retainedTotals()).toEqual([{ publisher: "", messages: 2, bytes: 3 }]);
    store.putRetained("a", Uint8Array.of(1), 0, "credential/x", 1_000);
    expect(new SqliteTopicStore(node.storage).retainedNames("", false, 9)).toEqual([
      { topicName: "a", expiresAtMs: 0, publisher: "credential/x", retainedAtMs: 1_000 },
      { topicName: "b", expiresAtMs: 7, publisher: "", retainedAtMs: 0 },
    ]);
  });

  it("opens subscriptions that the version before has stored: they belong to nobody that is known", () => {
    const node = new NodeSqlStorage();
    for (const statement of [
      "CREATE TABLE schema_version (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER)",
      "INSERT INTO schema_version VALUES (1, 4)",
      `CREATE TABLE subscription (client_id TEXT, topic_filter TEXT, generation TEXT, qos INTEGER, no_local INTEGER,
        retain_as_published INTEGER, subscription_identifier INTEGER, PRIMARY KEY (client_id, topic_filter)) WITHOUT ROWID`,
      "INSERT INTO subscription VALUES ('c1', 'a', 'g', 1, 0, 0, 0)",
    ]) {
      node.exec(statement);
    }
    const store = new SqliteTopicStore(node.storage);
    const [before] = store.subscribers();
    expect(before).toMatchObject({ clientId: "c1", topicFilter: "a", holder: "" });
    if (before !== undefined) store.putSubscriber({ ...before, holder: "credential/x" });
    expect(new SqliteTopicStore(node.storage).subscribers()).toEqual([{ ...before, holder: "credential/x" }]);
  });

  it("writes one row for a retained message, as before it knew of publishers", () => {
    const node = new NodeSqlStorage();
    const store = new SqliteTopicStore(node.storage);
    store.putRetained("a", Uint8Array.of(1), 0, "credential/x", 1_000);
    const before = node.rowsWritten;
    store.putRetained("b", Uint8Array.of(1), 0, "credential/x", 1_000);
    expect(node.rowsWritten - before).toBe(1);
  });
});
