// A broker that takes no clients and says where to go instead. MQTT 5.0 sections 3.2.2.3.16 and 4.11.

import { generate } from "mqtt-packet";
import { expect, it } from "vitest";
import { connectPacket, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { expectRefused } from "./refusal.ts";
import { withSettings } from "./target.ts";

const serverReference = "other.example.org:8883 [2001:db8::1]:1883";

for (const [variables, reasonCode] of [
  [{ SERVER_REFERENCE: serverReference }, 0x9c],
  [{ SERVER_REFERENCE: serverReference, SERVER_MOVED: "1" }, 0x9d],
] as const) {
  withSettings(variables, (target) => {
    it("sends every client elsewhere, on each address, and closes [MQTT-3.2.2-7] [MQTT-3.2.2-8] [B63]", async () => {
      const clientId = unique("sent-away");
      for (const url of [target.url, ...target.webSocketUrls(clientId)]) {
        const client = await Conversation.open(url);
        client.send(connectPacket({ clientId }));
        const { properties } = await client.receive({ cmd: "connack", reasonCode, sessionPresent: false });
        expect(properties).toMatchObject({ serverReference });
        await client.closed();
      }
    });

    it.each([3, 4] as const)("is not available to version %i [B63]", async (version) => {
      const connect = generate(connectPacket({ version }), { protocolVersion: version });
      await expectRefused(target.url, connect, version, 3);
    });

    it("says what is wrong with a CONNECT before it", async () => {
      const client = await Conversation.open(target.url);
      client.send("10 0f 0004 4d515454 05 03 003c 00 0002 6331");
      await client.receive({ cmd: "connack", reasonCode: 0x81 });
      await client.closed();
    });

    it("leaves out what would make CONNACK larger than the client takes [MQTT-3.2.2-19] [MQTT-3.1.2-24]", async () => {
      const client = await Conversation.open(target.url);
      client.send(connectPacket({ properties: { maximumPacketSize: 5 } }));
      expect(await client.receiveBytes()).toEqual(Buffer.from([0x20, 3, 0, reasonCode, 0]));
      await client.closed();
    });
  });
}
