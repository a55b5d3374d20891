// A namespace's numbers in Prometheus' text format, version 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/

import { type BrokerStats, sharedLimitTotalsOf, topicTotalsOf } from "../core/directory/broker-stats.ts";
import type { Counts } from "../core/session/counters.ts";
import { settingOf } from "../core/shares/reached.ts";
import type { TopicCounts } from "../core/topic/topic-counts.ts";

type Sample = { readonly labels?: Readonly<Record<string, string>>; readonly value: number };
type Metric = {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly samples: readonly Sample[];
};

/** Counters of sessions, as far as they have reported them. */
const sessionCounters: readonly (readonly [name: string, key: keyof Counts, help: string])[] = [
  ["connects", "connects", "CONNECT packets that were accepted."],
  ["packets_received", "packetsReceived", "MQTT packets from clients."],
  ["packets_sent", "packetsSent", "MQTT packets to clients."],
  ["publish_messages_received", "messagesReceived", "PUBLISH packets from clients."],
  ["publish_messages_sent", "messagesSent", "PUBLISH packets to clients."],
  ["publish_messages_dropped", "messagesDropped", "Messages that sessions dropped."],
  ["publish_bytes_received", "bytesReceived", "Payload bytes of PUBLISH packets from clients."],
  ["publish_bytes_sent", "bytesSent", "Payload bytes of PUBLISH packets to clients."],
  ["packet_bytes_received", "packetBytesReceived", "Bytes of MQTT packets from clients."],
  ["packet_bytes_sent", "packetBytesSent", "Bytes of MQTT packets to clients."],
];

/** Counters of topic objects. They start at 0 when the object starts. */
const topicCounters: readonly (readonly [name: string, numberOf: (counts: TopicCounts) => number, help: string])[] = [
  ["topic_messages_published", (counts) => counts.publishedMessages, "Messages that came to a topic object."],
  ["topic_messages_delivered", (counts) => counts.deliveredMessages, "Deliveries that sessions took."],
  ["topic_messages_dropped", (counts) => counts.droppedMessages, "Deliveries that were dropped on their way."],
];

export function prometheusTextOf(stats: BrokerStats, version: string): string {
  return metricsOf(stats, version).map(textOf).join("");
}

function metricsOf(stats: BrokerStats, version: string): Metric[] {
  const { atMs, clients, totals, topics } = stats;
  const limits = sharedLimitTotalsOf(stats).map(({ limit, ...use }) => ({
    labels: { setting: settingOf(limit) },
    use,
  }));
  const { subscriptions, sharedSubscriptions, retained, owedMessages } = topicTotalsOf(topics);
  return [
    { name: "info", type: "gauge", help: "The broker's version.", samples: [{ labels: { version }, value: 1 }] },
    gauge("uptime_seconds", "Since counting began.", Math.floor((atMs - totals.sinceMs) / 1000)),
    gauge("clients_connected", "Clients that are connected.", clients.connected),
    gauge("clients_disconnected", "Clients that are away, with a session that waits for them.", clients.sleeping),
    gauge("clients_maximum", "The most clients that were connected at a time.", totals.maximumClients),
    counter("clients_expired", "Sessions that ended by their expiry.", totals.expiredClients),
    ...sessionCounters.map(([name, key, help]) => counter(name, help, totals.counts[key])),
    gauge("subscriptions", "Subscriptions, shared ones included.", subscriptions),
    gauge("shared_subscriptions", "Shared subscriptions.", sharedSubscriptions),
    gauge("retained_messages", "Retained messages.", retained.messages),
    gauge("retained_bytes", "What retained messages take on disk.", retained.bytes),
    gauge("owed_messages", "Messages that are kept for sessions that could not be reached.", owedMessages),
    {
      name: "shared_limit_used",
      type: "gauge",
      help: "How much of a limit that all clients share is in use, in its own unit: bytes, messages or sessions.",
      samples: limits.map(({ labels, use }) => ({ labels, value: use.used })),
    },
    {
      name: "shared_limit_maximum",
      type: "gauge",
      help: "How much of it there may be: for a limit of topic objects, at all that answered together.",
      samples: limits.map(({ labels, use }) => ({ labels, value: use.maximum })),
    },
    ...topicCounters.map(
      ([name, numberOf, help]): Metric => ({
        name: `${name}_total`,
        type: "counter",
        help,
        samples: topics.flatMap((counts, shard) =>
          counts === undefined ? [] : [{ labels: { shard: String(shard) }, value: numberOf(counts) }],
        ),
      }),
    ),
  ];
}

function gauge(name: string, help: string, value: number): Metric {
  return { name, type: "gauge", help, samples: [{ value }] };
}

function counter(name: string, help: string, value: number): Metric {
  return { name: `${name}_total`, type: "counter", help, samples: [{ value }] };
}

/** All texts are the broker's: nothing in them has to be escaped. */
function textOf({ name, type, help, samples }: Metric): string {
  const full = `durable_mqtt_${name}`;
  const lines = samples.map(({ labels = {}, value }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
    return `${full}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`;
  });
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines.join("")}`;
}
