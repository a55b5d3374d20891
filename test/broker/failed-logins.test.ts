// Ten thousand guesses at a password, and those who are let in meanwhile.

import { expect, it } from "vitest";
import { useBroker } from "../support/broker.ts";
import { connect, connectPacket, refusal, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { makeCredential } from "../support/credentials.ts";

const broker = useBroker({ variables: { ALLOW_ANONYMOUS: "0" } });
const guesses = 10_000;
const atOnce = 8;

it("10,000 failed logins hold up nobody who has a token, and soon hear that they have to wait", async () => {
  const victim = await makeCredential(broker, {}, { kind: "password", password: "correct" });
  const { login } = await makeCredential(broker);
  const codes = new Map<number, number>();
  let left = guesses;
  const guess = async () => {
    const clientId = unique("attacker");
    while (left > 0) {
      left -= 1;
      const attacker = await Conversation.open(broker.wsNative(clientId));
      attacker.send(
        connectPacket({ clientId, username: victim.login.username, password: Buffer.from(`guess ${left}`) }),
      );
      const { reasonCode = 0 } = await attacker.receive({ cmd: "connack" });
      codes.set(reasonCode, (codes.get(reasonCode) ?? 0) + 1);
      attacker.drop();
    }
  };
  const attack = Promise.all(Array.from({ length: atOnce }, guess));
  let others = 0;
  while (left > 0) {
    const client = await connect(broker.tcp, login);
    const topic = unique("topic");
    await client.subscribe(topic);
    await client.publish(topic, "still here", { qos: 1 });
    await client.message({ topic });
    await client.disconnect();
    others += 1;
  }
  await attack;
  // Some were compared, before and while the bucket filled again; all others were not looked at.
  const compared = codes.get(0x86) ?? 0;
  expect(compared).toBeGreaterThanOrEqual(20);
  expect([compared + (codes.get(0x9f) ?? 0), codes.size]).toEqual([guesses, 2]);
  expect(compared).toBeLessThan(200);
  expect(others).toBeGreaterThan(100);
  expect(await refusal(broker.tcp, { ...login, password: Buffer.from("wrong") })).toBe(0x86);
}, 120_000);
