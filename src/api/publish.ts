// POST /publish: a message from outside of MQTT, as webhooks and scripts send it. MQTT 5.0 section 3.3.

import { z } from "@hono/zod-openapi";
import { utf8Bytes } from "../core/bytes.ts";
import type { Message, QoS } from "../core/message/message.ts";
import { encodeMessageProperties } from "../core/packet/message-properties.ts";
import { isError, ReasonCode } from "../core/packet/reason-code.ts";
import { ProtocolError } from "../core/protocol-error.ts";
import { messageIdAt } from "../core/session/context.ts";
import { refusalOfMessage, topicLimitsOf } from "../core/session/wire/message-limits.ts";
import { checkMessageIsOffered } from "../core/session/wire/not-offered.ts";
import { apiHolder } from "../core/shares/holder.ts";
import { reachedOf, reasonCodeOf, textOfReached } from "../core/shares/reached.ts";
import { shardOf } from "../core/topic/shard.ts";
import { isValidTopicName } from "../core/topic/topic-name.ts";
import { encodeTopicRequests } from "../core/topic/topic-request.ts";
import { randomId } from "../platform/random-id.ts";
import { topicStub } from "../platform/stubs.ts";
import type { Settings } from "../settings/settings.ts";
import type { Api, Place } from "./context.ts";
import { ApiError } from "./errors.ts";
import { bytesOfBase64, encoding, qos } from "./formats.ts";
import { failure, operation } from "./operation.ts";

/** A UTF-8 string that MQTT allows. Section 1.5.4. */
const text = z
  .string()
  .refine((value) => value.isWellFormed() && !value.includes("\0"), "takes no U+0000 and no half of a surrogate pair")
  .refine((value) => utf8Bytes(value) <= 65_535, "takes at most 65535 bytes");

const base64 = z.string().refine((value) => bytesOfBase64(value) !== undefined, "takes Base64 with padding");

const publishRequest = z
  .strictObject({
    topic: text.openapi({ description: "A Topic Name: no wildcards", example: "home/door" }),
    payload: z.string().openapi({ description: "May be empty: with `retain` it clears the retained message" }),
    encoding: encoding.default("utf-8"),
    qos: qos.default(0),
    retain: z.boolean().default(false),
    messageExpirySec: z.number().int().min(0).max(0xffff_ffff).optional(),
    contentType: text.optional(),
    responseTopic: text.optional(),
    correlationData: base64
      .refine((value) => value.length <= 87_380, "takes at most 65535 bytes")
      .optional()
      .openapi({ description: "Base64" }),
    userProperties: z
      .array(z.tuple([text, text]))
      .default([])
      .openapi({ description: "Pairs of a name and a value, in order", example: [["source", "webhook"]] }),
  })
  .openapi("Publish");

type PublishRequest = z.infer<typeof publishRequest>;

const published = z
  .strictObject({
    matched: z.boolean().openapi({ description: "Whether any subscription matched, and took it" }),
  })
  .openapi("Published");

const publishOperation = operation("publish", "Messages", {
  method: "post",
  path: "/publish",
  operationId: "publish",
  summary: "Publish a message",
  description:
    "The answer comes when the message is stored for every subscriber with QoS 1 or 2, and retained if asked. If this " +
    "fails, some subscribers may have it already: a second try is a second message.",
  request: { body: { required: true, content: { "application/json": { schema: publishRequest } } } },
  responses: {
    200: { description: "Stored", content: { "application/json": { schema: published } } },
    507: failure("A subscriber's queue, or the retained messages, are at their limit"),
  },
});

export function addPublish(api: Api): void {
  api.openapi(publishOperation, async (context) => {
    const message = messageOf(context.req.valid("json"), context.env.settings, Date.now());
    return context.json({ matched: await publish(context.env, message) }, 200);
  });
}

/** @throws {ApiError} for what a session would refuse of its client */
function messageOf(request: PublishRequest, settings: Settings, nowMs: number): Message {
  const { topic: topicName, retain, messageExpirySec, contentType, responseTopic, userProperties } = request;
  const { limits, capabilities } = settings;
  const correlationData = request.correlationData === undefined ? undefined : bytesOfBase64(request.correlationData);
  if (/^\$SYS(\/|$)/.test(topicName)) {
    throw new ApiError(403, "reserved-topic", "topic: $SYS is for the broker, choose another");
  }
  if (responseTopic !== undefined && !isValidTopicName(responseTopic, topicLimitsOf(limits))) {
    throw new ApiError(400, "invalid-topic", "responseTopic: give a topic name, without wildcards");
  }
  const properties = encodeMessageProperties({
    userProperties,
    ...(contentType === undefined ? {} : { contentType }),
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlationData === undefined ? {} : { correlationData }),
  });
  const refusal = refusalOfMessage(topicName, properties, limits);
  if (refusal?.reasonCode === ReasonCode.TopicNameInvalid) {
    const message = `topic: give a name without wildcards; ${refusal.why}`;
    throw new ApiError(400, "invalid-topic", message);
  }
  if (refusal !== undefined) throw new ApiError(400, "invalid-request", `userProperties: give ${refusal.why}`);
  checkIsOffered({ qos: request.qos, retain }, capabilities);
  const payload = payloadOf(request);
  if (payload.length + properties.length + utf8Bytes(topicName) > limits.maximumPacketBytes) {
    const message = `a message has at most ${limits.maximumPacketBytes} bytes, with its topic and properties`;
    throw new ApiError(413, "too-large", message);
  }
  return {
    id: request.qos === 2 ? `${messageIdAt(nowMs)}-api-${randomId()}` : "",
    topicName,
    qos: request.qos,
    retain,
    expiresAtMs: messageExpirySec === undefined ? 0 : nowMs + messageExpirySec * 1000,
    properties,
    payload,
  };
}

function checkIsOffered(message: { qos: QoS; retain: boolean }, capabilities: Settings["capabilities"]): void {
  try {
    checkMessageIsOffered(message, capabilities);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new ApiError(400, "not-offered", error.message);
  }
}

function payloadOf({ payload, encoding }: PublishRequest): Uint8Array {
  const bytes = encoding === "base64" ? bytesOfBase64(payload) : textBytes(payload);
  if (bytes !== undefined) return bytes;
  const takes = encoding === "base64" ? "Base64 with padding" : "no half of a surrogate pair";
  throw new ApiError(400, "invalid-request", `payload: takes ${takes}`);
}

function textBytes(payload: string): Uint8Array | undefined {
  return payload.isWellFormed() ? new TextEncoder().encode(payload) : undefined;
}

/**
 * Sends the message to its topic object, on a lane of its own.
 * @returns whether any subscription matched
 */
async function publish({ env, settings, namespace }: Place, message: Message): Promise<boolean> {
  const shard = shardOf(message.topicName, settings.topicShards);
  const by = { holder: apiHolder, hearsRefusals: true };
  const batch = encodeTopicRequests([{ type: "publish", message, by }]);
  // No client has the empty identifier: No Local holds back nothing.
  const [answer = ReasonCode.UnspecifiedError] = await topicStub(env, settings, namespace, shard)
    .exchange("", `api-${randomId()}`, 1, batch, Date.now())
    .catch(() => {
      throw new ApiError(503, "topic-unavailable", "the topic cannot be reached, try again later");
    });
  const reasonCode = reasonCodeOf(answer);
  if (reasonCode === ReasonCode.QuotaExceeded) {
    const reached = reachedOf(answer);
    const what = reached === undefined ? "a subscriber's queue is at its limit" : textOfReached(reached);
    throw new ApiError(507, "quota-exceeded", `${what}: try again later`);
  }
  if (isError(reasonCode)) throw new ApiError(500, "not-published", "the message could not be published, see the log");
  return reasonCode !== ReasonCode.NoMatchingSubscribers;
}
