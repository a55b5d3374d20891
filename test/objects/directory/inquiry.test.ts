// What the directory lists, held against what sessions say: when they are asked, how many at once, and whose word counts.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { defaultLimits } from "../../../src/core/limits.ts";
import { noCounts } from "../../../src/core/session/counters.ts";
import type { Whereabouts } from "../../../src/core/session/life/whereabouts.ts";
import { ClientTable } from "../../../src/objects/directory/client-table.ts";
import { directoryMigrations } from "../../../src/objects/directory/directory-migrations.ts";
import { Inquiry } from "../../../src/objects/directory/inquiry.ts";
import { Ledger } from "../../../src/objects/directory/ledger.ts";
import { NoteTable } from "../../../src/objects/directory/note-table.ts";
import { Presence } from "../../../src/objects/directory/presence.ts";
import { Survey } from "../../../src/objects/directory/survey.ts";
import { Schema } from "../../../src/platform/schema.ts";
import { NodeSqlStorage } from "../../support/node-sql-storage.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const none: Whereabouts = { state: "none" };

/** @param listed clients that a directory finds as connected when it starts */
function scene(listed: readonly string[], answer: (clientId: string) => Promise<Whereabouts> = async () => none) {
  const schema = new Schema(new NodeSqlStorage().storage, directoryMigrations);
  const table = new ClientTable(schema);
  for (const clientId of listed) {
    const report = { protocolVersion: 5, identity: "credential/1", connection: `1-1`, atMs: 1 };
    table.connect(clientId, report, noCounts);
  }
  const presence = new Presence(table, defaultLimits);
  const asked: string[] = [];
  const answers: [string, Whereabouts][] = [];
  const inquiry = new Inquiry(presence, {
    whereaboutsOf: (clientId) => {
      asked.push(clientId);
      return answer(clientId);
    },
    onAnswer: (clientId, answer, nowMs) => {
      answers.push([clientId, answer]);
      if (answer.state === "none") presence.onGone(clientId);
      else presence.onConfirmed(clientId, nowMs);
      return answer.state === "none";
    },
    atomically: (write) => write(),
  });
  return { presence, inquiry, asked, answers, table, schema };
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `c${String(index).padStart(4, "0")}`);
const connected: Whereabouts = {
  state: "connected",
  protocolVersion: 5,
  identity: "credential/1",
  connection: "1-1",
  atMs: 1,
  account: { connection: "1-1", counts: noCounts },
};

describe("what is listed", () => {
  it("is corrected within a minute of being asked, of 900 clients [B114]", async () => {
    const { presence, inquiry, asked } = scene(names(900));
    expect(asked).toEqual([]);
    inquiry.begin();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(presence.counts.connected).toBe(0);
    expect(asked).toHaveLength(900);
  });

  it("is asked about a few at a time, and those that answered not again within a minute", async () => {
    let [open, most] = [0, 0];
    const { inquiry, asked } = scene(names(120), async () => {
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setTimeout(resolve, 100));
      open -= 1;
      return connected;
    });
    for (let second = 0; second < 50; second += 5) {
      inquiry.begin();
      await vi.advanceTimersByTimeAsync(5_000);
    }
    expect(most).toBe(50);
    expect(asked).toHaveLength(120);
  });

  it("costs little with one who looks all the time: 20 questions a minute of a fleet, once all have answered", async () => {
    const { inquiry, asked } = scene(names(300), async () => connected);
    const hours = 4;
    for (let minute = 0; minute < hours * 60; minute += 1) {
      inquiry.begin();
      await vi.advanceTimersByTimeAsync(60_000);
    }
    expect(asked.length).toBeLessThan(900 + hours * 60 * 20 + 300);
  });

  it("is not corrected by an answer that is older than a report", async () => {
    const answer = Promise.withResolvers<Whereabouts>();
    const { inquiry, answers } = scene(["c"], () => answer.promise);
    const isAsked = inquiry.ask(["c"]);
    inquiry.onReport("c");
    answer.resolve(none);
    await isAsked;
    expect(answers).toEqual([]);
  });

  it("stays as it is where a session is out of reach, which keeps no others from being asked", async () => {
    const { presence, inquiry } = scene(names(200), async (clientId) => {
      if (clientId < "c0100") throw new Error("out of reach");
      return none;
    });
    inquiry.begin();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(presence.counts.connected).toBe(100);
  });
});

describe("a credential that has all the clients it may", () => {
  it("has those asked that are listed: once, for however many logins wait [B115]", async () => {
    const { presence, inquiry, asked } = scene(["a", "b"], async (clientId) => (clientId === "a" ? none : connected));
    await Promise.all(Array.from({ length: 1_000 }, () => inquiry.confirmIdentity("credential/1")));
    expect(asked).toEqual(["a", "b"]);
    expect(presence.countOf("credential/1", [])).toBe(1);
    await inquiry.confirmIdentity("credential/1");
    expect(asked).toHaveLength(2);
  });
});

describe("counters", () => {
  it("advance with each question at a steady rate, and so do rates [B116]", async () => {
    const startMs = Date.now();
    const perSec = 200;
    const account = () => {
      const messagesReceived = Math.round(((Date.now() - startMs) / 1000) * perSec);
      return { connection: "1-1", counts: { ...noCounts, messagesReceived } };
    };
    const { presence, table, schema } = scene(["busy", ...names(40)]);
    const ledger = new Ledger(table, new NoteTable(schema));
    let survey: Survey | undefined;
    const inquiry = new Inquiry(presence, {
      whereaboutsOf: async (clientId) => (clientId === "busy" ? { ...connected, account: account() } : connected),
      onAnswer: (clientId, answer, nowMs) => {
        if (answer.state === "connected") survey?.count(clientId, answer.account, nowMs);
        presence.onConfirmed(clientId, nowMs);
        return false;
      },
      atomically: (write) => write(),
    });
    survey = new Survey(table, ledger, presence, inquiry, { topicShards: 0, countsOf: () => Promise.reject() });
    // While a client is quiet it is asked rarely.
    await vi.advanceTimersByTimeAsync(5_000);
    let before = (await survey.stats()).totals.counts.messagesReceived;
    for (let question = 0; question < 20; question += 1) {
      await vi.advanceTimersByTimeAsync(5_000);
      const { totals, rates } = await survey.stats();
      expect((totals.counts.messagesReceived - before) / 5).toBeCloseTo(perSec);
      expect(rates.messagesReceived).toBeCloseTo(perSec);
      before = totals.counts.messagesReceived;
    }
  });
});
