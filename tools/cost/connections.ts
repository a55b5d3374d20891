// Devices that are connected and silent, and devices that lose their connections and come back.

import { defaultLimits } from "../../src/core/limits.ts";
import type { Client, ClientOptions, Path } from "./client.ts";
import { monthOf } from "./month.ts";
import { daysPerMonth } from "./prices.ts";
import { deviceMonth, millionReconnects, minutesOf, type Played, type Scenario } from "./scenario.ts";
import type { Stage } from "./stage.ts";

type Kind = { readonly title: string; readonly name: string; readonly isDurable: boolean; readonly hasWill: boolean };

const kinds: readonly Kind[] = [
  { title: "clean", name: "clean", isDurable: false, hasWill: false },
  { title: "clean with a Will", name: "clean-will", isDurable: false, hasWill: true },
  { title: "durable", name: "durable", isDurable: true, hasWill: false },
  { title: "durable with a Will", name: "durable-will", isDurable: true, hasWill: true },
];

const paths: readonly Path[] = ["native", "relayed"];
const minuteMs = 60_000;
/**
 * After this time the broker checks on a client as rarely as it ever will: it trusts a client for a quarter of the time
 * that it has been connected.
 */
const trustedAfterMs = 4 * defaultLimits.maximumLookDelaySec * 1000;
const steadyMs = 20 * minuteMs;

const reconnects = 5;
const awayMs = 500;
/** After this time without events, an object has done the work that it puts off. */
const quietMs = 4_000;

export const idleScenarios: readonly Scenario[] = paths.flatMap((path) =>
  [60, 600].flatMap((keepAliveSec) =>
    kinds.map(
      ({ title, name, isDurable, hasWill }): Scenario => ({
        name: `idle-${path}-${keepAliveSec}-${name}`,
        title: `Idle, keep alive ${keepAliveSec} s, ${path}, ${title}`,
        unit: deviceMonth,
        kind: "fast clock",
        ...(keepAliveSec === 60 ? { target: 0.005 } : {}),
        play: (stage) => playIdle(stage, { path, keepAliveSec, isDurable, hasWill }),
      }),
    ),
  ),
);

export const reconnectScenarios: readonly Scenario[] = paths.flatMap((path) =>
  kinds.map(
    ({ title, name, isDurable, hasWill }): Scenario => ({
      name: `reconnect-${path}-${name}`,
      title: `Reconnect, ${path}, ${title}`,
      unit: millionReconnects,
      kind: "real time",
      play: (stage) => playReconnects(stage, { path, isDurable, hasWill }),
    }),
  ),
);

/** It connects once in the month, and stays. */
async function playIdle(stage: Stage, options: ClientOptions & { readonly keepAliveSec: number }): Promise<Played> {
  let client: Client | undefined;
  const first = await stage.window(async () => {
    client = await stage.connect("device", options);
    await client.subscribe("devices/7/commands", 1);
    await stage.sleepToAlarm(trustedAfterMs + options.keepAliveSec * 1000);
    // This alarm comes as long after a PINGREQ as all later ones.
    await stage.sleepToAlarm(0);
  });
  const later = await stage.window(() => stage.sleepToAlarm(steadyMs));
  await client?.until(() => true);
  const window = monthOf(first, later);
  const isStored = options.isDurable === true || options.hasWill === true;
  // CONNECT and SUBSCRIBE.
  return { window, times: daysPerMonth, isStored, aws: { messages: 2, connectionMinutes: minutesOf(window.ms) } };
}

/** Lost without a DISCONNECT. A client whose session has ended with it subscribes again. */
async function playReconnects(stage: Stage, options: ClientOptions): Promise<Played> {
  const connect = async () => {
    const client = await stage.connect("device", options);
    if (!options.isDurable) await client.subscribe("devices/7/commands", 1);
    return client;
  };
  let client = await connect();
  if (options.isDurable) await client.subscribe("devices/7/commands", 1);
  await stage.sleep(quietMs);
  const window = await stage.window(async () => {
    for (let count = 0; count < reconnects; count += 1) {
      await client.drop();
      await stage.sleep(awayMs);
      client = await connect();
      await stage.sleep(quietMs);
    }
  });
  const messages = reconnects * ((options.isDurable ? 1 : 2) + (options.hasWill ? 1 : 0));
  return { window, times: reconnects, isStored: true, aws: { messages, connectionMinutes: 0 } };
}

/** After this time an object with nothing to do has hibernated. */
const hibernatedMs = 15_000;

/** What a session reads when it wakes from hibernation. */
export async function rowsReadPerWake(stage: Stage, isStored: boolean): Promise<number> {
  const client = await stage.connect("device", { isDurable: isStored, hasWill: isStored, keepAliveSec: 16 });
  await client.subscribe("devices/7/commands", 1);
  await stage.sleep(hibernatedMs);
  // Its PINGREQ has arrived, and no alarm yet.
  const { counts } = await stage.window(() => stage.sleep(3_000));
  await client.until(() => true);
  const { starts = 0, rowsRead = 0 } = counts.objects.SESSION ?? {};
  if (starts !== 1) throw new Error(`the session started ${starts} times instead of once`);
  return rowsRead;
}
