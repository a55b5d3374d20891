// Counts the billed work of objects: events, rows, alarms, and the time in which they cannot hibernate. Counts are by
// namespace and class; `Counts` in counts.ts describes each number.

import { AsyncLocalStorage } from "node:async_hooks";
import { clearWorldTimeout, clockRate, nowMs, setWorldTimeout, worldMsOf } from "./clock.js";

const counts = {};

export function countsOf(namespace) {
  counts[namespace] ??= { workerRequests: 0, calls: {}, objects: {} };
  return counts[namespace];
}

/** An object's name is the namespace, or begins with it and a slash. */
export const namespaceOf = (name) => name.split("/", 1)[0];

export function increase(table, key) {
  table[key] = (table[key] ?? 0) + 1;
}

const noCounts = {
  starts: 0,
  coldWakes: 0,
  rowsRead: 0,
  rowsWritten: 0,
  alarmsSet: 0,
  eventMs: 0,
  timerMs: 0,
};

/** After this time without work, the platform lets an object hibernate. */
const hibernatesAfterMs = 10_000;

class Meter {
  #events = 0;
  #timers = 0;
  /** By the real clock. */
  #sinceMs = performance.now();
  #asleepSinceMs = nowMs();
  #alarm;

  constructor(binding, namespace) {
    const { objects } = countsOf(namespace);
    objects[binding] ??= { ...noCounts, events: {}, statements: {} };
    this.counts = objects[binding];
    this.namespace = namespace;
    this.binding = binding;
  }

  get isAwake() {
    return this.#events + this.#timers > 0;
  }

  /** Begins an event or a call, which ends when the returned function is called. */
  holdForEvent() {
    this.#change(1, 0);
    return once(() => this.#change(-1, 0));
  }

  holdForTimer() {
    this.#change(0, 1);
    return once(() => this.#change(0, -1));
  }

  #change(events, timers) {
    this.settle();
    if (!this.isAwake && nowMs() - this.#asleepSinceMs >= hibernatesAfterMs) this.counts.coldWakes += 1;
    this.#events += events;
    this.#timers += timers;
    if (!this.isAwake) this.#asleepSinceMs = nowMs();
  }

  /**
   * Timers take time of the Worker's clock. Events and calls take the machine's time, which does not run faster, even
   * while a timer that watches over them is pending.
   */
  settle() {
    const worldMs = performance.now();
    const elapsedMs = worldMs - this.#sinceMs;
    this.#sinceMs = worldMs;
    if (this.#events > 0) this.counts.eventMs += elapsedMs;
    else if (this.#timers > 0) this.counts.timerMs += elapsedMs * clockRate;
  }

  onStatement(query, cursor) {
    const { statements } = this.counts;
    statements[query] ??= { times: 0, rowsRead: 0, rowsWritten: 0 };
    statements[query].times += 1;
    for (const kind of ["rowsRead", "rowsWritten"]) {
      this.counts[kind] += cursor[kind];
      statements[query][kind] += cursor[kind];
    }
  }

  onAlarmSet(atMs) {
    this.counts.alarmsSet += 1;
    this.#alarm = { setAtMs: nowMs(), atMs };
  }

  onDeletedAll() {
    this.#alarm = undefined;
  }

  /** An alarm that is still to come. */
  get alarm() {
    return this.#alarm !== undefined && this.#alarm.atMs > nowMs() ? this.#alarm : undefined;
  }
}

function once(act) {
  let isDone = false;
  return () => {
    if (!isDone) act();
    isDone = true;
  };
}

/** Meters by binding and name of the object. */
const meters = new Map();

export function meterOf(binding, name) {
  const key = `${binding} ${name}`;
  const known = meters.get(key);
  if (known !== undefined) return known;
  const meter = new Meter(binding, namespaceOf(name));
  meters.set(key, meter);
  return meter;
}

/** The counts of one namespace up to now. */
export function readCounts(namespace) {
  const pendingAlarms = {};
  for (const meter of meters.values()) {
    if (meter.namespace !== namespace) continue;
    meter.settle();
    pendingAlarms[meter.binding] ??= [];
    if (meter.alarm !== undefined) pendingAlarms[meter.binding].push(meter.alarm);
  }
  return { nowMs: nowMs(), pendingAlarms, ...countsOf(namespace) };
}

/** The meter of the object that is running now. */
export const atWork = new AsyncLocalStorage();

/** Holds the object awake until this is done. */
export function during(meter, act) {
  const release = meter.holdForEvent();
  let result;
  try {
    result = act();
  } catch (error) {
    release();
    throw error;
  }
  if (typeof result?.then !== "function") {
    release();
    return result;
  }
  const answer = Promise.resolve(result);
  answer.then(release, release);
  return answer;
}

/** The broker uses none of these. */
const uncounted = ["get", "put", "delete", "list", "transaction", "deleteAlarm"];

export function countStorage(storage, meter) {
  const { sql } = storage;
  const exec = sql.exec.bind(sql);
  const setAlarm = storage.setAlarm.bind(storage);
  const getAlarm = storage.getAlarm.bind(storage);
  const deleteAll = storage.deleteAll.bind(storage);
  replace(sql, "exec", (query, ...bindings) => {
    const cursor = exec(query, ...bindings);
    // The caller reads the cursor before this event ends, and only then the number of rows is known.
    queueMicrotask(() => meter.onStatement(query, cursor));
    return cursor;
  });
  replace(storage, "setAlarm", (atMs, ...options) => {
    meter.onAlarmSet(Number(atMs));
    return setAlarm(clockRate === 1 ? atMs : worldMsOf(Number(atMs)), ...options);
  });
  replace(storage, "getAlarm", async (...options) => {
    const worldMs = await getAlarm(...options);
    return worldMs === null || clockRate === 1 ? worldMs : (meter.alarm?.atMs ?? nowMs());
  });
  replace(storage, "deleteAll", (...options) => {
    meter.onDeletedAll();
    return deleteAll(...options);
  });
  for (const method of uncounted) {
    replace(storage, method, () => {
      throw new Error(`nobody counts what storage.${method} costs: see tools/cost/worker/meter.js`);
    });
  }
}

const replace = (object, name, value) => Object.defineProperty(object, name, { value });

const timers = new Map();

globalThis.setTimeout = (callback, ms, ...parameters) => {
  const release = atWork.getStore()?.holdForTimer();
  const timer = setWorldTimeout(() => {
    timers.delete(timer);
    try {
      callback(...parameters);
    } finally {
      release?.();
    }
  }, ms / clockRate);
  if (release !== undefined) timers.set(timer, release);
  return timer;
};

globalThis.clearTimeout = (timer) => {
  clearWorldTimeout(timer);
  timers.get(timer)?.();
  timers.delete(timer);
};
