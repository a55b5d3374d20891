// Who is connected in a namespace, and what happens in it, in numbers. Told by the sessions, and never in the path of a
// message.

import { DurableObject } from "cloudflare:workers";
import type { BrokerStats } from "../core/directory/broker-stats.ts";
import type { SysValue } from "../core/directory/sys-topics.ts";
import { LaneReceiver } from "../core/lane/lane-receiver.ts";
import { noCounts } from "../core/session/counters.ts";
import type { Report } from "../core/session/effect.ts";
import { settingsOf } from "../settings.ts";
import { brokerVersion } from "../version.ts";
import { type Client, type ClientCounts, ClientTable, clientMigrations, type SleepingCursor } from "./client-table.ts";
import { Ledger } from "./ledger.ts";
import { NoteTable, noteMigration } from "./note-table.ts";
import { Presence } from "./presence.ts";
import { type Migrations, Schema } from "./schema.ts";
import { sessionStub, topicStub } from "./stubs.ts";
import { Survey } from "./survey.ts";
import { SysWatch } from "./sys-watch.ts";

const migrations: Migrations = [...clientMigrations, { note: noteMigration }];

export class DirectoryObject extends DurableObject<Env> {
  private readonly schema: Schema;
  private readonly receiver = new LaneReceiver<number[]>();
  private readonly clientTable: ClientTable;
  private readonly ledger: Ledger;
  private readonly presence: Presence;
  private readonly survey: Survey;
  private readonly sysWatch: SysWatch;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const namespace = ctx.id.name ?? "";
    const settings = settingsOf(env);
    const { topicShards, sysIntervalSec: intervalSec } = settings;
    this.schema = new Schema(ctx.storage, migrations);
    const notes = new NoteTable(this.schema);
    this.clientTable = new ClientTable(this.schema);
    this.ledger = new Ledger(this.clientTable, notes);
    this.presence = new Presence(this.clientTable);
    this.survey = new Survey(this.clientTable, this.ledger, this.presence, {
      topicShards,
      countsOf: (shard) => topicStub(env, settings, namespace, shard).counts(),
      accountOf: (clientId) => sessionStub(env, settings, namespace, clientId).counters(),
      atomically: (write) => this.write(write),
    });
    this.sysWatch = new SysWatch(notes, {
      version: brokerVersion,
      topicShards,
      intervalSec,
      stats: () => this.survey.stats(),
      publish: (shard, values) => topicStub(env, settings, namespace, shard).publishSys(values),
      isConnected: (clientId) => this.clientTable.find(clientId)?.isConnected ?? false,
      setAlarm: (atMs) => void ctx.storage.setAlarm(atMs),
    });
  }

  /** A batch of a session's lane, in order. */
  report(clientId: string, laneId: string, sequence: number, reports: readonly Report[]): Promise<number[]> {
    return this.receiver.receive(laneId, sequence, async () => {
      for (const report of reports) this.write(() => this.note(clientId, report));
      return reports.map(() => 0);
    });
  }

  /** See `ClientTable.page`. */
  clients(after: string, most: number, isConnected?: boolean): Client[] {
    return this.clientTable.page(after, most, isConnected);
  }

  /** See `ClientTable.ofIdentity`. */
  clientsOf(identity: string, after: string, most: number): Client[] {
    return this.clientTable.ofIdentity(identity, after, most);
  }

  /** See `ClientTable.sleeping`. */
  sleeping(after: SleepingCursor | undefined, most: number): Client[] {
    return this.clientTable.sleeping(after, most);
  }

  /** See `ClientTable.countOf`. */
  countOf(identity: string, exceptClientIds: readonly string[]): number {
    return this.clientTable.countOf(identity, exceptClientIds);
  }

  counts(): ClientCounts {
    return this.presence.counts;
  }

  /** Asks around. */
  stats(): Promise<BrokerStats> {
    return this.survey.stats();
  }

  /** From a topic object: see `SysWatch.subscribe`. */
  subscribeToSys(shard: number): Promise<SysValue[]> {
    return this.sysWatch.subscribe(shard);
  }

  override alarm(): Promise<void> {
    return this.sysWatch.onAlarm();
  }

  /** All of it, or nothing. What memory then counts, and the disk does not, would be counted twice. */
  private write(act: () => void): void {
    try {
      this.schema.atomically(act);
    } catch (error) {
      this.ctx.abort(String(error));
      throw error;
    }
  }

  private note(clientId: string, report: Report): void {
    switch (report.type) {
      case "connected": {
        // The same connection where a call is repeated that came before a restart.
        const told = this.clientTable.told(clientId, report.connection) ?? noCounts;
        this.clientTable.connect(clientId, report, told);
        this.ledger.onConnected(this.presence.onConnected(clientId) ?? 0);
        this.sysWatch.onConnected(clientId);
        break;
      }
      case "disconnected":
        this.leave(clientId, report);
        break;
      case "ended":
        if (report.isExpired && this.clientTable.find(clientId) !== undefined) this.ledger.add(noCounts, 1);
        this.clientTable.delete(clientId);
        this.presence.onLeft(clientId, false);
        break;
      case "queued":
        this.clientTable.putQueued(clientId, report.messages);
    }
  }

  private leave(clientId: string, { atMs, account, queuedMessages }: Extract<Report, { type: "disconnected" }>): void {
    if (account !== undefined) this.ledger.add(this.ledger.increase(clientId, account));
    if (queuedMessages === undefined) this.clientTable.delete(clientId);
    else this.clientTable.leave(clientId, atMs, queuedMessages, account);
    this.presence.onLeft(clientId, queuedMessages !== undefined);
  }
}
