// A recorded list of events replays to the same effects, and leaves the same rows: nothing else comes into a session.

import { afterEach, describe, expect, it } from "vitest";
import { fromJsonLine, toJsonLine } from "../../support/json-line.ts";
import { MemorySessionStore, type StoredRows } from "../../support/memory-session-store.ts";
import { delivery, granted, SessionHarness } from "../../support/session-harness.ts";
import { parseRecordings, type Recording, recordSessions, replay } from "../../support/session-recording.ts";

const lines: string[] = [];
let stop = () => {};

afterEach(() => {
  stop();
  lines.length = 0;
});

function record(run: () => SessionHarness): { recordings: Recording<StoredRows>[]; left: StoredRows } {
  stop = recordSessions({
    describe: (store) => ({ name: "c1", stored: (store as MemorySessionStore).stored }),
    write: (line) => lines.push(line),
  });
  const { store } = run();
  return { recordings: parseRecordings<StoredRows>(lines.join("\n")), left: store.stored };
}

/** Three starts of one session's object: the second after a crash, the third after a hibernation. */
function richRun(): SessionHarness {
  const h = new SessionHarness({ logIn: () => undefined });
  const will = { topic: "w", payload: Buffer.from("gone"), qos: 2 as const, properties: { willDelayInterval: 5 } };
  const properties = { sessionExpiryInterval: 3_600, topicAliasMaximum: 3 };
  const client = h.connect({ username: "u", password: Buffer.from("p"), will, properties });
  client.publish(1, 1, "before CONNACK");
  h.answerLogin(granted({ identity: "credential", username: "u" }, true));
  client.subscribe(2, "a", { topic: "$share/g/a", qos: 1 });
  h.answer();
  h.answerAll(1);
  for (const qos of [0, 1, 2] as const) client.publish(qos, 10 + qos);
  client.frame(client.encode({ cmd: "pingreq" }).subarray(0, 1));
  client.frame(Uint8Array.of(0));
  h.answerAll();
  client.acknowledge("pubrel", 12);
  h.deliver(delivery("0", { qos: 0 }), delivery("1"), delivery("2", { qos: 2, id: "0a-g-1" }));
  client.acknowledge("puback", 1);
  client.acknowledge("pubrec", 2);
  h.deliver(delivery("3", { sharedFilter: "$share/g/a" }), delivery("4", { expiresAtMs: h.nowMs + 1_000 }));
  h.pass(20);
  h.crash();
  h.deliver(delivery("5", { qos: 2, id: "0a-g-2" }), delivery("5", { qos: 2, id: "0a-g-2" }));
  h.alarm();
  h.giveUp();
  const again = h.connect({ username: "u", password: Buffer.from("p"), clean: false, will, properties });
  again.subscribe(3, "b");
  again.unsubscribe(4, "b");
  h.answerAll();
  h.hibernate();
  again.acknowledge("puback", 3);
  h.inspect();
  h.handle({ type: "report due" });
  h.handle({ type: "revise", identity: "credential", grant: null });
  h.alarm();
  h.command("remove");
  return h;
}

describe("a recording of a session", () => {
  it("replays to the same effects, and to the same rows", () => {
    const { recordings, left } = record(richRun);
    expect(recordings.length).toBe(3);
    expect(recordings.flatMap(({ steps }) => steps).length).toBeGreaterThan(30);
    for (const [index, recording] of recordings.entries()) {
      const store = new MemorySessionStore(recording.start.stored);
      expect(replay(recording, store)).toEqual({ difference: undefined });
      expect(toJsonLine(store.stored)).toBe(toJsonLine(recordings[index + 1]?.start.stored ?? left));
    }
  });

  it("has an effect of every kind, and ids that were drawn", () => {
    const { recordings } = record(richRun);
    const steps = recordings.flatMap(({ steps }) => steps);
    const types = new Set(steps.flatMap(({ effects }) => effects.map(({ type }) => type)));
    for (const type of ["send", "close", "request", "login", "report", "deliveries answered", "command answered"]) {
      expect(types).toContain(type);
    }
    expect(steps.some(({ ids }) => ids.length > 0)).toBe(true);
  });

  it("shows the first event that leads to other effects", () => {
    const { recordings } = record(() => {
      const h = new SessionHarness();
      h.subscribed().drop();
      return h;
    });
    const [{ start, steps }] = recordings as [Recording<StoredRows>];
    const settings = { ...start.settings, limits: { ...start.settings.limits, maximumSessionExpirySec: 60 } };
    const changed = { start: { ...start, settings }, steps };
    const { difference } = replay(changed, new MemorySessionStore(start.stored));
    expect(difference?.step.event).toMatchObject({ type: "frames" });
    expect(difference?.effects).not.toEqual(difference?.step.effects);
  });
});

describe("a line of JSON", () => {
  it("keeps bytes, and numbers that JSON lacks", () => {
    const value = { bytes: Uint8Array.of(0, 255), none: Number.POSITIVE_INFINITY, list: [null, "text", 1.5] };
    expect(fromJsonLine(toJsonLine(value))).toEqual(value);
    expect(fromJsonLine(toJsonLine([Buffer.from("a"), Uint8Array.of(7, 8).buffer]))).toEqual([
      Uint8Array.of(97),
      Uint8Array.of(7, 8),
    ]);
  });
});
