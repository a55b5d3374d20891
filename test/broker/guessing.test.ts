// Guesses at passwords, by name and by address, and those who are let in meanwhile: with a password, SCRAM, or a token.

import { beforeAll, describe, expect, it } from "vitest";
import { auth } from "../support/authenticating.ts";
import { type Broker, useBroker } from "../support/broker.ts";
import { connect, connectPacket, refusal, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { type Made, makeCredential } from "../support/credentials.ts";
import { ScramClient, scramMethod, scramUser } from "../support/scram-client.ts";

const variables = { ALLOW_ANONYMOUS: "0", SCRAM_USERS: scramUser("scram", "pencil") };
const known = { ...variables, CLIENT_ADDRESS_HEADER: "CF-Connecting-IP" };
const atOnce = 8;

type Login = { readonly username: string; readonly password: string; clientId?: string; address?: string };
/** A namespace of a broker: each counts the guesses in it for itself. */
type Place = { readonly broker: Broker; readonly namespace: string };
/** One login by a method; the reason code of its CONNACK. */
type Method = (place: Place, login: Login) => Promise<number>;

function open({ broker, namespace }: Place, clientId: string, login: Login): Promise<Conversation> {
  const url = broker.wsNative(clientId).replace("/mqtt/", `/ns/${namespace}/mqtt/`);
  return Conversation.open(url, { headers: headersOf(login) });
}

const headersOf = ({ address }: Login) => (address === undefined ? {} : { "CF-Connecting-IP": address });

const byPassword: Method = async (place, login) => {
  const { username, password, clientId = unique("client") } = login;
  const client = await open(place, clientId, login);
  client.send(connectPacket({ clientId, username, password: Buffer.from(password) }));
  const { reasonCode = -1 } = await client.receive({ cmd: "connack" });
  client.drop();
  return reasonCode;
};

const byScram: Method = async (place, login) => {
  const { username, password, clientId = unique("client") } = login;
  const client = await open(place, clientId, login);
  const scram = new ScramClient(username, password);
  client.send(connectPacket({ clientId, properties: { ...auth(scram.first()).properties } }));
  const expected = { cmd: "auth", properties: { authenticationMethod: scramMethod } } as const;
  client.send(auth(scram.final((await client.receive(expected)).properties?.authenticationData)));
  const { reasonCode = -1 } = await client.receive({ cmd: "connack" });
  client.drop();
  return reasonCode;
};

/** How often each reason code was answered. */
async function guess(method: Method, place: Place, guesses: number, of: (index: number) => Login) {
  const codes = new Map<number, number>();
  let next = 0;
  const guesser = async () => {
    while (next < guesses) {
      next += 1;
      const code = await method(place, of(next));
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, guesser));
  return codes;
}

const broker = useBroker({ variables });
/** To which the test says what addresses its clients have. */
const addressed = useBroker({ variables: known });

describe.each([
  ["a password that people choose", byPassword, 0x86, "correct"],
  ["SCRAM-SHA-256", byScram, 0x87, "pencil"],
] as const)("guesses at %s", (_, method, refused, right) => {
  let victim: string;

  async function start(broker: Broker): Promise<Place> {
    const namespace = unique("guessed");
    const isScram = method === byScram;
    const secret = isScram ? ({ kind: "scram" } as const) : ({ kind: "password", password: right } as const);
    const { credential } = await makeCredential(
      broker,
      isScram ? { namespace, username: "scram" } : { namespace },
      secret,
    );
    victim = credential.username;
    return { broker, namespace };
  }

  it("from one address are limited, and put off nobody at another address [B140] [B141]", async () => {
    const place = await start(addressed);
    const codes = await guess(method, place, 150, (index) => {
      return { username: victim, password: `guess ${index}`, address: "192.0.2.1" };
    });
    expect([...codes.keys()].sort()).toEqual([refused, 0x9f]);
    expect(codes.get(refused)).toBeGreaterThanOrEqual(20);
    expect(codes.get(refused)).toBeLessThan(80);
    // A right one is not told by its answer either.
    expect(await method(place, { username: victim, password: right, address: "192.0.2.1" })).toBe(0x9f);
    expect(await method(place, { username: victim, password: right, address: "192.0.2.2" })).toBe(0);
  }, 120_000);

  it("of other names, from the same address or none that is known, are limited and put off nobody [B140] [B141]", async () => {
    const place = await start(broker);
    const codes = await guess(method, place, 250, (index) => ({ username: `nobody ${index}`, password: "guess" }));
    expect([...codes.keys()].sort()).toEqual([refused, 0x9f]);
    expect(codes.get(refused)).toBeLessThan(160);
    expect(await method(place, { username: victim, password: right })).toBe(0);
  }, 120_000);

  it("put off no client that had it right before, though all have one address [B141]", async () => {
    const place = await start(broker);
    const clientId = unique("own");
    expect(await method(place, { username: victim, password: right, clientId })).toBe(0);
    const guessing = guess(method, place, 150, (index) => ({ username: victim, password: `guess ${index}` }));
    const codes: number[] = [];
    for (let count = 0; count < 10; count += 1)
      codes.push(await method(place, { username: victim, password: right, clientId }));
    expect((await guessing).get(0x9f)).toBeGreaterThan(0);
    codes.push(await method(place, { username: victim, password: right, clientId }));
    expect(codes).toEqual(codes.map(() => 0));
  }, 120_000);
});

describe("1,000 failed logins", () => {
  const place = { broker, namespace: "default" };
  let victim: Made;
  beforeAll(async () => {
    victim = await makeCredential(broker, {}, { kind: "password", password: "correct" });
  });

  it("hold up nobody who has a token, or is known, and soon hear that they have to wait [B140] [B141]", async () => {
    const { login } = await makeCredential(broker);
    const own = { ...victim.login, password: Buffer.from("correct"), clientId: unique("own") };
    await (await connect(broker.tcp, own)).disconnect();
    const guesses = 1_000;
    let isOver = false;
    const attack = guess(byPassword, place, guesses, (index) => ({
      username: victim.login.username,
      password: `guess ${index}`,
    })).finally(() => {
      isOver = true;
    });
    let others = 0;
    while (!isOver) {
      const client = await connect(broker.tcp, login);
      const topic = unique("topic");
      await client.subscribe(topic);
      await client.publish(topic, "still here", { qos: 1 });
      await client.message({ topic });
      await client.disconnect();
      await (await connect(broker.tcp, own)).disconnect();
      others += 1;
    }
    const codes = await attack;
    // Some were compared, before and while the bucket filled again; all others were not looked at.
    const compared = codes.get(0x86) ?? 0;
    expect(compared).toBeGreaterThanOrEqual(20);
    expect([compared + (codes.get(0x9f) ?? 0), codes.size]).toEqual([guesses, 2]);
    expect(compared).toBeLessThan(60);
    expect(others).toBeGreaterThan(5);
    expect(await refusal(broker.tcp, { ...login, password: Buffer.from("wrong") })).toBe(0x86);
  }, 240_000);
});
