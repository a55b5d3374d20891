// Devices that publish: to one subscriber, to a hundred, to a subscriber that is away.

import type { Client } from "./client.ts";
import { millionMessages, minutesOf, type Played, type Scenario } from "./scenario.ts";
import type { Stage, Window } from "./stage.ts";

/** How the messages come: from ten devices on a schedule, or from one device as fast as the broker accepts them. */
type Pace = "a second" | "a minute" | "dense";

type Work = {
  readonly qos: 0 | 1;
  readonly subscribers: number;
  readonly isDurable: boolean;
  readonly isAway: boolean;
};

const oneSubscriber: Work = { qos: 0, subscribers: 1, isDurable: false, isAway: false };

const devices = 10;
const intervalMs = { "a second": 1_000, "a minute": 60_000 };
/** Rounds in which each device publishes once: before the window, and in it. */
const rounds = { "a second": { before: 3, within: 15 }, "a minute": { before: 20, within: 30 } };
/** Messages under way at the same time in dense traffic. */
const denseWindow = 100;
const denseDeliveries = 5_000;
/** Time for the acknowledgements that are under way when the last message has arrived. */
const acknowledgedWithinMs = 20;
/** After this time without events, an object has done the work that it puts off. */
const quietMs = 4_000;
const topicName = "building/7/room/temperature";

function telemetry(name: string, title: string, pace: Pace, given: Partial<Work>, target?: number): Scenario {
  const work = { ...oneSubscriber, ...given };
  return {
    name: `${name}-${pace.replace(" ", "-")}`,
    title: `${title}, ${pace === "dense" ? pace : `one ${pace} each`}`,
    unit: millionMessages,
    kind: pace === "dense" ? "alone" : pace === "a second" ? "real time" : "fast clock",
    ...(target === undefined ? {} : { target }),
    play: (stage) => (pace === "dense" ? playDense(stage, work) : playPaced(stage, work, pace)),
  };
}

const allPaces: readonly Pace[] = ["a second", "a minute", "dense"];

export const telemetryScenarios: readonly Scenario[] = [
  ...allPaces.map((pace) => telemetry("qos0-to-1", "QoS 0 to one subscriber", pace, {}, 0.45)),
  ...allPaces.map((pace) => telemetry("qos1-to-1", "QoS 1 to one subscriber", pace, { qos: 1 })),
  ...allPaces.map((pace) =>
    telemetry("qos1-to-durable", "QoS 1 to a durable subscriber", pace, { qos: 1, isDurable: true }, 2.6),
  ),
  ...allPaces.map((pace) =>
    telemetry("qos1-to-away", "QoS 1 stored for a subscriber that is away", pace, {
      qos: 1,
      isDurable: true,
      isAway: true,
    }),
  ),
  ...(["a second", "dense"] as const).flatMap((pace) => [
    telemetry("qos0-to-100", "QoS 0 to 100 subscribers", pace, { subscribers: 100 }),
    telemetry("qos1-to-100", "QoS 1 to 100 subscribers", pace, { qos: 1, subscribers: 100 }),
  ]),
];

export const returnScenario: Scenario = {
  name: "back-to-1000",
  title: "A subscriber that was away comes back to 1,000 messages",
  unit: millionMessages,
  kind: "alone",
  play: playReturn,
};

async function subscribe(stage: Stage, { subscribers, isDurable, isAway, qos }: Work): Promise<Client[]> {
  const clients: Client[] = [];
  for (let index = 0; index < subscribers; index += 1) {
    const client = await stage.connect(`subscriber-${index}`, { isDurable });
    await client.subscribe("building/+/room/#", qos);
    if (isAway) await client.leave();
    else clients.push(client);
  }
  return clients;
}

const connectDevices = (stage: Stage, count: number): Promise<Client[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => stage.connect(`device-${index}`)));

async function playPaced(stage: Stage, work: Work, pace: "a second" | "a minute"): Promise<Played> {
  const { qos } = work;
  const subscribers = await subscribe(stage, work);
  const publishers = await connectDevices(stage, devices);
  const { before, within } = rounds[pace];
  const publish = (index: number) => publishers[index % devices]?.publish(topicName, qos);
  const stepMs = intervalMs[pace] / devices;
  await stage.every(stepMs, before * devices, publish);
  const window = await stage.window(async () => {
    await stage.every(stepMs, within * devices, publish);
  });
  const messages = (before + within) * devices;
  await Promise.all(subscribers.map((each) => each.until(({ received }) => received === messages)));
  return played(window, within * devices, work, publishers.length + subscribers.length);
}

async function playDense(stage: Stage, work: Work): Promise<Played> {
  const subscribers = await subscribe(stage, work);
  const [publisher] = (await connectDevices(stage, 1)) as [Client];
  const messages = denseDeliveries / (work.subscribers === 1 ? 1 : 10);
  await publishDensely(publisher, subscribers, work.qos, denseWindow);
  const window = await stage.window(async () => {
    await publishDensely(publisher, subscribers, work.qos, messages);
    await stage.sleep(acknowledgedWithinMs);
  });
  return played(window, messages, work, 1 + subscribers.length);
}

/** A closed loop: the next message is sent when an earlier one has reached all subscribers, or is acknowledged. */
async function publishDensely(publisher: Client, subscribers: readonly Client[], qos: 0 | 1, messages: number) {
  const startAcknowledged = publisher.acknowledged;
  const startReceived = subscribers.map(({ received }) => received);
  const haveCome = (count: number) =>
    Promise.all([
      ...subscribers.map((each, index) =>
        each.until(({ received }) => received - (startReceived[index] ?? 0) >= count),
      ),
      ...(qos === 0 ? [] : [publisher.until(({ acknowledged }) => acknowledged - startAcknowledged >= count)]),
    ]);
  for (let sent = 0; sent < messages; sent += 1) {
    if (sent >= denseWindow) await haveCome(sent - denseWindow + 1);
    publisher.publish(topicName, qos);
  }
  await haveCome(messages);
}

async function playReturn(stage: Stage): Promise<Played> {
  const work: Work = { qos: 1, subscribers: 1, isDurable: true, isAway: true };
  const messages = 1_000;
  await subscribe(stage, work);
  const [publisher] = (await connectDevices(stage, 1)) as [Client];
  await publishDensely(publisher, [], work.qos, messages);
  await publisher.leave();
  await stage.sleep(quietMs);
  const window = await stage.window(async () => {
    const subscriber = await stage.connect("subscriber-0", { isDurable: true });
    await subscriber.until(({ received }) => received === messages);
    await stage.sleep(quietMs);
  });
  // CONNECT, and each message and its PUBACK.
  const aws = { messages: 1 + 2 * messages, connectionMinutes: minutesOf(window.ms) };
  return { window, times: messages, isStored: true, aws };
}

function played(window: Window, messages: number, work: Work, connections: number): Played {
  const { qos, subscribers, isDurable, isAway } = work;
  // PUBLISH to each connected subscriber, and at QoS 1 its PUBACK.
  const perSubscriber = isAway ? 0 : 1 + qos;
  return {
    window,
    times: messages,
    isStored: isDurable,
    aws: {
      messages: messages * (1 + subscribers * perSubscriber),
      connectionMinutes: connections * minutesOf(window.ms),
    },
  };
}
