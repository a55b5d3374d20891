// Collects the broker's statistics when somebody asks for them: what sessions have counted, and what topic objects hold.
// Until then everything is counted in the memory of those objects.

import type { BrokerStats } from "../../core/directory/broker-stats.ts";
import { RateTable } from "../../core/directory/rates.ts";
import { type Account, isZero, noCounts } from "../../core/session/counters.ts";
import { reportedHolders } from "../../core/shares/shared-limit-use.ts";
import type { TopicCounts } from "../../core/topic/topic-counts.ts";
import type { ClientTable } from "./client-table.ts";
import type { Inquiry } from "./inquiry.ts";
import type { Ledger } from "./ledger.ts";
import type { Presence } from "./presence.ts";

/** How long to wait for a topic object that does not answer. */
const patienceMs = 2_000;
/** A session with this many messages since it was last asked is busy. Without it the totals would stand still, then jump. */
const busyMessages = 5;

export type SurveyHandlers = {
  readonly topicShards: number;
  readonly countsOf: (shard: number) => Promise<TopicCounts>;
};

export class Survey {
  private readonly clients: ClientTable;
  private readonly ledger: Ledger;
  private readonly presence: Presence;
  private readonly inquiry: Inquiry;
  private readonly handlers: SurveyHandlers;
  private readonly rates = new RateTable();
  /** The survey under way, which serves all who ask meanwhile. */
  private underWay: Promise<BrokerStats> | undefined;

  constructor(clients: ClientTable, ledger: Ledger, presence: Presence, inquiry: Inquiry, handlers: SurveyHandlers) {
    this.clients = clients;
    this.ledger = ledger;
    this.presence = presence;
    this.inquiry = inquiry;
    this.handlers = handlers;
  }

  stats(): Promise<BrokerStats> {
    this.underWay ??= this.askAll().finally(() => {
      this.underWay = undefined;
    });
    return this.underWay;
  }

  /** A connection began at this time, and counts from then on. */
  onConnected(clientId: string, nowMs: number): void {
    this.rates.onConnected(clientId, nowMs);
  }

  /** A session has answered what the connection of its client has counted. Adds what is new. */
  count(clientId: string, account: Account, nowMs: number): void {
    const increase = this.ledger.increase(clientId, account);
    this.rates.onCounted(clientId, increase, nowMs);
    if (isZero(increase)) return;
    this.ledger.add(increase);
    this.clients.putReportedCounts(clientId, account);
    this.presence.schedule.onChanged(clientId, increase.messagesReceived + increase.messagesSent >= busyMessages);
  }

  /** The connection has ended. @param account `undefined` if its counts are lost, as after a crash */
  onLeft(clientId: string, account: Account | undefined): void {
    const increase = account === undefined ? noCounts : this.ledger.increase(clientId, account);
    this.ledger.add(increase);
    this.rates.onLeft(clientId, increase);
  }

  private async askAll(): Promise<BrokerStats> {
    const { topicShards, countsOf } = this.handlers;
    const shards = Array.from({ length: topicShards }, (_, shard) => shard);
    const [, topics] = await Promise.all([
      this.inquiry.ask(this.presence.schedule.take(Date.now())),
      answersOf(shards.map(countsOf)),
    ]);
    this.inquiry.begin();
    const nowMs = Date.now();
    return {
      atMs: nowMs,
      clients: this.presence.counts,
      totals: this.ledger.totals,
      rates: this.rates.read(nowMs),
      queuedMessages: this.clients.queuedMessages(),
      sharedLimitUse: this.presence.sharedLimitUse(reportedHolders),
      topics,
    };
  }
}

/** @returns the answers in order; `undefined` for a call that fails or is too late */
async function answersOf<Answer>(calls: readonly Promise<Answer>[]): Promise<(Answer | undefined)[]> {
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
