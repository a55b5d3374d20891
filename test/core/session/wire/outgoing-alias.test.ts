// Topic aliases towards the client. MQTT 5.0 section 3.3.2.3.4.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OutgoingAliases } from "../../../../src/core/session/wire/topic-alias.ts";
import { Random } from "../../../support/random.ts";
import { delivery, SessionHarness, type TestSocket } from "../../../support/session-harness.ts";

/** A client that knows what it was told, and nothing more. */
class ModelClient {
  readonly #maximum: number;
  readonly #topicNames = new Map<number, string>();
  /** Bytes of topic names and aliases. */
  receivedBytes = 0;

  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  /** @returns the topic that the PUBLISH belongs to */
  receive(topicName: string, alias: number | undefined): string | undefined {
    this.receivedBytes += topicName.length + (alias === undefined ? 0 : 3);
    if (alias === undefined) return topicName;
    if (alias < 1 || alias > this.#maximum) throw new Error(`alias ${alias} of ${this.#maximum}`);
    if (topicName !== "") this.#topicNames.set(alias, topicName);
    return this.#topicNames.get(alias);
  }
}

/** Sends one message, as a session does. */
function sendTo(client: ModelClient, aliases: OutgoingAliases, topicName: string): string | undefined {
  const found = aliases.find(topicName);
  if (found !== undefined && !found.known) aliases.learn(topicName, found.alias);
  return client.receive(found?.known ? "" : topicName, found?.alias);
}

function bytesOf(maximum: number, topicNames: readonly string[]): number {
  const client = new ModelClient(maximum);
  const aliases = new OutgoingAliases(maximum);
  for (const topicName of topicNames) expect(sendTo(client, aliases, topicName)).toBe(topicName);
  return client.receivedBytes;
}

const topicOf = (index: number) => `house/room/${String(index).padStart(4, "0")}`;
const repeated = (count: number, topicAt: (index: number) => number) =>
  Array.from({ length: count }, (_, index) => topicOf(topicAt(index)));

const aliasEvent = fc.oneof(
  {
    weight: 50,
    // The first topics most.
    arbitrary: fc.record({
      type: fc.constant("message" as const),
      topic: fc.float({ min: 0, max: 1, noNaN: true }).map((of1) => Math.floor(of1 ** 3 * 30)),
      isTooLarge: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ type: "hibernation" as const }) },
  { weight: 1, arbitrary: fc.constant({ type: "connection" as const }) },
);

describe("the topic that a client makes of name and alias", () => {
  it("is that of the message, whatever is sent, lost or restored [MQTT-3.1.2-26] [MQTT-3.3.2-8] [MQTT-3.3.2-11]", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 5 }),
        fc.array(aliasEvent, { minLength: 50, maxLength: 500, size: "max" }),
        (maximum, events) => {
          let client = new ModelClient(maximum);
          let aliases = new OutgoingAliases(maximum);
          for (const event of events) {
            if (event.type === "message") {
              const topicName = topicOf(event.topic);
              // A packet that is too large goes nowhere.
              if (event.isTooLarge) aliases.find(topicName);
              expect(sendTo(client, aliases, topicName)).toBe(topicName);
              continue;
            }
            // After a hibernation the client goes on.
            const known = event.type === "hibernation" ? aliases.topicNames : [];
            if (event.type === "connection") client = new ModelClient(maximum);
            aliases = new OutgoingAliases(maximum, known);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("the aliases", () => {
  const nameBytes = topicOf(0).length;

  it("are none where the client allows none [MQTT-3.1.2-27]", () => {
    const aliases = new OutgoingAliases(0);
    for (let count = 0; count < 100; count += 1) expect(aliases.find(topicOf(1))).toBeUndefined();
  });

  it("go to the first topics at once", () => {
    expect(
      bytesOf(
        10,
        repeated(1000, (index) => index % 10),
      ),
    ).toBe(10 * nameBytes + 1000 * 3);
  });

  it("save nothing with the shortest topics", () => {
    expect(new OutgoingAliases(10).find("a/b")).toBeUndefined();
    expect(new OutgoingAliases(10).find("a/bc")).toEqual({ alias: 1, known: false });
  });

  it("cost next to nothing where each topic comes once", () => {
    const once = repeated(1000, (index) => index);
    expect(bytesOf(10, once)).toBeLessThan(1000 * nameBytes + 20 * 3);
  });

  it("stay where they are among topics that are used alike", () => {
    expect(
      bytesOf(
        10,
        repeated(1200, (index) => index % 12),
      ),
    ).toBe(10 * nameBytes + 1000 * 3 + 200 * nameBytes);
  });

  it("go over to the topics that are used most, and again when others are [B45]", () => {
    for (const hot of [500, 600, 700]) {
      const aliases = new OutgoingAliases(10);
      const client = new ModelClient(10);
      for (const topicName of repeated(10, (index) => index)) sendTo(client, aliases, topicName);
      for (const topicName of repeated(500, (index) => hot + (index % 10))) sendTo(client, aliases, topicName);
      expect(aliases.topicNames.toSorted()).toEqual(repeated(10, (index) => hot + index));
    }
    const before = repeated(20_000, (index) => index % 10);
    const after = repeated(500, (index) => 500 + (index % 10));
    const aliases = new OutgoingAliases(10);
    const client = new ModelClient(10);
    for (const topicName of [...before, ...after]) sendTo(client, aliases, topicName);
    expect(aliases.topicNames.toSorted()).toEqual(repeated(10, (index) => 500 + index));
  });

  it("take less than first come, first served, where a few of many topics carry most messages", () => {
    const random = new Random(1, 0);
    const rare = repeated(16, (index) => 2000 + index);
    const topicNames = [...rare, ...repeated(10_000, () => Math.floor(random.skewed(0, 1000)))];
    expect(bytesOf(16, topicNames)).toBeLessThan(0.8 * topicNames.length * nameBytes);
  });
});

describe("a session", () => {
  const fields = { properties: { sessionExpiryInterval: 3600, topicAliasMaximum: 1 } };
  const [one, two] = ["house/one", "house/two"];
  const aliasesIn = (client: TestSocket) =>
    client.packets().map((packet) => {
      if (packet.cmd !== "publish") return packet.cmd;
      return [packet.topic, packet.properties?.topicAlias];
    });

  it("sends topic and alias once, then the alias alone, up to the client's maximum [MQTT-3.1.2-26]", () => {
    const h = new SessionHarness();
    const client = h.subscribed(fields);
    h.deliver(delivery("1", { topicName: one }), delivery("2", { topicName: one }), delivery("3", { topicName: two }));
    expect(aliasesIn(client)).toEqual([
      [one, 1],
      ["", 1],
      [two, undefined],
    ]);
  });

  it("never has more than its own maximum, nor any for a client that names none [MQTT-3.1.2-27] [B45]", () => {
    const h = new SessionHarness({ limits: { topicAliasMaximum: 1 } });
    const many = { properties: { topicAliasMaximum: 65_535 } };
    const none = { properties: {} };
    const heard = [many, none].map((each) => {
      const client = h.subscribed(each);
      h.deliver(delivery("1", { topicName: one }), delivery("2", { topicName: two }));
      return aliasesIn(client);
    });
    expect(heard).toEqual([
      [
        [one, 1],
        [two, undefined],
      ],
      [
        [one, undefined],
        [two, undefined],
      ],
    ]);
  });

  it("keeps what it has sent through a hibernation, and begins again with each connection [MQTT-3.3.2-7]", () => {
    const h = new SessionHarness();
    const client = h.subscribed(fields);
    h.deliver(delivery("1", { topicName: one }));
    for (let count = 0; count < 10; count += 1) h.deliver(delivery("2", { topicName: two }));
    expect(aliasesIn(client).slice(-2)).toEqual([
      ["", 1],
      ["", 1],
    ]);
    h.hibernate();
    h.deliver(delivery("3", { topicName: two }), delivery("4", { topicName: one }));
    expect(aliasesIn(client)).toEqual([
      ["", 1],
      [one, undefined],
    ]);
    client.drop();
    expect(aliasesIn(h.resume(fields)).slice(1, 3)).toEqual([
      [one, 1],
      [two, undefined],
    ]);
  });

  it("learns no alias from a packet that is too large to be sent", () => {
    const h = new SessionHarness();
    const client = h.subscribed({ properties: { topicAliasMaximum: 1, maximumPacketSize: 50 } });
    h.deliver(delivery("x".repeat(50), { topicName: one }), delivery("2", { topicName: one }));
    expect(aliasesIn(client)).toEqual([[one, 1]]);
  });

  it("leaves the alias out where only that makes the packet too large [MQTT-3.1.2-24]", () => {
    const h = new SessionHarness();
    const client = h.subscribed({ properties: { topicAliasMaximum: 1, maximumPacketSize: 50 } });
    // Two bytes of header, two and the topic, two of packet identifier, one of properties.
    const payload = "x".repeat(50 - 2 - 2 - one.length - 2 - 1);
    h.deliver(delivery(payload, { topicName: one }), delivery(`${payload}x`, { topicName: one }));
    expect(aliasesIn(client)).toEqual([[one, undefined]]);
    expect(h.session.droppedMessages).toBe(1);
  });
});
