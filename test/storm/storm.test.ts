// `npm run test:storm` in short, and what a resume costs.

import { expect, it } from "vitest";
import { run } from "./run.ts";

it("sessions that are cut off all at once come back with two calls each, and what they are owed", async () => {
  const sessions = 100;
  const { calls, lost, queued, resumedSec, heardSec } = await run(sessions);
  expect([queued, lost]).toEqual([125, []]);
  expect([resumedSec.length, heardSec.length]).toEqual([sessions, sessions]);
  // The publisher's resume as well.
  expect(calls).toEqual({
    "WORKER to SESSION.fetch": sessions + 1,
    "SESSION to DIRECTORY.report": sessions + 1,
    "SESSION to TOPIC.exchange": 1,
    "TOPIC to SESSION.deliver": sessions,
  });
}, 60_000);
