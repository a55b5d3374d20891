// Topics that another broker might take for one, and the shortest. MQTT 5.0 section 4.7.3. What matches is in
// topic-filter.test.ts; what a topic may not contain in utf8.test.ts and publish-format.test.ts.

import { describe, it } from "vitest";
import { connect, unique } from "../support/connect.ts";
import { versions } from "./packets.ts";
import { useTarget } from "./target.ts";

const target = useTarget();

describe("a topic", () => {
  it.each(versions)("may be one character long in version %i [MQTT-4.7.3-1]", async (version) => {
    const client = await connect(target.url, { version });
    for (const topic of ["x", "/", "é", "😀", " "]) {
      await client.subscribe(topic);
      const payload = unique("short");
      client.sendPublish(topic, payload);
      const payloads: string[] = [];
      // Others may have used it as well.
      while (!payloads.includes(payload)) payloads.push((await client.message({ topic })).payload.toString());
      await client.unsubscribe(topic);
    }
  });
});

describe("topics that differ in any character", () => {
  it("are two filters to unsubscribe from [MQTT-4.7.3-4]", async () => {
    const prefix = unique("differ/");
    const client = await connect(target.url);
    await client.subscribe(`${prefix}\u00e9`);
    await client.unsubscribe(`${prefix}e\u0301`);
    client.sendPublish(`${prefix}\u00e9`, "still");
    await client.message({ topic: `${prefix}\u00e9`, payload: "still" });
  });

  it("are two retained messages [MQTT-4.7.3-4]", async () => {
    const prefix = unique("differ/");
    const publisher = await connect(target.url);
    const names = ["A", "a", "\u00e9", "e\u0301", "a "];
    for (const name of names) await publisher.publish(prefix + name, `of ${name}`, { qos: 1, retain: true });
    for (const name of names) {
      const subscriber = await connect(target.url);
      await subscriber.subscribe(prefix + name);
      await subscriber.message({ topic: prefix + name, payload: `of ${name}`, retain: true });
      await subscriber.expectNothingMore();
      await publisher.publish(prefix + name, "", { qos: 1, retain: true });
    }
  });
});
