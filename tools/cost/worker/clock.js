// The Worker's clock, which can be made to run faster than the world's: an idle hour then takes a minute, with every
// timer, alarm and deadline where it would be. Plain JavaScript, since nothing compiles it.

import { env } from "cloudflare:workers";

/** How many milliseconds of this clock go by in one of the world's. */
export const clockRate = Number(env.COUNTING_CLOCK_RATE ?? 1);

const worldNowMs = Date.now.bind(Date);
const startedAtMs = worldNowMs();

export const setWorldTimeout = globalThis.setTimeout;
export const clearWorldTimeout = globalThis.clearTimeout;

export const nowMs = () => Math.floor(startedAtMs + (worldNowMs() - startedAtMs) * clockRate);

/** An alarm is never early: it would find nothing, and be set again. */
export const worldMsOf = (ms) => Math.ceil(startedAtMs + (ms - startedAtMs) / clockRate) + (clockRate === 1 ? 0 : 1);

if (clockRate !== 1) Date.now = nowMs;
