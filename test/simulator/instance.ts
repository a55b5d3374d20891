// A Durable Object in memory: the real class of src/objects, with what the platform does around it. Its outputs wait
// until the writes before them are confirmed.

import type { Event } from "./clock.ts";
import type { Host } from "./host.ts";
import type { ServerSocket } from "./socket.ts";
import type { Caller } from "./worker.ts";

type Output = { readonly needs: number; readonly leave: () => void };

/** After so long without an event, an object that waits for nothing leaves memory. */
const hibernateAfterMs = 10_000;

/** Thrown at an object that another instance has replaced. */
export class SupersededError extends Error {
  override readonly name = "SupersededError";
}

/** Thrown at an instance that has left memory: whatever it still does has no effect. */
export class GoneError extends Error {
  override readonly name = "GoneError";

  constructor() {
    super("the object is gone");
  }
}

export class Instance implements Caller {
  isAlive = true;
  isReady = false;
  /** Its sockets, since another instance has taken its place; `undefined` while it is the one. */
  sockets: Set<ServerSocket> | undefined;
  object: unknown;
  readonly host: Host;
  /** Timers of the object's `setTimeout`. */
  readonly timers = new Set<Event>();
  openCalls = 0;
  /** Answers that others wait for; called when the object goes. */
  readonly abandoned = new Set<() => void>();
  #ready: Promise<unknown> = Promise.resolve();
  #outputs: Output[] = [];
  /** Writes whose confirmation is under way. */
  #confirming = 0;
  #confirmedAtMs = 0;
  #lastEventMs = 0;
  #isWatched = false;

  constructor(host: Host) {
    this.host = host;
  }

  /** Runs the constructor of the class; may throw. */
  start(): void {
    this.object = this.host.world.platform.newObject(this);
  }

  /** The platform's `blockConcurrencyWhile`: an object that fails in it starts again. */
  blockUntil(act: () => Promise<unknown>): Promise<unknown> {
    this.isReady = false;
    this.#ready = act().catch((error) => {
      if (this.isAlive) this.host.crash(`did not start: ${error}`);
      throw error;
    });
    // Whoever waits for the object hears of it.
    this.#ready.catch(() => {});
    return this.#ready;
  }

  /** Passes an event to the object, once its start is over. */
  async run<Result>(event: (object: never) => Result): Promise<Awaited<Result>> {
    this.#lastEventMs = this.host.world.clock.nowMs;
    await this.#ready;
    this.isReady = true;
    if (!this.isAlive) throw new GoneError();
    return await event(this.object as never);
  }

  /** Something leaves the object: as soon as what was written before it is safe. */
  leave(act: () => void): void {
    if (!this.isAlive) return;
    // It can write nothing any more.
    if (this.sockets !== undefined) {
      act();
      return;
    }
    const needs = this.host.world.gatesOutput ? this.host.storage.written : 0;
    if (needs <= this.host.storage.confirmed && this.#outputs.length === 0) act();
    else this.#outputs.push({ needs, leave: act });
  }

  /** Another instance takes its place: see `Host.supersede`. */
  supersede(sockets: Iterable<ServerSocket>): void {
    this.sockets = new Set(sockets);
    for (const socket of this.sockets) {
      socket.instance = this;
      // The new instance assumes that the connection is lost.
      socket.link?.end();
    }
  }

  /** The process is gone. */
  end(): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    for (const abandon of this.abandoned) abandon();
    for (const socket of this.sockets ?? []) socket.lose();
  }

  /**
   * @throws {GoneError} when the instance has left memory
   * @throws {SupersededError} when the storage is another instance's
   */
  expectStorage(): void {
    if (!this.isAlive) throw new GoneError();
    if (this.sockets !== undefined && this.host.world.fencesStorage) throw new SupersededError("superseded");
  }

  afterEvent(): void {
    if (!this.isAlive || this.sockets !== undefined) return;
    this.#lastEventMs = this.host.world.clock.nowMs;
    if (this.host.storage.endTurn()) this.host.world.checkAfter(this);
    this.confirmWrites();
    this.host.watchAlarm();
    this.#watchForIdleness();
  }

  confirmWrites(): void {
    if (this.sockets !== undefined) return;
    const { storage, world } = this.host;
    const { written } = storage;
    if (written === this.#confirming) return;
    this.#confirming = written;
    const delayMs = world.faults.confirmMs();
    // In order: not before those that were made before.
    this.#confirmedAtMs = Math.max(this.#confirmedAtMs, world.clock.nowMs + delayMs);
    world.clock.after(this.#confirmedAtMs - world.clock.nowMs, undefined, () => {
      if (this.isAlive && this.sockets === undefined) this.#onConfirmed(written);
    });
    const crashMs = world.faults.crashWithinMs(delayMs);
    if (crashMs !== undefined)
      world.clock.after(crashMs, undefined, () => {
        if (this.isAlive && this.sockets === undefined) this.host.crash("crash");
      });
  }

  #onConfirmed(count: number): void {
    this.host.storage.confirm(count);
    if (this.host.storage.written === 0) this.#confirming = 0;
    const held = this.#outputs.findIndex(({ needs }) => needs > count);
    const leaving = this.#outputs.splice(0, held === -1 ? this.#outputs.length : held);
    for (const { leave } of leaving) leave();
  }

  #watchForIdleness(): void {
    if (this.#isWatched || this.host.world.isBusy) return;
    this.#isWatched = true;
    this.host.world.clock.after(hibernateAfterMs, undefined, () => {
      this.#isWatched = false;
      if (!this.isAlive || this.sockets !== undefined) return;
      if (this.#isIdle) this.host.hibernate();
      else this.#watchForIdleness();
    });
  }

  get #isIdle(): boolean {
    const isQuiet = this.host.world.clock.nowMs >= this.#lastEventMs + hibernateAfterMs;
    const waitsForNothing = this.timers.size === 0 && this.openCalls === 0 && this.abandoned.size === 0;
    return isQuiet && waitsForNothing && this.host.storage.written === 0;
  }
}
