// `npm run bench`: the same work on this broker, on others and on the floor of the platform, alternating.

import { parseArgs } from "node:util";
import { Generator } from "./generator/generator.ts";
import type { MessageFigures } from "./generator/load.ts";
import { medianOf, medianRatioOf } from "./statistics.ts";
import type { RunningTarget, Target } from "./targets/target.ts";
import { targets } from "./targets/targets.ts";
import { type Work, works } from "./works.ts";

const { values } = parseArgs({
  options: {
    work: { type: "string" },
    targets: { type: "string" },
    rounds: { type: "string" },
    seconds: { type: "string" },
  },
});
const rounds = Number(values.rounds ?? "5");
const seconds = Number(values.seconds ?? "3");
const chosenWorks = works.filter(({ name }) => values.work?.split(",").includes(name) ?? true);
const chosenTargets = targets.filter(({ name }) => values.targets?.split(",").includes(name) ?? true);
const runMark = Date.now().toString(36).slice(-5);

async function measure(work: Work): Promise<void> {
  const generator = Generator.start();
  const running: { target: Target; at: RunningTarget; figures: MessageFigures[] }[] = [];
  try {
    for (const target of chosenTargets) {
      if (target.name === "floor" && !work.hasFloor) continue;
      const at = await target.start();
      if (at === undefined) console.log(`${target.name} is skipped: ${target.missing}`);
      else running.push({ target, at, figures: [] });
    }
    for (let round = 0; round <= rounds; round += 1) {
      for (const { at, figures } of running) {
        const runId = `${runMark}${round}`;
        const job = { kind: "messages", target: at.address, work: work.messages, runId } as const;
        const result = await generator.run({ ...job, warmUpMs: 1000, measuredMs: seconds * 1000 });
        if (round > 0) figures.push(result);
      }
    }
    const first = running[0]?.figures.map(({ messagesPerSec }) => messagesPerSec) ?? [];
    for (const { target, figures } of running) {
      const median = (of: (each: MessageFigures) => number) => medianOf(figures.map(of));
      const cells = [
        work.title,
        target.name,
        median((each) => each.messagesPerSec).toFixed(0),
        median((each) => each.brokerMicrosecondsPerMessage).toFixed(1),
        median((each) => each.brokerCores).toFixed(2),
        median((each) => each.generatorCores).toFixed(2),
        median((each) => each.p50Ms).toFixed(2),
        median((each) => each.p99Ms).toFixed(2),
        median((each) => each.memory.residentMib).toFixed(0),
        median((each) => each.memory.peakMib).toFixed(0),
        figures.reduce((sum, { lost }) => sum + lost, 0),
        figures.reduce((sum, { duplicated }) => sum + duplicated, 0),
        medianRatioOf(
          first,
          figures.map(({ messagesPerSec }) => messagesPerSec),
        ).toFixed(2),
      ];
      console.log(`| ${cells.join(" | ")} |`);
    }
  } finally {
    generator.end();
    await Promise.all(running.map(({ at }) => at.stop()));
  }
}

console.log(
  "| work | target | messages/s | broker µs | broker cores | generator cores | p50 ms | p99 ms | MiB | peak | lost | dup | first/this |",
);
console.log("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
for (const work of chosenWorks) await measure(work);
