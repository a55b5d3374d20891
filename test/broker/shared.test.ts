// Shared subscriptions as this broker does them. What MQTT asks of them is among the conformance conversations.

import { describe, expect, it } from "vitest";
import { useBroker } from "../support/broker.ts";
import { connect, durable, unique } from "../support/connect.ts";

const broker = useBroker();

describe("a shared subscription", () => {
  it("prefers a member that is connected to one that is away [B48]", async () => {
    const topic = unique("shared/away");
    const filter = `$share/g/${topic}`;
    const publisher = await connect(broker.tcp);
    const away = await connect(broker.tcp, { ...durable(), clean: true });
    const present = await connect(broker.tcp);
    for (const member of [away, present]) await member.subscribe(filter, { qos: 1 });
    await away.disconnect();
    for (let number = 0; number < 4; number++) await publisher.publish(topic, `${number}`, { qos: 1 });
    expect(await present.collect(4)).toHaveLength(4);
  });

  it("is not confused by a client whose identifier looks like a share", async () => {
    const topic = unique("shared/names");
    const name = unique("x");
    const publisher = await connect(broker.tcp);
    const member = await connect(broker.tcp, { clientId: name });
    const plain = await connect(broker.tcp, { clientId: `g/${name}` });
    await member.subscribe(`$share/g/${topic}`, { qos: 1 });
    await plain.subscribe(topic, { qos: 1 });
    await publisher.publish(topic, "both", { qos: 1 });
    for (const client of [member, plain]) await client.message({ topic, payload: "both" });
  });
});
