import { describe, expect, it } from "vitest";
import { allCapabilities, type Capabilities } from "../../../src/core/capabilities.ts";
import { defaultLimits, type Limits } from "../../../src/core/limits.ts";
import type { Message } from "../../../src/core/message/message.ts";
import { reachedOf } from "../../../src/core/shares/reached.ts";
import type { Recipient } from "../../../src/core/topic/recipient.ts";
import type { RetainedCursor } from "../../../src/core/topic/retained.ts";
import { Topic } from "../../../src/core/topic/topic.ts";
import type { Requester } from "../../../src/core/topic/topic-request.ts";
import { MemoryTopicStore } from "../../support/memory-topic-store.ts";

const nowMs = 1_800_000_000_000;

describe("a retained message", () => {
  it("is kept, and goes to later subscriptions with RETAIN set [MQTT-3.3.1-5] [MQTT-3.3.1-8]", () => {
    const { topic } = setUp();
    publish(topic, "a", "1");
    const [recipient] = retained(topic, "a");
    expect(recipient).toMatchObject({
      clientId: "c1",
      generation: "g1",
      delivery: { qos: 1, retain: true, subscriptionIdentifiers: [9], message: { topicName: "a", qos: 1 } },
    });
  });

  it("is not made of a message without RETAIN, nor cleared by one [MQTT-3.3.1-8]", () => {
    const { topic } = setUp();
    publish(topic, "a", "1", { retain: false });
    expect(textsOf(topic, "a")).toEqual([]);
    publish(topic, "a", "1");
    publish(topic, "a", "", { retain: false });
    expect(textsOf(topic, "a")).toEqual(["1"]);
  });

  it("is counted until it expires, and is gone then, though nobody asks for it [B117]", () => {
    const { topic, store } = setUp();
    publish(topic, "stays", "1");
    publish(topic, "expires", "1", { expiresAtMs: nowMs + 1_000 });
    expect(topic.retainedSize(nowMs).messages).toBe(2);
    expect(topic.retainedSize(nowMs + 1_000)).toEqual({ messages: 1, bytes: expect.any(Number) });
    expect(store.retainedTotals().map(({ messages }) => messages)).toEqual([1]);
  });

  it("is replaced by the next one, at QoS 0 too", () => {
    const { topic, store } = setUp();
    publish(topic, "a", "first");
    publish(topic, "a", "2", { qos: 0 });
    expect(textsOf(topic, "a")).toEqual(["2"]);
    expect(store.retainedTotals()).toMatchObject([{ messages: 1 }]);
  });

  it("is cleared by an empty one, which is not kept but goes to those who subscribe [MQTT-3.3.1-6] [MQTT-3.3.1-7] [B31]", () => {
    const { topic, store } = setUp();
    publish(topic, "a", "1");
    topic.subscribe("c2", "g2", subscription("a"));
    const route = publish(topic, "a", "");
    expect(route).toMatchObject({ recipients: [{ clientId: "c2" }] });
    publish(topic, "never there", "");
    expect(textsOf(topic, "#")).toEqual([]);
    expect(store.retainedTotals()).toEqual([]);
  });

  it("does not go back to the bridge that has brought it, and that may bring a newer one [B101]", () => {
    const { topic } = setUp();
    const bridge = { ...subscription("#"), noLocal: true, retainAsPublished: true };
    publish(topic, "house/a", "old", {}, nowMs, "bridge");
    publish(topic, "cloud/b", "1");
    const subscriber = topic.subscribe("bridge", "g", bridge);
    if (typeof subscriber === "number") throw new Error("refused");
    const { recipients } = topic.retainedPage(topic.beginRetained(subscriber), nowMs);
    expect(recipients.map(textOf)).toEqual(["1"]);
    // A client that asks for only one of the two options gets what MQTT says, and so do others.
    const other = topic.subscribe("bridge", "g", { ...bridge, retainAsPublished: false });
    if (typeof other === "number") throw new Error("refused");
    expect(topic.retainedPage(topic.beginRetained(other), nowMs).recipients.map(textOf)).toEqual(["1", "old"]);
    expect(textsOf(topic, "#")).toEqual(["1", "old"]);
  });

  it("keeps its properties and expiry", () => {
    const { topic } = setUp();
    const fields = { qos: 2, properties: Uint8Array.of(1, 1), expiresAtMs: nowMs + 1 } as const;
    publish(topic, "a", "1", fields);
    expect(retained(topic, "a")[0]?.delivery.message).toMatchObject(fields);
  });

  it("has another id for each subscription: it goes also to who has had it live, or retained before", () => {
    const { topic } = setUp();
    const id = "0kexample-g-1";
    publish(topic, "a", "1", { qos: 2, id });
    publish(topic, "b", "1", { qos: 1 });
    const ids = ["a", "a", "#"].map((filter) => retained(topic, filter)[0]?.delivery.message.id);
    expect(new Set([id, ...ids]).size).toBe(4);
    expect(ids.every((each) => each?.startsWith(`${id} `))).toBe(true);
    expect(retained(topic, "b")[0]?.delivery.message.id).toBe("");
  });

  it("that cannot be read, as one of a later version, is passed over", () => {
    const { topic, store } = setUp();
    publish(topic, "a/1", "1");
    store.putRetained("a/2", Uint8Array.of(255, 255), 0, "", 1_000);
    publish(topic, "a/3", "3");
    expect(textsOf(topic, "a/+")).toEqual(["1", "3"]);
    expect(textsOf(topic, "a/2")).toEqual([]);
    publish(topic, "a/2", "2");
    expect(textsOf(topic, "a/+")).toEqual(["1", "2", "3"]);
  });

  it("that has expired is neither sent nor kept [MQTT-3.3.2-5] [B33]", () => {
    const { topic, store } = setUp();
    publish(topic, "a", "1", { expiresAtMs: nowMs }, nowMs - 1);
    publish(topic, "b", "2", { expiresAtMs: nowMs + 1 }, nowMs - 1);
    expect(textsOf(topic, "+")).toEqual(["2"]);
    expect(store.retainedTotals()).toMatchObject([{ messages: 1 }]);
  });

  it("that has expired on its way clears the one it replaces, and goes to nobody [MQTT-3.3.1-5] [MQTT-3.3.2-5] [B28]", () => {
    const { topic, store } = setUp();
    publish(topic, "a", "old");
    topic.subscribe("c2", "g2", subscription("a"));
    expect(publish(topic, "a", "new", { expiresAtMs: nowMs })).toBe(0);
    expect(store.readRetained("a")).toBeUndefined();
    publish(topic, "a", "old");
    expect(publish(topic, "a", "", { expiresAtMs: nowMs })).toBe(0);
    expect(store.retainedTotals()).toEqual([]);
  });

  it("is there after a restart, and counts", () => {
    const { topic, store } = setUp();
    publish(topic, "a", "1");
    const { topic: again } = setUp({ maximumRetainedMessages: 1 }, {}, store);
    expect(textsOf(again, "a")).toEqual(["1"]);
    expect(publish(again, "b", "1")).toBe(0x97);
  });

  it("is neither sent nor kept while they are not available, and is there when they are again [B67]", () => {
    const { topic, store } = setUp();
    publish(topic, "a", "1");
    const { topic: without } = setUp({}, { retainAvailable: 0 }, store);
    publish(without, "b", "2");
    expect(textsOf(without, "#")).toEqual([]);
    expect(textsOf(setUp({}, {}, store).topic, "#")).toEqual(["1"]);
  });
});

describe("the limits of retained messages", () => {
  it("are of messages: one more is refused, replacing and clearing go on [B32]", () => {
    const { topic } = setUp({ maximumRetainedMessages: 2 });
    publish(topic, "a", "1");
    publish(topic, "b", "1");
    expect(publish(topic, "c", "1")).toBe(0x97);
    expect(publish(topic, "b", "2")).toMatchObject({ recipients: [] });
    expect(textsOf(topic, "#")).toEqual(["1", "2"]);
    publish(topic, "a", "");
    expect(publish(topic, "c", "3")).toMatchObject({ recipients: [] });
    expect(textsOf(topic, "#")).toEqual(["2", "3"]);
  });

  it("are of bytes, which replacing, clearing and expiry give back", () => {
    const { topic } = setUp({ maximumRetainedBytes: 1000 });
    publish(topic, "a", "x".repeat(600));
    expect(publish(topic, "b", "x".repeat(600))).toBe(0x97);
    publish(topic, "a", "x".repeat(100));
    expect(publish(topic, "b", "x".repeat(600), { expiresAtMs: nowMs }, nowMs - 1)).toMatchObject({
      recipients: [],
    });
    expect(publish(topic, "a", "x".repeat(600))).toBe(0x97);
    expect(textsOf(topic, "a")).toEqual(["x".repeat(100)]);
    expect(textsOf(topic, "b")).toEqual([]);
    expect(publish(topic, "a", "x".repeat(900))).toMatchObject({ recipients: [] });
  });

  it("leave room again when messages have expired, though nobody has asked for them [B33]", () => {
    const { topic, store } = setUp({ maximumRetainedMessages: 2 });
    publish(topic, "a", "1", { expiresAtMs: nowMs + 1 });
    publish(topic, "b", "1");
    expect(publish(topic, "c", "1", {}, nowMs + 1)).toMatchObject({ recipients: [] });
    expect(textsOf(topic, "#")).toEqual(["1", "1"]);
    expect(store.readRetained("a")).toBeUndefined();
    expect(publish(topic, "d", "1", {}, nowMs + 60_000)).toBe(0x97);
  });

  it("are not searched for expired ones at every refusal", () => {
    const { topic } = setUp({ maximumRetainedMessages: 1 });
    publish(topic, "a", "1", { expiresAtMs: nowMs + 1 });
    expect(publish(topic, "b", "1")).toBe(0x97);
    expect(publish(topic, "b", "1", {}, nowMs + 9_999)).toBe(0x97);
    expect(publish(topic, "b", "1", {}, nowMs + 10_000)).toMatchObject({ recipients: [] });
  });

  it("are searched for as soon when the clock was set back", () => {
    const { topic } = setUp({ maximumRetainedMessages: 1 });
    publish(topic, "a", "1");
    expect(publish(topic, "b", "1")).toBe(0x97);
    topic.deleteRetained("a");
    const backMs = nowMs - 3_600_000;
    publish(topic, "a", "1", { expiresAtMs: backMs + 1 }, backMs);
    expect(publish(topic, "b", "1", {}, backMs + 1)).toMatchObject({ recipients: [] });
  });

  it("do not refuse what is not retained, and what is refused goes to nobody [B32]", () => {
    const { topic } = setUp({ maximumRetainedMessages: 0 });
    topic.subscribe("c2", "g2", subscription("a"));
    expect(publish(topic, "a", "1")).toBe(0x97);
    expect(publish(topic, "a", "1", { retain: false })).toMatchObject({ recipients: [{ clientId: "c2" }] });
    expect(publish(topic, "a", "")).toMatchObject({ recipients: [{ clientId: "c2" }] });
  });
});

describe("a publisher's share of the retained messages", () => {
  const by = (holder: string, hearsRefusals = true) => ({ by: { holder, hearsRefusals } });

  it("is reached before the limit is: others go on, and what it replaces or clears is its own matter [B120]", () => {
    const { topic } = setUp({ maximumRetainedMessages: 20 });
    const hostile = by("credential/hostile");
    let count = 0;
    while (typeof publish(topic, `hostile/${count}`, "x", {}, nowMs, hostile) === "object") count += 1;
    expect(count).toBe(15);
    const refused = publish(topic, "hostile/more", "x", {}, nowMs, hostile) as number;
    expect([refused & 0xff, reachedOf(refused)]).toEqual([0x97, { limit: "retainedMessages", shortage: "share" }]);
    expect(publish(topic, "other", "x", {}, nowMs, by("credential/other"))).toMatchObject({ recipients: [] });
    // Its share is of what others leave, which is less now; what takes no more room is taken all the same.
    expect(publish(topic, "hostile/0", "y", {}, nowMs, hostile)).toMatchObject({ recipients: [] });
    publish(topic, "hostile/1", "", {}, nowMs, hostile);
    publish(topic, "hostile/2", "", {}, nowMs, hostile);
    expect(publish(topic, "hostile/more", "x", {}, nowMs, hostile)).toMatchObject({ recipients: [] });
  });

  it("is of bytes as well", () => {
    const { topic } = setUp({ maximumRetainedBytes: 4000 });
    const large = "x".repeat(900);
    for (const name of ["a", "b", "c"]) publish(topic, name, large, {}, nowMs, by("credential/a"));
    const answer = publish(topic, "d", large, {}, nowMs, by("credential/a")) as number;
    expect(reachedOf(answer)).toEqual({ limit: "retainedBytes", shortage: "share" });
    // Small enough to be its own again, in the place of another's.
    expect(publish(topic, "a", "x".repeat(800), {}, nowMs, by("credential/b"))).toMatchObject({ recipients: [] });
    expect(topic.largestRetainedHolders(5)).toMatchObject([
      { publisher: "credential/a", messages: 2 },
      { publisher: "credential/b", messages: 1 },
    ]);
  });

  it("where the publisher does not hear of it: goes to who is subscribed, and the old one is discarded [MQTT-3.3.1-7] [B121]", () => {
    const { topic } = setUp({ maximumRetainedBytes: 1000 });
    const deaf = by("credential/a", false);
    topic.subscribe("c2", "g2", subscription("a"));
    publish(topic, "a", "old", {}, nowMs, deaf);
    expect(publish(topic, "a", "x".repeat(1000), {}, nowMs, deaf)).toMatchObject({ recipients: [{ clientId: "c2" }] });
    expect(textsOf(topic, "a")).toEqual([]);
    expect(topic.retainedSize(nowMs)).toEqual({ messages: 0, bytes: 0 });
    expect(topic.takeReachedNotes()).toMatchObject([{ limit: "retainedBytes", shortage: "limit", count: 1 }]);
  });

  it("is counted again after a restart, and what an older version has stored is nobody's", () => {
    const { topic, store } = setUp({ maximumRetainedMessages: 4 });
    for (const name of ["a", "b"]) publish(topic, name, "x", {}, nowMs, by("credential/a"));
    store.putRetained("old", store.readRetained("a") as Uint8Array, 0, "", 1_000);
    const { topic: again } = setUp({ maximumRetainedMessages: 4 }, {}, store);
    expect(again.retainedSize(nowMs).messages).toBe(3);
    expect(again.largestRetainedHolders(5)).toMatchObject([
      { publisher: "credential/a", messages: 2 },
      { publisher: "", messages: 1 },
    ]);
    // Three quarters of what the old one leaves, rounded up.
    expect(publish(again, "c", "x", {}, nowMs, by("credential/a"))).toMatchObject({ recipients: [] });
    expect(publish(again, "d", "x", {}, nowMs, by("credential/a"))).not.toMatchObject({ recipients: [] });
  });

  it("is given back when what it holds is deleted by publisher and filter, page by page", () => {
    const { topic } = setUp();
    for (let index = 0; index < 2_500; index += 1) publish(topic, `a/${index}`, "x", {}, nowMs, by("credential/a"));
    for (const name of ["a/other", "b"]) publish(topic, name, "x", {}, nowMs, by("credential/b"));
    publish(topic, "b/a", "x", {}, nowMs, by("credential/a"));
    const calls: number[] = [];
    let after: string | undefined;
    do {
      const page = topic.deleteRetainedMatching({ filter: "a/+", publisher: "credential/a", after, most: 900 });
      calls.push(page.deleted);
      after = page.after;
    } while (after !== undefined);
    expect(Math.max(...calls)).toBeLessThanOrEqual(900);
    expect(calls.reduce((sum, deleted) => sum + deleted, 0)).toBe(2_500);
    expect(topic.retainedSize(nowMs).messages).toBe(3);
    expect(
      topic.deleteRetainedMatching({ filter: undefined, publisher: "credential/b", after: undefined, most: 9 }),
    ).toEqual({
      deleted: 2,
      after: undefined,
    });
    expect(textsOf(topic, "#")).toEqual(["x"]);
  });
});

describe("the retained messages of a new subscription", () => {
  it("are those that its filter matches, in order of topic", () => {
    const { topic } = setUp();
    for (const name of ["a/b", "a", "a/b/c", "ab", "b/b", "$x/b", "a-", "a//b"]) publish(topic, name, name);
    expect(textsOf(topic, "a/#")).toEqual(["a", "a//b", "a/b", "a/b/c"]);
    expect(textsOf(topic, "a/+")).toEqual(["a/b"]);
    expect(textsOf(topic, "+/b")).toEqual(["a/b", "b/b"]);
    expect(textsOf(topic, "#")).toEqual(["a", "a-", "a//b", "a/b", "a/b/c", "ab", "b/b"]);
    expect(textsOf(topic, "$x/#")).toEqual(["$x/b"]);
    expect(textsOf(topic, "a/b")).toEqual(["a/b"]);
    expect(textsOf(topic, "z/#")).toEqual([]);
  });

  it("are none for a shared subscription", () => {
    const { topic } = setUp();
    publish(topic, "a", "1");
    expect(textsOf(topic, "$share/g/a")).toEqual([]);
    expect(textsOf(topic, "$share/g/#")).toEqual([]);
  });

  it("come in pages of bounded size, all of them and each once", () => {
    const { topic } = setUp();
    const names = Array.from({ length: 240 }, (_, index) => `a/${String(index).padStart(4, "0")}`);
    for (const name of names) publish(topic, name, name);
    const pages = pagesOf(topic, "a/#");
    expect(pages.map((page) => page.length)).toEqual([100, 100, 40]);
    expect(pages.flat()).toEqual(names);
  });

  it("come in pages of bounded bytes as well", () => {
    const { topic } = setUp();
    for (const name of ["a/1", "a/2", "a/3", "a/4", "a/5"]) publish(topic, name, "x".repeat(600_000));
    expect(pagesOf(topic, "a/#").map((page) => page.length)).toEqual([2, 2, 1]);
  });

  it("are found behind many that do not match, in steps of bounded size", () => {
    const { topic } = setUp();
    for (let index = 0; index < 1100; index += 1) publish(topic, `a/${String(index).padStart(4, "0")}/x`, "no");
    publish(topic, "a/9/y", "yes");
    const pages = pagesOf(topic, "a/+/y");
    expect(pages.length).toBeGreaterThan(2);
    expect(pages.flat()).toEqual(["yes"]);
  });

  it("are those there were when it was made: what changes meanwhile comes live, and not twice [B74]", () => {
    const { topic } = setUp();
    for (let index = 100; index < 210; index += 1) publish(topic, `a/${index}`, "old");
    const first = topic.retainedPage(topic.beginRetained(subscriberOf(topic, "a/#")), nowMs);
    publish(topic, "a/199", "");
    publish(topic, "a/200", "");
    publish(topic, "a/201", "new");
    const second = topic.retainedPage(first.next as RetainedCursor, nowMs);
    expect(first.recipients).toHaveLength(100);
    expect(second.recipients.map(textOf)).toEqual(Array.from({ length: 8 }, () => "old"));
    expect(textsOf(topic, "a/201")).toEqual(["new"]);
  });

  it("are the newest for a search that begins while another goes on, or after it was broken off", () => {
    const { topic } = setUp();
    publish(topic, "a/1", "old");
    const open = topic.beginRetained(subscriberOf(topic, "a/#"));
    publish(topic, "a/1", "new");
    expect(textsOf(topic, "a/+")).toEqual(["new"]);
    topic.endRetained(open);
    expect(textsOf(topic, "a/+")).toEqual(["new"]);
  });
});

let randomCount = 0;

function randomId(): string {
  randomCount += 1;
  return `random${randomCount}`;
}

function setUp(
  limits: Partial<Limits> = {},
  capabilities: Partial<Capabilities> = {},
  store: MemoryTopicStore = new MemoryTopicStore(),
) {
  const settings = {
    limits: { ...defaultLimits, ...limits },
    capabilities: { ...allCapabilities, ...capabilities },
  };
  return { store, topic: new Topic(store, settings, randomId) };
}

function subscription(topicFilter: string) {
  return { topicFilter, qos: 2, noLocal: false, retainAsPublished: false, subscriptionIdentifier: 9 } as const;
}

function subscriberOf(topic: Topic, topicFilter: string) {
  const subscriber = topic.subscribe("c1", "g1", subscription(topicFilter));
  if (typeof subscriber === "number") throw new Error(`refused: ${subscriber}`);
  return subscriber;
}

function publish(
  topic: Topic,
  topicName: string,
  text: string,
  fields: Partial<Message> = {},
  atMs = nowMs,
  by: string | { by?: Requester } = {},
) {
  const message = { id: "", topicName, qos: 1, retain: true, expiresAtMs: 0, properties: new Uint8Array() } as const;
  const [publisherId, requester] = typeof by === "string" ? [by, undefined] : ["publisher", by.by];
  const published = { ...message, payload: new TextEncoder().encode(text), ...fields };
  return topic.publish(publisherId, published, atMs, requester);
}

/** What a new subscription of `c1` gets; it does not stay. */
function pages(topic: Topic, topicFilter: string): Recipient[][] {
  const all: Recipient[][] = [];
  let cursor: RetainedCursor | undefined = topic.beginRetained(subscriberOf(topic, topicFilter));
  while (cursor !== undefined) {
    const { recipients, next } = topic.retainedPage(cursor, nowMs);
    all.push([...recipients]);
    cursor = next;
  }
  topic.end("c1", "g1");
  return all;
}

function retained(topic: Topic, topicFilter: string): Recipient[] {
  return pages(topic, topicFilter).flat();
}

function pagesOf(topic: Topic, topicFilter: string): string[][] {
  return pages(topic, topicFilter).map((page) => page.map(textOf));
}

function textsOf(topic: Topic, topicFilter: string): string[] {
  return retained(topic, topicFilter).map(textOf);
}

function textOf({ delivery }: Recipient): string {
  return new TextDecoder().decode(delivery.message.payload);
}
