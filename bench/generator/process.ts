// The load generator, in a process of its own. It takes jobs from its parent one at a time, answers each with figures,
// and ends with its parent.

import { type ConnectJob, runConnects } from "./connects.ts";
import type { Figures } from "./figures.ts";
import { type IdleJob, runIdle } from "./idle.ts";
import { type MessageJob, runMessages } from "./messages.ts";
import { type RetainedJob, type RetainJob, retain, runRetained } from "./retained.ts";
import { type SubscriptionsJob, subscribeMany } from "./subscriptions.ts";
import type { TargetAddress } from "./target-address.ts";

export type Job = MessageJob | ConnectJob | RetainJob | RetainedJob | SubscriptionsJob | IdleJob;
export type Order = { readonly target: TargetAddress; readonly job: Job };
export type Answer = { readonly figures: Figures } | { readonly error: string };

function run({ target, job }: Order): Promise<Figures> {
  switch (job.kind) {
    case "messages":
      return runMessages(target, job);
    case "connects":
      return runConnects(target, job);
    case "retain":
      return retain(target, job);
    case "retained":
      return runRetained(target, job);
    case "subscriptions":
      return subscribeMany(target, job);
    case "idle":
      return runIdle(target, job);
  }
}

const answer = (answered: Answer) => process.send?.(answered);

process.on("message", (order: Order) => {
  run(order).then(
    (figures) => answer({ figures }),
    (error: Error) => answer({ error: error.message }),
  );
});
process.on("disconnect", () => process.exit(0));
// Ctrl-C reaches every process of the terminal, but the parent decides when to end.
process.on("SIGINT", () => {});
