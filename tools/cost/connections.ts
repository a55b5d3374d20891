// Devices that are connected and silent, and devices that lose their connections and come back.

import type { ClientOptions, Path } from "./client.ts";
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
/** Until what happens again and again does so as it will for ever. */
const idleBeforeMs = 20 * minuteMs;
/** Whole periods of 60 s, 90 s, 600 s and 900 s. */
const idleWindowMs = 30 * minuteMs;
/** So that nothing of a period happens when the window begins and ends. */
const idleOffsetMs = 15_000;

const reconnects = 5;
const awayMs = 500;
/** After this an object that nothing happens to has done what it puts off. */
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

async function playIdle(stage: Stage, options: ClientOptions): Promise<Played> {
  const client = await stage.connect("device", options);
  await client.subscribe("devices/7/commands", 1);
  await stage.sleep(idleBeforeMs + idleOffsetMs);
  const window = await stage.window(() => stage.sleep(idleWindowMs));
  await client.until(() => true);
  const days = minutesOf(window.ms) / (24 * 60);
  const isStored = options.isDurable === true || options.hasWill === true;
  return { window, times: days, isStored, aws: { messages: 0, connectionMinutes: minutesOf(window.ms) } };
}

/** Lost without a DISCONNECT; one whose session has ended with it subscribes again. */
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

/** After this an object with nothing to do has hibernated. */
const hibernatedMs = 15_000;

/** What a session reads when it comes out of hibernation. */
export async function rowsReadPerWake(stage: Stage, isStored: boolean): Promise<number> {
  const client = await stage.connect("device", { isDurable: isStored, hasWill: isStored, keepAliveSec: 16 });
  await client.subscribe("devices/7/commands", 1);
  await stage.sleep(hibernatedMs);
  // Its PINGREQ comes, and no alarm yet.
  const { counts } = await stage.window(() => stage.sleep(3_000));
  await client.until(() => true);
  const { starts = 0, rowsRead = 0 } = counts.objects.SESSION ?? {};
  if (starts !== 1) throw new Error(`the session started ${starts} times instead of once`);
  return rowsRead;
}
