// What sessions tell the directory is counted once, however often and late it is told; and who waits with how much.

import { beforeEach, describe, expect, it } from "vitest";
import { noCounts } from "../../../src/core/session/counters.ts";
import { ClientTable } from "../../../src/objects/directory/client-table.ts";
import { directoryMigrations } from "../../../src/objects/directory/directory-migrations.ts";
import { Ledger } from "../../../src/objects/directory/ledger.ts";
import { NoteTable } from "../../../src/objects/directory/note-table.ts";
import { Schema } from "../../../src/platform/schema.ts";
import { NodeSqlStorage } from "../../support/node-sql-storage.ts";

let schema: Schema;
let clients: ClientTable;
let ledger: Ledger;

beforeEach(() => {
  schema = new Schema(new NodeSqlStorage().storage, directoryMigrations);
  clients = new ClientTable(schema);
  ledger = new Ledger(clients, new NoteTable(schema));
});

function connect(clientId: string, connection: string) {
  const report = { type: "connected", protocolVersion: 5, identity: "anonymous", connection, atMs: 1 } as const;
  clients.connect(clientId, report, clients.reportedCounts(clientId, connection) ?? noCounts);
}
const account = (connection: string, messagesSent: number) => ({ connection, counts: { ...noCounts, messagesSent } });

/** As the directory does when it has asked. */
function tell(connection: string, messagesSent: number) {
  const told = account(connection, messagesSent);
  ledger.add(ledger.increase("c", told));
  clients.putReportedCounts("c", told);
}

describe("what is told", () => {
  it("is added once, whether it is reported again or not", () => {
    connect("c", "one");
    for (const total of [5, 5, 8]) tell("one", total);
    expect(ledger.totals.counts.messagesSent).toBe(8);
  });

  it("is nothing new where it comes after a later one, or after the end of its connection", () => {
    connect("c", "one");
    tell("one", 8);
    expect(ledger.increase("c", account("one", 5)).messagesSent).toBe(0);
    clients.leave("c", { type: "disconnected", atMs: 2, account: account("one", 8), queuedMessages: 0 }, 0);
    expect(ledger.increase("c", account("one", 8)).messagesSent).toBe(0);
    connect("c", "two");
    expect(ledger.increase("c", account("one", 8)).messagesSent).toBe(0);
    expect(ledger.increase("c", account("two", 3)).messagesSent).toBe(3);
    clients.delete("c");
    expect(ledger.increase("c", account("two", 3)).messagesSent).toBe(0);
  });

  it("stays counted when the connection is told of again, as after a restart of the directory", () => {
    connect("c", "one");
    tell("one", 8);
    connect("c", "one");
    expect(ledger.increase("c", account("one", 9)).messagesSent).toBe(1);
  });

  it("is on disk", () => {
    connect("c", "one");
    tell("one", 8);
    const again = new Ledger(clients, new NoteTable(schema));
    expect(again.totals).toEqual(ledger.totals);
  });
});

describe("clients that are away", () => {
  it("come page by page: the longest queue first, then by their identifiers", () => {
    for (const [clientId, queued] of [
      ["a", 0],
      ["b", 10],
      ["c", 10],
      ["d", 1_000],
    ] as const) {
      connect(clientId, clientId);
      clients.leave(clientId, { type: "disconnected", atMs: 2, account: undefined, queuedMessages: 0 }, 0);
      clients.putQueued(clientId, { type: "queued", messages: queued });
    }
    connect("there", "1");
    clients.putQueued("there", { type: "queued", messages: 5_000 });
    const first = clients.away(undefined, 2);
    expect(first.map(({ clientId }) => clientId)).toEqual(["d", "b"]);
    const rest = clients.away(first.at(-1), 5);
    expect(rest.map(({ clientId, queuedMessages }) => [clientId, queuedMessages])).toEqual([
      ["c", 10],
      ["a", 0],
    ]);
    expect(clients.away(rest.at(-1), 5)).toEqual([]);
  });
});
