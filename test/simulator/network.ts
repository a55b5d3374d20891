// Calls from one object to another, like the platform's RPC. Arguments and answers are copies. A call waits for its
// caller's disk, and an answer for the disk of the object called. The seed decides what happens to each call. A call
// ends with the process of either side, so it never reaches a later start of its target.

import type { Host } from "./host.ts";
import { type Caller, WorkerProcess } from "./worker.ts";
import type { World } from "./world.ts";

type Methods = Record<string, (...parameters: unknown[]) => unknown>;

/** The platform gives up on a call without an answer. */
const unansweredMs = 60_000;

export class Network {
  readonly #world: World;
  /** Some call was not simply answered. */
  hasFailed = false;

  constructor(world: World) {
    this.#world = world;
  }

  /** @returns what `getByName` of a namespace gives */
  stubOf(target: Host, methods: readonly string[]): unknown {
    const call =
      (method: string) =>
      (...parameters: unknown[]) =>
        this.#call(target, method, parameters);
    return Object.fromEntries(methods.map((method) => [method, call(method)]));
  }

  #call(target: Host, method: string, parameters: unknown[]): Promise<unknown> {
    const caller = this.#world.clock.running as Caller;
    const copy = structuredClone(parameters);
    caller.openCalls += 1;
    return new Promise((resolve, reject) => {
      let isOver = false;
      const respond = (delayMs: number, act: () => void) => {
        this.#world.clock.after(delayMs, caller, () => {
          if (isOver) return;
          isOver = true;
          caller.openCalls -= 1;
          act();
        });
      };
      caller.leave(() =>
        this.#travel(caller, target, method, copy, {
          answer: (answer) => respond(this.#world.faults.callMs(), () => resolve(structuredClone(answer))),
          fail: (error, delayMs = this.#world.faults.callMs()) => respond(delayMs, () => reject(error)),
        }),
      );
    });
  }

  #travel(caller: Caller, target: Host, method: string, parameters: unknown[], { answer, fail }: Back): void {
    const { faults } = this.#world;
    const fate = faults.callFate();
    if (fate !== "answered") {
      this.hasFailed = true;
      target.noteFailure();
      this.#world.trace(`${target.label}: ${method} is ${fate}`);
    }
    const { restarts } = target;
    const arrive = (delayMs: number, back: Back) => {
      this.#world.clock.after(delayMs, undefined, () => {
        if (target.restarts !== restarts) {
          target.noteFailure();
          lost();
        } else if (caller.isAlive) this.#arrive(target, method, parameters, back);
      });
    };
    const lost = () => fail(new Error("the network lost the connection"));
    switch (fate) {
      case "answered":
        arrive(faults.callMs(), { answer, fail });
        break;
      case "lost":
        lost();
        break;
      case "overloaded":
        fail(Object.assign(new Error("the object is overloaded"), { overloaded: true }));
        break;
      case "answer lost":
        arrive(faults.callMs(), { answer: lost, fail });
        break;
      case "repeated":
        arrive(faults.callMs(), { answer, fail });
        // Objects repeat what they had no answer to; the Worker asks once, and so does the platform.
        if (!(caller instanceof WorkerProcess)) arrive(faults.lateCallMs(), { answer, fail });
        break;
      case "late":
        arrive(faults.lateCallMs(), { answer, fail });
        break;
      case "unanswered":
        arrive(faults.callMs(), { answer: () => {}, fail: () => {} });
        fail(new Error("no answer"), unansweredMs);
    }
  }

  #arrive(target: Host, method: string, parameters: unknown[], { answer, fail }: Back): void {
    const result = target.receive((object: Methods) => (object[method] as Methods[string])(...parameters));
    const { instance } = target;
    const abandon = () => fail(new Error("the object was reset"));
    instance?.abandoned.add(abandon);
    const leave = (act: () => void) => {
      if (instance === undefined) act();
      else instance.leave(() => instance.abandoned.delete(abandon) && act());
    };
    result.then(
      (value) => leave(() => answer(value)),
      (error) => leave(() => fail(error as Error)),
    );
  }
}

type Back = {
  readonly answer: (answer: unknown) => void;
  readonly fail: (error: Error, delayMs?: number) => void;
};
