// What sessions count, in the form of the API: for one session, and for all.

import { z } from "@hono/zod-openapi";
import type { Counts } from "../core/session/counters.ts";
import { count } from "./formats.ts";

export const counters = z
  .strictObject({
    packetsReceived: count,
    packetsSent: count,
    messagesReceived: count.openapi({ description: "PUBLISH packets" }),
    messagesSent: count,
    messagesDropped: count.openapi({ description: "Messages that were dropped" }),
    bytesReceived: count.openapi({ description: "Bytes of the payloads of PUBLISH packets" }),
    bytesSent: count,
    packetBytesReceived: count.openapi({ description: "Bytes of whole MQTT packets" }),
    packetBytesSent: count,
  })
  .openapi("Counters");

const rate = z.number().nonnegative();

export const rates = z
  .strictObject({
    connects: rate,
    packetsReceived: rate,
    packetsSent: rate,
    messagesReceived: rate,
    messagesSent: rate,
    messagesDropped: rate,
    bytesReceived: rate,
    bytesSent: rate,
    packetBytesReceived: rate,
    packetBytesSent: rate,
  })
  .openapi("Rates");

export function countersOf({ connects: _, ...counts }: Readonly<Counts>): z.infer<typeof counters> {
  return counts;
}
