import { beforeEach, describe, expect, it } from "vitest";
import { Alarm } from "../../src/platform/alarm.ts";

const startMs = 1_800_000_000_000;

/** The platform's part: its clock may differ from the object's. */
class Storage {
  alarmAtMs: number | null = null;
  /** Each is a row written. */
  alarmsSet = 0;

  async getAlarm(): Promise<number | null> {
    return this.alarmAtMs;
  }

  async setAlarm(atMs: number): Promise<void> {
    this.alarmAtMs = atMs;
    this.alarmsSet += 1;
  }
}

describe("an object's alarm", () => {
  let storage: Storage;
  let alarm: Alarm;

  beforeEach(() => {
    storage = new Storage();
    alarm = new Alarm(storage as unknown as DurableObjectStorage);
  });

  it("stays as it is when it is early enough", () => {
    alarm.set(startMs + 1_000, startMs);
    alarm.set(startMs + 2_000, startMs + 10);
    alarm.set(Number.POSITIVE_INFINITY, startMs + 20);
    expect(storage).toMatchObject({ alarmAtMs: startMs + 1_000, alarmsSet: 1 });
    alarm.set(startMs + 500, startMs + 30);
    expect(storage).toMatchObject({ alarmAtMs: startMs + 500, alarmsSet: 2 });
  });

  it("is set again when the platform has given it up", () => {
    alarm.set(startMs, startMs);
    alarm.set(startMs + 310_000, startMs + 290_000);
    expect(storage.alarmsSet).toBe(1);
    alarm.set(startMs + 310_000, startMs + 301_000);
    expect(storage).toMatchObject({ alarmAtMs: startMs + 310_000, alarmsSet: 2 });
  });

  it("is found by a new start", async () => {
    alarm.set(startMs + 1_000, startMs);
    const next = new Alarm(storage as unknown as DurableObjectStorage);
    await next.find();
    next.set(startMs + 2_000, startMs);
    expect(storage.alarmsSet).toBe(1);
  });

  it("moves to a later time too, and is set then", async () => {
    expect(alarm.isSet).toBe(false);
    await alarm.move(startMs + 1_000);
    await alarm.move(startMs + 5_000);
    expect(storage).toMatchObject({ alarmAtMs: startMs + 5_000, alarmsSet: 2 });
    expect(alarm.isSet).toBe(true);
  });

  it("says by how much it is late", () => {
    expect(alarm.onRing(startMs, startMs + 700)).toBe(700);
    expect(alarm.onRing(startMs, startMs - 700)).toBe(0);
    expect(alarm.onRing(undefined, startMs)).toBe(0);
  });

  /** Has the alarm ring until its time has come by the object's clock. @returns how often it rang */
  function ringUntil(dueAtMs: number, fromMs: number, aheadMs: number): number {
    let rings = 0;
    alarm.set(dueAtMs, fromMs);
    for (let nowMs = fromMs; nowMs < dueAtMs + 10_000 && storage.alarmAtMs !== null; nowMs += 1) {
      if (storage.alarmAtMs > nowMs + aheadMs) continue;
      const scheduledMs = storage.alarmAtMs;
      storage.alarmAtMs = null;
      rings += 1;
      alarm.onRing(scheduledMs, nowMs);
      if (nowMs < dueAtMs) alarm.set(dueAtMs, nowMs);
    }
    return rings;
  }

  it("rings once more, and not again and again, when the platform's clock is ahead", () => {
    expect(ringUntil(startMs + 60_000, startMs, 3_000)).toBe(2);
    expect(storage.alarmsSet).toBe(2);
  });

  it("rings a few times more when it was set for a time that had passed by the platform's clock", () => {
    expect(ringUntil(startMs + 120, startMs, 5_000)).toBeLessThanOrEqual(8);
    // By then it knows how far that clock is ahead.
    expect(ringUntil(startMs + 60_000, startMs + 10_000, 5_000)).toBeLessThanOrEqual(2);
  });
});
