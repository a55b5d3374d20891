// How many clients there are, and whose turn it is to be asked: counted when somebody first asks, which reads all rows, and
// kept in memory from then on.

import { AskSchedule } from "../core/directory/ask-schedule.ts";
import type { ClientCounts, ClientTable } from "./client-table.ts";

export class Presence {
  private readonly clients: ClientTable;
  private known: { readonly schedule: AskSchedule; readonly sleeping: Set<string> } | undefined;

  constructor(clients: ClientTable) {
    this.clients = clients;
  }

  get schedule(): AskSchedule {
    return this.read().schedule;
  }

  get counts(): ClientCounts {
    const { schedule, sleeping } = this.read();
    return { connected: schedule.size, sleeping: sleeping.size };
  }

  /** @returns how many are connected now; `undefined` while nobody has asked */
  onConnected(clientId: string): number | undefined {
    this.known?.sleeping.delete(clientId);
    this.known?.schedule.add(clientId);
    return this.known?.schedule.size;
  }

  onLeft(clientId: string, isSleeping: boolean): void {
    this.known?.schedule.delete(clientId);
    if (isSleeping) this.known?.sleeping.add(clientId);
    else this.known?.sleeping.delete(clientId);
  }

  private read() {
    if (this.known === undefined) {
      const schedule = new AskSchedule();
      for (const clientId of this.clients.idsOf(true)) schedule.add(clientId);
      this.known = { schedule, sleeping: new Set(this.clients.idsOf(false)) };
    }
    return this.known;
  }
}
