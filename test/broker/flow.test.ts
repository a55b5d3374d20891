// The limits that each side sets for the other, where MQTT leaves them to the broker: the topic aliases that ours uses,
// and its Receive Maximum on every path. MQTT 5.0 sections 3.3.2.3.4 and 4.9.

import { describe, expect, it } from "vitest";
import { paths, useBroker } from "../support/broker.ts";
import { connect, unique } from "../support/connect.ts";

const broker = useBroker();

describe("topic alias of the broker", () => {
  it("is set with the first message to a topic and used for the next", async () => {
    const topic = unique("flow/server-alias");
    const publisher = await connect(broker.tcp);
    const subscriber = await connect(broker.ws, { properties: { topicAliasMaximum: 1 } });
    await subscriber.subscribe(topic, { qos: 1 });
    for (let number = 0; number < 3; number++) await publisher.publish(topic, `${number}`, { qos: 1 });
    const [first, ...later] = await subscriber.collect(3);
    expect(first).toMatchObject({ topic, properties: { topicAlias: 1 } });
    for (const message of later) expect(message).toMatchObject({ topic: "", properties: { topicAlias: 1 } });
  });
});

describe("Receive Maximum", () => {
  it.each(paths)("of the broker: over %s one unreleased message more ends the connection", async (path) => {
    const clientId = unique("greedy");
    const publisher = await connect(broker.url(path, clientId), { clientId });
    const receiveMaximum = publisher.connack.properties?.receiveMaximum ?? 65_535;
    const topic = unique("flow/receive-maximum");
    for (let count = 0; count <= receiveMaximum; count++) publisher.sendPublish(topic, "x", { qos: 2 });
    for (let count = 0; count < receiveMaximum; count++) {
      const packet = await publisher.receiveAny();
      // The broker may notice before it has sent every PUBREC.
      if (packet.cmd === "disconnect") {
        expect(packet.reasonCode).toBe(0x93);
        return publisher.closed().then(() => {});
      }
      expect(packet.cmd).toBe("pubrec");
    }
    await publisher.ended(0x93);
  });
});
