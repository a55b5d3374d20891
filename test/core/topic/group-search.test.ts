// The search through a shared subscription, whatever its members answer: every conversation with three of them is tried.

import { describe, expect, it } from "vitest";
import {
  GroupSearch,
  groupSearchMachine,
  type MemberAnswer,
  type SearchStep,
} from "../../../src/core/topic/group-search.ts";
import type { Recipient } from "../../../src/core/topic/recipient.ts";
import { linesOf, linesTakenBy } from "../../support/lines-of-machine.ts";

type Beginning = "asking" | "trying" | "offering";
type Asked = { readonly type: "ask" | "try"; readonly clientId: string; readonly answer: MemberAnswer };
type Conversation = { readonly asked: readonly Asked[]; readonly end: string };

const answers: readonly MemberAnswer[] = ["accepted", "refused", "session over", "queue full", "lost"];

const member = (clientId: string): Recipient => ({
  clientId,
  generation: `life-of-${clientId}`,
  delivery: {
    message: {
      id: "1-1",
      topicName: "t",
      qos: 2,
      retain: false,
      expiresAtMs: 0,
      properties: new Uint8Array(),
      payload: new Uint8Array(),
    },
    qos: 2,
    retain: false,
    subscriptionIdentifiers: [],
    sharedFilter: "$share/g/t",
  },
});

/** Every conversation that can be had with these members. */
function conversations(begins: Beginning, clientIds: readonly string[]): Conversation[] {
  const members = clientIds.map(member);
  const found: Conversation[] = [];
  const goOn = (asked: readonly Asked[]) => {
    const search = new GroupSearch(members, begins);
    let step: SearchStep = search.step;
    for (const { answer } of asked) step = search.next(answer);
    if (step.type === "ask" || step.type === "try") {
      const { type } = step;
      const { clientId } = step.member;
      for (const answer of answers) goOn([...asked, { type, clientId, answer }]);
    } else {
      found.push({ asked, end: step.type === "end" ? "end" : `${step.type} ${step.member.clientId}` });
    }
  };
  goOn([]);
  return found;
}

const firstWith = (asked: readonly Asked[], type: "ask" | "try", answer: MemberAnswer) =>
  asked.find((each) => each.type === type && each.answer === answer)?.clientId;
const answersTo = (asked: readonly Asked[], type: "ask" | "try") => asked.filter((each) => each.type === type);

describe.each(["asking", "trying", "offering"] as const)("a search that begins by %s", (begins) => {
  const all = conversations(begins, ["a", "b", "c"]);

  it("asks each member at most once, in order, and tries each at most once, in order", () => {
    for (const { asked } of all) {
      for (const type of ["ask", "try"] as const) {
        const clientIds = answersTo(asked, type).map(({ clientId }) => clientId);
        expect(clientIds).toEqual(["a", "b", "c"].slice(0, clientIds.length));
      }
    }
  });

  it("is over once a member has the message, and has nothing more to do", () => {
    for (const { asked, end } of all) {
      const taken = asked.findIndex(({ answer }) => answer === "accepted");
      if (taken !== -1) expect([taken, end]).toEqual([asked.length - 1, "end"]);
    }
  });
});

describe("a possible repeat", () => {
  const all = conversations("asking", ["a", "b", "c"]);

  it("is sent to no member before all have answered that they do not have it [MQTT-4.3.3-10]", () => {
    for (const { asked } of all) {
      if (answersTo(asked, "try").length === 0) continue;
      const questions = answersTo(asked, "ask").map(({ answer }) => answer);
      expect(questions).toHaveLength(3);
      expect(questions.filter((answer) => answer !== "refused" && answer !== "session over")).toEqual([]);
    }
  });

  it("goes to the first member whose answer was lost, and to no other, if no member has it [MQTT-4.3.3-10]", () => {
    for (const { asked, end } of all) {
      const unsure = firstWith(asked, "ask", "lost");
      if (unsure === undefined || ["accepted", "queue full"].includes(asked.at(-1)?.answer ?? "")) continue;
      expect([answersTo(asked, "try").length, end]).toEqual([0, `leave ${unsure}`]);
    }
  });
});

describe("a message that was published just now", () => {
  it("stays with the first member that refused it, if none accepts it", () => {
    for (const { asked, end } of conversations("trying", ["a", "b", "c"])) {
      const isUntaken = asked.every(({ answer }) => answer === "refused" || answer === "session over");
      const refused = firstWith(asked, "try", "refused");
      if (isUntaken) expect(end).toBe(refused === undefined ? "end" : `leave ${refused}`);
    }
  });

  it("is owed to a member that cannot be reached", () => {
    for (const { asked, end } of conversations("trying", ["a", "b", "c"])) {
      if (asked.at(-1)?.answer === "lost") expect(end).toBe(`owe ${asked.at(-1)?.clientId}`);
    }
  });
});

describe("an offer", () => {
  it("is left to nobody, and owed to nobody: its session keeps the message", () => {
    for (const { end } of conversations("offering", ["a", "b", "c"])) expect(end).toBe("end");
  });

  it("without other members is over at once", () => {
    expect(conversations("offering", [])).toEqual([{ asked: [], end: "end" }]);
  });
});

it("a search comes through every line of the table, and takes no answer after its end", () => {
  const taken = linesTakenBy(groupSearchMachine, () => {
    for (const begins of ["asking", "trying", "offering"] as const) conversations(begins, ["a", "b"]);
  });
  expect(taken).toEqual(linesOf(groupSearchMachine));
  const search = new GroupSearch([member("a")], "trying");
  search.next("accepted");
  expect(() => search.next("accepted")).toThrow("A group search");
});
