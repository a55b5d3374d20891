// The number of topic objects, or their epoch, has changed: the present ones have to learn a session's subscriptions.

import { describe, expect, it } from "vitest";
import { SessionHarness } from "../../../support/session-harness.ts";

const sharded = { topicShards: 4, layout: "1/4" };

/** A session with subscriptions `a` and `+/b`, which the topic objects of an earlier layout know. */
function moved() {
  const h = new SessionHarness();
  h.subscribed().subscribe(2, "+/b");
  h.answerAll(2);
  h.crash(sharded);
  return h;
}

const layoutOf = (h: SessionHarness) => h.store.readRecord()?.layout;

describe("a new layout of the topic objects", () => {
  it("has the session's subscriptions registered again when its client is back, without retained messages", () => {
    const h = moved();
    expect(h.requests).toEqual([]);
    h.resume();
    const filters = h.requests.map(({ request }) => request.type === "subscribe" && request.subscription.topicFilter);
    expect(filters.toSorted()).toEqual(["+/b", "+/b", "+/b", "+/b", "a"]);
    expect(h.takeRequests()).toMatchObject(filters.map(() => ({ generation: h.generation, sendRetained: false })));
  });

  it("is stored when all have answered, and then nothing is registered again", () => {
    const h = moved();
    h.resume();
    for (let answers = 0; answers < 4; answers += 1) h.answer(2);
    expect(layoutOf(h)).toBe("1/1");
    h.answer(2);
    expect(layoutOf(h)).toBe("1/4");
    expect(h.store.readRecord()?.client.state).toBe("connected");
    h.crash();
    h.resume();
    expect(h.requests).toEqual([]);
  });

  it("is registered again at the next CONNECT when one could not be reached, and the connection goes on", () => {
    const h = moved();
    const client = h.resume();
    for (let answers = 0; answers < 4; answers += 1) h.answer(2);
    h.giveUp();
    expect(client.closed).toBeUndefined();
    expect(layoutOf(h)).toBe("1/1");
    client.drop();
    h.resume();
    expect(h.requests).toHaveLength(5);
    h.answerAll(2);
    expect(layoutOf(h)).toBe("1/4");
  });

  it("is registered again by time until all have answered, also while the client is away", () => {
    const h = moved();
    h.resume().drop();
    const waitedSec: number[] = [];
    for (let tries = 0; tries < 7; tries += 1) {
      expect(h.takeRequests()).toHaveLength(5);
      const dueMs = h.session.nextDeadlineMs;
      waitedSec.push((dueMs - h.nowMs) / 1000);
      h.nowMs = dueMs;
      h.alarmNow();
    }
    for (const [index, waited] of waitedSec.entries()) {
      const least = Math.min(15 * 2 ** index, 300);
      expect(waited).toBeGreaterThanOrEqual(least);
      expect(waited).toBeLessThanOrEqual(least * 1.5);
    }
    h.answerAll(2);
    expect(layoutOf(h)).toBe("1/4");
    const client = h.store.readRecord()?.client;
    expect(h.session.nextDeadlineMs).toBe((client?.state === "away" ? client.sinceMs : 0) + 3_600_000);
  });

  it("is registered again by time after a crash, though nobody connects", () => {
    const h = moved();
    h.resume().drop();
    h.crash();
    h.nowMs += 20_000;
    h.alarmNow();
    expect(h.requests).toHaveLength(5);
    h.answerAll(2);
    expect(layoutOf(h)).toBe("1/4");
  });

  it("is told when a client that has stayed connected wakes its session", () => {
    const h = new SessionHarness();
    h.subscribed();
    h.hibernate(sharded);
    expect(h.requests).toHaveLength(1);
    h.answerAll(2);
    expect(layoutOf(h)).toBe("1/4");
  });

  it("is registered again when one has refused, though the last to answer has not", () => {
    const h = moved();
    h.resume();
    h.answer(0x97);
    h.answerAll(2);
    expect(layoutOf(h)).toBe("1/1");
    h.resume();
    expect(h.requests).toHaveLength(5);
  });

  it("is registered again when a crash came before the answers", () => {
    const h = moved();
    h.resume();
    h.crash();
    h.resume();
    expect(h.requests).toHaveLength(5);
  });

  it("stays noted when the connection ends before the session hears of it", () => {
    const h = moved();
    h.resume().drop();
    h.answerAll(2);
    expect(h.store.readRecord()).toMatchObject({ layout: "1/4", client: { state: "away", sinceMs: h.nowMs } });
  });

  it("is stored at once if there is nothing to register", () => {
    const h = new SessionHarness();
    h.connected({ properties: { sessionExpiryInterval: 3600 } });
    h.crash(sharded);
    h.resume();
    expect(h.requests).toEqual([]);
    expect(layoutOf(h)).toBe("1/4");
  });

  it("of a session that has started again meanwhile is not changed by late answers", () => {
    const h = moved();
    h.resume();
    const late = [...h.requests];
    h.crash({ topicShards: 1, layout: "2/1" });
    h.connect({ properties: { sessionExpiryInterval: 3600 } });
    h.crash(sharded);
    for (const { token = null } of late) h.handle({ type: "requests answered", tokens: [token], answers: [2] });
    expect(layoutOf(h)).toBe("2/1");
  });

  it("means nothing to a clean start", () => {
    const h = moved();
    h.connect();
    const ends = h.takeRequests();
    expect(ends).toMatchObject([{ type: "end" }, { type: "end" }, { type: "end" }, { type: "end" }]);
  });
});
