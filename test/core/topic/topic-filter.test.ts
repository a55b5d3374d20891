import { describe, expect, it } from "vitest";
import { literalPrefix, matchesTopicFilter, parseTopicFilter } from "../../../src/core/topic/topic-filter.ts";

describe("a Topic Filter", () => {
  it.each([
    ["sport/tennis/player1", false],
    ["/finance", false],
    ["/", false],
    ["$SYS/monitor/Clients", false],
    ["$shared/a", false],
    ["$SHARE/g/a", false],
    ["$", false],
    ["#", true],
    ["/#", true],
    ["sport/tennis/#", true],
    ["sport/tennis/player1/#", true],
    ["$SYS/#", true],
    ["+", true],
    ["+/", true],
    ["/+", true],
    ["+/+", true],
    ["+/tennis/#", true],
    ["sport/+/player1", true],
  ])("may be %s", (text, isWildcard) => {
    expect(parseTopicFilter(text)).toEqual({ filter: text, shareName: undefined, isWildcard });
  });

  it.each([
    ["has `#` only as a whole level [MQTT-4.7.1-1]", "sport/tennis#"],
    ["has `#` only as a whole level [MQTT-4.7.1-1]", "#sport"],
    ["has `#` only at the end [MQTT-4.7.1-1]", "sport/tennis/#/ranking"],
    ["has `#` only at the end [MQTT-4.7.1-1]", "#/"],
    ["has one `#` [MQTT-4.7.1-1]", "##"],
    ["has one `#` [MQTT-4.7.1-1]", "#/#"],
    ["has `+` only as a whole level [MQTT-4.7.1-2]", "sport+"],
    ["has `+` only as a whole level [MQTT-4.7.1-2]", "+sport"],
    ["has `+` only as a whole level [MQTT-4.7.1-2]", "sport/+tennis/a"],
    ["has `+` only as a whole level [MQTT-4.7.1-2]", "++"],
    ["has `+` only as a whole level [MQTT-4.7.1-2]", "+#"],
    ["has `+` only as a whole level [MQTT-4.7.1-2]", "sport/#+"],
    ["is not empty [MQTT-4.7.3-1]", ""],
    ["has no U+0000 [MQTT-4.7.3-2]", "a/\0/b"],
    ["has no lone surrogate [MQTT-1.5.4-1]", "a/\ud800"],
  ])("%s: not %j", (_rule, text) => {
    expect(parseTopicFilter(text)).toBeUndefined();
  });

  it("is at most 65,535 bytes [MQTT-4.7.3-3]", () => {
    expect(parseTopicFilter("a".repeat(65_535))).toBeDefined();
    expect(parseTopicFilter("a".repeat(65_536))).toBeUndefined();
    expect(parseTopicFilter("\u00e9".repeat(32_768))).toBeUndefined();
  });

  it("keeps to the limits it is given: the bytes of all, the levels of what is matched", () => {
    const limits = { maxBytes: 14, maxLevels: 2 };
    expect(parseTopicFilter("a/#", limits)).toBeDefined();
    expect(parseTopicFilter("a/+/#", limits)).toBeUndefined();
    expect(parseTopicFilter("$share/g/a/#", limits)).toBeDefined();
    expect(parseTopicFilter("$share/g/a/b/#", limits)).toBeUndefined();
    expect(parseTopicFilter("$share/g/abcde", limits)).toBeDefined();
    expect(parseTopicFilter("$share/g/abcdef", limits)).toBeUndefined();
  });
});

describe("a Shared Subscription's Topic Filter", () => {
  it.each([
    ["$share/consumer1/sport/tennis/+", "consumer1", "sport/tennis/+", true],
    ["$share/consumer2/sport/tennis/+", "consumer2", "sport/tennis/+", true],
    ["$share/consumer1//finance", "consumer1", "/finance", false],
    ["$share/g//", "g", "/", false],
    ["$share/g/#", "g", "#", true],
    ["$share/$g/$SYS/a", "$g", "$SYS/a", false],
    ["$share/g/$shared", "g", "$shared", false],
    ["$share/g/a/$share/b", "g", "a/$share/b", false],
  ])("is read: %s [MQTT-4.8.2-1]", (text, shareName, filter, isWildcard) => {
    expect(parseTopicFilter(text)).toEqual({ filter, shareName, isWildcard });
  });

  it.each([
    ["has a ShareName [MQTT-4.8.2-1]", "$share"],
    ["has a ShareName [MQTT-4.8.2-1]", "$share/"],
    ["has a ShareName of at least one character [MQTT-4.8.2-1]", "$share//"],
    ["has a ShareName of at least one character [MQTT-4.8.2-1]", "$share//a"],
    ["has a ShareName without `+` [MQTT-4.8.2-2]", "$share/+/a"],
    ["has a ShareName without `+` [MQTT-4.8.2-2]", "$share/g+/a"],
    ["has a ShareName without `#` [MQTT-4.8.2-2]", "$share/#"],
    ["has a ShareName without `#` [MQTT-4.8.2-2]", "$share/g#/a"],
    ["has a separator after the ShareName [MQTT-4.8.2-2]", "$share/g"],
    ["has a Topic Filter after it [MQTT-4.8.2-2]", "$share/g/"],
    ["has a valid Topic Filter after it [MQTT-4.7.1-1]", "$share/g/a/#/b"],
    ["has a valid Topic Filter after it [MQTT-4.7.1-2]", "$share/g/a+"],
    ["has one that is not shared again (section 4.8.2)", "$share/g/$share/h/a"],
    ["has one that is not shared again (section 4.8.2)", "$share/g/$share"],
  ])("%s: not %s", (_rule, text) => {
    expect(parseTopicFilter(text)).toBeUndefined();
  });
});

describe("matching", () => {
  it.each([
    // Section 4.7.1.2: the multi-level wildcard.
    ["sport/tennis/player1/#", "sport/tennis/player1", true],
    ["sport/tennis/player1/#", "sport/tennis/player1/ranking", true],
    ["sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true],
    ["sport/tennis/player1/#", "sport/tennis/player10", false],
    ["sport/tennis/player1/#", "sport/tennis", false],
    ["sport/#", "sport", true],
    ["sport/#", "sport/", true],
    ["sport/#", "sports", false],
    ["#", "sport", true],
    ["#", "/", true],
    ["/#", "/finance", true],
    ["/#", "finance", false],
    // Section 4.7.1.3: the single-level wildcard.
    ["sport/tennis/+", "sport/tennis/player1", true],
    ["sport/tennis/+", "sport/tennis/player2", true],
    ["sport/tennis/+", "sport/tennis/player1/ranking", false],
    ["sport/+", "sport", false],
    ["sport/+", "sport/", true],
    ["+/+", "/finance", true],
    ["/+", "/finance", true],
    ["+", "/finance", false],
    ["+", "finance", true],
    ["+/tennis/#", "sport/tennis", true],
    ["+/tennis/#", "sport/golf", false],
    ["sport/+/player1", "sport/tennis/player1", true],
    ["sport/+/player1", "sport//player1", true],
    ["sport/+/player1", "sport/player1", false],
    ["sport/+/#", "sport", false],
    ["sport/+/#", "sport/", true],
    ["+/#", "sport", true],
    // Section 4.7.3: case, separators and spaces count.
    ["ACCOUNTS", "Accounts", false],
    ["Accounts payable", "Accounts payable", true],
    ["/finance", "finance", false],
    ["finance/", "finance", false],
    ["a//b", "a/b", false],
    ["a//b", "a//b", true],
    ["a/b", "a", false],
    ["a", "a/b", false],
  ])("%s with %s: %s", (filter, topicName, matches) => {
    expect(matchesTopicFilter(filter, topicName)).toBe(matches);
  });

  it.each([
    ["#", "$SYS/monitor/Clients", false],
    ["#", "$", false],
    ["+", "$SYS", false],
    ["+/monitor/Clients", "$SYS/monitor/Clients", false],
    ["+/#", "$SYS", false],
    ["$SYS/#", "$SYS/monitor/Clients", true],
    ["$SYS/#", "$SYS", true],
    ["$SYS/monitor/+", "$SYS/monitor/Clients", true],
    ["+/$SYS", "a/$SYS", true],
    ["a/+", "a/$SYS", true],
    ["/+", "/$SYS", true],
  ])("%s with %s: %s [MQTT-4.7.2-1]", (filter, topicName, matches) => {
    expect(matchesTopicFilter(filter, topicName)).toBe(matches);
  });

  it("does not normalize [MQTT-4.7.3-4]", () => {
    expect(matchesTopicFilter("caf\u00e9", "cafe\u0301")).toBe(false);
    expect(matchesTopicFilter("\ufeffa", "a")).toBe(false);
  });

  it("bears 60,000 separators", () => {
    const slashes = "/".repeat(60_000);
    expect(matchesTopicFilter(`${"+/".repeat(60_000)}+`, slashes)).toBe(true);
    expect(matchesTopicFilter("+/".repeat(60_001), slashes)).toBe(false);
    expect(matchesTopicFilter(`${"+/".repeat(60_001)}#`, slashes)).toBe(true);
    expect(matchesTopicFilter(slashes, slashes)).toBe(true);
  });
});

describe("the literal prefix", () => {
  it.each([
    ["a/b/#", "a/b"],
    ["a/#", "a"],
    ["a/+/c", "a/"],
    ["a/+", "a/"],
    ["a/+/#", "a/"],
    ["a//#", "a/"],
    ["#", ""],
    ["+", ""],
    ["+/a/#", ""],
    ["/#", "/"],
    ["/+", "/"],
    ["a/b", "a/b"],
    ["/", "/"],
  ])("of %s is %j", (filter, prefix) => {
    expect(literalPrefix(filter)).toBe(prefix);
  });
});
