// Which namespaces there are, as far as a Worker has to know before it touches an object of one: a name that a stranger has
// made up is to leave nothing behind. Who may connect is not decided here.

import { logError } from "./log.ts";
import { accessStub } from "./objects/stubs.ts";
import type { Settings } from "./settings.ts";

export const defaultNamespace = "default";

/** One that is there stays there; one that is not may be made at any time, by another isolate. */
const knownMs = 600_000;
const unknownMs = 5_000;
const maximumRemembered = 1_000;

type Answer = { readonly isThere: boolean; readonly untilMs: number };

/** Of this isolate; the order of a Map is that of insertion. */
const answers = new Map<string, Answer>();

/** Whether clients and API tokens of the namespace have to be looked at. */
export async function namespaceExists(env: Env, settings: Settings, namespace: string): Promise<boolean> {
  const { namespaces } = settings;
  if (namespace === defaultNamespace || namespaces === "all") return true;
  if (namespaces !== "made") return namespaces.has(namespace);
  const known = answers.get(namespace);
  const nowMs = Date.now();
  if (known !== undefined && Math.abs(known.untilMs - nowMs) <= knownMs && nowMs < known.untilMs) return known.isThere;
  try {
    const isThere = await accessStub(env, settings, defaultNamespace).knowsNamespace(namespace);
    remember(namespace, isThere);
    return isThere;
  } catch (error) {
    // This saves objects, and protects nothing else: whoever is in a namespace is not to be kept out.
    logError("it cannot be found out whether a namespace exists", { namespace, reason: String(error) });
    return known?.isThere ?? true;
  }
}

/** Something has just been made in it. */
export function rememberNamespace(namespace: string): void {
  remember(namespace, true);
}

function remember(namespace: string, isThere: boolean): void {
  answers.delete(namespace);
  answers.set(namespace, { isThere, untilMs: Date.now() + (isThere ? knownMs : unknownMs) });
  const [oldest] = answers.keys();
  if (answers.size > maximumRemembered && oldest !== undefined) answers.delete(oldest);
}
