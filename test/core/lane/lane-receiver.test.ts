import { describe, expect, it } from "vitest";
import { beginAfterOf, LaneReceiver, laneIdOf } from "../../../src/core/lane/lane-receiver.ts";

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

  describe("with more lanes than it remembers", () => {
    const lanes = 16_384;
    const idOf = (startedAtMs: number) => laneIdOf(startedAtMs, `${startedAtMs}`);

    async function crowded() {
      const { receive, acts } = receiver();
      await receive(idOf(1), 1);
      await receive(idOf(2), 1);
      for (let lane = 3; lane <= lanes; lane += 1) await receive(idOf(lane), 1);
      await receive(idOf(1), 2);
      await receive(idOf(lanes + 1), 1);
      acts.length = 0;
      return { receive, acts };
    }

    it("remembers those used last", async () => {
      const { receive, acts } = await crowded();
      await receive(idOf(1), 2);
      expect(acts).toEqual([]);
    });

    it("never takes an old batch of a forgotten one for a new batch", async () => {
      const { receive, acts } = await crowded();
      for (const sequence of [1, 2, 7]) {
        const error = await Promise.resolve()
          .then(() => receive(idOf(2), sequence))
          .catch((error: unknown) => error);
        expect(beginAfterOf(error)).toBe(2);
      }
      expect(acts).toEqual([]);
    });

    it("takes a lane that began after all that it has forgotten, and one of a version that does not say", async () => {
      const { receive } = await crowded();
      expect(await receive(laneIdOf(3, "another"), 1)).toBe("3@another/1");
      expect(await receive("of an older version", 1)).toBe("of an older version/1");
    });
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
