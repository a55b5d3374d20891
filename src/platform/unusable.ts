// Reports an object whose database cannot be used, because it is damaged, was stored by a later version, or the disk is full.
// The object's own code does not run then, so its callers log which object it is, and what to do, in one line.

import { logError } from "./log.ts";
import { Seldom } from "./seldom.ts";
import { diskFullLine, storageFailureOf } from "./storage-failure.ts";

/** Which object it is: the parts of its name. */
export type ObjectPlace = {
  readonly object: "session" | "topic" | "directory" | "access";
  readonly namespace: string;
  readonly clientId?: string;
  readonly shard?: number;
};

/** Each object is logged once a minute, as its callers go on trying. */
const seldom = new Seldom(1);

/**
 * Wraps a stub: if a call fails because the object cannot be used, the object is logged. The error is thrown again.
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
  // A full disk affects all objects, and is logged once.
  const name = isDiskFull ? diskFullLine : JSON.stringify(place);
  if (seldom.note(name, Date.now()) === undefined) return;
  if (isDiskFull) {
    logError("nothing can be stored", { ...place, reason: diskFullLine });
    return;
  }
  const file = failure.isOfFile ? `; on the local server the file is ${id}.sqlite in the data folder` : "";
  logError("an object cannot be used", { ...place, reason: failure.line + file });
}
