// What a session counts, and how it tells it once.

import { describe, expect, it } from "vitest";
import { noCounts } from "../../../src/core/session/counters.ts";
import { delivery, SessionHarness } from "../../support/session-harness.ts";

function lastAccount(h: SessionHarness) {
  const report = h.reports.findLast(({ type }) => type === "disconnected");
  return report?.type === "disconnected" ? report.account : undefined;
}

describe("a session", () => {
  it("counts packets, messages and payloads, and tells when the connection ends", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    const before = h.session.account?.counts ?? noCounts;
    client.publish(0, 0, "12345");
    h.deliver(delivery("123", { qos: 0 }));
    const after = h.session.account?.counts ?? noCounts;
    expect(after).toEqual({
      ...before,
      packetsReceived: before.packetsReceived + 1,
      messagesReceived: 1,
      bytesReceived: 5,
      packetsSent: before.packetsSent + 1,
      messagesSent: 1,
      bytesSent: 3,
      packetBytesReceived: before.packetBytesReceived + 11,
      packetBytesSent: before.packetBytesSent + 9,
    });
    client.drop();
    expect(lastAccount(h)?.counts).toEqual(after);
    expect(h.session.account).toBeUndefined();
  });

  it("keeps them through a hibernation, and begins again with each connection, which has a name of its own", () => {
    const h = new SessionHarness();
    h.subscribed();
    h.deliver(delivery("1"));
    const before = h.session.account;
    h.hibernate();
    expect(h.session.account).toEqual(before);
    const again = h.resume();
    expect(lastAccount(h)?.connection).toBe(before?.connection);
    expect(h.session.account?.connection).not.toBe(before?.connection);
    expect(h.session.account?.counts.connects).toBe(1);
    again.drop();
    expect(h.reports.filter(({ type }) => type === "disconnected")).toHaveLength(2);
  });

  it("does not tell what a crash has taken", () => {
    const h = new SessionHarness();
    h.subscribed();
    h.crash();
    expect(h.reports.at(-1)).toMatchObject({ type: "disconnected", account: undefined });
  });
});

describe("the queue of a client that is away", () => {
  const queued = (h: SessionHarness) => h.reports.filter(({ type }) => type === "queued");

  it("is told when the client leaves, and with each power of ten", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    h.deliver(delivery("0"));
    client.drop();
    expect(h.reports.at(-1)).toMatchObject({ type: "disconnected", queuedMessages: 1 });
    for (let count = 2; count <= 1_005; count += 1) h.deliver(delivery(`${count}`));
    const byMessages = queued(h).filter(
      (report) => report.type === "queued" && [10, 100, 1_000].includes(report.messages),
    );
    expect(byMessages).toHaveLength(3);
  });

  it("is not reported again by an object that starts with it", () => {
    const h = new SessionHarness();
    h.subscribed().drop();
    for (let count = 1; count <= 12; count += 1) h.deliver(delivery(`${count}`));
    expect(queued(h)).toHaveLength(1);
    h.crash();
    for (let count = 13; count <= 99; count += 1) h.deliver(delivery(`${count}`));
    expect(queued(h)).toHaveLength(1);
    h.deliver(delivery("100"));
    expect(queued(h)).toHaveLength(2);
  });

  it("is nobody's business while the client is there", () => {
    const h = new SessionHarness();
    h.subscribed();
    for (let count = 1; count <= 50; count += 1) h.deliver(delivery(`${count}`));
    expect(queued(h)).toEqual([]);
  });
});
