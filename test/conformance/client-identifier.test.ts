// Client Identifiers: which ones are served, whose state they name, and those that the server assigns.
// MQTT 5.0 section 3.1.3.1, MQTT 3.1.1 section 3.1.3.1.

import { describe, expect, it } from "vitest";
import { connect, connectPacket, durable, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { hex } from "../support/wire.ts";
import { connectBytes, connectBytesOf, connectFlags } from "./connect-bytes.ts";
import { expectRefused } from "./refusal.ts";
import { useTarget, withSettings } from "./target.ts";

const target = useTarget();

describe("the client identifier", () => {
  /** 1 byte, 23 bytes, and every character that a server must accept. */
  const served = ["a", "Z", "0", "0123456789abcdefghijklm", "nopqrstuvwxyzABCDEFGHIJ", "KLMNOPQRSTUVWXYZ0000000"];

  it.each(served)("%s is served in every version [MQTT-3.1.3-5]", async (clientId) => {
    for (const version of [3, 4, 5] as const) {
      const client = await connect(target.url, { version, clientId });
      await client.ping();
      expect(client.connack.properties?.assignedClientIdentifier).toBeUndefined();
      await client.disconnect();
    }
  });

  it.each([
    ["24 bytes", "a".repeat(24)],
    ["200 bytes", "a".repeat(200)],
    ["blanks and wildcards", "with blanks / and #+$"],
    ["characters of several bytes", "ünï-码-😀"],
  ])("may be more than a server has to take: %s", async (_, text) => {
    for (const version of [4, 5] as const) {
      const client = await connect(target.url, { version, clientId: unique(text) });
      await client.ping();
      await client.disconnect();
    }
  });

  it("names one session, and no other that is nearly the same [MQTT-3.1.3-2]", async () => {
    const clientId = unique("Ä-x");
    // Composed and decomposed letters are different characters, as upper and lower case are.
    const names = [clientId, clientId.toLowerCase(), clientId.normalize("NFD"), `${clientId} `, ` ${clientId}`];
    const topic = unique("client-identifier");
    for (const [index, name] of names.entries()) {
      const client = await connect(target.url, { ...durable(), clientId: name });
      expect(client.connack.sessionPresent).toBe(false);
      await client.subscribe(`${topic}/${index}`, { qos: 1 });
      await client.disconnect();
    }
    const publisher = await connect(target.url);
    for (const index of names.keys()) await publisher.publish(`${topic}/${index}`, `for ${index}`, { qos: 1 });
    for (const [index, name] of names.entries()) {
      const client = await connect(target.url, { ...durable(), clientId: name });
      expect(client.connack.sessionPresent).toBe(true);
      await client.message({ payload: `for ${index}` });
      await client.expectNothingMore();
    }
  });
});

describe("an empty client identifier", () => {
  it("is replaced by one of the server's, told in CONNACK [MQTT-3.1.3-6] [MQTT-3.1.3-7] [MQTT-3.2.2-16] [B1]", async () => {
    const clients = await Promise.all([1, 2, 3].map(() => connect(target.url, { clientId: "" })));
    const assigned = clients.map(({ connack }) => connack.properties?.assignedClientIdentifier);
    for (const clientId of assigned) expect(clientId).toMatch(/./);
    expect(new Set(assigned).size).toBe(clients.length);
    for (const client of clients) await client.ping();
  });

  it.each([
    [1, connectFlags.cleanStart],
    [0, 0],
  ])(
    "with Clean Start %i gets one that is new, and names a session that can be resumed [MQTT-3.1.3-7] [MQTT-3.2.2-16]",
    async (_, flags) => {
      const topic = unique("client-identifier/assigned");
      const first = await Conversation.open(target.url);
      const sessionExpiry600 = hex("11 00000258");
      first.send(connectBytes({ flags, clientId: "", properties: [sessionExpiry600] }));
      const connack = await first.receive({ cmd: "connack", reasonCode: 0, sessionPresent: false });
      await first.subscribe(topic, { qos: 1 });
      await first.disconnect();
      await (await connect(target.url)).publish(topic, "kept", { qos: 1 });
      const clientId = connack.properties?.assignedClientIdentifier ?? "";
      const second = await connect(target.url, { ...durable(), clientId });
      expect(second.connack.sessionPresent).toBe(true);
      expect(second.connack.properties?.assignedClientIdentifier).toBeUndefined();
      await second.message({ topic, payload: "kept" });
    },
  );

  it("of MQTT 3.1.1 with Clean Session 1 is served as one of its own [3.1.1 MQTT-3.1.3-6]", async () => {
    const clients = await Promise.all([1, 2].map(() => connect(target.url, { version: 4, clientId: "" })));
    const topic = unique("client-identifier/empty");
    for (const client of clients) await client.subscribe(topic);
    await (await connect(target.url)).publish(topic, "x");
    for (const client of clients) await client.message({ topic, payload: "x" });
  });

  it("of MQTT 3.1.1 with Clean Session 0 is refused [3.1.1 MQTT-3.1.3-7] [3.1.1 MQTT-3.1.3-8] [3.1.1 MQTT-3.1.3-9] [B1]", async () => {
    await expectRefused(target.url, connectBytesOf(4, { flags: 0, clientId: "" }), 4, 2);
  });

  it.each([0x00, 0x02])("of MQTT 3.1 is refused, with the flags %i as well [B1]", async (flags) => {
    await expectRefused(target.url, connectBytesOf(3, { flags, clientId: "" }), 3, 2);
  });
});

withSettings({ MAXIMUM_CLIENT_ID_BYTES: "23" }, (limited) => {
  it.each([
    [3, 2],
    [4, 2],
    [5, 0x85],
  ] as const)(
    "a client identifier that version %i may refuse is refused with %i [MQTT-3.1.3-8] [3.1.1 MQTT-3.1.3-9]",
    async (version, code) => {
      await (await connect(limited.url, { version, clientId: "0123456789abcdefghijklm" })).disconnect();
      const client = await Conversation.open(limited.url);
      client.send(connectPacket({ version, clientId: "0123456789abcdefghijklmn" }));
      await client.receive({ cmd: "connack", [version === 5 ? "reasonCode" : "returnCode"]: code });
      await client.closed();
    },
  );
});
