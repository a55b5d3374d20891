// Clients that a crash ends for good. Each has a Will, which the broker must publish although it died with the
// connection. Some also have a session, which must end by time although nobody connects. A Will that waits for the end
// shows it. MQTT 5.0 sections 3.1.2.5, 3.1.2.11.2 and 3.1.3.2.2.

import type { Path } from "../support/broker.ts";
import { Client, type ClientOptions } from "./client.ts";
import type { CrashingServer } from "./crashing-server.ts";
import type { Topic } from "./ledger.ts";

/** The broker notices the loss one and a half times this after CONNECT; a crash comes before. */
const keepAliveSec = 2;
const sessionExpirySec = 2;
/** Later than any run: the Will comes with the end of the session. */
const willDelaySec = 3_600;
const connectWithinMs = 20_000;

export type Mortal = {
  readonly topic: Topic;
  readonly client: Client;
  /** Whether its session is to end by time. */
  readonly expires: boolean;
};

type Kind = {
  readonly name: string;
  readonly version: 4 | 5;
  readonly path: Path;
  readonly qos: 1 | 2;
  readonly expires: boolean;
  /** Its connection breaks off before the crash, and the rest is left to time. */
  readonly isGoneBefore: boolean;
};

const native = { path: "native WebSocket", isGoneBefore: false, expires: false } as const;
const kinds: readonly Kind[] = [
  { ...native, name: "will-one", version: 4, qos: 1 },
  { ...native, name: "will-two", version: 5, qos: 2 },
  { ...native, name: "expiring", version: 5, qos: 2, expires: true },
  { ...native, name: "expiring-away", version: 5, qos: 1, expires: true, isGoneBefore: true },
];
/** The Worker watches the keep alive of these; the session notices a crash of both only after 90 s. */
const relayedKinds: readonly Kind[] = [
  { ...native, name: "will-relayed", version: 5, qos: 2, path: "relayed WebSocket" },
  { ...native, name: "will-tcp", version: 4, qos: 1, path: "TCP" },
];

/** Resolves when they are connected: their Wills are due from the next crash on. */
export function sendMortals(server: CrashingServer, round: number, withRelayed: boolean): Promise<Mortal[]> {
  return Promise.all([...kinds, ...(withRelayed ? relayedKinds : [])].map((kind) => sendMortal(server, kind, round)));
}

async function sendMortal(server: CrashingServer, kind: Kind, round: number): Promise<Mortal> {
  const { name, version, path, qos, expires, isGoneBefore } = kind;
  const clientId = `${name}-${round}`;
  const topicName = `will/${clientId}`;
  const will = { topic: topicName, payload: Buffer.from("0"), qos, retain: false };
  const connect: ClientOptions["connect"] = expires
    ? {
        keepalive: keepAliveSec,
        will: { ...will, properties: { willDelayInterval: willDelaySec } },
        properties: { sessionExpiryInterval: sessionExpirySec },
      }
    : { keepalive: keepAliveSec, will };
  const client = new Client(server, { clientId, version, path, connect }, ignoring);
  client.start();
  await client.connected(connectWithinMs);
  client.giveUp();
  if (isGoneBefore) client.vanish();
  return { topic: { name: topicName, qos, isAcknowledged: [true] }, client, expires };
}

/** Whether the broker has a session of this client still. It ends with this. */
export async function hasSession(server: CrashingServer, { client }: Mortal): Promise<boolean> {
  let isPresent = false;
  const onConnected = (sessionPresent: boolean) => {
    isPresent = sessionPresent;
  };
  const { clientId, version, path } = client.options;
  const connect = { properties: { sessionExpiryInterval: 0 } };
  const visitor = new Client(server, { clientId, version, path, connect }, { ...ignoring, onConnected });
  visitor.start();
  await visitor.connected(connectWithinMs);
  await visitor.leave();
  return isPresent;
}

const ignoring = { onConnected: () => {}, onPacket: () => {} };
