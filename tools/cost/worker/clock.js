// The Worker's clock, which can run faster than the real one: an idle hour then takes a minute, with every timer, alarm
// and deadline in its place. Plain JavaScript, because nothing compiles it.

import { env } from "cloudflare:workers";

/** Milliseconds of this clock per millisecond of the real one. */
export const clockRate = Number(env.COUNTING_CLOCK_RATE ?? 1);

const worldNowMs = Date.now.bind(Date);
const startedAtMs = worldNowMs();

export const setWorldTimeout = globalThis.setTimeout;
export const clearWorldTimeout = globalThis.clearTimeout;

export const nowMs = () => Math.floor(startedAtMs + (worldNowMs() - startedAtMs) * clockRate);

/** An alarm must not be early: it would find nothing due, and be set again. */
export const worldMsOf = (ms) => Math.ceil(startedAtMs + (ms - startedAtMs) / clockRate) + (clockRate === 1 ? 0 : 1);

if (clockRate !== 1) Date.now = nowMs;
