// PINGREQ and PINGRESP, and the keep alive that they serve. MQTT 5.0 sections 3.1.2.10, 3.12 and 3.13.

import { describe, expect, it } from "vitest";
import { connect } from "../support/connect.ts";
import { useTarget } from "./target.ts";

const target = useTarget();

describe("PINGREQ", () => {
  it.each([3, 4, 5] as const)("of version %i is answered with PINGRESP [MQTT-3.12.4-1]", async (version) => {
    const client = await connect(target.url, { version });
    for (let count = 0; count < 3; count++) {
      client.send("c0 00");
      expect(await client.receiveBytes()).toEqual(Buffer.from([0xd0, 0x00]));
    }
    await client.expectNothingMore();
  });

  it.each(["c1 00", "c2 00", "c4 00", "c8 00"])(
    "with a reserved flag, %s, is malformed [MQTT-2.1.3-1]",
    async (packet) => {
      const client = await connect(target.url);
      client.send(packet);
      await client.ended(0x81);
    },
  );

  it("with a body is malformed", async () => {
    const client = await connect(target.url);
    client.send("c0 01 00");
    await client.ended(0x81);
  });
});
