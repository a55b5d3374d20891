// What a session does when the directory answers that there is no room: for the session, or for more in its queue.

import { describe, expect, it } from "vitest";
import { ReportAnswer } from "../../../../src/core/session/effect.ts";
import { DeliveryAnswer } from "../../../../src/core/topic/delivery-question.ts";
import { delivery, SessionHarness } from "../../../support/session-harness.ts";

const kilobyte = "x".repeat(1_000);

function answer(h: SessionHarness, ...answers: number[]): void {
  h.handle({ type: "reports answered", answers });
}

describe("a session that there is no room for", () => {
  it.each([3, 4, 5] as const)("ends with its connection, at protocol level %s, without its Will", (protocolVersion) => {
    const h = new SessionHarness();
    const will = { topic: "gone", payload: Buffer.from("gone"), qos: 0, retain: false };
    const properties = protocolVersion === 5 ? { properties: { sessionExpiryInterval: 600 } } : {};
    const client = h.connected({ clean: protocolVersion === 5, protocolVersion, will, ...properties });
    client.subscribe(1, "a");
    h.takeRequests();
    answer(h, ReportAnswer.NoSession);
    expect(client.closed).toMatchObject({ reason: expect.stringContaining("MAXIMUM_SESSIONS") });
    expect(h.takeRequests().map(({ type }) => type)).toEqual(["end"]);
    expect(h.session.isGone).toBe(true);
    expect(h.reports.at(-1)).toMatchObject({ type: "ended" });
  });

  it("ends though its client has left, or is there again", () => {
    const h = new SessionHarness();
    h.subscribed().drop();
    const again = h.resume();
    answer(h, ReportAnswer.NoSession);
    expect(again.closed).toBeDefined();
    h.subscribed().drop();
    answer(h, ReportAnswer.NoSession);
    expect(h.session.isGone).toBe(true);
  });
});

describe("a queue that may not grow", () => {
  function away() {
    const h = new SessionHarness();
    h.subscribed().drop();
    h.reports = [];
    return h;
  }
  const fill = (h: SessionHarness, count: number) => {
    for (let index = 0; index < count; index += 1) h.deliver(delivery(kilobyte));
  };

  it("is told by powers of four of its bytes, from 64 KiB on", () => {
    const h = away();
    fill(h, 300);
    const told = h.reports.map((report) => (report.type === "queued" ? (report.bytes ?? 0) : -1));
    expect(told).toHaveLength(4);
    // Ten and a hundred messages, and 64 and 256 KiB.
    expect(told.map((bytes) => Math.round(bytes / 65_536))).toEqual([0, 1, 2, 4]);
  });

  it("takes nothing until its client is back, but for QoS 0, and asks once a minute whether there is room", () => {
    const h = away();
    h.deliver(delivery("1"));
    answer(h, ReportAnswer.NoQueue);
    expect(h.deliver(delivery("2"), delivery("3", { qos: 2, id: "id3" }))).toEqual([
      DeliveryAnswer.QueueFull,
      DeliveryAnswer.QueueFull,
    ]);
    expect(h.deliver(delivery("4", { qos: 0 }))).toEqual([DeliveryAnswer.Accepted]);
    expect(h.reports).toEqual([]);
    for (const minutes of [1, 2]) {
      h.pass(60);
      h.deliver(delivery("5"), delivery("6"));
      expect(h.reports).toMatchObject(Array(minutes).fill({ type: "queued", messages: 1 }));
      answer(h, ReportAnswer.NoQueue);
    }
    answer(h, ReportAnswer.Noted);
    expect(h.deliver(delivery("7"))).toEqual([DeliveryAnswer.Accepted]);
    answer(h, ReportAnswer.NoQueue);
    const client = h.resume();
    expect(h.deliver(delivery("8"))).toEqual([DeliveryAnswer.Accepted]);
    expect(client.heard()).toEqual(["CONNACK present", "PUBLISH 1 q1 #1", "PUBLISH 7 q1 #2", "PUBLISH 8 q1 #3"]);
  });

  it("asks again after its object has started again, which does not know any more", () => {
    const h = away();
    fill(h, 100);
    answer(h, ReportAnswer.NoQueue);
    h.crash();
    h.reports = [];
    h.deliver(delivery("1"));
    expect(h.reports).toMatchObject([{ type: "queued", messages: 101 }]);
  });
});
