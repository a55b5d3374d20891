// The dashboard's smaller rules: what a subscription matches, what is said before the broker is asked, rates, texts.

import { generate } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import type { Stats } from "../../dashboard/src/api/resources.ts";
import { faultOfSize, publishPacketBytes } from "../../dashboard/src/broker/packet-size.ts";
import { PresenceBoard } from "../../dashboard/src/devices/presence.ts";
import { packetProperties } from "../../dashboard/src/live/properties.ts";
import { faultOfFilter, faultOfTopic, filtersIn, matches } from "../../dashboard/src/live/topic-match.ts";
import { limitRowOf } from "../../dashboard/src/overview/limit-rows.ts";
import { StatsHistory } from "../../dashboard/src/overview/stats-history.ts";
import { agoText, bytesText, countText, durationText } from "../../dashboard/src/parts/formats.ts";
import { timeRangeOf } from "../../dashboard/src/parts/time-range.ts";
import { arbitraryIdentifier, brokerUrlOf, identifierOf, isDeviceName } from "../../tools/device-setup/device-setup.ts";

describe("a topic filter", () => {
  it.each([
    ["#", "a/b", true],
    ["a/#", "a", true],
    ["a/+", "a", false],
    ["a/+", "a/", true],
    ["+/b", "a/b", true],
    ["a/b", "a/b/c", false],
    ["#", "$SYS/broker/uptime", false],
    ["+/broker/uptime", "$SYS/broker/uptime", false],
    ["$SYS/#", "$SYS/broker/uptime", true],
  ])("%s and the topic %s: %s", (filter, topic, isMatch) => {
    expect(matches(filter, topic)).toBe(isMatch);
  });

  it("may be several with commas between them, or have a comma itself", () => {
    expect(filtersIn(" home/+/t, bin/#,bin/# ,")).toEqual(["home/+/t", "bin/#"]);
    expect(faultOfFilter("a, b")).toBeUndefined();
    expect(matches("a, b", "a, b")).toBe(true);
  });

  it("is looked at before the broker is asked", () => {
    for (const filter of ["#", "a/#", "+", "a/+/b", "/", "$SYS/#"]) expect(faultOfFilter(filter)).toBeUndefined();
    for (const filter of ["", "a#", "a/#/b", "a+/b", "$share/g/a"]) expect(faultOfFilter(filter)).toMatch(/\.$/);
    for (const topic of ["", "a/#", "+"]) expect(faultOfTopic(topic)).toMatch(/\.$/);
    expect(faultOfTopic("a/b")).toBeUndefined();
  });
});

describe("the size of what is sent", () => {
  it("is known before it is sent: a topic of more than 65,535 bytes", () => {
    for (const faultOf of [faultOfTopic, faultOfFilter]) {
      expect(faultOf("ü".repeat(32_767))).toBeUndefined();
      expect(faultOf("ü".repeat(32_768))).toMatch(/ has 65,536 bytes: MQTT takes at most 65,535\.$/);
      expect(faultOf("a\0")).toMatch(/has a character that MQTT does not take/);
      expect(faultOf("a\ud800")).toMatch(/has a character that MQTT does not take/);
    }
  });

  it.each([0, 1, 2] as const)("is that of the packet at QoS %d", (qos) => {
    for (const length of [0, 100, 120, 127, 16_370, 16_384, 2_097_140, 2_097_152]) {
      const [topic, payload] = ["ü/topic", "x".repeat(length)];
      const packet = { cmd: "publish", topic, payload, qos, messageId: 1, dup: false, retain: false } as const;
      const { length: bytes } = generate(packet, { protocolVersion: 5 });
      expect(publishPacketBytes({ topic, payload, qos })).toBe(bytes);
      expect(faultOfSize({ topic, payload, qos }, bytes)).toBeUndefined();
    }
    const properties = {
      contentType: "text/plän",
      responseTopic: "a/b",
      correlationData: Buffer.of(1, 2, 255),
      expirySec: 60,
      isPayloadText: true,
      userProperties: [
        ["a", "ü".repeat(200)],
        ["a", ""],
        ["__proto__", "x"],
      ] as [string, string][],
    };
    const size = { topic: "t", payload: "x", qos, properties };
    const packet = { cmd: "publish", ...size, messageId: 1, dup: false, retain: false } as const;
    const { length } = generate({ ...packet, properties: packetProperties(properties) }, { protocolVersion: 5 });
    expect(publishPacketBytes(size)).toBe(length);
    expect(faultOfSize(size, length)).toBeUndefined();
    expect(faultOfSize(size, 100)).toMatch(/^The topic and the properties are too large/);
    expect(faultOfSize({ topic: "a", payload: "x".repeat(2_000), qos }, 1_007 + (qos > 0 ? 2 : 0))).toBe(
      "The payload has 2,000 bytes: this server takes at most 1,000 for this topic.",
    );
  });
});

describe("presence", () => {
  const statusOf = (name: string, text: string) => {
    const payload = new TextEncoder().encode(text);
    return {
      topic: name,
      payload,
      payloadBytes: payload.length,
      qos: 1 as const,
      isRetained: true,
      atMs: 0,
      subscribedAtMs: 0,
    };
  };

  it("is what the device said last, and unknown once that is deleted", () => {
    const board = new PresenceBoard();
    expect(board.of("kitchen")).toBe("unknown");
    board.take(statusOf("devices/kitchen/status", "online"));
    expect(board.of("kitchen")).toBe("online");
    board.take(statusOf("devices/kitchen/status", "offline"));
    expect(board.of("kitchen")).toBe("offline");
    board.take(statusOf("devices/kitchen/status", ""));
    expect(board.of("kitchen")).toBe("unknown");
  });

  it("comes from no other topic", () => {
    const board = new PresenceBoard();
    for (const topic of ["devices/kitchen/telemetry", "devices/kitchen/x/status", "kitchen/status"])
      board.take(statusOf(topic, "online"));
    expect(board.of("kitchen")).toBe("unknown");
  });
});

describe("the history of counts", () => {
  const statsAt = (messagesReceived: number): Stats => ({
    since: "2026-01-01T00:00:00.000Z",
    clients: { connected: 2, sleeping: 1, connects: 3 },
    counters: {
      packetsReceived: 0,
      packetsSent: 0,
      messagesReceived,
      messagesSent: 2 * messagesReceived,
      messagesDropped: 0,
      bytesReceived: 100,
      bytesSent: 0,
    },
    subscriptions: 0,
    retained: { messages: 0, bytes: 0 },
  });

  it("has rates between two answers", () => {
    const history = new StatsHistory();
    history.take(statsAt(10), 1_000);
    expect(history.samples.value).toEqual([]);
    history.take(statsAt(60), 6_000);
    expect(history.samples.value).toEqual([
      { atSec: 6, connected: 2, sleeping: 1, receivedPerSec: 10, sentPerSec: 20, droppedPerSec: 0, bytesPerSec: 0 },
    ]);
  });

  it("has the broker's own rates where it tells them", () => {
    const history = new StatsHistory();
    const rates = { ...statsAt(0).counters, messagesReceived: 200, messagesSent: 400 };
    for (const atMs of [1_000, 6_000]) history.take({ ...statsAt(10), rates }, atMs);
    expect(history.samples.value).toMatchObject([{ receivedPerSec: 200, sentPerSec: 400 }]);
  });

  it("keeps the last counts while the broker is away, and its charts have one gap", () => {
    const history = new StatsHistory();
    for (const atMs of [1_000, 6_000]) history.take(statsAt(10), atMs);
    for (const atMs of [11_000, 16_000]) history.miss("The broker does not answer.", atMs);
    expect(history.latest.value).toEqual({ stats: statsAt(10), atMs: 6_000 });
    expect(history.fault.value).toBe("The broker does not answer.");
    history.take(statsAt(20), 21_000);
    expect(history.fault.value).toBe("");
    expect(history.samples.value.map(({ connected }) => connected)).toEqual([2, null, 2]);
  });

  it("is bounded", () => {
    const history = new StatsHistory();
    for (let index = 0; index < 2_000; index++) history.take(statsAt(index), index * 5_000);
    expect(history.samples.value).toHaveLength(720);
    expect(history.samples.value.at(-1)?.atSec).toBe(1_999 * 5);
  });
});

describe("the time axis of a chart", () => {
  it.each([
    [100, 100, [95, 100]],
    [99.5, 100, [95, 100]],
    [10, 100, [10, 100]],
    [undefined, undefined, [0, 5]],
  ])("for values from %s to %s is %j", (from, to, range) => {
    expect(timeRangeOf(from, to)).toEqual(range);
  });
});

describe("a shared limit", () => {
  const rowOf = (setting: string, used: number, maximum: number) => limitRowOf({ setting, used, maximum, largest: [] });

  it("is said in words and in its own unit, with its largest holders", () => {
    const largest = [
      { holder: "credential/a", amount: 1_500_000 },
      { holder: null, amount: 7 },
    ];
    const limit = { setting: "MAXIMUM_RETAINED_BYTES", used: 1_500_007, maximum: 4_000_000, largest };
    expect(limitRowOf(limit)).toMatchObject({
      name: "Retained bytes",
      useText: "1.5 MB of 4 MB",
      percentText: "37 %",
      holders: [
        { holder: "credential/a", amountText: "1.5 MB" },
        { holder: "unknown: stored by an older version", amountText: "7 B" },
      ],
    });
    expect(rowOf("MAXIMUM_SESSIONS", 1_500, 200_000)).toMatchObject({ name: "Sessions", useText: "1,500 of 200K" });
    expect(rowOf("MAXIMUM_OF_LATER", 1, 2)).toMatchObject({ name: "MAXIMUM_OF_LATER", useText: "1 of 2" });
  });

  it.each([
    [0, 100, "unused", "0 %"],
    [1, 1_000, "low", "< 1 %"],
    [499, 1_000, "low", "49 %"],
    [50, 100, "high", "50 %"],
    [749, 1_000, "high", "74 %"],
    [75, 100, "critical", "75 %"],
    [120, 100, "critical", "100 %"],
    [0, 0, "unused", "0 %"],
    [1, 0, "critical", "100 %"],
  ])("of which %d of %d are in use is %s", (used, maximum, level, percentText) => {
    expect(rowOf("MAXIMUM_SESSIONS", used, maximum)).toMatchObject({ level, percentText });
  });
});

describe("texts", () => {
  it("have units that people read", () => {
    expect([0, 999, 1_000, 1_500_000].map(bytesText)).toEqual(["0 B", "999 B", "1 kB", "1.5 MB"]);
    expect([400, 61_000, 3_600_000, 90_000_000].map(durationText)).toEqual(["0 s", "1 min 1 s", "1 h", "1 d 1 h"]);
    expect([7, 12_345, 1_234_567].map(countText)).toEqual(["7", "12,345", "1.23M"]);
    expect(agoText("2026-01-01T00:00:00Z", Date.parse("2026-01-01T00:01:30Z"))).toBe("1 min 30 s ago");
  });
});

describe("a device", () => {
  it("has a name that is one level of a topic, and one word", () => {
    for (const name of ["kitchen", "a", "Sensor_7-b", "x".repeat(64)]) expect(isDeviceName(name)).toBe(true);
    for (const name of ["", "a/b", "a b", "+", "ü", "x".repeat(65), "a\n"]) expect(isDeviceName(name)).toBe(false);
  });

  it.each([
    ["kitchen", "kitchen"],
    ["Sensor_7-b", "Sensor_7-b"],
    ["Cocina número 1", "cocina-numero-1"],
    ["  Straße & Łódź  ", "strasse-lodz"],
    ["a/b", "a-b"],
    ["Büro 주방 2", "buro-2"],
    ["주방", ""],
    ["-- x y --", "x-y"],
    ["ü".repeat(100), "u".repeat(64)],
  ])("that is called %s has the identifier %j", (name, identifier) => {
    expect(identifierOf(name)).toBe(identifier);
    expect(identifier === "" || isDeviceName(identifier)).toBe(true);
    for (const random of [0, 0.5, 0.999_999]) expect(arbitraryIdentifier(random)).toMatch(/^device-[0-9a-z]{4}$/);
  });

  it("connects where the dashboard is", () => {
    expect(brokerUrlOf("https://mqtt.example.org", "default")).toBe("wss://mqtt.example.org/mqtt");
    expect(brokerUrlOf("http://127.0.0.1:8787/", "test")).toBe("ws://127.0.0.1:8787/ns/test/mqtt");
  });
});
