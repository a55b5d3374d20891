import { expect, it } from "vitest";
import { answerOf, reachedOf, reasonCodeOf, textOfReached } from "../../../src/core/shares/reached.ts";
import { ReachedNotes } from "../../../src/core/shares/reached-notes.ts";

it("an answer says which limit was reached, and a reason code alone says nothing of it", () => {
  for (const limit of ["retainedMessages", "retainedBytes", "subscriptionBytes"] as const) {
    for (const shortage of ["limit", "share"] as const) {
      const answer = answerOf(0x97, { limit, shortage });
      expect([reasonCodeOf(answer), reachedOf(answer)]).toEqual([0x97, { limit, shortage }]);
    }
  }
  expect(reachedOf(0x97)).toBeUndefined();
  expect(reachedOf(0)).toBeUndefined();
  expect(reachedOf(0xff97)).toBeUndefined();
  expect(textOfReached({ limit: "retainedMessages", shortage: "share" })).toContain("SHARE_PERCENT");
});

it("the log hears of a limit once a minute, with how often it was reached and who holds most", () => {
  const notes = new ReachedNotes();
  const largest = () => [{ holder: "credential/a", amount: 7 }];
  const reach = (nowMs: number, shortage: "share" | "limit" = "share") =>
    notes.onReached({ limit: "retainedMessages", shortage }, "credential/a", largest, nowMs);
  reach(0);
  reach(1);
  reach(2, "limit");
  expect(notes.take()).toMatchObject([
    { shortage: "share", count: 1, holder: "credential/a", largest: [{ amount: 7 }] },
    { shortage: "limit", count: 1 },
  ]);
  for (const nowMs of [3, 59_999]) reach(nowMs);
  expect(notes.take()).toEqual([]);
  reach(60_000);
  expect(notes.take()).toMatchObject([{ count: 4 }]);
});
