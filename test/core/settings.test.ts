import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { defaultLimits, type LimitName, limitRanges } from "../../src/core/limits.ts";
import { readSettings, SettingsError, variableName } from "../../src/settings.ts";

const root = resolve(import.meta.dirname, "../..");
const limitNames = Object.keys(limitRanges) as LimitName[];
const otherVariables = ["TOPIC_SHARDS", "TOPIC_EPOCH", "LOCATION_HINT", "JURISDICTION"];

describe("the variables", () => {
  it("may all be absent", () => {
    expect(readSettings({})).toEqual({
      limits: defaultLimits,
      topicShards: 1,
      topicEpoch: "1",
      locationHint: undefined,
      jurisdiction: undefined,
    });
  });

  it("may be texts or numbers, an empty text is as good as none, and bindings are passed over", () => {
    const settings = readSettings({
      TOPIC_SHARDS: 4,
      TOPIC_EPOCH: "spring-2",
      LOCATION_HINT: "weur",
      JURISDICTION: "eu",
      MAXIMUM_PACKET_BYTES: "2048",
      RECEIVE_MAXIMUM: "",
      SESSION: { get: () => {} },
    });
    expect(settings).toMatchObject({
      topicShards: 4,
      topicEpoch: "spring-2",
      locationHint: "weur",
      jurisdiction: "eu",
    });
    expect(settings.limits).toEqual({ ...defaultLimits, maximumPacketBytes: 2048 });
  });

  it.each(limitNames)("set the limit %s, within its range", (name) => {
    const [initial, least, most] = limitRanges[name];
    expect(defaultLimits[name]).toBe(initial);
    expect(least <= initial && initial <= most).toBe(true);
    for (const value of [least, most]) {
      expect(readSettings({ [variableName(name)]: String(value) }).limits[name]).toBe(value);
    }
    for (const value of [least - 1, most + 1]) {
      const range = `${variableName(name)} is "${value}": give a whole number from ${least} to ${most}`;
      expect(refusalOf({ [variableName(name)]: value })).toBe(range);
    }
  });

  it.each([
    ["TOPIC_SHARDS", "0"],
    ["TOPIC_SHARDS", "257"],
    ["TOPIC_SHARDS", "1.5"],
    ["TOPIC_SHARDS", "1e1"],
    ["TOPIC_SHARDS", " 4"],
    ["TOPIC_SHARDS", "four"],
    ["TOPIC_SHARDS", true],
    ["TOPIC_EPOCH", "a/b"],
    ["TOPIC_EPOCH", "x".repeat(33)],
    ["LOCATION_HINT", "europe"],
    ["LOCATION_HINT", "weur,eeur"],
    ["JURISDICTION", "us"],
    ["MAXIMUM_PACKET_BYTES", "-1"],
    ["MAXIMUM_PACKET_BYTES", "NaN"],
  ])("%s does not take %j, and one line says so", (name, value) => {
    const refusal = refusalOf({ [name]: value });
    expect(refusal).toMatch(new RegExp(`^${name} is "${value}": give `));
    expect(refusal).not.toContain("\n");
  });

  it("are named after their limits", () => {
    expect(variableName("maximumPacketBytes")).toBe("MAXIMUM_PACKET_BYTES");
    expect(new Set(limitNames.map(variableName)).size).toBe(limitNames.length);
  });

  it.runIf(existsSync(resolve(root, "README.md")))("are all in the README's table", () => {
    const lines = readFileSync(resolve(root, "README.md"), "utf8").split("\n");
    const rows = lines.filter((line) => line.startsWith("|"));
    const missing = [...limitNames.map(variableName), ...otherVariables].filter(
      (name) => !rows.some((row) => new RegExp(`\\b${name}\\b`).test(row)),
    );
    expect(missing).toEqual([]);
  });
});

function refusalOf(variables: Record<string, unknown>): string {
  try {
    readSettings(variables);
    return "none";
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.message;
  }
}
