import { describe, expect, it } from "vitest";
import { noAccess } from "../../../src/core/access/access-rules.ts";
import { AccessRulesError, readAccessRules } from "../../../src/core/access/read-access-rules.ts";

describe("rules from outside", () => {
  it("allow nothing where they say nothing, and have the widest of all else", () => {
    expect(readAccessRules({})).toEqual(noAccess);
    expect(readAccessRules({ publish: {}, subscribe: { deny: ["a"] } })).toEqual({
      ...noAccess,
      subscribe: { allow: [], deny: ["a"] },
    });
  });

  it("are what they say", () => {
    const filters = { allow: ["d/%c/#", "a-%u"], deny: ["+/secret"] };
    const rules = { publish: filters, subscribe: filters, maximumQos: 1, retain: false, clientIds: ["%u-*"] };
    expect(readAccessRules(JSON.parse(JSON.stringify(rules)))).toEqual(rules);
  });

  it("may be a hundred to a list", () => {
    const allow = Array.from({ length: 100 }, (_, index) => `a/${index}`);
    expect(readAccessRules({ publish: { allow } }).publish.allow).toEqual(allow);
    expect(() => readAccessRules({ publish: { allow: [...allow, "b"] } })).toThrow(
      "publish.allow takes at most 100 texts",
    );
  });

  it.each<[unknown, string]>([
    [JSON.parse('{"__proto__":{"publish":{"allow":["#"]}}}'), 'the rules has no field "__proto__"'],
    [{ publish: null }, "publish takes an object"],
    [{ publish: { allow: ["\ud800"] } }, "is not a topic filter"],
    [null, "the rules takes an object"],
    [[], "the rules takes an object"],
    ["#", "the rules takes an object"],
    [{ allow: ["#"] }, 'the rules has no field "allow"'],
    [{ publish: ["#"] }, "publish takes an object with allow, deny"],
    [{ publish: { allow: "#" } }, "publish.allow takes a list of texts"],
    [{ publish: { allow: [1] } }, "publish.allow takes a list of texts"],
    [{ publish: { alow: [] } }, 'publish has no field "alow"'],
    [{ subscribe: { allow: ["a#"] } }, 'subscribe.allow: "a#" is not a topic filter'],
    [{ subscribe: { deny: [""] } }, 'subscribe.deny: "" is not a topic filter'],
    [{ subscribe: { deny: ["a\u0000"] } }, "is not a topic filter"],
    [{ subscribe: { allow: ["$share/g/a"] } }, "is of a shared subscription"],
    [{ maximumQos: 3 }, "maximumQos takes 0, 1 or 2"],
    [{ maximumQos: "1" }, "maximumQos takes 0, 1 or 2"],
    [{ retain: 1 }, "retain takes true or false"],
    [{ clientIds: "c" }, "clientIds takes a list of texts"],
    [{ clientIds: Array.from({ length: 101 }, () => "c") }, "clientIds takes at most 100 texts"],
    [{ clientIds: ["x".repeat(8_000)] }, "the rules have more than 8000 characters"],
  ])("that are %j are refused in one line", (value, why) => {
    expect(() => readAccessRules(value)).toThrow(AccessRulesError);
    expect(() => readAccessRules(value)).toThrow(why);
  });
});
