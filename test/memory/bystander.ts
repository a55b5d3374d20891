// A quiet pair of clients, and how long their messages take: in a thread of its own, so that what others are busy with in
// this process does not count.

import { once } from "node:events";
import { parentPort, Worker, workerData } from "node:worker_threads";
import { generate, parser } from "mqtt-packet";
import { WebSocket } from "ws";

export type Latency = { readonly p50Ms: number; readonly p99Ms: number; readonly messages: number };
type Addresses = { readonly publisher: string; readonly subscriber: string };

const everyMs = 20;
const topic = "bystander";

export class Bystander {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  static async start(addressOf: (clientId: string) => string): Promise<Bystander> {
    const addresses: Addresses = {
      publisher: addressOf("bystander-publisher"),
      subscriber: addressOf("bystander-subscriber"),
    };
    const worker = new Worker(import.meta.filename, { workerData: addresses });
    await once(worker, "message");
    return new Bystander(worker);
  }

  /** The times of the messages since the last call. */
  async latency(): Promise<Latency> {
    const answer = once(this.#worker, "message");
    this.#worker.postMessage("report");
    const [latency] = (await answer) as [Latency];
    return latency;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

async function connected(url: string, clientId: string): Promise<WebSocket> {
  const socket = new WebSocket(url, "mqtt", { perMessageDeflate: false });
  await once(socket, "open");
  socket.send(generate({ cmd: "connect", clientId, protocolVersion: 4, clean: true, keepalive: 0 }));
  await once(socket, "message");
  return socket;
}

async function work({ publisher, subscriber }: Addresses): Promise<void> {
  const to = await connected(subscriber, "bystander-subscriber");
  to.send(generate({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos: 0 }] }));
  await once(to, "message");
  const from = await connected(publisher, "bystander-publisher");
  let latenciesMs: number[] = [];
  const reader = parser({ protocolVersion: 4 });
  reader.on("packet", (packet) => {
    if (packet.cmd === "publish") latenciesMs.push(performance.now() - Number(packet.payload.toString()));
  });
  to.on("message", (bytes: Buffer) => reader.parse(bytes));
  // A word now and then, or it would count as one that does not read.
  setInterval(() => to.send(generate({ cmd: "pingreq" })), 10_000);
  setInterval(() => {
    const payload = `${performance.now()}`;
    from.send(generate({ cmd: "publish", topic, payload, qos: 0, dup: false, retain: false }));
  }, everyMs);
  parentPort?.on("message", () => {
    const sorted = latenciesMs.sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
    const latency: Latency = { p50Ms: at(0.5), p99Ms: at(0.99), messages: sorted.length };
    latenciesMs = [];
    parentPort?.postMessage(latency);
  });
  parentPort?.postMessage("ready");
}

if (workerData !== null) await work(workerData as Addresses);
