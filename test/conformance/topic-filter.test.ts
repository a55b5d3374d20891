// Topic Names and Topic Filters: which match, and which are none. MQTT 5.0 section 4.7.

import { describe, expect, it } from "vitest";
import { connect, unique } from "../support/connect.ts";
import { field, rawPacket, twoBytes } from "../support/wire.ts";
import { useTarget } from "./target.ts";

const target = useTarget();

// Each pair is tried below a level of its own, which stands before both the filter and the topic.
const matches: [filter: string, topic: string][] = [
  ["a/b", "a/b"],
  ["a/+", "a/b"],
  ["a/+", "a/"],
  ["+/b", "a/b"],
  ["+/b", "/b"],
  ["+/+", "/b"],
  ["+", ""],
  ["a/#", "a"],
  ["a/#", "a/"],
  ["a/#", "a/b/c"],
  ["a/+/#", "a/b"],
  ["a/+/c/#", "a/b/c/d/e"],
  ["#", "a/b/c"],
  ["a//b", "a//b"],
  ["/", "/"],
  ["+/+/c", "a/b/c"],
  ["a b/ c", "a b/ c"],
];
const misses: [filter: string, topic: string][] = [
  ["a/b", "a/B"],
  ["a/b", "a/b/"],
  ["a/b", "/a/b"],
  ["a/+", "a"],
  ["a/+", "a/b/c"],
  ["+", "a/b"],
  ["+/b", "a/b/b"],
  ["a/#", "ab"],
  ["a/+/#", "a"],
  ["a/b", "a//b"],
  ["a", "a "],
];

describe("a topic filter", () => {
  it.each(matches)("%s matches %s [MQTT-4.7.1-1] [MQTT-4.7.1-2]", async (filter, topic) => {
    const level = unique("topic-filter");
    const client = await connect(target.url);
    await client.subscribe(`${level}/${filter}`);
    await client.publish(`${level}/${topic}`, "x");
    await client.message({ topic: `${level}/${topic}` });
  });

  it.each(misses)("%s does not match %s [MQTT-3.3.2-3]", async (filter, topic) => {
    const level = unique("topic-filter");
    const client = await connect(target.url);
    await client.subscribe(`${level}/${filter}`);
    await client.publish(`${level}/${topic}`, "x");
    await client.expectNothingMore();
  });

  // Names that normalization would make equal: composed and decomposed, upper and lower case, with and without a byte
  // order mark, wide and narrow. Also dots and escapes that mean something elsewhere.
  it.each([
    ["é", "e\u0301"],
    ["straße", "STRASSE"],
    ["\ufeffa", "a"],
    ["Ａ", "A"],
    ["a/./b", "a/b"],
    ["a/../b", "b"],
    ["%2f", "/"],
  ])("%o is not the same as %o: nothing is normalized [MQTT-4.7.3-4]", async (one, other) => {
    const level = unique("topic-filter");
    const client = await connect(target.url);
    await client.subscribe(`${level}/${one}`);
    await client.publish(`${level}/${other}`, "other");
    await client.publish(`${level}/${one}`, "one");
    await client.message({ topic: `${level}/${one}`, payload: "one" });
    await client.expectNothingMore();
  });

  it("that starts with a wildcard does not match a topic that starts with $ [MQTT-4.7.2-1] [B26]", async () => {
    const level = unique("topic-filter");
    const topics = { hidden: `$${level}/${level}`, seen: `${level}/${level}` };
    const [all, plus, own] = [await connect(target.url), await connect(target.url), await connect(target.url)];
    await all.subscribe("#");
    await plus.subscribe(`+/${level}`);
    await own.subscribe(`$${level}/#`);
    for (const topic of [topics.hidden, topics.seen]) all.sendPublish(topic, "x");
    await own.message({ topic: topics.hidden });
    await plus.message({ topic: topics.seen });
    const heard: string[] = [];
    while (heard.at(-1) !== topics.seen) heard.push((await all.message()).topic);
    expect(heard.filter((topic) => topic.startsWith("$"))).toEqual([]);
    all.drop(); // it would hear every other conversation
  });
});

// Which code fits what breaks the rules of 4.7.1 the standard leaves open: "invalid" is said of correctly formed ones.
const notFilters = ["a/#/b", "a#", "a/b#", "#/", "#/a", "##", "+a", "a+", "a/b+", "a/+b/c", "++", "/+#"];

describe("what is no topic filter", () => {
  it.each(notFilters)("%s in SUBSCRIBE ends the connection [MQTT-4.7.1-1] [MQTT-4.7.1-2] [B15]", async (text) => {
    const client = await connect(target.url);
    client.send(subscribePacket(5, "good", text));
    await client.ended(0x81, 0x82, 0x8f);
  });

  it.each(notFilters)(
    "%s in SUBSCRIBE of 3.x ends the connection [3.1.1 MQTT-4.7.1-2] [3.1.1 MQTT-4.7.1-3] [B15]",
    async (text) => {
      for (const version of [3, 4] as const) {
        const client = await connect(target.url, { version });
        client.send(subscribePacket(version, "good", text));
        await client.closed();
      }
    },
  );

  it.each(["a/#/b", "+a"])(
    "%s in UNSUBSCRIBE ends the connection [MQTT-4.7.1-1] [MQTT-4.7.1-2] [B15]",
    async (text) => {
      const client = await connect(target.url);
      client.send(rawPacket(0xa2, twoBytes(1), Buffer.from([0]), field(text)));
      await client.ended(0x81, 0x82, 0x8f);
    },
  );

  it("the empty text ends the connection [MQTT-4.7.3-1]", async () => {
    for (const version of [3, 4, 5] as const) {
      const client = await connect(target.url, { version });
      client.send(subscribePacket(version, ""));
      await client.ended(0x81, 0x82, 0x8f);
    }
  });
});

describe("what is no topic name", () => {
  it.each(["#", "+", "a/#", "a/+/b", "a#", "+b"])("%s in PUBLISH ends the connection [MQTT-4.7.0-1]", async (text) => {
    for (const version of [3, 4, 5] as const) {
      const client = await connect(target.url, { version });
      client.send(rawPacket(0x30, field(text), version === 5 ? Buffer.from([0]) : Buffer.alloc(0)));
      await client.ended(0x90, 0x81, 0x82);
    }
  });

  it("the empty text ends the connection [MQTT-4.7.3-1]", async () => {
    for (const version of [3, 4, 5] as const) {
      const client = await connect(target.url, { version });
      client.send(rawPacket(0x30, field(""), version === 5 ? Buffer.from([0]) : Buffer.alloc(0)));
      await client.ended(0x82, 0x81);
    }
  });
});

describe("the length of a topic", () => {
  it("may be anything that the two bytes of a string's length allow [MQTT-4.7.3-3]", async () => {
    const level = unique("topic-filter");
    const topic = `${level}/${"x".repeat(65_535 - level.length - 1)}`;
    const client = await connect(target.url);
    expect((await client.subscribe([topic, `${level}/#`])).granted).toEqual([0, 0]);
    await client.publish(topic, "long");
    expect((await client.rest()).every((message) => message.topic === topic)).toBe(true);
  });

  it.each(["/".repeat(7), "a/".repeat(7), "/a"])("%s: empty levels are levels [MQTT-4.7.3-4]", async (text) => {
    const topic = `${unique("topic-filter")}${text}`;
    const client = await connect(target.url);
    await client.subscribe(topic);
    await client.publish(`${topic}/`, "other");
    await client.publish(topic, "own");
    await client.message({ topic, payload: "own" });
    await client.expectNothingMore();
  });
});

/** SUBSCRIBE at QoS 0, written by hand: the packet library refuses to write some of these. */
function subscribePacket(version: 3 | 4 | 5, ...filters: string[]): Buffer {
  const entries = filters.map((filter) => Buffer.concat([field(filter), Buffer.from([0])]));
  return rawPacket(0x82, twoBytes(1), Buffer.alloc(version === 5 ? 1 : 0), ...entries);
}
