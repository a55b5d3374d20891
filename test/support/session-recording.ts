// What happened to sessions, as lines of JSON that replay to the same effects. A recording begins with the settings of its
// session, the client identifier among them, and with what was stored. Then it has a step for each event: the event, its
// time, the random ids that were drawn, and the effects. SCRAM users are left out, so their exchanges do not replay.

import type { SessionSettings } from "../../src/core/session/context.ts";
import type { Effect } from "../../src/core/session/effect.ts";
import type { SessionEvent } from "../../src/core/session/event.ts";
import { Session } from "../../src/core/session/session.ts";
import type { SessionStore } from "../../src/core/session/session-store.ts";
import { fromJsonLine, toJsonLine } from "./json-line.ts";

type RecordedSettings = Omit<SessionSettings, "randomId" | "scramUsers">;

/** The first line of a recording. */
type Start<Stored> = {
  readonly recording: number;
  readonly name: string;
  readonly settings: RecordedSettings;
  /** What was stored; what it looks like is the business of whoever records. */
  readonly stored: Stored;
};

/** Every other line. */
type Step = {
  readonly recording: number;
  readonly atMs: number;
  readonly event: SessionEvent;
  readonly ids: readonly string[];
  readonly effects: readonly Effect[];
  /** The error that the event ended with, if it did: the session is not used after that. */
  readonly error?: string;
};

export type Recording<Stored> = { readonly start: Start<Stored>; readonly steps: readonly Step[] };

export type RecorderOptions = {
  /** Called when a session handles its first event. */
  readonly describe: (store: SessionStore) => { readonly name: string; readonly stored: unknown };
  readonly write: (line: string) => void;
};

/** Settings that are of this session alone. */
type OwnSettings = SessionSettings & { randomId: () => string };

/** What a recorder reads of a session, which keeps it to itself. */
type Recorded = {
  readonly parts: { readonly context: { readonly settings: OwnSettings; readonly store: SessionStore } };
};

/**
 * Records every session that handles its first event from now on.
 * @returns ends that
 */
export function recordSessions({ describe, write }: RecorderOptions): () => void {
  const { handle } = Session.prototype;
  const recorders = new WeakMap<Session, Recorder>();
  let count = 0;
  Session.prototype.handle = function (event, nowMs) {
    let recorder = recorders.get(this);
    if (recorder === undefined) {
      count += 1;
      const { settings, store } = (this as unknown as Recorded).parts.context;
      recorder = new Recorder({ recording: count, ...describe(store) }, settings, write);
      recorders.set(this, recorder);
    }
    return recorder.record(event, nowMs, () => handle.call(this, event, nowMs));
  };
  return () => {
    Session.prototype.handle = handle;
  };
}

class Recorder {
  readonly #recording: number;
  readonly #write: (line: string) => void;
  /** Drawn during the present event. */
  #ids: string[] = [];

  /** @param settings the session's own: its random ids are noted from now on */
  constructor(start: Omit<Start<unknown>, "settings">, settings: OwnSettings, write: (line: string) => void) {
    this.#recording = start.recording;
    this.#write = write;
    const { randomId, scramUsers: _, ...recorded } = settings;
    this.#write(toJsonLine({ ...start, settings: recorded } satisfies Start<unknown>));
    settings.randomId = () => {
      const id = randomId();
      this.#ids.push(id);
      return id;
    };
  }

  record(event: SessionEvent, atMs: number, handle: () => readonly Effect[]): readonly Effect[] {
    // Before it is handled: its bytes are the platform's, which may use them again.
    const eventBefore = toJsonLine(event);
    this.#ids = [];
    const note = (effects: readonly Effect[], error?: unknown) => {
      const step = { recording: this.#recording, atMs, event: fromJsonLine(eventBefore), ids: this.#ids, effects };
      this.#write(toJsonLine(error === undefined ? step : { ...step, error: String(error) }));
    };
    try {
      const effects = handle();
      note(effects);
      return effects;
    } catch (error) {
      note([], error);
      throw error;
    }
  }
}

/** @param text lines of any number of recordings, mixed as they happened */
export function parseRecordings<Stored>(text: string): Recording<Stored>[] {
  const recordings = new Map<number, { start: Start<Stored>; steps: Step[] }>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const parsed = fromJsonLine(line) as Start<Stored> | Step;
    if ("settings" in parsed) recordings.set(parsed.recording, { start: parsed, steps: [] });
    else recordings.get(parsed.recording)?.steps.push(parsed);
  }
  return [...recordings.values()];
}

export type Replay = {
  /** The first step with other effects, and those it has now; `undefined` if all are the same. */
  readonly difference: { readonly step: Step; readonly effects: readonly Effect[] } | undefined;
};

/**
 * Has a new session live through a recording. A step that ended with an error is the last, and is not replayed: the error
 * was the disk's.
 *
 * @param store with what was stored; it has what the session leaves there when this returns
 */
export function replay(
  { start, steps }: Recording<unknown>,
  store: SessionStore,
  onStep: (step: Step, effects: readonly Effect[]) => void = () => {},
): Replay {
  let ids: string[] = [];
  // More are drawn only if the code has changed since.
  const randomId = () => ids.shift() ?? "unrecorded";
  const session = new Session({ ...start.settings, scramUsers: undefined, randomId }, store);
  for (const step of steps) {
    if (step.error !== undefined) break;
    ids = [...step.ids];
    const effects = session.handle(step.event, step.atMs);
    onStep(step, effects);
    if (toJsonLine(effects) !== toJsonLine(step.effects)) return { difference: { step, effects } };
  }
  return { difference: undefined };
}
