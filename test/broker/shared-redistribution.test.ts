// What becomes of a message when the member of a shared subscription that had it goes away. MQTT 5.0 section 4.8.2.

import { describe, expect, it } from "vitest";
import { useBroker } from "../support/broker.ts";
import { type Connected, type ConnectOptions, connect, durable, unique } from "../support/connect.ts";

const broker = useBroker();

/** The client acknowledges nothing before it has this many messages, and gets no more. */
const window = (receiveMaximum: number, sessionExpiryInterval: number): ConnectOptions => ({
  clean: sessionExpiryInterval === 0,
  properties: { receiveMaximum, sessionExpiryInterval },
});

const textsOf = (messages: readonly { payload: string | Buffer }[]) =>
  messages.map(({ payload }) => payload.toString());

/** Publishes to a group whose only member leaves unacknowledged what its window lets through, and lists that. */
async function holding(options: ConnectOptions, messages: readonly [text: string, qos: 1 | 2][]) {
  const topic = unique("shared");
  const filter = `$share/g/${topic}`;
  const [publisher, holder] = [await connect(broker.tcp), await connect(broker.ws, options)];
  await holder.subscribe(filter, { qos: 2 });
  for (const [text, qos] of messages) await publisher.publish(topic, text, { qos });
  const sent = [];
  const most = Math.min(messages.length, options.properties?.receiveMaximum ?? messages.length);
  for (let count = 0; count < most; count++) sent.push(await holder.receive({ cmd: "publish", dup: false }));
  return { topic, filter, publisher, holder, sent };
}

/** Another member of the group. */
async function joined(filter: string, options: ConnectOptions = {}): Promise<Connected> {
  const member = await connect(broker.tcp, options);
  await member.subscribe(filter, { qos: 2 });
  return member;
}

/** The client is back, and nobody asks the others any more when it has heard all that it gets. */
async function returned({ clientId }: Connected, options: ConnectOptions = durable()): Promise<Connected> {
  return connect(broker.ws, { ...options, clientId });
}

const atQos1 = (...texts: string[]) => texts.map((text): [string, 1] => [text, 1]);
const atQos2 = (...texts: string[]) => texts.map((text): [string, 2] => [text, 2]);

describe("a member whose connection is lost, with a session that goes on", () => {
  it.each([4, 5] as const)(
    "of version %i leaves its QoS 1 messages to one that is connected, each once, and gets none of them back [B49]",
    async (version) => {
      const options = version === 5 ? window(3, 600) : durable(4);
      const { filter, holder } = await holding(options, atQos1("1", "2", "3", "4", "5"));
      const other = await joined(filter);
      holder.drop();
      const messages = await other.collect(5);
      expect(textsOf(messages)).toEqual(["1", "2", "3", "4", "5"]);
      expect(messages.every(({ dup, qos }) => !dup && qos === 1)).toBe(true);
      const back = await returned(holder, durable(version));
      expect(back.connack.sessionPresent).toBe(true);
      await back.expectNothingMore();
      await other.expectNothingMore();
    },
  );

  it("keeps them while nobody else is connected, in order, with DUP where they were sent [B49]", async () => {
    const { filter, holder } = await holding(window(2, 600), atQos1("1", "2", "3"));
    const away = await joined(filter, durable());
    await away.disconnect();
    holder.drop();
    const back = await returned(holder);
    const messages = await back.rest();
    expect(messages.map(({ payload, dup }) => `${payload} ${dup}`)).toEqual(["1 true", "2 true", "3 false"]);
    await (await returned(away)).expectNothingMore();
  });

  it("completes QoS 2 itself, sent or not, and in its order [MQTT-4.8.2-4]", async () => {
    const messages = [...atQos2("1"), ...atQos1("2"), ...atQos2("3")];
    const { filter, holder, sent } = await holding(window(1, 600), messages);
    const other = await joined(filter);
    holder.drop();
    expect(textsOf(await other.collect(1))).toEqual(["2"]);
    const back = await returned(holder);
    const [first, ...rest] = await back.rest();
    expect(first).toMatchObject({ messageId: sent[0]?.messageId, dup: true, qos: 2 });
    expect(textsOf(rest)).toEqual(["3"]);
    await other.expectNothingMore();
  });

  it("keeps what it got by a subscription that is not shared", async () => {
    const { topic, filter, holder, publisher } = await holding(window(1, 600), []);
    await holder.subscribe(topic, { qos: 1 });
    const other = await joined(filter);
    await other.unsubscribe(filter);
    await publisher.publish(topic, "both", { qos: 1 });
    await holder.receive({ cmd: "publish" });
    await other.subscribe(filter, { qos: 1 });
    holder.drop();
    expect(textsOf(await other.collect(1))).toEqual(["both"]);
    expect(textsOf(await (await returned(holder)).rest())).toEqual(["both"]);
    await other.expectNothingMore();
  });

  it("has a message come back that the other could not keep either", async () => {
    const { filter, holder } = await holding(window(5, 600), atQos1("1", "2"));
    const other = await joined(filter, window(5, 600));
    holder.drop();
    for (const payload of ["1", "2"]) await other.receive({ cmd: "publish", payload });
    const back = await returned(holder);
    await back.expectNothingMore();
    other.drop();
    expect(textsOf(await back.collect(2))).toEqual(["1", "2"]);
    await (await returned(other)).expectNothingMore();
  });

  it("that takes over its own connection keeps everything [B58]", async () => {
    const { filter, holder } = await holding(window(2, 600), atQos1("1", "2", "3"));
    const other = await joined(filter);
    const back = await returned(holder);
    expect(textsOf(await back.rest())).toEqual(["1", "2", "3"]);
    await other.expectNothingMore();
  });

  it("leaves a thousand messages to two others, each once [B49]", async () => {
    const topic = unique("shared");
    const filter = `$share/g/${topic}`;
    const [publisher, holder] = [await connect(broker.tcp), await connect(broker.ws, window(100, 600))];
    await holder.subscribe(filter, { qos: 1 });
    const texts = Array.from({ length: 1_000 }, (_, index) => `${index}`);
    for (const text of texts) publisher.sendPublish(topic, text, { qos: 1 });
    for (const _ of texts) await publisher.receive({ cmd: "puback", reasonCode: 0 });
    const others = [await joined(filter), await joined(filter)];
    holder.drop();
    const shares = await Promise.all(others.map((other) => other.collect(500)));
    expect(textsOf(shares.flat()).sort()).toEqual(texts.sort());
    await (await returned(holder)).expectNothingMore();
    for (const other of others) await other.expectNothingMore();
  });
});

describe("a member whose session ends", () => {
  const mixed = [...atQos2("begun"), ...atQos1("1"), ...atQos2("2")];

  /** What was sent at QoS 2 is gone with the session; the rest is the other's. */
  async function expectMoved(holder: Connected, other: Connected): Promise<void> {
    const messages = await other.collect(2, { timeoutMs: 10_000 });
    expect(messages.map(({ payload, qos, dup }) => `${payload} ${qos} ${dup}`)).toEqual(["1 1 false", "2 2 false"]);
    await (await connect(broker.ws, { clientId: holder.clientId })).expectNothingMore();
    await other.expectNothingMore();
  }

  it.each<[string, ConnectOptions, (holder: Connected) => unknown]>([
    ["with a lost connection", window(1, 0), (holder) => holder.drop()],
    ["by DISCONNECT", window(1, 0), (holder) => holder.disconnect()],
    [
      "by DISCONNECT with an expiry of 0",
      window(1, 600),
      (holder) => holder.disconnect(0, { sessionExpiryInterval: 0 }),
    ],
    ["by a clean start", window(1, 600), ({ clientId }) => connect(broker.tcp, { clientId })],
  ])("%s leaves all but the QoS 2 delivery that was begun [MQTT-4.8.2-5] [B50]", async (_, options, end) => {
    const { filter, holder } = await holding(options, mixed);
    const other = await joined(filter);
    await end(holder);
    await expectMoved(holder, other);
  });

  it("by time leaves it to a member that is away, if nobody is connected [MQTT-4.8.2-5] [B50]", async () => {
    const { filter, holder } = await holding(window(1, 1), mixed);
    const away = await joined(filter, durable());
    await away.disconnect();
    holder.drop();
    await expectMoved(holder, await returned(away));
  });

  it("has an away member keep what nobody is connected for [B50]", async () => {
    const { filter, holder } = await holding(window(2, 0), atQos1("1", "2", "3"));
    const away = await joined(filter, durable());
    await away.disconnect();
    holder.drop();
    const back = await returned(away);
    expect(textsOf(await back.collect(3))).toEqual(["1", "2", "3"]);
    await back.expectNothingMore();
  });

  it("as the last one takes its messages with it, also from one that comes later", async () => {
    const { filter, holder } = await holding(window(1, 0), atQos1("1", "2"));
    await holder.disconnect();
    const again = await connect(broker.ws, { clientId: holder.clientId });
    await again.subscribe(filter, { qos: 1 });
    await again.expectNothingMore();
    await (await joined(filter)).expectNothingMore();
  });
});

describe("a member of a shared subscription", () => {
  it("that unsubscribes still gets what was its own [B61]", async () => {
    const { filter, holder } = await holding(window(1, 600), atQos1("1", "2", "3"));
    const other = await joined(filter);
    await holder.unsubscribe(filter);
    holder.send({ cmd: "puback", messageId: 1 });
    expect(textsOf(await holder.rest())).toEqual(["2", "3"]);
    await other.expectNothingMore();
  });

  it.each([1, 2] as const)("that refuses a message at QoS %i ends it for all [MQTT-4.8.2-6]", async (qos) => {
    const { filter, holder, sent } = await holding(window(1, 0), [["refused", qos]]);
    const other = await joined(filter);
    holder.send({ cmd: qos === 1 ? "puback" : "pubrec", messageId: sent[0]?.messageId ?? 0, reasonCode: 0x83 });
    await holder.disconnect();
    await (await connect(broker.ws, { clientId: holder.clientId })).expectNothingMore();
    await other.expectNothingMore();
  });
});
