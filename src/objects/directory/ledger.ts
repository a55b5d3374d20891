// The totals of a namespace, in one row, and what each connection has been counted for, so that an account that is reported
// again adds nothing.

import { noTotals, type Totals } from "../../core/directory/totals.ts";
import { type Account, type Counts, increaseOf, isZero, noCounts, sumOf } from "../../core/session/counters.ts";
import type { ClientTable } from "./client-table.ts";
import type { NoteTable } from "./note-table.ts";

const note = "totals";

export class Ledger {
  private readonly clients: ClientTable;
  private readonly notes: NoteTable;
  private readonly connectedAtStart: () => number;
  private known: Totals | undefined;
  /** The maximum number of clients when this object started. */
  private maximumBefore: number | undefined;
  /** The maximum number of clients on disk. */
  private storedMaximum: number | undefined;

  /** @param connectedAtStart how many clients were listed as connected when this object started */
  constructor(clients: ClientTable, notes: NoteTable, connectedAtStart: () => number = () => 0) {
    this.clients = clients;
    this.notes = notes;
    this.connectedAtStart = connectedAtStart;
  }

  get totals(): Totals {
    if (this.known === undefined) {
      const stored = this.notes.read<Totals>(note) ?? noTotals(Date.now());
      // An earlier version counted fewer things.
      this.known = { ...stored, counts: sumOf(noCounts, stored.counts) };
      this.storedMaximum = this.known.maximumClients;
    }
    return this.known;
  }

  /** @returns what is new in the account */
  increase(clientId: string, { connection, counts }: Account): Readonly<Counts> {
    const reported = this.clients.reportedCounts(clientId, connection);
    return reported === undefined ? noCounts : increaseOf(counts, reported);
  }

  /** Writes a row if there is anything to add. */
  add(counts: Readonly<Counts>, expiredClients = 0): void {
    if (isZero(counts) && expiredClients === 0) return;
    const { totals } = this;
    this.put({
      ...totals,
      counts: sumOf(totals.counts, counts),
      expiredClients: totals.expiredClients + expiredClients,
    });
  }

  /** This many clients are listed as connected. A new maximum is written when clients leave: until then the rows show it. */
  onConnected(clients: number): void {
    if (this.maximumBefore === undefined) {
      // More clients than the written maximum may have been connected when a stop cut them off.
      this.maximumBefore = Math.max(this.totals.maximumClients, this.connectedAtStart());
      this.known = { ...this.totals, maximumClients: this.maximumBefore };
    }
    if (clients > this.totals.maximumClients) this.known = { ...this.totals, maximumClients: clients };
  }

  /** To be called before a client leaves. */
  onLeft(): void {
    if (this.totals.maximumClients > (this.storedMaximum ?? 0)) this.put(this.totals);
  }

  /**
   * A client was wrongly listed as connected, so a maximum that was counted since this object started is too high by one. The
   * maximum from before then is right.
   */
  onWronglyListed(): void {
    const { maximumClients } = this.totals;
    const least = this.maximumBefore ?? maximumClients;
    if (maximumClients > least) this.put({ ...this.totals, maximumClients: maximumClients - 1 });
  }

  private put(totals: Totals): void {
    this.notes.put(note, totals);
    this.known = totals;
    this.storedMaximum = totals.maximumClients;
  }
}
