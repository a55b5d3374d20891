// A broker with one guarantee switched off, or with a mistake that it once had, to show that the judge sees it. What
// is changed is a small piece around the broker, or one of its methods; nothing in src knows of it.

import { LaneReceiver } from "../../src/core/lane/lane-receiver.ts";
import { Outbound } from "../../src/core/session/outbound.ts";
import { OwedTable } from "../../src/objects/owed-table.ts";
import { SqliteSessionStore } from "../../src/objects/sqlite-session-store.ts";
import { SqliteTopicStore } from "../../src/objects/sqlite-topic-store.ts";
import type { RunOptions } from "./world.ts";

/** Each changes the broker of its thread, or says how to run it. */
export const sabotages = {
  /** What is acknowledged is not on disk yet. */
  "acknowledge before storing": () => ({ gatesOutput: false }),
  /** A repeat of a QoS 2 message between objects is not recognised. */
  "no id check": () => {
    SqliteSessionStore.prototype.rememberMessage = () => true;
    return {};
  },
  /** A batch that comes twice is acted on twice. */
  "no repeats recognised": () => {
    LaneReceiver.prototype.receive = (_lane, _sequence, act) => act(true);
    return {};
  },
  "retained messages not stored": () => {
    SqliteTopicStore.prototype.putRetained = () => {};
    return {};
  },
  "Wills not stored": () => {
    SqliteSessionStore.prototype.putWill = () => {};
    return {};
  },
  "subscriptions not stored": () => {
    SqliteTopicStore.prototype.putSubscriber = () => {};
    return {};
  },
  /** What a session that cannot be reached is owed is gone with the topic object. */
  "owed messages not stored": () => {
    SqliteTopicStore.prototype.putOwed = () => {};
    return {};
  },
  // Mistakes that the simulator has found, put back: see regressions.ts.

  /** Writes that belong together are cut apart by a crash. */
  "transactions that are not whole": () => ({ hasTransactions: false }),
  /** A member of a shared subscription refuses the repeat of a message that it has. */
  "repeats refused": () => {
    Outbound.prototype.hasTaken = () => false;
    return {};
  },
  /** What was acknowledged, and finds no room when its session is back, is dropped. */
  "owed messages dropped by a full queue": () => {
    OwedTable.prototype.onNoRoom = function (clientId) {
      const [first] = this.next(clientId, 1);
      if (first !== undefined) this.delete(clientId, first.sequence);
    };
    return {};
  },
} satisfies Record<string, () => Partial<RunOptions>>;

export type SabotageName = keyof typeof sabotages;
