// A client that reads and sends nothing: on each path it gets a limited number of bytes at QoS 0, and more after a
// PINGREQ.

import { describe, expect, it } from "vitest";
import { paths, useBroker } from "../support/broker.ts";
import { connect, unique } from "../support/connect.ts";

const maximumUnheardBytes = 65_536;
const broker = useBroker({ variables: { MAXIMUM_UNHEARD_BYTES: `${maximumUnheardBytes}` } });
const payload = "x".repeat(960);

describe.each(paths)("QoS 0 over %s to a client that is not heard of", (path) => {
  it("goes as far as MAXIMUM_UNHEARD_BYTES, and on with its PINGREQ [B80]", async () => {
    const [topic, clientId] = [unique("unheard"), unique("unheard")];
    const subscriber = await connect(broker.url(path, clientId), { clientId });
    const publisher = await connect(broker.tcp);
    await subscriber.subscribe(topic, { qos: 1 });
    for (let count = 0; count < 100; count += 1) publisher.sendPublish(topic, payload);
    await publisher.publish(topic, "end", { qos: 1 });
    // With what a PUBLISH takes beside its topic and payload.
    const most = Math.ceil(maximumUnheardBytes / (payload.length + topic.length + 6));
    const received: string[] = [];
    for (;;) {
      const message = await subscriber.receive({ cmd: "publish" });
      if (message.qos === 1) break;
      received.push(message.payload.toString());
    }
    expect(received).toHaveLength(most);
    subscriber.send({ cmd: "pingreq" });
    await subscriber.receive({ cmd: "pingresp" });
    await publisher.publish(topic, "again");
    await subscriber.receive({ cmd: "publish", payload: "again", qos: 0 });
  });
});
