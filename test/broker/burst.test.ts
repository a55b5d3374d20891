// Programs publish without waiting for anything, and MQTT.js sends all of it at once.

import { describe, expect, it } from "vitest";
import { useBroker } from "../support/broker.ts";
import { unique } from "../support/connect.ts";
import { connectMqttJs, inboxOf, versionName } from "../support/mqttjs.ts";

const broker = useBroker();
const count = 3_000;

describe.each([
  { version: 5, qos: 1 },
  { version: 4, qos: 1 },
  { version: 4, qos: 2 },
] as const)("a burst of MQTT.js at QoS $qos", ({ version, qos }) => {
  it(`is acknowledged over one connection, and arrives in order, ${versionName[version]}`, async () => {
    const topic = unique("burst");
    const [publisher, subscriber] = await Promise.all([
      connectMqttJs(broker.tcp, version),
      connectMqttJs(broker.ws, version),
    ]);
    await subscriber.subscribeAsync(topic, { qos });
    const inbox = inboxOf(subscriber);
    const numbers = Array.from({ length: count }, (_, index) => String(index));
    // A client that was disconnected would not come back: the promises would fail.
    await Promise.all(numbers.map((number) => publisher.publishAsync(topic, number, { qos })));
    const received = await inbox.take(count, 10_000);
    expect(received.map(({ payload }) => payload.toString())).toEqual(numbers);
    await Promise.all([publisher.endAsync(), subscriber.endAsync()]);
  });
});
