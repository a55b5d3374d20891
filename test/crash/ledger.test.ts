import { describe, expect, it } from "vitest";
import { judge, type Receiver, Tally, type Topic } from "./ledger.ts";

const one: Topic = { name: "one", qos: 1, isAcknowledged: [true, false, true] };
const two: Topic = { name: "two", qos: 2, isAcknowledged: [true, false, true] };

/** @param counts how often each number came, by topic */
function tallyOf(counts: Record<string, readonly number[]>): Tally {
  const tally = new Tally();
  for (const [topicName, times] of Object.entries(counts)) {
    for (const [number, count] of times.entries()) {
      for (let time = 0; time < count; time += 1) tally.add(topicName, number);
    }
  }
  return tally;
}

function receiverOf(qos: 1 | 2, ...tallies: Tally[]): Receiver {
  return { name: "receiver", qos, wants: () => true, tallies };
}

describe("the judgement over a run", () => {
  it("is good when everything acknowledged came, and of the rest anything", () => {
    const receiver = receiverOf(2, tallyOf({ one: [1, 0, 1], two: [1, 1, 1] }));
    expect(judge([one, two], [receiver])).toEqual({ delivered: 5, lost: [], doubled: [], repeated: 0 });
  });

  it("names what was acknowledged and is missing, at each receiver", () => {
    const [full, empty] = [tallyOf({ one: [1, 0, 1] }), tallyOf({})];
    expect(judge([one], [receiverOf(1, full), receiverOf(1, empty)]).lost).toEqual([
      "one 0 at receiver",
      "one 2 at receiver",
    ]);
  });

  it("names what came twice at QoS 2, acknowledged or not", () => {
    const receiver = receiverOf(2, tallyOf({ two: [1, 2, 3] }));
    expect(judge([two], [receiver]).doubled).toEqual(["two 1 at receiver: 2 times", "two 2 at receiver: 3 times"]);
  });

  it.each([
    ["published", one, 2],
    ["subscribed", two, 1],
  ] as const)("counts what came twice if it was %s at QoS 1, which is allowed", (_, topic, qos) => {
    const receiver = receiverOf(qos, tallyOf({ [topic.name]: [3, 0, 2] }));
    expect(judge([topic], [receiver])).toEqual({ delivered: 2, lost: [], doubled: [], repeated: 3 });
  });

  it("takes the members of a shared subscription as one", () => {
    const members = [tallyOf({ two: [1, 0, 0] }), tallyOf({ two: [0, 0, 1] })];
    expect(judge([two], [receiverOf(2, ...members)])).toMatchObject({ lost: [], doubled: [] });
    members.push(tallyOf({ two: [1] }));
    expect(judge([two], [receiverOf(2, ...members)]).doubled).toEqual(["two 0 at receiver: 2 times"]);
  });

  it("passes over what a receiver did not ask for", () => {
    const receiver = { ...receiverOf(2, new Tally()), wants: (topicName: string) => topicName === "two" };
    expect(judge([one], [receiver]).lost).toEqual([]);
  });
});
