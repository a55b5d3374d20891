// The clients of a run: each version, each path to a session, names and wildcards, a shared group. Some stay, some come
// and go.

import type { ClientOptions } from "./client.ts";
import type { SubscriberOptions } from "./subscriber.ts";

export const publishers: readonly (ClientOptions & { readonly maximumInFlight: number })[] = [
  { clientId: "publisher-0", version: 4, path: "TCP", maximumInFlight: 100 },
  { clientId: "publisher-1", version: 5, path: "TCP", maximumInFlight: 1 },
  { clientId: "publisher-2", version: 4, path: "relayed WebSocket", maximumInFlight: 200 },
  { clientId: "publisher-3", version: 5, path: "native WebSocket", maximumInFlight: 400 },
];

/** A subscriber, and what it must receive. */
export type Part = SubscriberOptions & {
  readonly wants: (topicName: string) => boolean;
  /** It is away during some crashes. */
  readonly comesAndGoes: boolean;
};

const isLoad = (topicName: string) => topicName.startsWith("load/");
const everyTopic = publishers.flatMap(({ clientId }) =>
  ["one", "two", "retained-one", "retained-two"].map((name) => `load/${clientId}/${name}`),
);

export const subscribers: readonly Part[] = [
  {
    clientId: "exact",
    version: 5,
    path: "TCP",
    filters: everyTopic,
    qos: 2,
    wants: isLoad,
    comesAndGoes: false,
  },
  {
    clientId: "all",
    version: 4,
    path: "relayed WebSocket",
    filters: ["load/#"],
    qos: 2,
    wants: isLoad,
    comesAndGoes: true,
  },
  {
    clientId: "some",
    version: 5,
    path: "native WebSocket",
    connect: { properties: { receiveMaximum: 20 } },
    filters: ["load/+/two", "load/publisher-0/+"],
    qos: 2,
    wants: (topicName) => /^load\/[^/]*\/two$/.test(topicName) || topicName.startsWith("load/publisher-0/"),
    comesAndGoes: true,
  },
  {
    clientId: "lower",
    version: 4,
    path: "native WebSocket",
    filters: ["load/+/#"],
    qos: 1,
    wants: isLoad,
    comesAndGoes: false,
  },
];

const member = { filters: ["$share/group/load/#"], qos: 2, wants: isLoad } as const;

/** A shared subscription: the three are one receiver. */
export const members: readonly Part[] = [
  { ...member, clientId: "member-0", version: 5, path: "TCP", comesAndGoes: false },
  { ...member, clientId: "member-1", version: 4, path: "native WebSocket", comesAndGoes: true },
  { ...member, clientId: "member-2", version: 5, path: "relayed WebSocket", comesAndGoes: true },
];

/** Receives the Wills of the clients that a crash has ended. */
export const mourner: Part = {
  clientId: "mourner",
  version: 5,
  path: "TCP",
  filters: ["will/#"],
  qos: 2,
  wants: (topicName) => topicName.startsWith("will/"),
  comesAndGoes: true,
};
