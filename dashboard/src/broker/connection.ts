// The dashboard's own MQTT connection, with its own credential. It is made again whenever it is lost. A connection on
// which nothing arrives counts as lost, whatever the client library reports.

import { signal } from "@preact/signals";
import mqtt, { type IPublishPacket, type MqttClient } from "mqtt";
import { type Api, lineOf } from "../api/api.ts";
import { faultOfProperties, type MessageProperties, packetProperties, propertiesOf } from "../live/properties.ts";
import { faultOfTopic } from "../live/topic-match.ts";
import type { Message } from "../live/topic-tree.ts";
import { keepAliveTimer } from "./keep-alive-timer.ts";
import { forgetOwnCredential, ownCredential } from "./own-credential.ts";
import { faultOfSize, protocolMaximumPacketBytes } from "./packet-size.ts";

export type ConnectionState =
  | { readonly name: "connecting" }
  | { readonly name: "connected" }
  | { readonly name: "lost"; readonly why: string }
  | { readonly name: "closed" };

export type Publish = {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 0 | 1 | 2;
  readonly isRetained: boolean;
  readonly properties?: MessageProperties | undefined;
};

/** `count` is the number of parts of the page that use the subscription. */
type Subscription = { readonly topicFilter: string; readonly identifier: number; count: number };

const keepAliveSec = 30;
/** A ping is sent this often, and its answer may take as long again. */
const silenceMs = 2 * keepAliveSec * 1_000;
/** How long the answer to a ping may take when the library may have failed. */
const answerMs = 5_000;
const firstRetryMs = 1_000;
const longestRetryMs = 60_000;
/** Reason codes that refuse this credential or this client identifier. */
const wantsOtherCredential = new Set<unknown>([0x85, 0x86, 0x87, 0x8e]);

export class Connection {
  readonly state = signal<ConnectionState>({ name: "connecting" });
  readonly clientId = signal("");
  private readonly brokerUrl: string;
  private readonly api: Api;
  private readonly onMessage: (message: Message) => void;
  private readonly subscriptions = new Map<string, Subscription>();
  private lastIdentifier = 0;
  private subscribedAtMs = 0;
  private client: MqttClient | undefined;
  private retryTimer: number | undefined;
  private retryMs = firstRetryMs;
  private maximumPacketBytes = protocolMaximumPacketBytes;
  private silenceTimer: number | undefined;
  /** Other packets than the answer may have been on their way before the library failed. */
  private isOnlyAnswerExpected = false;

  /** @param brokerUrl without a client identifier */
  constructor(brokerUrl: string, api: Api, onMessage: (message: Message) => void) {
    this.brokerUrl = brokerUrl;
    this.api = api;
    this.onMessage = onMessage;
    window.addEventListener("error", this.check);
    window.addEventListener("unhandledrejection", this.check);
  }

  async open(): Promise<void> {
    this.state.value = { name: "connecting" };
    try {
      const { clientId, token } = await ownCredential(this.api);
      if (this.isClosed()) return;
      this.clientId.value = clientId;
      this.client = mqtt.connect(`${this.brokerUrl}/${clientId}`, {
        clientId,
        username: clientId,
        password: token,
        protocolVersion: 5,
        clean: true,
        keepalive: keepAliveSec,
        reconnectPeriod: 0,
        // Pings are sent even while messages flow, because their answers show that the connection works.
        reschedulePings: false,
        resubscribe: false,
        timerVariant: keepAliveTimer,
      });
      this.listen(this.client);
    } catch (error) {
      this.lose(lineOf(error));
    }
  }

  /** Ends the connection for good. */
  close(): void {
    this.state.value = { name: "closed" };
    window.clearTimeout(this.retryTimer);
    window.clearTimeout(this.silenceTimer);
    window.removeEventListener("error", this.check);
    window.removeEventListener("unhandledrejection", this.check);
    this.client?.end(true);
  }

  /** @throws the broker's refusal. Without a connection, the subscription is made when there is one */
  async subscribe(topicFilter: string): Promise<void> {
    const known = this.subscriptions.get(topicFilter);
    const subscription = known ?? { topicFilter, identifier: ++this.lastIdentifier, count: 0 };
    // Set before the broker is asked, because messages may come together with its answer.
    this.subscriptions.set(topicFilter, subscription);
    subscription.count++;
    if (this.state.value.name !== "connected" || this.client === undefined) return;
    this.subscribedAtMs = Date.now();
    try {
      await subscribeTo(this.client, subscription);
    } catch (error) {
      this.release(subscription);
      throw error;
    }
  }

  async unsubscribe(topicFilter: string): Promise<void> {
    const subscription = this.subscriptions.get(topicFilter);
    if (subscription === undefined || this.release(subscription) > 0) return;
    if (this.state.value.name === "connected") await this.client?.unsubscribeAsync(topicFilter);
  }

  /** The filter of the subscription with this identifier; `undefined` if there is none, or it has ended. */
  filterOf(identifier: number): string | undefined {
    return [...this.subscriptions.values()].find((one) => one.identifier === identifier)?.topicFilter;
  }

  /** @returns how many parts of the page still use it */
  private release(subscription: Subscription): number {
    if (--subscription.count === 0) this.subscriptions.delete(subscription.topicFilter);
    return subscription.count;
  }

  /** @throws the broker's refusal, or why it would close the connection */
  async publish({ topic, payload, qos, isRetained, properties }: Publish): Promise<void> {
    if (this.state.value.name !== "connected") throw new Error("Not connected: wait a moment, and publish again.");
    const fault =
      faultOfTopic(topic) ??
      (properties && faultOfProperties(properties)) ??
      faultOfSize({ topic, payload, qos, properties }, this.maximumPacketBytes);
    if (fault !== undefined) throw new Error(fault);
    await this.client?.publishAsync(topic, payload, {
      qos,
      retain: isRetained,
      ...(properties === undefined ? {} : { properties: packetProperties(properties) }),
    });
  }

  /** An error was thrown on this page. If it was the client library's, it may no longer read or write. */
  private readonly check = () => {
    if (this.state.value.name !== "connected" || this.client === undefined) return;
    this.isOnlyAnswerExpected = true;
    this.expectPacket(answerMs);
    try {
      this.client.sendPing();
    } catch (error) {
      this.lose(lineOf(error));
    }
  };

  /** The connection is lost unless a packet arrives in time. */
  private expectPacket(withinMs: number): void {
    window.clearTimeout(this.silenceTimer);
    this.silenceTimer = window.setTimeout(() => this.lose("The server does not answer. Connecting again …"), withinMs);
  }

  private listen(client: MqttClient): void {
    const ifCurrent =
      <Given extends unknown[]>(act: (...given: Given) => void) =>
      (...given: Given) => {
        if (client === this.client) act(...given);
      };
    client.on(
      "connect",
      ifCurrent(({ properties }) => {
        this.state.value = { name: "connected" };
        this.maximumPacketBytes = properties?.maximumPacketSize ?? protocolMaximumPacketBytes;
        this.retryMs = firstRetryMs;
        this.subscribedAtMs = Date.now();
        // A refusal of a new filter goes to whoever subscribed. Filters that were granted before are granted again.
        for (const subscription of this.subscriptions.values()) subscribeTo(client, subscription).catch(() => {});
      }),
    );
    client.on(
      "packetreceive",
      ifCurrent(({ cmd }) => {
        if (cmd === "pingresp" || cmd === "connack") this.isOnlyAnswerExpected = false;
        if (!this.isOnlyAnswerExpected) this.expectPacket(silenceMs);
      }),
    );
    client.on(
      "message",
      ifCurrent((topic, payload, packet) => this.onMessage(messageOf(topic, payload, packet, this.subscribedAtMs))),
    );
    client.on("disconnect", ({ reasonCode }) => this.onReason(reasonCode));
    client.on(
      "error",
      ifCurrent((error) => {
        this.onReason((error as { code?: unknown }).code);
        this.lose(error.message);
      }),
    );
    client.on(
      "close",
      ifCurrent(() => this.lose("The connection is lost. Connecting again …")),
    );
  }

  private onReason(reasonCode: unknown): void {
    if (wantsOtherCredential.has(reasonCode)) forgetOwnCredential();
  }

  private lose(why: string): void {
    if (this.isClosed()) return;
    this.state.value = { name: "lost", why };
    window.clearTimeout(this.silenceTimer);
    const lost = this.client;
    this.client = undefined;
    lost?.end(true);
    window.clearTimeout(this.retryTimer);
    this.retryTimer = window.setTimeout(() => void this.open(), this.retryMs);
    this.retryMs = Math.min(2 * this.retryMs, longestRetryMs);
  }

  private isClosed(): boolean {
    return this.state.value.name === "closed";
  }
}

/**
 * Subscribes at QoS 2, so that each message keeps the QoS that it was published with, and with Retain As Published, so
 * that it keeps its retain flag.
 */
async function subscribeTo(client: MqttClient, { topicFilter, identifier }: Subscription): Promise<void> {
  const properties = { subscriptionIdentifier: identifier };
  await client.subscribeAsync(topicFilter, { qos: 2, rap: true, properties });
}

function messageOf(topic: string, payload: Uint8Array, packet: IPublishPacket, subscribedAtMs: number): Message {
  return {
    topic,
    payload,
    payloadBytes: payload.length,
    qos: packet.qos,
    isRetained: packet.retain,
    properties: propertiesOf(packet.properties),
    atMs: Date.now(),
    subscribedAtMs,
  };
}
