// Who watches `$SYS`: known by name, up to a number, since any client may watch.

import { expect, it, vi } from "vitest";

vi.mock("cloudflare:workers", () => import("../../simulator/cloudflare-workers.ts"));

import type { BrokerStats } from "../../../src/core/directory/broker-stats.ts";
import { noTotals } from "../../../src/core/directory/totals.ts";
import { noCounts } from "../../../src/core/session/counters.ts";
import type { NoteTable } from "../../../src/objects/directory/note-table.ts";
import { SysWatch } from "../../../src/objects/directory/sys-watch.ts";

const stats: BrokerStats = {
  atMs: 1,
  clients: { connected: 0, sleeping: 0 },
  totals: noTotals(0),
  rates: noCounts,
  queuedMessages: 0,
  topics: [],
};

function scene(watchers: number) {
  const state = { isAnyConnected: true, alarms: 0, row: "", isConnected: false, published: [] as number[] };
  const notes = {
    read: () => undefined,
    put: (_: string, value: unknown) => {
      state.row = JSON.stringify(value);
    },
  } as unknown as NoteTable;
  const watch = new SysWatch(notes, {
    version: "1",
    topicShards: 1,
    intervalSec: 10,
    stats: async () => stats,
    publish: async (_shard, values) => {
      state.published.push(values.length);
      return Array.from({ length: watchers }, (_, index) => `${index}-${"x".repeat(250)}`);
    },
    isConnected: () => state.isConnected,
    isAnyConnected: () => state.isAnyConnected,
    setAlarm: () => {
      state.alarms += 1;
    },
  });
  return { state, watch };
}

it("too many to be known by name are published to while any client is there, in a row of bounded size", async () => {
  const { state, watch } = scene(100_000);
  await watch.subscribe(0);
  await watch.onAlarm();
  expect(watch.isOn).toBe(true);
  expect(state.row.length).toBeLessThan(500_000);
  state.isAnyConnected = false;
  await watch.onAlarm();
  expect(watch.isOn).toBe(false);
  const { alarms } = state;
  watch.onConnected("whoever");
  expect([watch.isOn, state.alarms]).toEqual([true, alarms + 1]);
});

it("known by name are published to while one of them is there", async () => {
  const { watch } = scene(2);
  await watch.subscribe(0);
  await watch.onAlarm();
  expect(watch.isOn).toBe(false);
  watch.onConnected("somebody else");
  expect(watch.isOn).toBe(false);
});

it.each([
  ["while another is there", true],
  ["while nobody is there", false],
])("one that was away gets every value again, also those that did not change: %s", async (_, isConnected) => {
  const { state, watch } = scene(2);
  state.isConnected = isConnected;
  await watch.subscribe(0);
  await watch.onAlarm();
  await watch.onAlarm();
  watch.onConnected("somebody else");
  await watch.onAlarm();
  const before = state.published.splice(0);
  expect(Math.max(...before)).toBeLessThan(3);
  watch.onConnected(`1-${"x".repeat(250)}`);
  await watch.onAlarm();
  expect(state.published[0]).toBeGreaterThan(20);
});
