// The works: what the generator does with each broker.

import type { MessageWork } from "./generator/load.ts";

export type Work = {
  readonly name: string;
  readonly title: string;
  readonly messages: MessageWork;
  /** Where the floor can do the same. */
  readonly hasFloor: boolean;
};

const pairs: MessageWork = {
  shape: "pairs",
  publishers: 10,
  subscribers: 10,
  qos: 0,
  isDurable: false,
  payloadBytes: 64,
  window: 100,
  topicsPerPublisher: 1,
};

const allToOne: MessageWork = { ...pairs, shape: "all to one", publishers: 50, subscribers: 1 };
const oneToAll: MessageWork = { ...pairs, shape: "one to all", publishers: 1, subscribers: 100 };
const oneAtATime: MessageWork = { ...pairs, publishers: 1, subscribers: 1, window: 1 };

export const works: readonly Work[] = [
  { name: "pairs-qos0", title: "10:10, QoS 0", messages: pairs, hasFloor: true },
  { name: "pairs-qos1", title: "10:10, QoS 1", messages: { ...pairs, qos: 1 }, hasFloor: true },
  { name: "pairs-qos2", title: "10:10, QoS 2", messages: { ...pairs, qos: 2 }, hasFloor: true },
  {
    name: "durable-qos1",
    title: "10:10, QoS 1, durable",
    messages: { ...pairs, qos: 1, isDurable: true },
    hasFloor: false,
  },
  {
    name: "durable-qos2",
    title: "10:10, QoS 2, durable",
    messages: { ...pairs, qos: 2, isDurable: true },
    hasFloor: false,
  },
  { name: "fan-in-qos0", title: "50:1, QoS 0", messages: allToOne, hasFloor: true },
  { name: "fan-out-qos0", title: "1:100, QoS 0", messages: oneToAll, hasFloor: true },
  { name: "fan-out-qos1", title: "1:100, QoS 1", messages: { ...oneToAll, qos: 1 }, hasFloor: false },
  { name: "one-qos0", title: "one at a time, QoS 0", messages: oneAtATime, hasFloor: true },
  { name: "one-qos1", title: "one at a time, QoS 1", messages: { ...oneAtATime, qos: 1 }, hasFloor: true },
];
