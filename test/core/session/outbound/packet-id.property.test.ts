import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maximumPacketId, packetIdOf } from "../../../../src/core/session/outbound/packet-id.ts";
import { delivery, SessionHarness } from "../../../support/session-harness.ts";

describe("packet identifiers of messages to the client", () => {
  it("are 1 to 65,535 in turn, whatever the sequence [MQTT-2.2.1-3]", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 1 }), (sequence) => {
        const packetId = packetIdOf(sequence);
        expect(packetId).toBeGreaterThanOrEqual(1);
        expect(packetId).toBeLessThanOrEqual(maximumPacketId);
        expect(packetIdOf(sequence + 1)).toBe((packetId % maximumPacketId) + 1);
      }),
    );
  });

  const start = fc.integer({ min: 1, max: 3 * maximumPacketId });
  const answers = fc.array(fc.nat({ max: 8 }), { minLength: 1, maxLength: 60 });

  it("are of one message each, wherever the sequence stands and whichever is answered first [MQTT-2.2.1-4]", () => {
    fc.assert(
      fc.property(start, answers, (lastSequence, answers) => {
        const harness = new SessionHarness();
        harness.subscribed().drop();
        const index = { qos: 1, isReleased: false, bytes: 100, expiresAtMs: 0, isShared: false } as const;
        harness.store.putOutgoing([{ index: { ...index, sequence: lastSequence }, delivery: delivery("first") }]);
        harness.crash();
        const client = harness.resume();
        const open = new Map<number, string>();
        const hear = () => {
          for (const packet of client.packets()) {
            if (packet.cmd !== "publish") continue;
            const packetId = packet.messageId ?? 0;
            expect(open.has(packetId)).toBe(false);
            open.set(packetId, packet.payload.toString());
          }
        };
        hear();
        for (const [count, answer] of answers.entries()) {
          harness.deliver(delivery(`${count}`));
          hear();
          const oldest = [...open.keys()][answer];
          if (oldest === undefined) continue;
          client.acknowledge("puback", oldest);
          open.delete(oldest);
        }
        for (const packetId of open.keys()) client.acknowledge("puback", packetId);
        expect(client.closed).toBeUndefined();
        expect(harness.store.outgoing()).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
