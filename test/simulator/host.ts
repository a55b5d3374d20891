// One Durable Object, in memory or not: its name, its disk, its sockets, its alarm.

import type { Event } from "./clock.ts";
import { Instance } from "./instance.ts";
import type { ServerSocket } from "./socket.ts";
import { SimulatedStorage } from "./storage.ts";
import type { World } from "./world.ts";

export type Kind = "session" | "topic" | "directory" | "access";

/** An alarm may find nothing to do, or come twice. If it comes more often without a pause, it is a loop. */
const maximumRingsInARow = 20;
const ringPauseMs = 1_000;
/** If an alarm's handler fails, the platform tries again this many times, with twice the pause each time. */
const firstAlarmRetryMs = 2_000;
const maximumAlarmRetries = 6;

export class Host {
  readonly world: World;
  readonly kind: Kind;
  readonly name: string;
  readonly storage: SimulatedStorage;
  /** Accepted, and not closed for both sides yet: they outlive a hibernation. */
  readonly sockets = new Set<ServerSocket>();
  instance: Instance | undefined;
  /** How often it has left memory. */
  restarts = 0;
  /** When it was last cut off, out of reach of a call, or failed by its disk, in milliseconds of the machine's clock. */
  failedAtMs = Number.NEGATIVE_INFINITY;
  /** Its clock against the machine's. */
  readonly skewMs: number;
  /** The platform has given its alarm up: only another event can help. */
  hasLostAlarm = false;
  #diskIsFullUntilMs = 0;
  #alarmsFailUntilMs = 0;
  #alarmsReachObject = true;
  #failed = { alarmAtMs: 0, times: 0 };
  #rung = { atMs: 0, times: 0 };
  #alarm: { readonly atMs: number; readonly event: Event } | undefined;
  #isRinging = false;

  constructor(world: World, kind: Kind, name: string) {
    this.world = world;
    this.kind = kind;
    this.name = name;
    this.skewMs = world.wallClock.newSkewMs();
    this.storage = new SimulatedStorage((query) => world.mayFail(this, query), world.hasTransactions);
  }

  noteFailure(): void {
    this.failedAtMs = this.world.clock.nowMs;
  }

  get label(): string {
    return `${this.kind} ${this.name.slice(this.name.indexOf("/") + 1)}`;
  }

  /**
   * An event arrives, and starts the object if it is not in memory.
   * @returns what the object answers; rejected when it cannot
   */
  async receive<Result>(event: (object: never) => Result): Promise<Awaited<Result>> {
    const instance = this.instance ?? this.#start();
    this.world.clock.running = instance;
    return await instance.run(event);
  }

  /** An event of a socket that an instance has kept which was superseded. */
  async receiveAs<Result>(instance: Instance, event: (object: never) => Result): Promise<Awaited<Result>> {
    this.world.clock.running = instance;
    return await instance.run(event);
  }

  /** Something that happens to every object sooner or later, and asks nothing of it. */
  receiveAnything(): Promise<unknown> {
    type Any = { inspect(): unknown; counts(): unknown; credentials(after: string, most: number): unknown };
    return this.receive((object: Any) => {
      if (this.kind === "session") return object.inspect();
      return this.kind === "access" ? object.credentials("", 1) : object.counts();
    });
  }

  /** Out of memory, with its sockets kept. */
  hibernate(): void {
    if (this.instance === undefined) return;
    this.world.trace(`${this.label}: hibernates`);
    this.instance.isAlive = false;
    this.instance = undefined;
    this.restarts += 1;
  }

  /** The process is gone: sockets and calls with it, and what was not confirmed, or a part of that. */
  crash(why: string): void {
    this.storage.crash(this.world.faults.keptAfterCrash());
    this.#end(why);
  }

  /** The object ends itself. */
  abort(why: string): void {
    this.storage.abort(this.world.faults.keptAfterCrash());
    this.#end(why);
  }

  #end(why: string): void {
    this.noteFailure();
    const { instance } = this;
    this.world.trace(`${this.label}: ${why}`);
    this.instance = undefined;
    this.restarts += 1;
    this.#isRinging = false;
    instance?.end();
    for (const socket of this.sockets) socket.lose();
    this.sockets.clear();
    this.watchAlarm();
  }

  /**
   * Another instance takes over: new events go to it. The running instance may go on with its memory, timers, calls and
   * sockets until it touches its storage or learns of it; the platform promises no more. If a write is not confirmed
   * yet, the object ends at once, because its output gate breaks.
   */
  supersede(forMs: number): void {
    const { instance } = this;
    if (instance === undefined || !instance.isReady) return;
    if (this.storage.written > 0) {
      this.crash("superseded while it writes");
      return;
    }
    this.world.trace(`${this.label}: superseded`);
    this.noteFailure();
    instance.supersede(this.sockets);
    this.sockets.clear();
    this.instance = undefined;
    this.restarts += 1;
    this.#isRinging = false;
    this.watchAlarm();
    this.world.clock.after(forMs, undefined, () => instance.end());
  }

  /** Nothing more is written for a while, or until somebody makes room. */
  fillDisk(forMs: number): void {
    this.world.trace(`${this.label}: the disk is full${Number.isFinite(forMs) ? "" : ", and stays so"}`);
    this.noteFailure();
    this.#diskIsFullUntilMs = Math.max(this.#diskIsFullUntilMs, this.world.clock.nowMs + forMs);
  }

  get hasFullDisk(): boolean {
    return this.world.clock.nowMs < this.#diskIsFullUntilMs;
  }

  makeRoom(): void {
    this.#diskIsFullUntilMs = 0;
  }

  /**
   * Its alarms fail for a while.
   * @param reachObject the handler fails, as soon as it reads or writes anything; otherwise the object hears of nothing
   */
  failAlarms(forMs: number, reachObject: boolean): void {
    this.world.trace(`${this.label}: alarms ${reachObject ? "fail" : "do not come"}`);
    this.noteFailure();
    this.#alarmsFailUntilMs = this.world.clock.nowMs + forMs;
    this.#alarmsReachObject = reachObject;
  }

  get #isAlarmUnheard(): boolean {
    return !this.#alarmsReachObject && this.world.clock.nowMs < this.#alarmsFailUntilMs;
  }

  /** Whether a statement fails, for a reason that lasts. */
  refuses(query: string): boolean {
    if (this.#isRinging && this.world.clock.nowMs < this.#alarmsFailUntilMs) return true;
    return this.hasFullDisk && !query.startsWith("SELECT");
  }

  /** Call it after anything that may have set the alarm. */
  watchAlarm(): void {
    const { alarmAtMs } = this.storage;
    if (this.#isRinging || alarmAtMs === (this.#alarm?.atMs ?? null)) return;
    this.#cancelAlarm();
    if (alarmAtMs === null) return;
    this.hasLostAlarm = false;
    this.#scheduleAlarm(alarmAtMs, alarmAtMs - this.world.wallClock.nowMs + this.world.faults.alarmDelayMs());
  }

  /** The platform waits in real time, and then looks whether the clock says so, too. */
  #scheduleAlarm(atMs: number, delayMs: number): void {
    const { clock, wallClock } = this.world;
    const event = clock.after(delayMs, undefined, () => {
      const leftMs = atMs - wallClock.nowMs;
      if (leftMs > 0) {
        this.#scheduleAlarm(atMs, leftMs);
        return;
      }
      this.#alarm = undefined;
      this.#ring(atMs);
    });
    this.#alarm = { atMs, event };
  }

  #cancelAlarm(): void {
    if (this.#alarm !== undefined) this.#alarm.event.isCancelled = true;
    this.#alarm = undefined;
  }

  #ring(atMs: number): void {
    this.world.trace(`${this.label}: alarm`);
    this.#judgeRing();
    this.#isRinging = true;
    const { alarmsSet } = this.storage;
    const ring = (object: { alarm(info: object): Promise<void> }) => object.alarm({ scheduledTime: atMs });
    const done = this.#isAlarmUnheard ? Promise.reject(new Error("not heard")) : this.receive(ring);
    const { instance } = this;
    const isSuperseded = () => this.instance !== undefined && this.instance !== instance;
    done.then(
      () => isSuperseded() || this.instance?.leave(() => this.#onRung(atMs, alarmsSet)),
      () => isSuperseded() || this.#onAlarmFailed(atMs),
    );
  }

  /** An alarm that is set to a time that has passed rings at once, and each ring costs a row. */
  #judgeRing(): void {
    const atMs = this.world.clock.nowMs;
    this.#rung = { atMs, times: atMs < this.#rung.atMs + ringPauseMs ? this.#rung.times + 1 : 1 };
    if (this.#rung.times > maximumRingsInARow) this.world.violate(`${this.label}: its alarm rings again and again`);
  }

  #onAlarmFailed(alarmAtMs: number): void {
    this.#isRinging = false;
    this.#cancelAlarm();
    const times = alarmAtMs === this.#failed.alarmAtMs ? this.#failed.times + 1 : 1;
    this.#failed = { alarmAtMs, times };
    if (times <= maximumAlarmRetries) {
      this.#scheduleAlarm(alarmAtMs, firstAlarmRetryMs * 2 ** (times - 1));
      return;
    }
    this.world.trace(`${this.label}: its alarm is given up`);
    this.storage.loseAlarm();
    this.hasLostAlarm = true;
  }

  #onRung(alarmAtMs: number, alarmsSet: number): void {
    this.#isRinging = false;
    // The handler has set no other.
    if (this.storage.alarmsSet === alarmsSet) this.storage.setAlarm(null);
    this.watchAlarm();
    this.instance?.confirmWrites();
    if (this.world.faults.alarmRepeats()) this.world.clock.after(1_000, undefined, () => this.#ring(alarmAtMs));
  }

  #start(): Instance {
    const instance = new Instance(this);
    this.instance = instance;
    this.world.clock.running = instance;
    try {
      instance.start();
    } catch (error) {
      this.crash(`did not start: ${error}`);
      throw error;
    }
    return instance;
  }
}
