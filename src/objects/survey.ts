// Asks around for somebody who wants to know how the broker is: sessions for what they have counted, topic objects for
// what they have. Never unasked: what there is to count is counted in memory until then.

import type { BrokerStats } from "../core/directory/broker-stats.ts";
import { type Account, isZero, noCounts, sumOf } from "../core/session/counters.ts";
import type { TopicCounts } from "../core/topic/topic-counts.ts";
import type { ClientTable } from "./client-table.ts";
import type { Ledger } from "./ledger.ts";
import type { Presence } from "./presence.ts";

/** Whoever asks does not wait longer for one that does not answer: it is asked again. */
const patienceMs = 2_000;

export type SurveyHandlers = {
  readonly topicShards: number;
  readonly countsOf: (shard: number) => Promise<TopicCounts>;
  /** `undefined` where no client is connected. */
  readonly accountOf: (clientId: string) => Promise<Account | undefined>;
  /** All that is written meanwhile is there, or nothing. */
  readonly atomically: (write: () => void) => void;
};

export class Survey {
  private readonly clients: ClientTable;
  private readonly ledger: Ledger;
  private readonly presence: Presence;
  private readonly handlers: SurveyHandlers;
  /** What is under way serves all who ask meanwhile. */
  private underWay: Promise<BrokerStats> | undefined;

  constructor(clients: ClientTable, ledger: Ledger, presence: Presence, handlers: SurveyHandlers) {
    this.clients = clients;
    this.ledger = ledger;
    this.presence = presence;
    this.handlers = handlers;
  }

  stats(): Promise<BrokerStats> {
    this.underWay ??= this.askAll().finally(() => {
      this.underWay = undefined;
    });
    return this.underWay;
  }

  private async askAll(): Promise<BrokerStats> {
    const { topicShards, countsOf, accountOf } = this.handlers;
    const clientIds = this.presence.schedule.take(Date.now());
    const shards = Array.from({ length: topicShards }, (_, shard) => shard);
    const [accounts, topics] = await Promise.all([
      answersOf(clientIds.map(accountOf)),
      answersOf(shards.map(countsOf)),
    ]);
    this.count(clientIds, accounts);
    const { counts } = this.presence;
    this.ledger.onConnected(counts.connected);
    return { atMs: Date.now(), clients: counts, totals: this.ledger.totals, topics };
  }

  private count(clientIds: readonly string[], accounts: readonly (Account | undefined)[]): void {
    this.handlers.atomically(() => {
      let increase = noCounts;
      for (const [index, clientId] of clientIds.entries()) {
        const account = accounts[index];
        if (account === undefined) continue;
        const more = this.ledger.increase(clientId, account);
        if (isZero(more)) continue;
        increase = sumOf(increase, more);
        this.clients.putTold(clientId, account);
        this.presence.schedule.onChanged(clientId);
      }
      this.ledger.add(increase);
    });
  }
}

/** `undefined` for those that fail, or do not come in time. */
async function answersOf<Answer>(calls: readonly Promise<Answer>[]): Promise<(Answer | undefined)[]> {
  if (calls.length === 0) return [];
  let isOver: () => void = () => {};
  const late = new Promise<undefined>((resolve) => {
    isOver = () => resolve(undefined);
  });
  const timer = setTimeout(isOver, patienceMs);
  try {
    return await Promise.all(calls.map((call) => Promise.race([call.catch(() => undefined), late])));
  } finally {
    clearTimeout(timer);
  }
}
