// The totals of a namespace, in one row, and what each connection has been counted for: an account that is told again
// adds nothing.

import { noTotals, type Totals } from "../core/directory/totals.ts";
import { type Account, type Counts, increaseOf, isZero, noCounts, sumOf } from "../core/session/counters.ts";
import type { ClientTable } from "./client-table.ts";
import type { NoteTable } from "./note-table.ts";

const note = "totals";

export class Ledger {
  private readonly clients: ClientTable;
  private readonly notes: NoteTable;
  private known: Totals | undefined;

  constructor(clients: ClientTable, notes: NoteTable) {
    this.clients = clients;
    this.notes = notes;
  }

  get totals(): Totals {
    this.known ??= this.notes.read<Totals>(note) ?? noTotals(Date.now());
    return this.known;
  }

  /** @returns what is new in it */
  increase(clientId: string, { connection, counts }: Account): Readonly<Counts> {
    const told = this.clients.told(clientId, connection);
    return told === undefined ? noCounts : increaseOf(counts, told);
  }

  /** A row, where there is anything to add. */
  add(counts: Readonly<Counts>, expiredClients = 0): void {
    if (isZero(counts) && expiredClients === 0) return;
    const { totals } = this;
    this.put({
      ...totals,
      counts: sumOf(totals.counts, counts),
      expiredClients: totals.expiredClients + expiredClients,
    });
  }

  /** So many clients are connected. Written with what comes next: whoever asks for the number counts them anyway. */
  onConnected(clients: number): void {
    if (clients > this.totals.maximumClients) this.known = { ...this.totals, maximumClients: clients };
  }

  private put(totals: Totals): void {
    this.notes.put(note, totals);
    this.known = totals;
  }
}
