// An object whose database cannot be used: damaged, or stored by a later version, or on a disk that is full. Nothing of the
// object's own code runs then, so its callers say which it is, in one line that says what to do.

import { logError } from "../log.ts";
import { Seldom } from "../seldom.ts";
import { diskFullLine, storageFailureOf } from "../storage-failure.ts";

/** Where an object is: what its name is made of. */
export type ObjectPlace = {
  readonly object: "session" | "topic" | "directory" | "access";
  readonly namespace: string;
  readonly clientId?: string;
  readonly shard?: number;
};

/** Each object is named once a minute: its callers go on trying. */
const seldom = new Seldom(1);

/**
 * The stub, whose failed calls are looked at: a call that fails because the object cannot be used has the object named in
 * the log. The error is passed on.
 */
export function watched<Stub extends object>(stub: Stub, place: ObjectPlace): Stub {
  return new Proxy(stub, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function" || typeof key === "symbol") return value;
      return async (...args: unknown[]) => {
        try {
          return await (target as Record<string, (...args: unknown[]) => unknown>)[key]?.(...args);
        } catch (error) {
          sayUnusable(error, place, String((target as { id?: unknown }).id ?? ""));
          throw error;
        }
      };
    },
  });
}

function sayUnusable(error: unknown, place: ObjectPlace, id: string): void {
  const failure = storageFailureOf(error);
  if (failure === undefined) return;
  const isDiskFull = failure.line === diskFullLine;
  // A full disk meets all of them, and is said once.
  const name = isDiskFull ? diskFullLine : JSON.stringify(place);
  if (seldom.note(name, Date.now()) === undefined) return;
  if (isDiskFull) {
    logError("nothing can be stored", { ...place, reason: diskFullLine });
    return;
  }
  const file = failure.isOfFile ? `; on the local server the file is ${id}.sqlite in the data folder` : "";
  logError("an object cannot be used", { ...place, reason: failure.line + file });
}
