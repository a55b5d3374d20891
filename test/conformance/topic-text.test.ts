// What topic names and filters are made of: how long they may be, and that they are compared as they are. MQTT 5.0
// section 4.7.3. What they may not contain is in utf8.test.ts and publish-format.test.ts.

import { describe, expect, it } from "vitest";
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

  it.each(versions)("may be 65,535 bytes long in version %i [MQTT-4.7.3-3]", async (version) => {
    const prefix = unique("long/");
    const bytesLeft = 65_535 - prefix.length;
    const topic = `${prefix}${"é".repeat(bytesLeft / 2)}${"z".repeat(bytesLeft % 2)}`;
    const client = await connect(target.url, { version });
    await client.subscribe(topic);
    client.sendPublish(topic, "far");
    const message = await client.message({ payload: "far" });
    expect(message.topic === topic).toBe(true);
  });
});

describe("topics that differ in any character", () => {
  const pairs: readonly [why: string, one: string, other: string][] = [
    ["case", "Room", "room"],
    ["a blank at the end", "room", "room "],
    ["a blank at the beginning", "room", " room"],
    ["a slash at the end", "room", "room/"],
    ["a slash at the beginning", "room", "/room"],
    ["an empty level", "room/a", "room//a"],
    ["a dot", "room/a", "room/./a"],
    ["two dots", "a", "room/../a"],
    ["an escape", "room/a", "room%2Fa"],
    ["a composed letter", "\u00e9", "e\u0301"],
    ["a ligature", "\ufb01", "fi"],
    ["a wide letter", "\uff21", "A"],
    ["a soft hyphen", "room", "ro\u00adom"],
    ["a zero width joiner", "room", "ro\u200dom"],
    ["the Kelvin sign", "\u212a", "K"],
    ["a backslash", "room/a", "room\\a"],
  ];

  it.each(pairs)("as in %s are two topics [MQTT-4.7.3-4]", async (_, one, other) => {
    const prefix = unique("differ/");
    const [first, second] = [await connect(target.url), await connect(target.url)];
    await first.subscribe(prefix + one);
    await second.subscribe(prefix + other);
    const publisher = await connect(target.url);
    await publisher.publish(prefix + one, "for the first", { qos: 1 });
    await publisher.publish(prefix + other, "for the second", { qos: 1 });
    await first.message({ topic: prefix + one, payload: "for the first" });
    await second.message({ topic: prefix + other, payload: "for the second" });
    await first.expectNothingMore();
    await second.expectNothingMore();
  });

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
