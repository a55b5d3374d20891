// For tests of hostile clients: a broker to which a well-behaved client is connected all the time. After each test the
// broker must be well. A fresh client is served over TCP, which is the longest way in. The bystander still has its
// connection and its messages. workerd is the same process, and nothing of ours has thrown.

import { afterEach, beforeAll, expect } from "vitest";
import { type Broker, useBroker } from "./broker.ts";
import { type Connected, connect, unique } from "./connect.ts";
import { isRunning, runtimePids } from "./runtime.ts";
import { timed } from "./time.ts";

const servedWithinMs = 5_000;
/** What the broker writes when an object restarts itself, and the server when workerd does. */
export const brokenLog = /^(session|topic|directory): |ended unexpectedly/;

export function useBrokerWithBystander(variables: Record<string, string> = {}): Broker {
  const broken: string[] = [];
  const log = (line: string) => {
    if (brokenLog.test(line)) broken.push(line);
  };
  const broker = useBroker({ variables, log });
  const topic = unique("bystander");
  let bystander: Connected;
  let pids: number[];

  beforeAll(async () => {
    bystander = await connect(broker.tcp);
    await bystander.subscribe(topic, { qos: 2 });
    pids = runtimePids();
  });

  afterEach(async () => {
    const served = timed(
      (async () => {
        const fresh = await connect(broker.tcp);
        await fresh.publish(topic, "well", { qos: 2 });
        await bystander.message({ topic, payload: "well", qos: 2 });
        fresh.drop();
        await bystander.ping();
      })(),
    );
    expect(await served).toBeLessThan(servedWithinMs);
    expect(pids.every(isRunning)).toBe(true);
    expect(broken.splice(0)).toEqual([]);
  });

  return broker;
}
