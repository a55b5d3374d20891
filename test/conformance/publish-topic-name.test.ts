// Topic Names as they are: nothing is trimmed, folded or put into another form, neither on the way nor for matching.
// MQTT 5.0 sections 3.3.2.1 and 4.7.

import { describe, expect, it } from "vitest";
import { type Connected, connect, unique } from "../support/connect.ts";
import { field, hex, properties, rawPacket, twoBytes } from "../support/wire.ts";
import { connectAll, publishBytesOf } from "./publishing.ts";
import { useTarget } from "./target.ts";

const target = useTarget();

/** PUBLISH at QoS 1, its topic name as bytes, up to its acknowledgement. */
async function publishTo(publisher: Connected, topicName: Buffer, firstByte = 0x32): Promise<void> {
  const messageId = publisher.nextPacketId();
  publisher.send(rawPacket(firstByte, field(topicName), twoBytes(messageId), properties(), Buffer.from("x")));
  await publisher.receive({ cmd: "puback", messageId });
}

/** SUBSCRIBE to one filter, as bytes. */
async function subscribeTo(subscriber: Connected, topicFilter: Buffer): Promise<void> {
  const messageId = subscriber.nextPacketId();
  subscriber.send(rawPacket(0x82, twoBytes(messageId), properties(), field(topicFilter), hex("00")));
  await subscriber.receive({ cmd: "suback", messageId, granted: [0] });
}

/** What stands for a level that no other conversation has, `@`, is put in by each conversation. */
const names: [what: string, name: string][] = [
  ["blanks", " @ / a  b / "],
  ["a slash in front", "/@"],
  ["a slash behind", "@/"],
  ["empty levels", "//@///a//"],
  ["$ in front", "$@/a"],
  ["$ inside, and alone in a level", "@/$SYS/$/a$"],
  ["capitals", "@/AbC"],
  ["a letter with its accent", "@/\u00e9"],
  ["a letter, and its accent behind", "@/e\u0301"],
  ["a ligature and a full-width letter", "@/\ufb01\uff21"],
  ["characters of two, three and four bytes", "ß@/型/🌊"],
  ["U+FEFF in front and inside", "\ufeff@/\ufeffa\ufeff"],
  ["U+200B, U+202E and U+FFFD", "@\u200b/\u202e/\ufffd"],
  ["dots, and what a URL or a path would read as more", "@/../%2F/./?a=b&c\\d"],
  ["what looks like a shared subscription", "share/g/@"],
];

/** Each has a neighbour that another reading would take for the same; more of them are in topic-filter.test.ts. */
const neighbours: [name: string, neighbour: string][] = [
  ["@/a", "@/A"],
  ["@/a", "@/a/"],
  ["@/a", "/@/a"],
  ["@/a", " @/a"],
  ["@/a b", "@/a  b"],
  ["@/\ufb01", "@/fi"],
  ["@/a", "\ufeff@/a"],
  ["@/a", "$@/a"],
  ["@/\u{1f30a}", "@/\u{1f30b}"],
];

describe("a topic name", () => {
  it.each(names)("with %s arrives as it was sent, live and retained [MQTT-3.3.2-3] [MQTT-4.7.3-4]", async (_, name) => {
    const topicName = Buffer.from(name.replace("@", unique("name")));
    const [publisher, exact, later] = await connectAll(target.url, {}, {}, {});
    await subscribeTo(exact, topicName);
    await publishTo(publisher, topicName, 0x33);
    await subscribeTo(later, Buffer.concat([topicName, Buffer.from("/#")]));
    for (const subscriber of [exact, later]) {
      expect(publishBytesOf(await subscriber.receiveBytes()).topicName).toEqual(topicName);
      await subscriber.expectNothingMore();
    }
    // Shared brokers keep nothing of this.
    await publisher.publish(topicName.toString(), "", { qos: 1, retain: true });
  });

  it.each(neighbours)("%s is not %s, live and retained [MQTT-3.3.2-3] [MQTT-4.7.3-4]", async (name, neighbour) => {
    const level = unique("name");
    const [here, there] = [name, neighbour].map((text) => Buffer.from(text.replace("@", level)));
    if (here === undefined || there === undefined) throw new Error("two names");
    const [publisher, subscriber, later] = await connectAll(target.url, {}, {}, {});
    await subscribeTo(subscriber, here);
    await publishTo(publisher, there, 0x33);
    await subscribeTo(later, here);
    await subscriber.expectNothingMore();
    await later.expectNothingMore();
    await publishTo(publisher, here);
    for (const each of [subscriber, later]) {
      expect(publishBytesOf(await each.receiveBytes()).topicName).toEqual(here);
    }
    await publisher.publish(there.toString(), "", { qos: 1, retain: true });
  });

  it.each([3, 4, 5] as const)("that begins with U+FEFF keeps it towards version %i [MQTT-1.5.4-3]", async (version) => {
    const topic = unique("\ufeffname");
    const [publisher, subscriber] = await connectAll(target.url, { version }, { version });
    await subscriber.subscribe(topic);
    await publisher.publish(topic, "x");
    const parts = [field(topic), ...(version === 5 ? [properties()] : []), Buffer.from("x")];
    expect(await subscriber.receiveBytes()).toEqual(rawPacket(0x30, ...parts));
  });

  it("may have a hundred levels, each matched by a filter of its own [MQTT-3.3.2-3]", async () => {
    const level = unique("levels");
    const levels = Array.from({ length: 99 }, (_, index) => `${index}`);
    const topic = [level, ...levels].join("/");
    const [publisher, subscriber] = await connectAll(target.url, {}, {});
    const filters = [topic, [level, ...levels.map(() => "+")].join("/"), `${level}/#`, `${topic}/#`];
    const misses = [`${topic}/+`, [level, ...levels.slice(1).map(() => "+")].join("/"), `${topic}0`];
    await subscriber.subscribe(misses);
    await publisher.publish(topic, "x", { qos: 1 });
    await subscriber.expectNothingMore();
    for (const filter of filters) {
      await subscriber.subscribe(filter);
      await publisher.publish(topic, "x", { qos: 1 });
      await subscriber.message({ topic });
      await subscriber.expectNothingMore();
      await subscriber.unsubscribe(filter);
    }
  });

  it("may be /, which is two empty levels", async () => {
    const payload = unique("slash");
    const subscriber = await connect(target.url);
    // Other clients may use it too: only this payload counts.
    await subscriber.subscribe("/");
    await subscriber.publish("/", payload);
    expect((await subscriber.rest()).map((message) => message.payload.toString())).toContain(payload);
  });
});
