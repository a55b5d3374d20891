import { describe, expect, it } from "vitest";
import { PacketReader } from "../../../../src/core/packet/packet-reader.ts";
import { ProtocolError } from "../../../../src/core/protocol-error.ts";
import { checkRedirection, type Redirection } from "../../../../src/core/session/connect/redirection.ts";
import { refusalOf } from "../../../../src/core/session/wire/connack-refusal.ts";
import { field, rawPacket, section } from "../../packet/client.ts";

const serverReference = "other.example.org:8883";

function redirected(connectHex: string, redirection: Redirection): Uint8Array | undefined {
  try {
    checkRedirection(redirection);
  } catch (error) {
    const { packets } = new PacketReader(1000).push(rawPacket(0x10, connectHex).bytes);
    if (error instanceof ProtocolError) return refusalOf(packets[0], error);
  }
  throw new Error("not redirected");
}

const connectOf = (level: number, properties: string) =>
  `${field("MQTT")}0${level}02003c${properties}${field("board-1")}`;

describe("a broker that sends its clients elsewhere", () => {
  it("takes none, and without a redirection all", () => {
    expect(() => checkRedirection(undefined)).not.toThrow();
    expect(() => checkRedirection({ serverReference, isPermanent: false })).toThrow(
      expect.objectContaining({ reasonCode: 0x9c, serverReference }),
    );
  });

  it.each([
    [false, "9c", "use another server"],
    [true, "9d", "the server has moved"],
  ])("says where, and whether for good: %s is 0x%s", (isPermanent, code, why) => {
    const properties = section(`1c${field(serverReference)}1f${field(why)}`);
    const connack = redirected(connectOf(5, "00"), { serverReference, isPermanent });
    expect(connack).toEqual(rawPacket(0x20, `00${code}${properties}`).bytes);
  });

  it("says no more than the client takes [MQTT-3.1.2-24] [MQTT-3.2.2-19]", () => {
    const answer = (maximum: string) =>
      redirected(connectOf(5, section(`27000000${maximum}`)), { serverReference, isPermanent: false });
    expect(answer("1e")).toEqual(rawPacket(0x20, `009c${section(`1c${field(serverReference)}`)}`).bytes);
    expect(answer("1d")).toEqual(rawPacket(0x20, "009c00").bytes);
    expect(answer("04")).toBeUndefined();
  });

  it("is unavailable before MQTT 5.0", () => {
    const connack = redirected(connectOf(4, ""), { serverReference, isPermanent: true });
    expect(connack).toEqual(rawPacket(0x20, "0003").bytes);
  });
});
