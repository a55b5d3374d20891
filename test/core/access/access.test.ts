import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Access } from "../../../src/core/access/access.ts";
import { type AccessRules, fullAccess, noAccess } from "../../../src/core/access/access-rules.ts";
import { matchesTopicFilter, parseTopicFilter } from "../../../src/core/topic/topic-filter.ts";
import { text, topicFilter, topicName } from "../../support/arbitraries.ts";

const names = { clientId: "c1", username: "user" };

function accessOf(rules: Partial<AccessRules>, who = names): Access {
  return new Access({ ...noAccess, ...rules }, who);
}

/** To subscribe: what of `texts` is allowed. */
function granted(allow: string[], deny: string[], texts: string[], who = names): string[] {
  const access = accessOf({ subscribe: { allow, deny } }, who);
  return texts.filter((text) => access.maySubscribe(text));
}

function publish(topicName: string, qos: 0 | 1 | 2 = 0, retain = false) {
  return { topicName, qos, retain };
}

function mayPublish(access: Access, message: ReturnType<typeof publish>, isBridge = false): boolean {
  return access.whyNotPublish(message, isBridge) === undefined;
}

describe("a subscription", () => {
  it("is granted where one filter covers all of it", () => {
    const filters = ["a", "a/b", "a/+", "a/#", "a/+/c", "+/b", "#", "+", "b"];
    expect(granted(["a/#"], [], filters)).toEqual(["a", "a/b", "a/+", "a/#", "a/+/c"]);
    expect(granted(["a/+"], [], filters)).toEqual(["a/b", "a/+"]);
    expect(granted(["#"], [], filters)).toEqual(filters);
    expect(granted([], [], filters)).toEqual([]);
  });

  it("is refused where anything of it is denied", () => {
    expect(granted(["#"], ["a/secret"], ["#", "a/#", "+/secret", "a/secret", "a/open", "b/#"])).toEqual([
      "a/open",
      "b/#",
    ]);
  });

  it("of a share is judged by the filter inside", () => {
    expect(granted(["a/#"], ["a/b"], ["$share/g/a/c", "$share/a/x", "$share/g/a/b", "$share/g/#"])).toEqual([
      "$share/g/a/c",
    ]);
  });

  it("to $SYS takes a filter that names it", () => {
    const filters = ["$SYS/#", "$SYS/broker/uptime", "$share/g/$SYS/#"];
    expect(granted(["#", "+/#"], [], filters)).toEqual([]);
    expect(granted(["$SYS/#"], [], [...filters, "#"])).toEqual(filters);
    expect(granted(["#", "$SYS/#"], [], ["#"])).toEqual(["#"]);
  });

  it("that is granted brings nothing that may not be received", () => {
    fc.assert(
      fc.property(
        fc.array(topicFilter, { maxLength: 4 }),
        fc.array(topicFilter, { maxLength: 2 }),
        topicFilter,
        topicName,
        (allow, deny, filter, name) => {
          const access = accessOf({ subscribe: { allow, deny } });
          const parsed = parseTopicFilter(filter);
          if (parsed === undefined || !access.maySubscribe(filter) || !matchesTopicFilter(parsed.filter, name)) return;
          expect(access.mayReceive(name)).toBe(true);
        },
      ),
      { numRuns: 5_000 },
    );
  });
});

describe("a message", () => {
  it("may be published where a filter has its topic, and none denies it", () => {
    const access = accessOf({ publish: { allow: ["a/#"], deny: ["a/b"] } });
    const topics = ["a", "a/b", "a/b/c", "b"];
    expect(topics.filter((topic) => mayPublish(access, publish(topic)))).toEqual(["a", "a/b/c"]);
    // Asked again, it is the same.
    expect(topics.filter((topic) => mayPublish(access, publish(topic)))).toEqual(["a", "a/b/c"]);
  });

  it("may be bound to a QoS, and to go without RETAIN", () => {
    const access = new Access({ ...fullAccess, maximumQos: 1, retain: false }, names);
    const asked = [publish("a", 1), publish("a", 2), publish("a", 0, true)];
    expect(asked.map((message) => mayPublish(access, message))).toEqual([true, false, false]);
  });

  it("is never published to $SYS", () => {
    const everything = { allow: ["#", "$SYS", "$SYS/#", "$SYS/broker/x"], deny: [] };
    const access = accessOf({ publish: everything });
    expect(["$SYS", "$SYS/broker/x"].some((topic) => mayPublish(access, publish(topic)))).toBe(false);
    expect(["$SYSTEM", "$x"].every((topic) => mayPublish(access, publish(topic)))).toBe(true);
  });

  it("of a bridge may be its own state, and nothing else below $SYS [B100]", () => {
    const own = "$SYS/broker/connection/c1/state";
    const others = ["$SYS/broker/connection/c2/state", "$SYS/broker/connection/c1", `${own}/x`, "$SYS/broker/uptime"];
    const access = accessOf({ publish: { allow: [], deny: [] } });
    expect(mayPublish(access, publish(own, 1, true), true)).toBe(true);
    expect(mayPublish(access, publish(own, 1, true), false)).toBe(false);
    expect(others.filter((topic) => mayPublish(access, publish(topic), true))).toEqual([]);
    // The rules for everything else are not touched.
    expect(mayPublish(access, publish("a"), true)).toBe(false);
  });

  it.each<[string, Partial<AccessRules>, string]>([
    ["denied", { publish: { allow: ["#"], deny: ["$SYS/broker/connection/+/state"] } }, "the rules deny"],
    ["denied to somebody unnamed", { publish: { allow: ["#"], deny: ["x/%u"] } }, "the rules deny"],
    ["not to be retained", { retain: false }, "retained"],
    ["above the QoS", { maximumQos: 0 }, "QoS 0"],
  ])("of a bridge about itself is refused where it is %s [B100]", (_, rules, why) => {
    const access = accessOf(rules, { clientId: "c1", username: "" });
    expect(access.whyNotPublish(publish("$SYS/broker/connection/c1/state", 1, true), true)).toContain(why);
  });

  it.each(["a/b", "/", "+", "#"])(
    "of a bridge with the client identifier %s has no topic for its state [B100]",
    (clientId) => {
      const access = new Access(fullAccess, { clientId, username: "" });
      const message = publish(`$SYS/broker/connection/${clientId}/state`);
      expect(access.whyNotPublish(message, true)).toContain("client identifier");
    },
  );

  it("is judged by its own topic, however many were judged before", () => {
    const access = accessOf({ publish: { allow: ["a/+"], deny: ["a/7"] } });
    for (let round = 0; round < 2; round += 1) {
      for (let index = 0; index < 1_000; index += 1) {
        expect(mayPublish(access, publish(`a/${index}`))).toBe(index !== 7);
        expect(mayPublish(access, publish(`b/${index}`))).toBe(false);
      }
    }
  });
});

describe("what is remembered of answers", () => {
  /** How many of a thousand topics are allowed. */
  function heldBytes(characters: number): number {
    setFlagsFromString("--expose-gc");
    const collect: () => void = runInNewContext("gc");
    const access = accessOf({ publish: { allow: ["a/#"], deny: [] } });
    const isRefused = (index: number) => !mayPublish(access, publish(Buffer.alloc(characters, `${index} `).toString()));
    isRefused(0);
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < 1_000; index += 1) expect(isRefused(index)).toBe(true);
    collect();
    const held = process.memoryUsage().heapUsed - before;
    // Still in use while it is weighed.
    expect(isRefused(1)).toBe(true);
    return held;
  }

  it.each([65_000, 16_000])("is little where a client asks for topics of %d characters", (characters) => {
    expect(heldBytes(characters)).toBeLessThan(1_000_000);
  });
});

describe("names in filters", () => {
  it("stand for the client, even inside a level", () => {
    expect(granted(["d/%c/#", "u-%u", "%c%u"], [], ["d/c1/x", "d/c2/x", "u-user", "c1user", "%c%u"])).toEqual([
      "d/c1/x",
      "u-user",
      "c1user",
    ]);
  });

  it.each(["+", "#", "a/b", "a/#", "/", ""])("match nothing where they are %j", (name) => {
    const filters = ["#", "d/#", "d/+", "d/a/b", `d/${name}`, "d/"].filter((filter) => parseTopicFilter(filter));
    expect(granted(["d/%c"], [], filters, { clientId: name, username: "x" })).toEqual([]);
    expect(granted(["d/%u"], [], filters, { clientId: "x", username: name })).toEqual([]);
  });

  it("are put in once: a client called %u is that", () => {
    expect(granted(["d/%c"], [], ["d/%u", "d/user"], { clientId: "%u", username: "user" })).toEqual(["d/%u"]);
  });

  it.each([
    ["%c/#", "$SYS"],
    ["%u/#", "$SYS"],
    ["$%c/#", "SYS"],
    ["$S%u/#", "YS"],
    ["%c%u/#", "$SYS"],
  ])("of %j do not lead into what belongs to the broker where they are %j", (rule, name) => {
    for (const who of [
      { clientId: name, username: name },
      { clientId: "$S", username: "YS" },
    ]) {
      expect(granted([rule], [], ["$SYS/#", "$SYS/broker/x"], who)).toEqual([]);
      expect(accessOf({ subscribe: { allow: [rule], deny: [] } }, who).mayReceive("$SYS/broker/x")).toBe(false);
    }
  });

  it("stand behind $SYS where the rule itself names it", () => {
    expect(granted(["$SYS/of/%c"], [], ["$SYS/of/c1", "$SYS/of/c2"])).toEqual(["$SYS/of/c1"]);
  });

  it("open one level to a client, whatever it calls itself", () => {
    const level = fc.oneof(
      fc.constantFrom("+", "#", "/", "", "a/#", "%u", "%c", "$SYS", "$&", "温", "__proto__"),
      text,
    );
    fc.assert(
      fc.property(level, level, level, (clientId, username, other) => {
        const access = accessOf({ subscribe: { allow: ["d/%c/#", "u/%u"], deny: [] } }, { clientId, username });
        expect(access.mayReceive(`d/${other}/x`)).toBe(other.split("/")[0] === clientId && /^[^+#/]+$/.test(clientId));
        expect(access.mayReceive(`u/${other}`)).toBe(other === username && /^[^+#/]+$/.test(username));
      }),
      { numRuns: 3_000 },
    );
  });

  it("that cannot be put into what is denied leave nothing allowed", () => {
    const who = { clientId: "a/b", username: "" };
    expect(granted(["#"], ["private/%c"], ["x", "private/a/b"], who)).toEqual([]);
    expect(granted(["#"], ["private/%u"], ["x"], who)).toEqual([]);
  });
});

describe("a client identifier", () => {
  it.each<[string[], string, string, boolean]>([
    [[], "anything", "", true],
    [["c1"], "c1", "", true],
    [["c1"], "c10", "", false],
    [["sensor-*"], "sensor-", "", true],
    [["sensor-*"], "Sensor-1", "", false],
    [["*-a-*"], "x-a-y", "", true],
    [["*-a-*"], "x-b-y", "", false],
    [["a*a"], "a", "", false],
    [["a*b*c"], "abbc", "", true],
    [["%u"], "user", "user", true],
    [["%u-*"], "user-1", "user", true],
    [["%u-*"], "other-1", "user", false],
    [["%u*"], "anything", "", false],
    [["%u"], "anything", "*", false],
    [["%u"], "*", "*", true],
    [["%u"], "a/b", "a/b", false],
    [["%u*"], "+", "+", false],
    [["%u*"], "#", "#", false],
    [["a", "b"], "b", "", true],
  ])("of rules %j may be %j for the user named %j: %j", (clientIds, clientId, username, isAllowed) => {
    expect(accessOf({ clientIds }, { clientId, username }).mayConnect).toBe(isAllowed);
  });

  it("of many stars is judged at once", () => {
    const access = accessOf({ clientIds: [`${"*a".repeat(40)}*b`] }, { clientId: "a".repeat(256), username: "" });
    expect(access.mayConnect).toBe(false);
  });
});
