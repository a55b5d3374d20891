import { describe, expect, it } from "vitest";
import { isValidTopicName, levelCount, protocolTopicLimits } from "../../../src/core/topic/topic-name.ts";

describe("a Topic Name", () => {
  it.each([
    "finance",
    "/finance",
    "/",
    "//",
    "sport/tennis/player1/ranking",
    "ACCOUNTS/",
    "Accounts payable",
    "$SYS/monitor/Clients",
    "$share/group/a",
    "caf\u00e9/\u{1f321}",
    " ",
  ])("may be %j", (name) => {
    expect(isValidTopicName(name)).toBe(true);
  });

  it.each([
    ["is not empty [MQTT-4.7.3-1]", ""],
    ["has no U+0000 [MQTT-4.7.3-2]", "a/\0"],
    ["has no multi-level wildcard [MQTT-4.7.0-1]", "sport/#"],
    ["has no number sign within a level [MQTT-4.7.0-1]", "sport#"],
    ["has no single-level wildcard [MQTT-4.7.0-1]", "sport/+/player1"],
    ["has no plus sign within a level [MQTT-4.7.0-1]", "c++"],
    ["has no lone high surrogate [MQTT-1.5.4-1]", "a\ud83c"],
    ["has no lone low surrogate [MQTT-1.5.4-1]", "\udf21a"],
  ])("%s", (_rule, name) => {
    expect(isValidTopicName(name)).toBe(false);
  });

  it.each([
    ["one-byte", "a", 1],
    ["two-byte", "\u00e9", 2],
    ["three-byte", "\u6e29", 3],
    ["four-byte", "\u{1f321}", 4],
  ])("is measured in UTF-8 bytes, here of %s characters [MQTT-4.7.3-3]", (_kind, character, bytes) => {
    const longest = character.repeat(Math.floor(65_535 / bytes));
    expect(isValidTopicName(longest)).toBe(true);
    expect(isValidTopicName(longest + character)).toBe(false);
  });

  it("keeps to the limits it is given", () => {
    const limits = { maxBytes: 8, maxLevels: 3 };
    expect(isValidTopicName("a/b/c", limits)).toBe(true);
    expect(isValidTopicName("a/b/c/d", limits)).toBe(false);
    expect(isValidTopicName("a/b/", limits)).toBe(true);
    expect(isValidTopicName("a/b//", limits)).toBe(false);
    expect(isValidTopicName("abcdefgh", limits)).toBe(true);
    expect(isValidTopicName("abcdefghi", limits)).toBe(false);
  });

  it("may be all separators, as far as MQTT goes", () => {
    expect(isValidTopicName("/".repeat(65_535))).toBe(true);
    expect(isValidTopicName("/".repeat(60_000), { ...protocolTopicLimits, maxLevels: 60_000 })).toBe(false);
  });
});

describe("the level count", () => {
  it.each([
    ["a", 1],
    ["a/b", 2],
    ["/a", 2],
    ["a/", 2],
    ["/", 2],
    ["a//b", 3],
  ])("of %s is %d", (topic, count) => {
    expect(levelCount(topic)).toBe(count);
  });

  it("of 60,000 separators is 60,001", () => {
    expect(levelCount("/".repeat(60_000))).toBe(60_001);
  });
});
