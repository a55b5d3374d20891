// The form of CONNECT: its flags, and the fields that they announce. MQTT 5.0 sections 3.1.2.3 to 3.1.2.9 and 3.1.3.

import { describe, it } from "vitest";
import { connect, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { field, hex, properties, rawPacket } from "../support/wire.ts";
import { expectAnswer, type Packets, refusal } from "./answer.ts";
import { connectBytes, section, type Version, versions, willBytes } from "./packets.ts";
import { useTarget } from "./target.ts";

const target = useTarget();
/** MQTT 3.1 lets fields be missing, and disregards flags. */
const strictVersions = [4, 5] as const;

const flags = { userName: 0x80, password: 0x40, willRetain: 0x20, will: 0x04, clean: 0x02, reserved: 0x01 };
const willQos = (qos: number) => qos << 3;

async function expectMalformed(version: Version, packets: Packets): Promise<void> {
  await expectAnswer(target.url, version, packets, refusal(version, 0x81), refusal(version, 0x82));
}

describe("Connect Flags", () => {
  it.each(strictVersions)("with the reserved one are refused in version %i [MQTT-3.1.2-3]", async (version) => {
    await expectMalformed(version, {
      alone: connectBytes(version, { flags: flags.reserved }),
      "with Clean Start": connectBytes(version, { flags: flags.reserved | flags.clean }),
      "with a Will": willBytes(version, { flags: flags.reserved | flags.will | flags.clean }),
    });
  });

  it.each(strictVersions)(
    "with Will QoS and no Will are refused in version %i [MQTT-3.1.2-11] [3.1.1 MQTT-3.1.2-13]",
    async (version) => {
      const packets = [1, 2, 3].map((qos) => [`${qos}`, connectBytes(version, { flags: flags.clean | willQos(qos) })]);
      await expectMalformed(version, Object.fromEntries(packets));
    },
  );

  it.each(strictVersions)(
    "with Will Retain and no Will are refused in version %i [MQTT-3.1.2-13] [3.1.1 MQTT-3.1.2-15]",
    async (version) => {
      await expectMalformed(version, { retain: connectBytes(version, { flags: flags.clean | flags.willRetain }) });
    },
  );

  it("of MQTT 3.1 may have Will QoS and Will Retain without a Will, which count for nothing", async () => {
    const packets = {
      "Will QoS 1": connectBytes(3, { flags: flags.clean | willQos(1) }),
      "Will Retain": connectBytes(3, { flags: flags.clean | flags.willRetain }),
    };
    await expectAnswer(target.url, 3, packets, "accepted");
  });

  it("of MQTT 3.1 may have the one that is not used there [B96]", async () => {
    const packets = {
      alone: connectBytes(3, { flags: flags.reserved | flags.clean }),
      "with a Will": willBytes(3, { flags: flags.reserved | flags.will | flags.clean }),
    };
    await expectAnswer(target.url, 3, packets, "accepted");
  });

  it.each(versions)(
    "with Will QoS 3 are malformed in version %i [MQTT-3.1.2-12] [3.1.1 MQTT-3.1.2-14]",
    async (version) => {
      const packet = willBytes(version, { flags: flags.clean | flags.will | willQos(3) });
      await expectAnswer(target.url, version, { "QoS 3": packet }, refusal(version, 0x81));
    },
  );

  it.each(versions)("with Will QoS 0, 1 and 2 are taken in version %i [MQTT-3.1.2-12]", async (version) => {
    const packets = [0, 1, 2].map((qos) => [
      `${qos}`,
      willBytes(version, { flags: flags.clean | flags.will | willQos(qos) }),
    ]);
    await expectAnswer(target.url, version, Object.fromEntries(packets), "accepted");
  });

  it.each([3, 4] as const)(
    "with a password and no user name are refused in version %i [3.1.1 MQTT-3.1.2-22]",
    async (version) => {
      const packet = connectBytes(version, { flags: flags.clean | flags.password, payload: [field("secret")] });
      await expectAnswer(target.url, version, { password: packet }, "closed");
    },
  );
});

describe("a field that the flags announce", () => {
  const text = field("text");

  it.each(versions)("and that is missing of a Will is malformed in version %i [MQTT-3.1.2-9]", async (version) => {
    const withWill = (...payload: Uint8Array[]) => connectBytes(version, { flags: flags.clean | flags.will, payload });
    const packets = {
      nothing: withWill(),
      "no topic": withWill(section(version)),
      "no payload": withWill(section(version), text),
      "half a payload": withWill(section(version), text, hex("0004 6869")),
    };
    await expectAnswer(target.url, version, packets, refusal(version, 0x81));
  });

  it("and that is missing of a Will's properties is malformed [MQTT-3.1.2-9]", async () => {
    const packet = connectBytes(5, { flags: flags.clean | flags.will, payload: [field("topic"), field("payload")] });
    await expectAnswer(target.url, 5, { "no Property Length": packet }, "0x81");
  });

  it.each(strictVersions)("as User Name and is missing is malformed in version %i [MQTT-3.1.2-17]", async (version) => {
    const packets = {
      "no user name": connectBytes(version, { flags: flags.clean | flags.userName }),
      "half a user name": connectBytes(version, { flags: flags.clean | flags.userName, payload: [hex("0004 7573")] }),
    };
    await expectAnswer(target.url, version, packets, refusal(version, 0x81));
  });

  it.each(strictVersions)("as Password and is missing is malformed in version %i [MQTT-3.1.2-19]", async (version) => {
    const both = flags.clean | flags.userName | flags.password;
    const packets = {
      "no password": connectBytes(version, { flags: both, payload: [text] }),
      "half a password": connectBytes(version, { flags: both, payload: [text, hex("0004 7365")] }),
    };
    await expectAnswer(target.url, version, packets, refusal(version, 0x81));
  });

  it.each(strictVersions)("as Client Identifier is always there in version %i [MQTT-3.1.3-3]", async (version) => {
    const head = [field("MQTT"), Buffer.from([version, flags.clean]), hex("003c"), section(version)];
    const packets = {
      none: rawPacket(0x10, ...head),
      "half a length": rawPacket(0x10, ...head, hex("00")),
      "cut short": rawPacket(0x10, ...head, hex("0004 6162")),
    };
    await expectAnswer(target.url, version, packets, refusal(version, 0x81));
  });
});

describe("a field that no flag announces", () => {
  it.each(versions)("as User Name is malformed in version %i [MQTT-3.1.2-16]", async (version) => {
    const packet = connectBytes(version, { payload: [field("user")] });
    await expectAnswer(target.url, version, { "user name": packet }, refusal(version, 0x81));
  });

  it.each(versions)("as Password is malformed in version %i [MQTT-3.1.2-18]", async (version) => {
    const packet = connectBytes(version, {
      flags: flags.clean | flags.userName,
      payload: [field("user"), field("secret")],
    });
    await expectAnswer(target.url, version, { password: packet }, refusal(version, 0x81));
  });

  it.each(versions)("as Will is malformed in version %i [3.1.1 MQTT-3.1.2-11]", async (version) => {
    const packet = connectBytes(version, { payload: [section(version), field("topic"), field("payload")] });
    await expectAnswer(target.url, version, { Will: packet }, refusal(version, 0x81));
  });
});

describe("the fields of the payload", () => {
  it.each(versions)("come in their order in version %i [MQTT-3.1.3-1]", async (version) => {
    const [clientId, topic] = [unique("order"), unique("order/will")];
    const observer = await connect(target.url);
    await observer.subscribe(topic);
    const client = await Conversation.open(target.url);
    client.version = version;
    const all = flags.clean | flags.will | flags.userName | flags.password;
    const payload = [section(version), field(topic), field("gone"), field("user"), field("secret")];
    client.send(connectBytes(version, { flags: all, clientId: field(clientId), payload }));
    await client.receive({ cmd: "connack", ...(version === 5 ? { reasonCode: 0 } : { returnCode: 0 }) });
    client.drop();
    await observer.message({ topic, payload: "gone" });
  });

  it("may be empty: User Name, Password and Will Payload", async () => {
    for (const version of versions) {
      const packets = {
        "user name": connectBytes(version, { flags: flags.clean | flags.userName, payload: [field("")] }),
        both: connectBytes(version, {
          flags: flags.clean | flags.userName | flags.password,
          payload: [field("user"), field("")],
        }),
        "Will Payload": willBytes(version, { payload: field("") }),
      };
      await expectAnswer(target.url, version, packets, "accepted");
    }
  });

  it("may be a Password without a User Name from MQTT 5.0 on", async () => {
    const packet = connectBytes(5, { flags: flags.clean | flags.password, payload: [field("secret")] });
    await expectAnswer(target.url, 5, { password: packet }, "accepted");
  });
});

describe("a Will", () => {
  it.each(versions)(
    "with a topic that is none is refused in version %i [MQTT-4.7.0-1] [MQTT-4.7.3-1] [B14]",
    async (version) => {
      const packets = Object.fromEntries(
        ["", "#", "+", "a/#", "a/+/b", "a#", "a+b"].map((topic) => [
          topic,
          willBytes(version, { topic: field(topic) }),
        ]),
      );
      await expectAnswer(
        target.url,
        version,
        packets,
        refusal(version, 0x90),
        refusal(version, 0x81),
        refusal(version, 0x82),
      );
    },
  );

  it("with a Response Topic that is no topic name is refused [MQTT-3.3.2-14]", async () => {
    const packet = (topic: string) => willBytes(5, { properties: properties(hex("08"), field(topic)) });
    const packets = Object.fromEntries(["", "#", "+", "a/#", "a/+/b", "a#"].map((topic) => [topic, packet(topic)]));
    await expectAnswer(target.url, 5, packets, "0x82", "0x81", "0x90");
  });

  it("with a payload that is not the UTF-8 it says to be is refused, where the broker looks [B17]", async () => {
    const packet = (payload: string, format: string) =>
      willBytes(5, { properties: properties(hex(`01 ${format}`)), payload: field(hex(payload)) });
    await expectAnswer(target.url, 5, { "0xFF": packet("ff", "01"), overlong: packet("c080", "01") }, "0x99");
    await expectAnswer(target.url, 5, { text: packet("c3bc00", "01"), bytes: packet("ff", "00") }, "accepted");
  });
});

describe("a CONNECT that breaks off", () => {
  it("before it names its version is refused, whatever is in it", async () => {
    const packets = {
      empty: hex("10 00"),
      "half a length": hex("10 01 00"),
      "half a name": hex("10 04 0004 4d51"),
      "a name alone": rawPacket(0x10, field("MQTT")),
    };
    await expectAnswer(target.url, 4, packets, "closed");
  });
});
