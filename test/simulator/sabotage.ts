// A broker with one guarantee switched off, to show that the judge sees it. What is switched off is a small piece
// around the broker, or one of its methods; nothing in src knows of it.

import { LaneReceiver } from "../../src/core/lane/lane-receiver.ts";
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
} satisfies Record<string, () => Partial<RunOptions>>;

export type SabotageName = keyof typeof sabotages;
