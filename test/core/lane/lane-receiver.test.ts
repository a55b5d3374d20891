import { describe, expect, it } from "vitest";
import { LaneReceiver } from "../../../src/core/lane/lane-receiver.ts";

describe("the other end of lanes", () => {
  it("acts on each batch, and answers with what that came to", async () => {
    const { receive, acts } = receiver();
    expect(await receive("lane1", 1)).toBe("lane1/1");
    expect(await receive("lane1", 2)).toBe("lane1/2");
    expect(acts).toEqual(["lane1/1", "lane1/2"]);
  });

  it("knows the first batch of each lane, which may repeat one from before a restart of the object", async () => {
    const lanes = new LaneReceiver<boolean>();
    const isFirst = (lane: string, sequence: number) => lanes.receive(lane, sequence, async (isFirst) => isFirst);
    expect(await isFirst("lane1", 7)).toBe(true);
    expect(await isFirst("lane1", 8)).toBe(false);
    expect(await isFirst("lane2", 8)).toBe(true);
  });

  it("answers the repeat of a batch from memory, and does not act on it again", async () => {
    const { receive, acts } = receiver();
    await receive("lane1", 1);
    expect(await receive("lane1", 1)).toBe("lane1/1");
    expect(acts).toEqual(["lane1/1"]);
  });

  it("has the repeat of a batch that is still acted on wait for the same answer", async () => {
    const lanes = new LaneReceiver<string>();
    const { promise, resolve } = Promise.withResolvers<string>();
    const answers = [1, 2].map(() => lanes.receive("lane1", 1, () => promise));
    resolve("done");
    expect(await Promise.all(answers)).toEqual(["done", "done"]);
  });

  it("refuses a batch that is older than the last one", async () => {
    const { receive, acts } = receiver();
    await receive("lane1", 2);
    expect(() => receive("lane1", 1)).toThrow("lane lane1: batch 1 comes after 2");
    expect(acts).toEqual(["lane1/2"]);
  });

  it("keeps lanes apart", async () => {
    const { receive } = receiver();
    await receive("lane1", 5);
    expect(await receive("lane2", 1)).toBe("lane2/1");
    expect(await receive("lane1", 5)).toBe("lane1/5");
  });

  it("acts again on a batch that failed", async () => {
    const lanes = new LaneReceiver<string>();
    const failing = () => Promise.reject(new Error("no"));
    await expect(lanes.receive("lane1", 1, failing)).rejects.toThrow("no");
    expect(await lanes.receive("lane1", 1, async () => "done")).toBe("done");
    expect(await lanes.receive("lane1", 1, failing)).toBe("done");
  });

  it("does not forget a later batch because an earlier one fails late", async () => {
    const lanes = new LaneReceiver<string>();
    const { promise, reject } = Promise.withResolvers<string>();
    const first = lanes.receive("lane1", 1, () => promise);
    await lanes.receive("lane1", 2, async () => "second");
    reject(new Error("late"));
    await expect(first).rejects.toThrow("late");
    expect(await lanes.receive("lane1", 2, async () => "acted twice")).toBe("second");
  });

  it("remembers so many lanes, those used last", async () => {
    const { receive, acts } = receiver();
    await receive("first", 1);
    await receive("second", 1);
    for (let lane = 0; lane < 4094; lane += 1) await receive(`lane${lane}`, 1);
    await receive("first", 2);
    await receive("one more", 1);
    acts.length = 0;
    await receive("first", 2);
    expect(acts).toEqual([]);
    await receive("second", 1);
    expect(acts).toEqual(["second/1"]);
  });
});

function receiver() {
  const acts: string[] = [];
  const lanes = new LaneReceiver<string>();
  const receive = (lane: string, sequence: number) =>
    lanes.receive(lane, sequence, async () => {
      acts.push(`${lane}/${sequence}`);
      return `${lane}/${sequence}`;
    });
  return { receive, acts };
}
