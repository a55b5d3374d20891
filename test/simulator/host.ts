// One Durable Object, in memory or not: its name, its disk, its sockets, its alarm.

import type { Event } from "./clock.ts";
import { Instance } from "./instance.ts";
import type { ServerSocket } from "./socket.ts";
import { SimulatedStorage } from "./storage.ts";
import type { World } from "./world.ts";

export type Kind = "session" | "topic" | "directory";

/** The platform tries an alarm again whose handler failed. */
const alarmRetryMs = 2_000;

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
  #alarm: { readonly atMs: number; readonly event: Event } | undefined;
  #isRinging = false;

  constructor(world: World, kind: Kind, name: string) {
    this.world = world;
    this.kind = kind;
    this.name = name;
    this.storage = new SimulatedStorage((query) => world.mayFail(this, query), world.hasTransactions);
  }

  get label(): string {
    return `${this.kind} ${this.name.slice(this.name.indexOf("/") + 1)}`;
  }

  /**
   * An event comes in, and starts the object where it is not in memory.
   * @returns what the object answers; rejected when it cannot
   */
  async receive<Result>(event: (object: never) => Result): Promise<Awaited<Result>> {
    const instance = this.instance ?? this.#start();
    this.world.clock.running = instance;
    return await instance.run(event);
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
    const { instance } = this;
    this.world.trace(`${this.label}: ${why}`);
    this.instance = undefined;
    this.restarts += 1;
    this.#isRinging = false;
    if (instance !== undefined) {
      instance.isAlive = false;
      for (const abandon of instance.abandoned) abandon();
    }
    for (const socket of this.sockets) socket.lose();
    this.sockets.clear();
    this.watchAlarm();
  }

  /** To be called after whatever may have set the alarm. */
  watchAlarm(): void {
    const { alarmAtMs } = this.storage;
    if (this.#isRinging || alarmAtMs === (this.#alarm?.atMs ?? null)) return;
    this.#cancelAlarm();
    if (alarmAtMs === null) return;
    const delayMs = alarmAtMs - this.world.clock.nowMs + this.world.faults.alarmDelayMs();
    this.#scheduleAlarm(alarmAtMs, delayMs);
  }

  #scheduleAlarm(atMs: number, delayMs: number): void {
    const event = this.world.clock.after(delayMs, undefined, () => {
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
    this.#isRinging = true;
    const { alarmsSet } = this.storage;
    this.receive((object: { alarm(): Promise<void> }) => object.alarm()).then(
      () => this.instance?.leave(() => this.#onRung(alarmsSet)),
      () => {
        this.#isRinging = false;
        this.#cancelAlarm();
        this.#scheduleAlarm(atMs, alarmRetryMs);
      },
    );
  }

  #onRung(alarmsSet: number): void {
    this.#isRinging = false;
    // The handler has set no other.
    if (this.storage.alarmsSet === alarmsSet) this.storage.setAlarm(null);
    this.watchAlarm();
    this.instance?.confirmWrites();
    if (this.world.faults.alarmRepeats())
      this.world.clock.after(1_000, undefined, () => this.#ring(this.world.clock.nowMs));
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
