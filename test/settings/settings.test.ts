import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { fullAccess, noAccess } from "../../src/core/access/access-rules.ts";
import { allCapabilities, capabilityRanges } from "../../src/core/capabilities.ts";
import { defaultLimits, limitRanges } from "../../src/core/limits.ts";
import { readSettings, settingNames, variableName } from "../../src/settings/settings.ts";
import { SettingsError } from "../../src/settings/variables.ts";
import { scramUser } from "../support/scram-client.ts";

const root = resolve(import.meta.dirname, "../..");
const numbers = Object.entries({ ...limitRanges, ...capabilityRanges });

describe("the variables", () => {
  it("may all be absent", () => {
    expect(readSettings({})).toEqual({
      limits: defaultLimits,
      capabilities: allCapabilities,
      responseInformation: "responses/%c",
      redirection: undefined,
      topicShards: 1,
      topicEpoch: "1",
      sysIntervalSec: 10,
      locationHint: undefined,
      jurisdiction: undefined,
      namespaces: "made",
      scramUsers: undefined,
      anonymousRules: undefined,
      adminToken: undefined,
      web: {
        allowedOrigins: [],
        allowedHosts: undefined,
        clientAddressHeader: "CF-Connecting-IP",
        clientCertificates: true,
      },
      jwt: undefined,
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

  it.each(numbers)("set %s, within its range", (name, [initial, least, most]) => {
    expect(numberIn({}, name)).toBe(initial);
    expect(least <= initial && initial <= most).toBe(true);
    for (const value of [least, most]) {
      expect(numberIn({ [variableName(name)]: String(value) }, name)).toBe(value);
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
    ["MAXIMUM_QOS", "3"],
    ["RETAIN_AVAILABLE", "yes"],
    ["RESPONSE_INFORMATION", "responses/+"],
    ["RESPONSE_INFORMATION", "#"],
    ["RESPONSE_INFORMATION", "$SYS/%c"],
    ["RESPONSE_INFORMATION", "a\nb"],
    ["RESPONSE_INFORMATION", "\ud800"],
    ["RESPONSE_INFORMATION", "x".repeat(1001)],
    ["SERVER_REFERENCE", " "],
    ["SERVER_REFERENCE", "a  b"],
    ["SERVER_REFERENCE", "a, b "],
    ["SERVER_REFERENCE", "ä.example.org"],
    ["SERVER_REFERENCE", "x".repeat(1001)],
    ["SERVER_MOVED", "2"],
    ["ALLOW_ANONYMOUS", "yes"],
  ])("%s does not take %j, and one line says so", (name, value) => {
    const refusal = refusalOf({ [name]: value });
    expect(refusal.startsWith(`${name} is ${JSON.stringify(String(value))}: give `)).toBe(true);
    expect(refusal).not.toContain("\n");
  });

  it.each(["responses/%c", "%c", "a/b", "%c/$answers"])("take %s as Response Information", (template) => {
    expect(readSettings({ RESPONSE_INFORMATION: template }).responseInformation).toBe(template);
  });

  it("switch Response Information off with a word", () => {
    expect(readSettings({ RESPONSE_INFORMATION: "none" }).responseInformation).toBeUndefined();
  });

  it.each([
    "other.example.org",
    "other.example.org:8883",
    "192.0.2.1:8883 [2001:db8::1]:1883",
    "wss://other.example.org/mqtt",
  ])("take %s as Server Reference, for now or for good", (serverReference) => {
    const redirectionOf = (variables: object) =>
      readSettings({ SERVER_REFERENCE: serverReference, ...variables }).redirection;
    expect(redirectionOf({})).toEqual({ serverReference, isPermanent: false });
    expect(redirectionOf({ SERVER_MOVED: 1 })).toEqual({ serverReference, isPermanent: true });
  });

  it("that move the server say where to", () => {
    expect(refusalOf({ SERVER_MOVED: "1" })).toBe('SERVER_MOVED is "1": give SERVER_REFERENCE as well');
  });

  it("have users with what their passwords are checked against, and a mistake there gives nothing of it away", () => {
    const user = scramUser("alice", "secret");
    expect(readSettings({ SCRAM_USERS: user }).scramUsers?.find("alice").isKnown).toBe(true);
    const refusal = refusalOf({ SCRAM_USERS: `${user},${user}` });
    const remedy = "make it with npm run scram-user, and quote it in a shell";
    expect(refusal).toBe(`SCRAM_USERS: entry 2 has the name of an earlier one; ${remedy}`);
  });

  it("let nobody in who shows nothing, unless they say so", () => {
    const rules = { publish: { allow: ["in/%c/#"] }, maximumQos: 1 };
    const ANONYMOUS_RULES = JSON.stringify(rules);
    for (const variables of [{}, { ALLOW_ANONYMOUS: "" }, { ALLOW_ANONYMOUS: "0" }, { ANONYMOUS_RULES }]) {
      expect(readSettings(variables).anonymousRules).toBeUndefined();
    }
    expect(readSettings({ ALLOW_ANONYMOUS: 1 }).anonymousRules).toEqual(fullAccess);
    expect(readSettings({ ALLOW_ANONYMOUS: "1", ANONYMOUS_RULES }).anonymousRules).toEqual({
      ...noAccess,
      publish: { allow: ["in/%c/#"], deny: [] },
      maximumQos: 1,
    });
    expect(readSettings({ ALLOW_ANONYMOUS: "1", ANONYMOUS_RULES: "{}" }).anonymousRules).toEqual(noAccess);
  });

  it.each([
    ["{publish: []}", "give the rules as JSON"],
    ["null", "the rules takes an object"],
    ['{"publish":{"allow":["a/#/b"]}}', '"a/#/b" is not a topic filter'],
    ['{"publsh":{}}', 'no field "publsh"'],
  ])("refuse the rules %s, even if nobody is let in by them, and say why", (ANONYMOUS_RULES, why) => {
    for (const variables of [{ ANONYMOUS_RULES }, { ANONYMOUS_RULES, ALLOW_ANONYMOUS: "1" }]) {
      const refusal = refusalOf(variables);
      expect(refusal.startsWith("ANONYMOUS_RULES: ")).toBe(true);
      expect(refusal).toContain(why);
      expect(refusal).not.toContain("\n");
    }
  });

  it.each(["short", "x".repeat(257), "with a space in it", "mit-Umlaut-äöü-drin"])(
    "refuse an ADMIN_TOKEN that is none, without saying it: %j",
    (ADMIN_TOKEN) => {
      expect(refusalOf({ ADMIN_TOKEN })).toMatch(/^ADMIN_TOKEN: give 16 to 256 characters/);
      expect(refusalOf({ ADMIN_TOKEN })).not.toContain(ADMIN_TOKEN);
    },
  );

  it("are named after their limits and capabilities", () => {
    expect(variableName("maximumPacketBytes")).toBe("MAXIMUM_PACKET_BYTES");
    expect(variableName("maximumQos")).toBe("MAXIMUM_QOS");
    expect(new Set(numbers.map(([name]) => variableName(name))).size).toBe(numbers.length);
  });

  it("are all in docs/SETTINGS.md", () => {
    const lines = readFileSync(resolve(root, "docs/SETTINGS.md"), "utf8").split("\n");
    const rows = lines.filter((line) => line.startsWith("|"));
    const missing = settingNames.filter((name) => !rows.some((row) => new RegExp(`\\b${name}\\b`).test(row)));
    expect(missing).toEqual([]);
  });
});

function numberIn(variables: Record<string, unknown>, name: string): number | undefined {
  const { limits, capabilities } = readSettings(variables);
  return ({ ...limits, ...capabilities } as Record<string, number>)[name];
}

function refusalOf(variables: Record<string, unknown>): string {
  try {
    readSettings(variables);
    return "none";
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.message;
  }
}
