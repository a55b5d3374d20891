import { expect, it } from "vitest";
import { fuzz } from "./fuzz.ts";

it("a hundred hostile clients do not harm the server, and others do not notice", async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const report = await fuzz({ seed, firstCase: 0, cases: 100, durationMs: 10_000 });
  expect(report.findings, `npm run fuzz -- --seed ${seed}`).toEqual([]);
  expect(report.witnessed).toBeGreaterThan(50);
}, 90_000);
