// A subscription that asks for more retained messages than its session may queue: all of them come, as its client takes them.

import { expect, it } from "vitest";
import { useBroker } from "../support/broker.ts";
import { connect, unique } from "../support/connect.ts";

const broker = useBroker({ variables: { MAXIMUM_QUEUED_MESSAGES: "40", MAXIMUM_IN_FLIGHT: "10" } });
const count = 300;

it.each([0, 1, 2] as const)(
  "at QoS %s all come, each once [B127]",
  async (qos) => {
    const topic = unique("retained/search");
    const publisher = await connect(broker.tcp);
    for (let index = 0; index < count; index += 1) {
      await publisher.publish(`${topic}/${index}`, String(index), { qos: 1, retain: true });
    }
    const client = await connect(broker.tcp);
    // The other filters have all held back until they are answered too.
    await client.subscribe([`${topic}/#`, ...Array.from({ length: 100 }, (_, index) => `${topic}/other/${index}`)], {
      qos,
    });
    const messages = await client.collect(count, { timeoutMs: 20_000 });
    const numbers = messages.map(({ payload }) => Number(payload.toString()));
    expect(numbers.toSorted((one, other) => one - other)).toEqual(Array.from({ length: count }, (_, index) => index));
    expect((await client.rest()).map(({ topic: name }) => name)).toEqual([]);
  },
  60_000,
);
