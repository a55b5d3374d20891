import { describe, expect, it } from "vitest";
import type { ConnackPacket } from "../../../src/core/packet/packet.ts";
import { ReasonCode } from "../../../src/core/packet/reason-code.ts";
import { encoded, field, hex, rawPacket, received, section } from "./client.ts";

const connack = (fields: Partial<ConnackPacket> = {}): ConnackPacket => ({
  type: "CONNACK",
  sessionPresent: false,
  reasonCode: ReasonCode.Success,
  ...fields,
});

describe("CONNACK", () => {
  it("to MQTT 5.0 has all that it is given", () => {
    const packet = connack({
      sessionPresent: true,
      reasonString: "welcome",
      sessionExpirySec: 100,
      receiveMaximum: 10,
      maximumPacketBytes: 1000,
      assignedClientId: "auto-1",
      topicAliasMaximum: 20,
      serverKeepAliveSec: 30,
    });
    expect(received(packet)).toMatchObject({
      cmd: "connack",
      sessionPresent: true,
      reasonCode: 0,
      properties: {
        reasonString: "welcome",
        sessionExpiryInterval: 100,
        receiveMaximum: 10,
        maximumPacketSize: 1000,
        assignedClientIdentifier: "auto-1",
        topicAliasMaximum: 20,
        serverKeepAlive: 30,
      },
    });
  });

  it.each([
    [{ maximumQos: 0 }, "24 00"],
    [{ maximumQos: 1 }, "24 01"],
    [{ retainAvailable: 0 }, "25 00"],
    [{ wildcardSubscriptionAvailable: 0 }, "28 00"],
    [{ subscriptionIdentifiersAvailable: 0 }, "29 00"],
    [{ sharedSubscriptionAvailable: 0 }, "2a 00"],
    [{ sharedSubscriptionAvailable: 1 }, "2a 01"],
    [{ responseInformation: "r/c" }, `1a ${field("r/c")}`],
    [{ serverReference: "a:1 b" }, `1c ${field("a:1 b")}`],
  ])("to MQTT 5.0 with %j has the property %s, and to MQTT 3.x nothing of it", (fields, property) => {
    const packet = connack(fields);
    expect(encoded(packet)).toEqual(rawPacket(0x20, `0000${section(property.replaceAll(" ", ""))}`).bytes);
    for (const protocolVersion of [3, 4] as const) {
      expect(hex(encoded(packet, { protocolVersion }))).toBe("20020000");
    }
  });

  it("goes without what need not be said where it is too large: the Reason String first [MQTT-3.2.2-19]", () => {
    const [reasonString, serverReference] = ["why", "other.example.org"];
    const whole = connack({ reasonCode: ReasonCode.UseAnotherServer, serverReference, reasonString });
    const withReference = encoded(connack({ reasonCode: ReasonCode.UseAnotherServer, serverReference }));
    const bare = encoded(connack({ reasonCode: ReasonCode.UseAnotherServer }));
    const bytesOf = (packet: Uint8Array | undefined) => packet?.length ?? 0;
    expect(encoded(whole, { maximumPacketBytes: bytesOf(encoded(whole)) - 1 })).toEqual(withReference);
    expect(encoded(whole, { maximumPacketBytes: bytesOf(withReference) - 1 })).toEqual(bare);
    const informed = connack({ responseInformation: "responses/c" });
    expect(hex(encoded(informed, { maximumPacketBytes: 10 }))).toBe("2003000000");
  });

  it("to MQTT 5.0 has no properties but those", () => {
    expect(hex(encoded(connack()))).toBe("2003000000");
    expect(hex(encoded(connack({ reasonCode: ReasonCode.NotAuthorized })))).toBe("2003008700");
  });

  it("keeps a session for success alone [MQTT-3.2.2-6]", () => {
    const packet = connack({ sessionPresent: true, reasonCode: ReasonCode.ServerBusy });
    expect(hex(encoded(packet))).toBe("2003008900");
    expect(hex(encoded(packet, { protocolVersion: 4 }))).toBe("20020003");
  });

  it("to MQTT 3.1.1 says that there is a session, to MQTT 3.1 not", () => {
    const packet = connack({ sessionPresent: true, assignedClientId: "auto-1" });
    expect(hex(encoded(packet, { protocolVersion: 4 }))).toBe("20020100");
    expect(hex(encoded(packet, { protocolVersion: 3 }))).toBe("20020000");
  });

  it.each([
    ["0x84", 1, 0x84],
    ["0x85", 2, 0x85],
    ["0x88", 3, 0x88],
    ["0x89", 3, 0x89],
    ["0x86", 4, 0x86],
    ["0x87", 5, 0x87],
    ["0x8c", 5, 0x8c],
    ["0x9c", 3, 0x9c],
    ["0x9d", 3, 0x9d],
  ] as const)("%s to MQTT 3.x is return code %d [B10]", (_, returnCode, reasonCode) => {
    for (const protocolVersion of [3, 4] as const) {
      expect(hex(encoded(connack({ reasonCode }), { protocolVersion }))).toBe(`2002000${returnCode}`);
    }
  });

  it("to MQTT 3.x is not sent where it has no return code for the reason [B10]", () => {
    for (const reasonCode of [0x81, 0x82, 0x8a, 0x95, 0x99] as const) {
      expect(encoded(connack({ reasonCode }), { protocolVersion: 4 })).toBeUndefined();
    }
  });
});
