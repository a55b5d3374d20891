import { describe, expect, it } from "vitest";
import { SqliteTopicStore } from "../../src/objects/sqlite-topic-store.ts";
import { MemoryTopicStore } from "../support/memory-topic-store.ts";
import { NodeSqlStorage } from "../support/node-sql-storage.ts";
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
    store.owed("c1", 10);
    store.owedClientIds();
    store.owedCount();
    expect(node.tables()).toEqual([]);
    expect(node.rowsWritten).toBe(0);
    store.putRetained("a", Uint8Array.of(1), 0);
    expect(node.tables()).toContain("retained");
  });

  it("does not open what a later version has stored", () => {
    const node = new NodeSqlStorage();
    new SqliteTopicStore(node.storage).putRetained("a", Uint8Array.of(1), 0);
    node.exec("UPDATE schema_version SET version = 99");
    expect(() => new SqliteTopicStore(node.storage)).toThrow("stored by a later version (schema 99, this one knows 3)");
  });
});
