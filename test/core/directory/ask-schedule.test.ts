import { describe, expect, it } from "vitest";
import { AskSchedule, maximumAskedAtOnce } from "../../../src/core/directory/ask-schedule.ts";

const startMs = 1_800_000_000_000;

describe("whose counters are asked for", () => {
  it("is at most fifty at a time, the longest not asked first", () => {
    const schedule = new AskSchedule();
    const clientIds = Array.from({ length: 110 }, (_, index) => `c${index}`);
    for (const clientId of clientIds) schedule.add(clientId, 0);
    const rounds = [0, 1, 2, 3].map((round) => schedule.take(startMs + round));
    expect(rounds.map((round) => round.length)).toEqual([maximumAskedAtOnce, maximumAskedAtOnce, 10, 0]);
    expect(rounds.flat().sort()).toEqual(clientIds.sort());
    expect(schedule.take(startMs + 10_000)).toEqual(rounds[0]);
  });

  it("is a session with nothing new ever more rarely, at least every five minutes", () => {
    const schedule = new AskSchedule();
    schedule.add("quiet", 0);
    const askedAtSec: number[] = [];
    for (let sec = 0; sec < 1_300; sec += 1) {
      if (schedule.take(startMs + sec * 1_000).length > 0) askedAtSec.push(sec);
    }
    expect(askedAtSec).toEqual([0, 10, 30, 70, 150, 310, 610, 910, 1210]);
  });

  it("is a session with something new every ten seconds", () => {
    const schedule = new AskSchedule();
    schedule.add("some", 0);
    const askedAtSec: number[] = [];
    for (let sec = 0; sec < 40; sec += 1) {
      if (schedule.take(startMs + sec * 1_000).length === 0) continue;
      askedAtSec.push(sec);
      schedule.onChanged("some", false);
    }
    expect(askedAtSec).toEqual([0, 10, 20, 30]);
  });

  it("is a busy session each time", () => {
    const schedule = new AskSchedule();
    schedule.add("busy", 0);
    for (let sec = 0; sec < 40; sec += 5) {
      expect(schedule.take(startMs + sec * 1_000)).toEqual(["busy"]);
      schedule.onChanged("busy", true);
    }
  });

  it("is nobody who has left", () => {
    const schedule = new AskSchedule();
    schedule.add("one", 0);
    schedule.delete("one");
    schedule.onChanged("one", true);
    expect([schedule.size, schedule.take(startMs)]).toEqual([0, []]);
  });

  it("is asked as soon when the clock was set back", () => {
    const schedule = new AskSchedule();
    schedule.add("one", 0);
    schedule.take(startMs);
    expect(schedule.take(startMs - 3_600_000)).toEqual(["one"]);
  });
});
