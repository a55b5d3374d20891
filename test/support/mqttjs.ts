// MQTT.js with promises: a client as programs use one, for tests that need no say in each packet.

import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from "mqtt";
import { unique } from "./connect.ts";

export const versions = [3, 4, 5] as const;
export type Version = (typeof versions)[number];
export const versionName: Record<Version, string> = { 3: "MQTT 3.1", 4: "MQTT 3.1.1", 5: "MQTT 5.0" };

/** A connected client that does not reconnect by itself. */
export function connectMqttJs(url: string, version: Version, options: IClientOptions = {}): Promise<MqttClient> {
  return mqtt.connectAsync(url, {
    protocolVersion: version,
    protocolId: version === 3 ? "MQIsdp" : "MQTT",
    clientId: unique("mqttjs"),
    reconnectPeriod: 0,
    connectTimeout: 5000,
    ...options,
  });
}

export type Inbox = { take(count: number, timeoutMs?: number): Promise<IPublishPacket[]> };

/** Keeps what arrives at these clients, from now on. */
export function inboxOf(...clients: readonly MqttClient[]): Inbox {
  const messages: IPublishPacket[] = [];
  let arrived = () => {};
  for (const client of clients) {
    client.on("message", (_topic, _payload, packet) => {
      messages.push(packet);
      arrived();
    });
  }
  return {
    async take(count, timeoutMs = 5000) {
      const endMs = performance.now() + timeoutMs;
      while (messages.length < count) {
        const leftMs = endMs - performance.now();
        if (leftMs <= 0) throw new Error(`${messages.length} of ${count} messages within ${timeoutMs} ms`);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, leftMs);
          arrived = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      return messages.splice(0, count);
    },
  };
}
