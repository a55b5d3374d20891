// The load generator, in a process of its own: takes a job from its parent, answers with figures, and ends with it.

import { type MessageFigures, type MessageJob, runMessages } from "./load.ts";

export type Job = MessageJob;
export type Answer = { readonly figures: MessageFigures } | { readonly error: string };

process.on("message", (job: Job) => {
  runMessages(job).then(
    (figures) => answer({ figures }),
    (error: Error) => answer({ error: error.message }),
  );
});
process.on("disconnect", () => process.exit(0));

function answer(answered: Answer): void {
  process.send?.(answered);
}
