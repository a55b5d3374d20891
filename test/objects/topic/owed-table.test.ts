import { afterEach, describe, expect, it, vi } from "vitest";
import type { SessionDelivery } from "../../../src/core/topic/topic-request.ts";
import { OwedTable } from "../../../src/objects/topic/owed-table.ts";
import { MemoryTopicStore } from "../../support/memory-topic-store.ts";
import { delivery } from "../../support/session-harness.ts";

const owed = (text: string): SessionDelivery => ({ generation: "g1", kind: "plain", delivery: delivery(text) });

describe("the table of what is owed", () => {
  afterEach(() => void vi.restoreAllMocks());

  it("is empty at first", () => {
    const table = new OwedTable(new MemoryTopicStore(), 10, 75);
    expect([table.isEmpty, table.clientIds, table.has("c1")]).toEqual([true, [], false]);
    expect(table.next("c1", 10)).toEqual([]);
  });

  it("keeps what is put, by client and in order", () => {
    const table = new OwedTable(new MemoryTopicStore(), 10, 75);
    for (const text of ["1", "2", "3"]) expect(table.put("c1", owed(text), false)).toBe("kept");
    table.put("c2", owed("4"), false);
    expect(textsOf(table, "c1", 2)).toEqual(["1", "2"]);
    expect(textsOf(table, "c2", 2)).toEqual(["4"]);
    expect([table.isEmpty, table.clientIds, table.has("c2")]).toEqual([false, ["c1", "c2"], true]);
  });

  it("owes a client nothing once there is no next one", () => {
    const table = new OwedTable(new MemoryTopicStore(), 10, 75);
    table.put("c1", owed("1"), false);
    deleteNext(table);
    // Whoever comes now is still behind it, until somebody has looked.
    expect(table.has("c1")).toBe(true);
    expect(table.next("c1", 10)).toEqual([]);
    expect([table.has("c1"), table.isEmpty]).toEqual([false, true]);
  });

  it("takes no more than its limit, and more again when something has gone", () => {
    const store = new MemoryTopicStore();
    const table = new OwedTable(store, 2, 75);
    expect([
      table.put("c1", owed("1"), false),
      table.put("c2", owed("2"), false),
      table.put("c1", owed("3"), false),
    ]).toEqual(["kept", "kept", "full"]);
    expect(store.owedCount()).toBe(2);
    deleteNext(table);
    expect([table.put("c1", owed("4"), false), table.put("c1", owed("5"), false)]).toEqual(["kept", "full"]);
  });

  it("has room for other sessions when one has all that it may have [B122]", () => {
    const store = new MemoryTopicStore();
    const table = new OwedTable(store, 20, 75);
    let count = 0;
    while (table.put("c1", owed("x"), false) === "kept") count += 1;
    expect(count).toBe(15);
    expect(table.put("c2", owed("1"), false)).toBe("kept");
    expect(table.takeReachedNotes()).toMatchObject([
      { limit: "owedMessages", shortage: "share", holder: "session/c1", largest: [{ amount: 15 }] },
    ]);
    const again = new OwedTable(store, 20, 75);
    expect([again.size, again.put("c1", owed("x"), false), again.put("c2", owed("2"), false)]).toEqual([
      16,
      "full",
      "kept",
    ]);
  });

  it("counts what it finds after a restart", () => {
    const store = new MemoryTopicStore();
    new OwedTable(store, 2, 75).put("c1", owed("1"), false);
    const table = new OwedTable(store, 2, 75);
    expect([table.isEmpty, table.has("c1")]).toEqual([false, true]);
    expect([table.put("c1", owed("2"), false), table.put("c1", owed("3"), false)]).toEqual(["kept", "full"]);
  });

  it("does not take what cannot be written, and does not count it", () => {
    vi.spyOn(console, "error").mockReturnValue();
    const store = new MemoryTopicStore();
    const table = new OwedTable(store, 1, 75);
    vi.spyOn(store, "putOwed").mockImplementationOnce(() => {
      throw new Error("the disk is full");
    });
    expect(table.put("c1", owed("1"), false)).toBe("failed");
    expect([table.isEmpty, table.has("c1")]).toEqual([true, false]);
    expect(table.put("c1", owed("2"), false)).toBe("kept");
  });
});

function textsOf(table: OwedTable, clientId: string, most: number): string[] {
  return table.next(clientId, most).map((each) => new TextDecoder().decode(each.delivery.delivery.message.payload));
}

function deleteNext(table: OwedTable): void {
  for (const { sequence } of table.next("c1", 1)) table.delete("c1", sequence);
}
