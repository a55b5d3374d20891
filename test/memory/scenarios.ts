// Scenarios in which memory would grow if nothing limited it. Each ends by itself, and reports what happened.

import { generate, type Packet } from "mqtt-packet";
import { type Path, paths } from "../support/broker.ts";
import { type SilentSocket, silentSocket, upgradeRequest } from "../support/silent-sockets.ts";
import { passed } from "../support/time.ts";
import { DeafClient } from "./deaf-client.ts";
import { type Outgoing, Publisher } from "./publisher.ts";
import type { ServerProcess } from "./server-process.ts";
import { WireClient } from "./wire-client.ts";

export type Scenario = {
  readonly name: string;
  readonly variables?: Readonly<Record<string, string>>;
  /** How many files each process of the server may open. */
  readonly descriptors?: number;
  /** Before the measurement. @returns what is measured, which tells what has come of it */
  prepare(server: ServerProcess): Promise<() => Promise<string>>;
};

const mebibyte = 1_048_576;
const payloadBytes = 8_192;
const payload = Buffer.alloc(payloadBytes, "x");
const frozenMib = 256;
const floodSec = 15;
const exchangesOfOne = 65_000;
const crowd = { clients: 1_000, exchanges: 65 };
const crowdOfSilent = 5_000;
const fewDescriptors = 4_096;
/** By each path. */
const connectedClients = 20;
const newcomerPatienceMs = 2_000;
/** A session notices that its client has gone. */
const passingSettleMs = 2_000;
const queueMessages = 11_000;
const queuePayload = Buffer.alloc(1_024, "x");

function* repeated(count: number, message: Outgoing): Iterable<Outgoing> {
  for (let index = 0; index < count; index += 1) yield message;
}

function oneSubscriber(reads: boolean, path: Path, qos: 0 | 1): Scenario {
  return {
    name: `a subscriber ${reads ? "reads" : "stops reading"}: ${path}, QoS ${qos}`,
    async prepare(server) {
      const topic = "frozen";
      const onPacket = (packet: Packet) => {
        if (packet.cmd === "publish" && qos === 1)
          void client.send({ cmd: "puback", messageId: packet.messageId ?? 0 });
      };
      const client = await WireClient.connect(server, { clientId: "frozen", path, isDurable: true, onPacket });
      await client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos }] });
      const publisher = await Publisher.connect(server, "publisher");
      if (!reads) client.freeze();
      return async () => {
        const count = (frozenMib * mebibyte) / payloadBytes;
        await publisher.publishAll(repeated(count, { topic, payload, qos }));
        client.drop();
        return `${frozenMib} MiB published, ${publisher.refused} of ${count} messages refused`;
      };
    },
  };
}

const floodPublish = { cmd: "publish", topic: "flood", qos: 0, retain: false, dup: false } as const;
const floodPackets = Array.from({ length: 64 }, () => ({ ...floodPublish, payload: payload.subarray(0, 64) }));

const flood: Scenario = {
  name: "a publisher floods at QoS 0",
  async prepare(server) {
    let heard = 0;
    const onPacket = ({ cmd }: Packet) => {
      if (cmd === "publish") heard += 1;
    };
    const subscriber = await WireClient.connect(server, { clientId: "hearer", path: "native WebSocket", onPacket });
    await subscriber.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "flood", qos: 0 }] });
    const client = await WireClient.connect(server, { clientId: "flooder", path: "native WebSocket" });
    return async () => {
      const startMs = performance.now();
      const seconds = () => (performance.now() - startMs) / 1000;
      let sent = 0;
      while (!client.isClosed && seconds() < floodSec) {
        await client.send(...floodPackets);
        sent += floodPackets.length;
        if (sent % 65_536 === 0) await subscriber.send({ cmd: "pingreq" });
      }
      const endSec = seconds();
      await passed(Math.max(0, floodSec - endSec) * 1000);
      const end = client.isClosed ? "the broker ended it" : "it went on";
      return `${sent} messages sent in ${endSec.toFixed(1)} s, ${heard} heard; ${end}`;
    };
  },
};

/** After a mistake, a second CONNECT, the broker closes; the client goes on sending all the same. */
function deafFlood(path: Path): Scenario {
  return {
    name: `a client goes on sending after the end: ${path}`,
    async prepare(server) {
      const client = await DeafClient.connect(server.url(path, "deaf"));
      const connect = generate({ cmd: "connect", clientId: "deaf", protocolVersion: 4, clean: true, keepalive: 0 });
      const bytes = Buffer.concat(floodPackets.map((packet) => generate(packet)));
      return async () => {
        await client.send(connect);
        await client.send(connect);
        const endMs = performance.now() + floodSec * 1000;
        let sent = 0;
        for (; !client.isGone && performance.now() < endMs; sent += bytes.length) await client.send(bytes);
        client.drop();
        const told = client.wasToldToGo ? "after its Close frame" : "and no Close frame came";
        return `${(sent / mebibyte).toFixed(0)} MiB sent ${told}`;
      };
    },
  };
}

/** @param waitMs after each fifty */
async function beginExchanges(client: WireClient, count: number, waitMs: number): Promise<void> {
  const publish = { cmd: "publish", topic: "unfinished", qos: 2, retain: false, dup: false } as const;
  for (let first = 1; first <= count; first += 50) {
    const packets = Array.from({ length: Math.min(50, count + 1 - first) }, (_, index) => {
      return { ...publish, messageId: first + index, payload: queuePayload };
    });
    await client.send(...packets);
    await passed(waitMs);
  }
}

function counter(cmd: Packet["cmd"]) {
  let count = 0;
  let onChange = () => {};
  return {
    onPacket(packet: Packet): void {
      if (packet.cmd !== cmd) return;
      count += 1;
      onChange();
    },
    async reaches(most: number): Promise<void> {
      while (count < most) {
        await new Promise<void>((resolve) => {
          onChange = resolve;
        });
      }
    },
  };
}

const unfinishedByOne: Scenario = {
  name: "QoS 2 exchanges never finished, by one client",
  async prepare(server) {
    const pubrecs = counter("pubrec");
    const options = { clientId: "unfinished", path: "native WebSocket", isDurable: true, ...pubrecs } as const;
    const client = await WireClient.connect(server, options);
    return async () => {
      await beginExchanges(client, exchangesOfOne, 12);
      await pubrecs.reaches(exchangesOfOne);
      return `${exchangesOfOne} exchanges of 1 KiB open (MQTT 3.1.1; from 5.0 on 1000 at most)`;
    };
  },
};

const unfinishedByMany: Scenario = {
  name: `QoS 2 exchanges never finished, by ${crowd.clients} clients`,
  async prepare(server) {
    const pubrecs = counter("pubrec");
    const clients: WireClient[] = [];
    for (let index = 0; index < crowd.clients; index += 1) {
      const options = { clientId: `unfinished-${index}`, path: "native WebSocket", ...pubrecs } as const;
      clients.push(await WireClient.connect(server, options));
    }
    return async () => {
      await Promise.all(clients.map((client) => beginExchanges(client, crowd.exchanges, 0)));
      await pubrecs.reaches(crowd.clients * crowd.exchanges);
      return `${crowd.clients * crowd.exchanges} exchanges of 1 KiB open; the clients were connected before`;
    };
  },
};

const fullQueue: Scenario = {
  name: "a session with a full queue, and its resume",
  async prepare(server) {
    const [topic, qos] = ["queue", 1] as const;
    const options = { clientId: "away", path: "native WebSocket", isDurable: true } as const;
    const first = await WireClient.connect(server, options);
    await first.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos }] });
    await first.send({ cmd: "disconnect" });
    const publisher = await Publisher.connect(server, "publisher");
    return async () => {
      await publisher.publishAll(repeated(queueMessages, { topic, payload: queuePayload, qos }));
      const held = queueMessages - publisher.refused;
      const publishes = counter("publish");
      const startMs = performance.now();
      let again: WireClient | undefined;
      const onPacket = (packet: Packet) => {
        publishes.onPacket(packet);
        if (packet.cmd === "publish") void again?.send({ cmd: "puback", messageId: packet.messageId ?? 0 });
      };
      again = await WireClient.connect(server, { ...options, onPacket });
      await publishes.reaches(held);
      const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
      return `${held} messages kept, ${publisher.refused} refused; the queue was heard in ${seconds} s`;
    };
  },
};

/** @param count of topics, one message each */
function retained(count: number): Scenario {
  const payload = Buffer.alloc(32, "x");
  return {
    name: `${count} retained topics, and a subscription to all`,
    variables: { MAXIMUM_RETAINED_MESSAGES: "10000000" },
    async prepare(server) {
      // So many that none comes near the broker's limit for one.
      const ids = Array.from({ length: 8 }, (_, index) => `publisher-${index}`);
      const publishers = await Promise.all(ids.map((id) => Publisher.connect(server, id, 200)));
      function* share(first: number): Iterable<Outgoing> {
        for (let index = first; index < count; index += publishers.length) {
          yield { topic: `retained/${index % 1_000}/${index}`, payload, qos: 1, retain: true };
        }
      }
      return async () => {
        const startMs = performance.now();
        await Promise.all(publishers.map((publisher, index) => publisher.publishAll(share(index))));
        const storedMs = performance.now();
        const stored = server.now().workerdMib;
        const publishes = counter("publish");
        const onPacket = (packet: Packet) => {
          publishes.onPacket(packet);
          if (packet.cmd === "publish") void subscriber.send({ cmd: "puback", messageId: packet.messageId ?? 0 });
        };
        const options = { clientId: "all", path: "native WebSocket", onPacket } as const;
        const subscriber = await WireClient.connect(server, options);
        await subscriber.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "retained/#", qos: 1 }] });
        await publishes.reaches(count);
        const rate = (fromMs: number, toMs: number) => Math.round((count / (toMs - fromMs)) * 1000);
        const heardMs = performance.now();
        return `stored at ${rate(startMs, storedMs)}/s (workerd then ${stored.toFixed(0)} MiB), heard at ${rate(storedMs, heardMs)}/s`;
      };
    },
  };
}

export function scenarios(retainedTopics: number): readonly Scenario[] {
  return [
    idle,
    ...([0, 1] as const).flatMap((qos) => [
      oneSubscriber(true, "native WebSocket", qos),
      ...paths.map((path) => oneSubscriber(false, path, qos)),
    ]),
    flood,
    deafFlood("native WebSocket"),
    deafFlood("relayed WebSocket"),
    silent("native WebSocket"),
    silent("relayed WebSocket"),
    passing("refused connects"),
    passing("clean sessions"),
    unfinishedByOne,
    unfinishedByMany,
    fullQueue,
    retained(retainedTopics),
  ];
}

/** Sockets that send no CONNECT, and answer no Close frame. */
function silent(way: "native WebSocket" | "relayed WebSocket"): Scenario {
  return {
    name: `${crowdOfSilent} silent sockets, ${fewDescriptors} descriptors: ${way}`,
    descriptors: fewDescriptors,
    async prepare(server) {
      const connected = paths.flatMap((path) =>
        Array.from({ length: connectedClients }, (_, index) =>
          WireClient.connect(server, { clientId: `${path}-${index}`, path }),
        ),
      );
      const clients = await Promise.all(connected);
      return async () => {
        const startMs = performance.now();
        const sinceStart = () => `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
        const sockets: Promise<SilentSocket>[] = [];
        let served = Promise.resolve("");
        for (let index = 0; index < crowdOfSilent; index += 1) {
          const { origin, pathname } = new URL(server.url(way, `silent-${index}`).replace(/^ws/, "http"));
          sockets.push(silentSocket(origin, `${upgradeRequest(pathname)}\r\n`));
          if (index % 50 === 49) await passed(10);
          if (index === crowdOfSilent / 2) served = newClient(server, way).then(sinceStart);
        }
        const opened = await Promise.all(sockets);
        const servedAfter = await served;
        await Promise.all(opened.map(({ ended }) => ended));
        const endedAfter = sinceStart();
        const refused = opened.filter(({ status }) => status() !== 101).length;
        const cut = clients.filter(({ isClosed }) => isClosed).length;
        for (const client of clients) client.drop();
        return `${refused} refused; a new client is served after ${servedAfter}; all have ended after ${endedAfter}; ${cut} of ${clients.length} clients were cut off`;
      };
    },
  };
}

/** Tries again for as long as it is refused. */
async function newClient(server: ServerProcess, path: Path): Promise<void> {
  for (;;) {
    try {
      const connecting = WireClient.connect(server, { clientId: "newcomer", path });
      // A client that is refused after the upgrade gets no more bytes.
      const client = await Promise.race([connecting, passed(newcomerPatienceMs)]);
      client?.drop();
      if (client !== undefined) return;
    } catch {
      await passed(500);
    }
  }
}

/** Come and go: refused, or clients whose session ends with the connection. What is left after a restart is counted. */
function passing(what: "refused connects" | "clean sessions"): Scenario {
  return {
    name: `${crowdOfSilent} ${what}: native WebSocket`,
    async prepare(server) {
      const clientId = (index: number) => `passing-${index}`;
      const connectPacket = (index: number) =>
        generate({
          cmd: "connect",
          clientId: what === "clean sessions" ? clientId(index) : "other",
          protocolVersion: 4,
          clean: true,
          keepalive: 60,
        });
      return async () => {
        const startMs = performance.now();
        const comeAndGo = async (index: number) => {
          const client = await DeafClient.connect(server.url("native WebSocket", clientId(index)));
          await client.send(connectPacket(index));
          client.drop();
        };
        for (let index = 0; index < crowdOfSilent; index += 20) {
          await Promise.all(Array.from({ length: 20 }, (_, next) => comeAndGo(index + next)));
        }
        const sec = ((performance.now() - startMs) / 1000).toFixed(1);
        await passed(passingSettleMs);
        const before = await server.databases();
        await server.restart();
        return `in ${sec} s; ${before} databases, and ${await server.databases()} after a restart`;
      };
    },
  };
}

const idle: Scenario = {
  name: "nothing",
  async prepare() {
    return async () => {
      await passed(5_000);
      return "for comparison";
    };
  },
};
