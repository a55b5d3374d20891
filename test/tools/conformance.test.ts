// What makes docs/CONFORMANCE.md: rules and titles in, proofs and mistakes out.

import { once } from "node:events";
import net from "node:net";
import { describe, expect, it } from "vitest";
import { behaviourErrors } from "../../tools/conformance/behaviour.ts";
import { coverageOf, type Rule } from "../../tools/conformance/coverage.ts";
import { isMust, mustsOf } from "../../tools/conformance/musts.ts";
import { whyNotReachable } from "../../tools/conformance/reach.ts";
import { resultsOf } from "../../tools/conformance/results.ts";
import { undoAfterTest } from "../support/undo.ts";
import { unusedPort } from "../tcp-gateway/target.ts";

const rule = (number: string, binds: Rule["binds"] = "Both"): Rule => ({ rule: number, binds, text: `of ${number}` });
const conversation = (title: string) => ({ file: "test/conformance/a.test.ts", title, line: 1 });
const unitTest = (title: string) => ({ file: "test/core/a.test.ts", title, line: 1 });
// Written in two parts, so that the numbers of the examples are no citations of this file.
const cite = (number: string) => `[${number}]`;

describe("the proof of a rule", () => {
  it("is every conversation that carries its number", () => {
    const titles = [`one ${cite("MQTT-1-1")}`, `two ${cite("MQTT-1-2")} ${cite("MQTT-1-1")}`].map(conversation);
    const { rules, errors } = coverageOf([rule("MQTT-1-1"), rule("MQTT-1-2", "Server")], titles, {});
    expect(errors).toEqual([]);
    expect(rules.map(({ proof }) => proof)).toEqual([
      { by: "conversation", titles },
      { by: "conversation", titles: [titles[1]] },
    ]);
  });

  it("is not asked for where a rule binds the client", () => {
    expect(coverageOf([rule("MQTT-1-1", "Client")], [], {})).toMatchObject({ rules: [], errors: [] });
  });

  it("is a unit test, or nothing, only together with an argument", () => {
    const titles = [unitTest(`inside ${cite("MQTT-1-1")}`)];
    const rules = [rule("MQTT-1-1"), rule("MQTT-1-2")];
    expect(coverageOf(rules, titles, {}).errors).toHaveLength(2);
    const argued = coverageOf(rules, titles, { "MQTT-1-1": "unseen", "MQTT-1-2": "unseeable" });
    expect(argued.errors).toEqual([]);
    expect(argued.rules.map(({ proof }) => proof.by)).toEqual(["unit test", "argument"]);
  });

  it("and an argument that there is none exclude each other", () => {
    const titles = [conversation(`seen ${cite("MQTT-1-1")}`)];
    expect(coverageOf([rule("MQTT-1-1")], titles, { "MQTT-1-1": "unseen" }).errors).toHaveLength(1);
  });

  it("of a rule that does not exist is a mistake", () => {
    const errors = coverageOf([], [conversation(cite("MQTT-9.9.9-9"))], { "MQTT-9.9.9-8": "why" }).errors;
    expect(errors.map((error) => error.slice(0, 12))).toEqual(["MQTT-9.9.9-9", "MQTT-9.9.9-8"]);
  });

  it("of MQTT 3.1.1 is kept apart: the numbers differ", () => {
    const title = conversation(`old ${cite("3.1.1 MQTT-1-1")}`);
    const { rulesOf311, errors } = coverageOf([], [title, unitTest(cite("3.1.1 MQTT-1-2"))], {});
    expect(errors).toEqual([]);
    expect([...rulesOf311]).toEqual([["MQTT-1-1", [title]]]);
  });
});

describe("the rules of BEHAVIOUR.md", () => {
  it("and the tests that carry their numbers need each other", () => {
    const document = "- **B1** one\n- **B2** two\n- **B2** again\n";
    const errors = behaviourErrors(document, [unitTest(`x ${cite("B2")}`), unitTest(`y ${cite("B3")}`)]);
    expect(errors).toEqual([
      "docs/BEHAVIOUR.md has B2 twice",
      "B1 of docs/BEHAVIOUR.md has no test",
      "B3 is not in docs/BEHAVIOUR.md: test/core/a.test.ts",
    ]);
  });
});

describe("the results of a run", () => {
  it("are the passed, the different with what was seen, and those not held", () => {
    const assertionResults = [
      { fullName: "a", status: "passed" },
      { fullName: "b", status: "failed", failureMessages: ["AssertionError: \u001b[31mother\u001b[39m\n    at x"] },
      { fullName: "c", status: "skipped" },
    ] as const;
    expect(resultsOf({ testResults: [{ message: "", assertionResults }] })).toEqual({
      passed: 1,
      differences: [{ title: "b", seen: "other" }],
      notHeld: ["c"],
    });
  });

  it("are none when a file did not load", () => {
    expect(() => resultsOf({ testResults: [{ message: "no such module", assertionResults: [] }] })).toThrow("no such");
  });
});

describe("a difference", () => {
  const must = { ...rule("MQTT-1.1.1-1"), text: "A server MUST do this." };
  const choice = { ...rule("MQTT-1.1.1-2"), text: "A server can do this." };

  it("breaks a MUST where its title cites a rule that says so, and is a choice else", () => {
    const rules = [must, choice];
    const cites = (...numbers: string[]) => mustsOf(`x ${numbers.map(cite).join(" ")}`, rules);
    expect(cites("MQTT-1.1.1-1", "MQTT-1.1.1-2", "B12")).toEqual(["MQTT-1.1.1-1"]);
    expect(cites("3.1.1 MQTT-1.1.1-9")).toEqual(["3.1.1 MQTT-1.1.1-9"]);
    expect([cites("MQTT-1.1.1-2"), cites("B12"), cites()]).toEqual([[], [], []]);
    expect([isMust(must), isMust(choice)]).toEqual([true, false]);
  });
});

describe("a broker that cannot be talked to", () => {
  it("is not there, is closed to anonymous clients, or is none: each in one line", async () => {
    const answering = async (answer: Buffer | undefined) => {
      const server = net.createServer((socket) =>
        socket.on("error", () => {}).once("data", () => (answer === undefined ? socket.end() : socket.write(answer))),
      );
      undoAfterTest(() => server.close());
      await once(server.listen(0, "127.0.0.1"), "listening");
      return `tcp://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
    };
    const closed = await answering(Buffer.from([0x20, 2, 0, 5]));
    expect(await whyNotReachable(closed)).toMatch(/closed to anonymous clients \(return code 5\): [^\n]+$/);
    expect(await whyNotReachable(await answering(undefined))).toMatch(/not an MQTT broker$/);
    expect(await whyNotReachable(await answering(Buffer.from([0x20, 2, 0, 0])))).toBeUndefined();
    const nobody = `tcp://127.0.0.1:${await unusedPort()}`;
    expect(await whyNotReachable(nobody)).toBe(
      `${nobody}: no broker is there (ECONNREFUSED): start it, or correct the address`,
    );
  });
});
