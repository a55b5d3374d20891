// No answer of a client to a stored message lets the message end its connections for ever. The client comes back, gets
// what is left, and answers in the same way, until nothing is left or the connection stays open.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Limits } from "../../../../src/core/limits.ts";
import { delivery, SessionHarness, type TestSocket } from "../../../support/session-harness.ts";
import { hex, rawPacket, twoBytes, variableByteInteger } from "../../../support/wire.ts";

type Version = 4 | 5;
type Answer = (packetId: number) => Uint8Array;
type AnswerTo = { readonly PUBLISH: Answer; readonly PUBREL: Answer };

const firstBytes = { PUBACK: 0x40, PUBREC: 0x50, PUBCOMP: 0x70 } as const;
type AnswerType = keyof typeof firstBytes;
const answerTypes = Object.keys(firstBytes) as AnswerType[];

const limits = { maximumInFlight: 3, maximumPacketBytes: 1_024 };

/** The bodies of an answer that is not what it should be. */
const bodies: Record<string, (packetId: number) => Uint8Array> = {
  "no packet identifier": () => hex(""),
  "half a packet identifier": () => hex("00"),
  "packet identifier 0": () => hex("0000"),
  "a byte left over": (packetId) => Buffer.concat([twoBytes(packetId), hex("000000")]),
  "an unknown property": (packetId) => Buffer.concat([twoBytes(packetId), hex("00 02 7f00")]),
  "a Reason String twice": (packetId) => Buffer.concat([twoBytes(packetId), hex("00 06 1f0000 1f0000")]),
  "a Reason String that is no UTF-8": (packetId) => Buffer.concat([twoBytes(packetId), hex("00 04 1f0001ff")]),
  "properties cut short": (packetId) => Buffer.concat([twoBytes(packetId), hex("00 09 1f")]),
  "more bytes than a packet may have": (packetId) => Buffer.concat([twoBytes(packetId), Buffer.alloc(2_000)]),
  "the packet identifier of a message that waits": (packetId) => twoBytes(packetId + 3),
  "the packet identifier of nothing": () => twoBytes(60_000),
};

describe.each([4, 5] as const)(
  "a stored message, and a client of version %i that always answers it with",
  (version) => {
    describe.each(answerTypes)("a %s", (type) => {
      it.each(Object.entries(bodies))("with %s", (_, body) => {
        const answer: Answer = (packetId) => rawPacket(firstBytes[type], body(packetId));
        expectEnd(version, { PUBLISH: answer, PUBREL: answer });
      });

      it("with any flags", () => {
        for (let flags = 0; flags < 16; flags += 1) {
          const answer: Answer = (packetId) => rawPacket(firstBytes[type] | flags, twoBytes(packetId));
          expectEnd(version, { PUBLISH: answer, PUBREL: answer });
        }
      });

      it("in half", () => {
        const answer: Answer = (packetId) => rawPacket(firstBytes[type], twoBytes(packetId)).subarray(0, 3);
        // The half of a second one would complete the first.
        const oneAtATime = { maximumInFlight: 1 };
        expectEnd(version, { PUBLISH: answer, PUBREL: answer }, (h) => h.handle({ type: "stalled" }), oneAtATime);
      });

      it("with a Remaining Length that is none", () => {
        const answer: Answer = () => Buffer.from([firstBytes[type], 0xff, 0xff, 0xff, 0xff, 1]);
        expectEnd(version, { PUBLISH: answer, PUBREL: answer });
      });
    });

    it("one type of answer for PUBLISH and any for PUBREL, right but for that", () => {
      for (const forPublish of answerTypes) {
        for (const forPubrel of answerTypes) {
          expectEnd(version, {
            PUBLISH: (packetId) => rawPacket(firstBytes[forPublish], twoBytes(packetId)),
            PUBREL: (packetId) => rawPacket(firstBytes[forPubrel], twoBytes(packetId)),
          });
        }
      }
    });
  },
);

describe("a client of MQTT 5.0 that answers in the right order", () => {
  it.each(answerTypes)("may use any reason code in %s, and its connection holds [B94]", (type) => {
    for (let reasonCode = 0; reasonCode <= 0xff; reasonCode += 1) {
      const withCode = (each: AnswerType) => (packetId: number) => {
        const code = each === type ? Buffer.from([reasonCode]) : Buffer.alloc(0);
        return rawPacket(firstBytes[each], twoBytes(packetId), code);
      };
      const qos = type === "PUBACK" ? 1 : 2;
      const publish = withCode(qos === 1 ? "PUBACK" : "PUBREC");
      const { connections, left } = answered(5, { PUBLISH: publish, PUBREL: withCode("PUBCOMP") }, [qos, qos, qos]);
      expect([reasonCode, connections, left]).toEqual([reasonCode, 1, 0]);
    }
  });
});

describe("a client of MQTT 5.0 that ends its connection over a message", () => {
  const reconnect = (h: SessionHarness, reasonCode: number) => {
    const client = h.resume();
    const heard = client.heard().slice(1);
    client.disconnect({ reasonCode });
    return heard;
  };

  it.each([0x81, 0x82, 0x90, 0x94, 0x95, 0x99])(
    "with 0x%x is not stuck with it: it is given up the third time in a row, and it alone [B128]",
    (reasonCode) => {
      const h = new SessionHarness({ limits: { ...limits, maximumInFlight: 1 } });
      h.subscribed().drop();
      h.deliver(delivery("bad"), delivery("good"));
      for (let times = 1; times <= 3; times += 1) {
        expect(reconnect(h, reasonCode).join()).toMatch(/^PUBLISH bad/);
      }
      expect(h.log).toHaveLength(1);
      const client = h.resume();
      expect(client.heard().slice(1).join()).toMatch(/^PUBLISH good/);
      client.acknowledge("puback", 2);
      expect(h.store.outgoing()).toEqual([]);
    },
  );

  it("for another reason keeps it, and so does one that is not always the first [B128]", () => {
    const h = new SessionHarness({ limits: { ...limits, maximumInFlight: 1 } });
    h.subscribed().drop();
    h.deliver(delivery("1"), delivery("2"));
    for (const reasonCode of [0x00, 0x04, 0x80, 0x83, 0x93, 0x96, 0x97]) {
      for (let times = 1; times <= 4; times += 1) expect(reconnect(h, reasonCode).join()).toMatch(/^PUBLISH 1/);
    }
    for (let times = 1; times <= 2; times += 1) reconnect(h, 0x95);
    h.resume().acknowledge("puback", 1);
    for (let times = 1; times <= 2; times += 1) reconnect(h, 0x95);
    expect(h.store.outgoing()).toHaveLength(1);
  });

  it("by a packet that is malformed and no answer keeps it: that says nothing of the message [B129]", () => {
    const h = new SessionHarness();
    h.subscribed().drop();
    h.deliver(delivery("1"));
    for (let times = 1; times <= 5; times += 1) {
      const client = h.resume();
      client.frame(hex("82 02 0001"));
      expect(client.closed).toBeDefined();
    }
    expect(h.store.outgoing()).toHaveLength(1);
  });
});

describe("whatever bytes begin like an answer", () => {
  it("end a durable message's connections only so often", () => {
    const anyAnswer = fc.record({
      type: fc.constantFrom(...answerTypes),
      flags: fc.integer({ min: 0, max: 15 }),
      offset: fc.integer({ min: -2, max: 4 }),
      rest: fc.uint8Array({ maxLength: 12 }),
      claimed: fc.option(fc.integer({ min: 0, max: 3_000 })),
    });
    const property = fc.property(fc.constantFrom<Version>(4, 5), anyAnswer, anyAnswer, (version, publish, pubrel) => {
      const bytesOf =
        ({ type, flags, offset, rest, claimed }: typeof publish): Answer =>
        (packetId) => {
          const body = Buffer.concat([twoBytes(Math.max(0, packetId + offset)), rest]);
          // No less than the body has: what is left of it would be another packet, which is none of the answer.
          const length = variableByteInteger(Math.max(claimed ?? 0, body.length));
          return Buffer.concat([Buffer.from([firstBytes[type] | flags]), length, body]);
        };
      const stall = (h: SessionHarness) => h.handle({ type: "stalled" });
      expectEnd(version, { PUBLISH: bytesOf(publish), PUBREL: bytesOf(pubrel) }, stall);
    });
    fc.assert(property, { numRuns: 500 });
  });
});

type Stall = (h: SessionHarness) => void;

function expectEnd(version: Version, answerTo: AnswerTo, stall?: Stall, moreLimits: Partial<Limits> = {}): void {
  const { isHeld, connections, left } = answered(version, answerTo, [1, 2, 2, 1, 2], stall, moreLimits);
  expect(isHeld || left === 0 ? "ends" : `${left} left after ${connections} connections`).toBe("ends");
}

/**
 * Has a client take messages until it hears nothing more, coming back each time that its connection ends.
 *
 * @returns whether its last connection is still there; how many it took; how many messages are left
 */
function answered(
  version: Version,
  answerTo: AnswerTo,
  qosOfMessages: readonly (1 | 2)[],
  stall?: Stall,
  moreLimits: Partial<Limits> = {},
): { isHeld: boolean; connections: number; left: number } {
  const h = new SessionHarness({ limits: { ...limits, ...moreLimits } });
  h.subscribed().drop();
  h.deliver(...qosOfMessages.map((qos) => delivery("m", { qos })));
  const fields =
    version === 5 ? { protocolVersion: 5, properties: { sessionExpiryInterval: 3600 } } : { protocolVersion: 4 };
  // Twice for each message: PUBLISH and PUBREL.
  const mostConnections = 2 * qosOfMessages.length + 1;
  for (let connections = 1; connections <= mostConnections; connections += 1) {
    const client = h.resume(fields as { protocolVersion: Version });
    converse(client, answerTo);
    if (client.closed === undefined && stall !== undefined) {
      stall(h);
    }
    const left = h.store.outgoing().length;
    if (client.closed === undefined || left === 0) return { isHeld: client.closed === undefined, connections, left };
  }
  return { isHeld: false, connections: mostConnections, left: h.store.outgoing().length };
}

function converse(client: TestSocket, answerTo: AnswerTo): void {
  for (let rounds = 0; rounds < 20; rounds += 1) {
    const packets = client.packets().filter(({ cmd }) => cmd === "publish" || cmd === "pubrel");
    if (packets.length === 0 || client.closed !== undefined) return;
    for (const { cmd, messageId = 0 } of packets) {
      if (client.closed === undefined) client.frame(answerTo[cmd === "publish" ? "PUBLISH" : "PUBREL"](messageId));
    }
  }
}
