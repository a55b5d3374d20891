// A broker with one guarantee switched off, or with a bug that it once had, to show that the judge finds it. Each
// sabotage changes a small piece around the broker, or one of its methods; nothing in src knows of it.

import { Access } from "../../src/core/access/access.ts";
import { LaneReceiver } from "../../src/core/lane/lane-receiver.ts";
import { Wills } from "../../src/core/session/life/will.ts";
import { Outbound } from "../../src/core/session/outbound/outbound.ts";
import type { StoredWill } from "../../src/core/session/session-store.ts";
import { Logins } from "../../src/objects/access/logins.ts";
import { Revisions } from "../../src/objects/access/revisions.ts";
import { Inquiry } from "../../src/objects/directory/inquiry.ts";
import { SqliteSessionStore } from "../../src/objects/session/sqlite-session-store.ts";
import { OwedTable } from "../../src/objects/topic/owed-table.ts";
import { SqliteTopicStore } from "../../src/objects/topic/sqlite-topic-store.ts";
import { Alarm } from "../../src/platform/alarm.ts";
import { Relay } from "../../src/relay/relay.ts";
import type { FeatureName } from "./features.ts";
import type { RunOptions } from "./world.ts";

/** What a method that takes another's place needs of its object. */
type OfAlarm = { readonly storage: DurableObjectStorage; atMs: number };
type OfWills = {
  readonly wills: ReadonlyMap<string, StoredWill>;
  readonly context: { readonly nowMs: number };
  delete(id: string): void;
};

/** Puts a method in the place of one that nobody outside its class may call. */
function change(owner: { readonly prototype: object }, method: string, instead: (...parameters: never[]) => unknown) {
  if (!(method in owner.prototype)) throw new Error(`there is no ${method} to change`);
  Object.assign(owner.prototype, { [method]: instead });
}

export type Sabotage = {
  /**
   * Finds it. A change of the workload or of the faults makes another run of a seed: `npm run simulate -- --stop --sabotage
   * NAME` finds another one.
   */
  readonly seed: number | undefined;
  /** What a world must have to find it; it has nothing else of features.ts, so that a search is short. */
  readonly features: readonly FeatureName[];
  /** Changes the broker of its thread, or says how to run it. */
  readonly change: () => Partial<RunOptions>;
};

export const sabotages = {
  /** What is acknowledged is not on disk yet. */
  "acknowledge before storing": { seed: 27, features: [], change: () => ({ gatesOutput: false }) },
  /** A repeat of a QoS 2 message between objects is not recognised. */
  "no id check": {
    seed: 19,
    features: [],
    change: () => {
      SqliteSessionStore.prototype.rememberMessage = () => true;
      return {};
    },
  },
  /** A batch that comes twice is acted on twice. */
  "no repeats recognised": {
    seed: 104,
    features: [],
    change: () => {
      LaneReceiver.prototype.receive = (_lane, _sequence, act) => act(true);
      return {};
    },
  },
  "retained messages not stored": {
    seed: 2,
    features: [],
    change: () => {
      SqliteTopicStore.prototype.putRetained = () => {};
      return {};
    },
  },
  "Wills not stored": {
    seed: 10,
    features: [],
    change: () => {
      SqliteSessionStore.prototype.putWill = () => {};
      return {};
    },
  },
  "subscriptions not stored": {
    seed: 2,
    features: [],
    change: () => {
      SqliteTopicStore.prototype.putSubscriber = () => {};
      return {};
    },
  },
  /** Messages owed to a session that cannot be reached are lost with the topic object. */
  "owed messages not stored": {
    seed: 60,
    features: [],
    change: () => {
      SqliteTopicStore.prototype.putOwed = () => {};
      return {};
    },
  },
  /** A client that is no longer allowed stays connected. */
  "revocations not told": {
    seed: 2,
    features: ["access"],
    change: () => {
      Revisions.prototype.notify = async () => true;
      return {};
    },
  },
  /** Rules are read, but not applied. */
  "rules not kept to": {
    seed: 3,
    features: ["access"],
    change: () => {
      Access.prototype.whyNotPublish = () => undefined;
      Access.prototype.mayReceive = () => true;
      return {};
    },
  },
  "clients of a credential not counted": {
    seed: 1,
    features: ["access"],
    change: () => {
      change(Logins, "isRoom", async () => true);
      return {};
    },
  },
  /** The directory lists the last report, and asks nobody whether it is still true. */
  "listings not confirmed": {
    seed: 59,
    features: [],
    change: () => {
      Inquiry.prototype.begin = () => {};
      return {};
    },
  },
  "no PINGRESP from the Worker": {
    seed: 2,
    features: ["relay"],
    change: () => {
      change(Relay, "onPing", () => {});
      return {};
    },
  },
  "namespaces with their topics in common": {
    seed: 2,
    features: ["namespaces"],
    change: () => ({ separatesNamespaces: false }),
  },
  /** An object that another instance has replaced goes on writing. */
  "two instances that write": { seed: 12, features: ["secondInstances"], change: () => ({ fencesStorage: false }) },
  /** What a full disk refuses counts as stored. */
  "owed messages acknowledged without a disk": {
    seed: 15,
    features: ["fullDisks"],
    change: () => {
      const { put } = OwedTable.prototype;
      OwedTable.prototype.put = function (...owed) {
        put.apply(this, owed);
        return "kept";
      };
      return {};
    },
  },
  /** An alarm that was set once is taken to come, however long ago it should have. */
  "alarms never given up": {
    seed: 32,
    features: ["lostAlarms"],
    change: () => {
      Alarm.prototype.set = function (this: OfAlarm, atMs: number) {
        if (atMs >= this.atMs || !Number.isFinite(atMs)) return;
        this.atMs = atMs;
        void this.storage.setAlarm(atMs);
      } as never;
      return {};
    },
  },
  /** Whether a Will waits for its delay is concluded from its time and the clock. */
  "Wills that the clock takes back": {
    seed: 527,
    features: ["clockSteps"],
    change: () => {
      change(Wills, "onSessionResumed", function (this: OfWills) {
        for (const stored of this.wills.values()) {
          if (stored.stage !== "held" && stored.dueAtMs > this.context.nowMs) this.delete(stored.id);
        }
      });
      return {};
    },
  },
  // Bugs that the simulator has found, put back.

  /** An alarm that rings early, by the clock of its object, is set again for the same time, and rings at once. */
  "alarms that ring for ever": {
    seed: 3,
    features: ["clockSkew"],
    change: () => {
      Alarm.prototype.onRing = function (this: OfAlarm) {
        this.atMs = Number.POSITIVE_INFINITY;
        return 0;
      } as never;
      return {};
    },
  },
  /** Writes that belong together are cut apart by a crash: an object whose disk failed in its first statements never started again. */
  "transactions that are not whole": { seed: 47, features: [], change: () => ({ hasTransactions: false }) },
  /**
   * A member of a shared subscription refuses the repeat of a message that it has. It had stored a QoS 2 message and
   * crashed before it answered. Asked again, with its client gone, it refused, and another member got a second copy.
   */
  "repeats refused": {
    seed: 8,
    features: ["groups"],
    change: () => {
      Outbound.prototype.hasAccepted = () => false;
      return {};
    },
  },
  /** What a topic object has acknowledged and kept, and finds no room when its session is back, is dropped. */
  "owed messages dropped by a full queue": {
    seed: 458,
    features: [],
    change: () => {
      OwedTable.prototype.onNoRoom = function (clientId) {
        const [first] = this.next(clientId, 1);
        if (first !== undefined) this.delete(clientId, first.sequence);
      };
      return {};
    },
  },
} satisfies Record<string, Sabotage>;

/** Call it once in a thread. */
export function optionsOf({ features, change }: Sabotage): Partial<RunOptions> {
  return { features, ...change() };
}

export type SabotageName = keyof typeof sabotages;
