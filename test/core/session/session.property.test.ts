// One session, and everything that its clients, its topic objects and its platform may do, in any order. Packets are
// valid, nearly valid or none at all; sockets come and go; there are answers, deliveries, hibernations and crashes. The
// harness throws if something is sent after a close, or cannot be decoded; what throws inside the session is a bug.

import fc from "fast-check";
import type { Packet } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import type { QoS } from "../../../src/core/message/message.ts";
import type { ProtocolVersion } from "../../../src/core/packet/packet.ts";
import { mutated, pieces, wirePacket } from "../../support/arbitraries.ts";
import { delivery, SessionHarness, type TestSocket } from "../../support/session-harness.ts";

const version = fc.constantFrom<ProtocolVersion>(3, 4, 5);
const qos = fc.constantFrom<QoS>(0, 1, 2);
const receiveMaximum = 3;
const openIds = fc.integer({ min: 1, max: 6 });

type Bytes = { readonly [version in ProtocolVersion]: Uint8Array[] };

/** A packet or what is left of it, in each version, because the client's version at that time is not known. */
function inEachVersion(bytes: (version: ProtocolVersion) => fc.Arbitrary<Uint8Array[]>): fc.Arbitrary<Bytes> {
  return fc.record({ 3: bytes(3), 4: bytes(4), 5: bytes(5) });
}

type Step =
  | { readonly do: "connect"; readonly version: ProtocolVersion; readonly clean: boolean; readonly hasWill: boolean }
  | { readonly do: "bytes"; readonly bytes: Bytes }
  | { readonly do: "subscribe" | "publish" | "acknowledge" | "deliver"; readonly id: number; readonly qos: QoS }
  | { readonly do: "answer"; readonly code: number }
  | {
      readonly do:
        | "open"
        | "time out"
        | "text"
        | "drop"
        | "disconnect"
        | "give up"
        | "alarm"
        | "stall"
        | "hibernate"
        | "crash";
    };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("connect" as const), version, clean: fc.boolean(), hasWill: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("bytes" as const),
      bytes: inEachVersion((each) => wirePacket(each).map((bytes) => [bytes])),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("bytes" as const),
      bytes: inEachVersion((each) => pieces(mutated(wirePacket(each))).map(({ pieces }) => pieces)),
    }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "subscribe" as const,
        "publish" as const,
        "acknowledge" as const,
        "acknowledge" as const,
        "deliver" as const,
        "deliver" as const,
      ),
      id: openIds,
      qos,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("answer" as const), code: fc.constantFrom(0, 0, 0x10, 0x80, 0x97) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom(
        ...([
          "open",
          "time out",
          "text",
          "drop",
          "disconnect",
          "give up",
          "alarm",
          "stall",
          "hibernate",
          "crash",
        ] as const),
      ),
    }),
  },
);

/** Whom the broker talks to: what a client's socket may be sent, and was. */
class Judge {
  readonly harness = new SessionHarness({
    limits: { maximumPendingSockets: 4, receiveMaximum: 5, packetTimeoutSec: 5 },
  });
  #socket: TestSocket | undefined;
  #version: ProtocolVersion = 5;
  /** Sent at QoS 1 and 2, and not acknowledged. Section 4.9. */
  readonly #inFlight = new Map<number, QoS>();
  readonly #doubtful = new Set<number>();
  #messages = 0;
  /** Sockets on which nothing comes. */
  #silent: TestSocket[] = [];

  take(step: Step): void {
    const { harness } = this;
    switch (step.do) {
      case "connect":
        this.#connect(step);
        break;
      case "bytes":
        for (const piece of step.bytes[this.#version]) this.#client?.frame(piece);
        break;
      case "subscribe":
        this.#client?.subscribe(step.id, { topic: "a", qos: step.qos });
        break;
      case "publish":
        this.#client?.publish(step.qos, step.id);
        break;
      case "acknowledge":
        this.#acknowledge(step.id);
        break;
      case "deliver": {
        this.#messages += 1;
        const id = step.qos === 2 ? `0mabc1234-${this.#messages}` : "";
        harness.deliver(delivery(`${this.#messages}`, { qos: step.qos, id }));
        break;
      }
      case "answer":
        if (harness.requests.some(({ token }) => token !== undefined)) harness.answer(step.code);
        break;
      case "open":
        this.#silent.push(harness.open());
        break;
      case "time out":
        this.#endSilent();
        break;
      case "text":
        if (this.#client) this.#client.text();
        break;
      case "drop":
        this.#client?.drop();
        this.#socket = undefined;
        break;
      case "disconnect":
        this.#client?.disconnect();
        break;
      case "give up":
        harness.giveUp();
        break;
      case "alarm":
        if (Number.isFinite(harness.session.nextDeadlineMs)) harness.alarm();
        break;
      case "stall":
        harness.handle({ type: "stalled" });
        break;
      case "hibernate":
        // Nothing that is under way lets it happen.
        if (harness.requests.length > 0 || harness.session.hasPartialPacket) break;
        if (this.#isConnected) harness.hibernate();
        break;
      case "crash":
        harness.crash();
        this.#socket = undefined;
    }
    this.#hear();
  }

  /** Everything that the session owes its client arrives once the client behaves. */
  finish(): void {
    this.harness.answerAll();
    this.#endSilent();
    this.#connect({ version: 5, clean: false });
    const isAnswered = () => {
      this.harness.answerAll();
      this.#hear();
      return this.#inFlight.size === 0;
    };
    for (let round = 0; !isAnswered() && round < 1000; round += 1) {
      for (const packetId of [...this.#inFlight.keys()]) this.#acknowledge(packetId);
    }
    expect(this.#client?.closed).toBeUndefined();
    expect(this.harness.store.outgoing()).toEqual([]);
  }

  #endSilent(): void {
    for (const { id } of this.#silent.splice(0)) this.harness.handle({ type: "connect timeout", socketId: id });
  }

  get #client(): TestSocket | undefined {
    return this.#socket?.closed === undefined ? this.#socket : undefined;
  }

  get #isConnected(): boolean {
    return this.#client?.connack !== undefined;
  }

  #connect({ version, clean, hasWill = false }: { version: ProtocolVersion; clean: boolean; hasWill?: boolean }): void {
    const before = this.#socket;
    const properties = { sessionExpiryInterval: 3600, receiveMaximum };
    const will = { topic: "w", payload: "gone", qos: 1, retain: false };
    const socket = this.harness.connect({ protocolVersion: version, clean, properties, ...(hasWill ? { will } : {}) });
    before?.packets();
    this.#socket = socket;
    this.#version = version;
    this.#inFlight.clear();
  }

  /** As the client's part of the exchange demands, if it has heard of one. */
  #acknowledge(packetId: number): void {
    const client = this.#client;
    const sentQos = this.#inFlight.get(packetId);
    if (client === undefined || sentQos === undefined) return;
    if (sentQos === 1) {
      this.#inFlight.delete(packetId);
      client.acknowledge("puback", packetId);
      return;
    }
    client.acknowledge("pubrec", packetId);
    this.#hear();
    if (client.closed !== undefined) return;
    this.#inFlight.delete(packetId);
    client.acknowledge("pubcomp", packetId);
  }

  #hear(): void {
    const socket = this.#socket;
    for (const packet of socket?.packets() ?? []) {
      if (packet.cmd === "connack") (socket as TestSocket).connack = packet;
      this.#onPacket(packet);
    }
  }

  #onPacket(packet: Packet): void {
    const packetId = packet.messageId ?? 0;
    if (packet.cmd === "publish" && packet.qos > 0) {
      expect(this.#inFlight.has(packetId) && !this.#doubtful.has(packetId)).toBe(false); // [MQTT-2.2.1-4]
      this.#inFlight.set(packetId, packet.qos);
    }
    // In 3.x a PUBREL does not say that it answers a PUBREC out of nowhere, which leaves its identifier free.
    if (packet.cmd === "pubrel" && this.#version !== 5 && !this.#inFlight.has(packetId)) this.#doubtful.add(packetId);
    // After an interruption the exchange goes on where it was.
    if (packet.cmd === "pubrel" && packet.reasonCode !== 0x92) this.#inFlight.set(packetId, 2);
    // Before MQTT 5.0 there is no Receive Maximum but ours.
    if (this.#version === 5) expect(this.#inFlight.size).toBeLessThanOrEqual(receiveMaximum);
  }
}

describe("a session", () => {
  it("bears anything, keeps to the Receive Maximum, and hands over what it owes [MQTT-3.3.4-9] [MQTT-4.4.0-1]", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150, size: "max" }), (steps) => {
        const judge = new Judge();
        for (const each of steps) judge.take(each);
        judge.finish();
      }),
      { numRuns: 400 },
    );
  });
});
