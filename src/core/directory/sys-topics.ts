// `$SYS/broker/…`: what the broker says about itself, with the names and formats that Mosquitto has for the same things
// (mosquitto(8), "Broker status"). What is different here has another name, or none.

import { type BrokerStats, topicTotalsOf } from "./broker-stats.ts";
import { type Load, loadNames, loadSpans } from "./load.ts";

/** A topic of `$SYS` and its present value. */
export type SysValue = { readonly topicName: string; readonly text: string };

export function sysValuesOf(stats: BrokerStats, load: Load, version: string): SysValue[] {
  const { clients, totals, topics, queuedMessages } = stats;
  const { counts } = totals;
  const { subscriptions, sharedSubscriptions, retained, owedMessages } = topicTotalsOf(topics);
  // Retained messages, messages for sessions that cannot be reached, and queues of clients that are away.
  const storedMessages = retained.messages + owedMessages + queuedMessages;
  const numbers = {
    "clients/connected": clients.connected,
    "clients/disconnected": clients.sleeping,
    "clients/total": clients.connected + clients.sleeping,
    "clients/maximum": totals.maximumClients,
    "clients/expired": totals.expiredClients,
    "bytes/received": counts.packetBytesReceived,
    "bytes/sent": counts.packetBytesSent,
    "messages/stored": storedMessages,
    "store/messages/count": storedMessages,
    "messages/received": counts.packetsReceived,
    "messages/sent": counts.packetsSent,
    "publish/messages/received": counts.messagesReceived,
    "publish/messages/sent": counts.messagesSent,
    "publish/messages/dropped": counts.messagesDropped,
    "publish/bytes/received": counts.bytesReceived,
    "publish/bytes/sent": counts.bytesSent,
    "subscriptions/count": subscriptions,
    "shared_subscriptions/count": sharedSubscriptions,
    "retained messages/count": retained.messages,
  };
  const uptimeSec = Math.max(0, Math.floor((stats.atMs - totals.sinceMs) / 1000));
  return [
    sysValue("version", `durable-mqtt version ${version}`),
    sysValue("uptime", `${uptimeSec} seconds`),
    ...Object.entries(numbers).map(([name, value]) => sysValue(name, String(value))),
    ...loadNames.flatMap((name) =>
      loadSpans.map((span, index) =>
        sysValue(`load/${name}/${span}min`, (load.perMinute[name][index] ?? 0).toFixed(2)),
      ),
    ),
  ];
}

function sysValue(name: string, text: string): SysValue {
  return { topicName: `$SYS/broker/${name}`, text };
}
