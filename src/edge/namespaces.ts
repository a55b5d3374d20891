// Whether a namespace exists, which the Worker asks before it touches any object in it: a name that a stranger has made up
// must leave nothing behind. Who may connect is decided elsewhere.

import { logError } from "../platform/log.ts";
import { accessStub } from "../platform/stubs.ts";
import type { Settings } from "../settings/settings.ts";

export const defaultNamespace = "default";

/** A namespace that exists stays. A missing namespace may be made at any time, by another isolate. */
const knownMs = 600_000;
const unknownMs = 5_000;
const maximumRemembered = 1_000;

type Answer = { readonly exists: boolean; readonly untilMs: number };

/** This isolate's answers, in the order of insertion. */
const answers = new Map<string, Answer>();

/** Whether the namespace exists. If not, its clients and API tokens are refused without looking at them. */
export async function namespaceExists(env: Env, settings: Settings, namespace: string): Promise<boolean> {
  const { namespaces } = settings;
  if (namespace === defaultNamespace || namespaces === "all") return true;
  if (namespaces !== "made") return namespaces.has(namespace);
  const known = answers.get(namespace);
  const nowMs = Date.now();
  if (known !== undefined && Math.abs(known.untilMs - nowMs) <= knownMs && nowMs < known.untilMs) return known.exists;
  try {
    const exists = await accessStub(env, settings, defaultNamespace).knowsNamespace(namespace);
    remember(namespace, exists);
    return exists;
  } catch (error) {
    // This check only saves objects. If it fails, it must not keep anybody out of a namespace that exists.
    logError("cannot find out whether a namespace exists", { namespace, reason: String(error) });
    return known?.exists ?? true;
  }
}

/** To be called after something was made in the namespace: it exists from now on. */
export function rememberNamespace(namespace: string): void {
  remember(namespace, true);
}

function remember(namespace: string, exists: boolean): void {
  answers.delete(namespace);
  answers.set(namespace, { exists, untilMs: Date.now() + (exists ? knownMs : unknownMs) });
  const [oldest] = answers.keys();
  if (answers.size > maximumRemembered && oldest !== undefined) answers.delete(oldest);
}
