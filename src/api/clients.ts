// /clients: who is connected, or has a session that waits for it.

import { z } from "@hono/zod-openapi";
import { isCredential } from "../core/access/credential.ts";
import { utf8Bytes } from "../core/bytes.ts";
import type { SessionView } from "../core/session/life/session-view.ts";
import { isSharedText } from "../core/topic/topic-filter.ts";
import type { CredentialNames } from "../objects/access-object.ts";
import type { Client } from "../objects/directory/client-table.ts";
import type { ClientSearch } from "../objects/directory-object.ts";
import { accessStub, directoryStub, sessionStub } from "../platform/stubs.ts";
import type { Api, Place } from "./context.ts";
import { counters, countersOf } from "./counters.ts";
import { ApiError, notFound } from "./errors.ts";
import { isOfEarlierVersion } from "./failures.ts";
import { qos, time, timeOf } from "./formats.ts";
import { failure, operation } from "./operation.ts";
import { cursorOf, pageOf, pageQuery, positionOf } from "./paging.ts";

const protocolVersion = z
  .union([z.literal(3), z.literal(4), z.literal(5)])
  .openapi({ type: "integer", description: "3 is MQTT 3.1, 4 is 3.1.1, 5 is 5.0" });

const identity = z
  .string()
  .openapi({ description: "The owner of the session: `credential/ID`, `jwt/ISSUER/SUBJECT` or `anonymous`" });

const clientId = z.string().openapi({ example: "sensor-7" });

const address = z.string().nullable();
const addressText =
  "Its IP address, of IPv6 the first 64 bits; null if that is not known, as of a client on the broker's own machine";

const clientSchema = z
  .strictObject({
    clientId,
    connected: z.boolean(),
    protocolVersion,
    identity,
    username: z.string().nullable().openapi({ description: "The username of its credential; null if it has none" }),
    name: z.string().nullable().openapi({ description: "The name of its credential, for people; null if it has none" }),
    address: address.openapi({ description: `Where it connects from, or did last. ${addressText}` }),
    queuedMessages: z
      .number()
      .int()
      .openapi({ description: "What waits for a client that is away, as its session last reported; else 0" }),
    since: time.openapi({ description: "When the client connected, or left" }),
  })
  .openapi("Client");

const subscription = z
  .strictObject({
    topicFilter: z.string().openapi({ example: "home/#" }),
    qos: qos.openapi({ description: "Granted" }),
    noLocal: z.boolean(),
    retainAsPublished: z.boolean(),
    subscriptionIdentifier: z.number().int().nullable(),
    shared: z.boolean(),
  })
  .openapi("Subscription");

const connection = z
  .strictObject({
    protocolVersion,
    since: time,
    keepAliveSec: z
      .number()
      .int()
      .openapi({ description: "The keep alive in use: the client's, or the broker's; 0 is off" }),
    address: z
      .enum(["native", "relayed"])
      .openapi({ description: "`native` is /mqtt/{clientId}; `relayed` is /mqtt, and TCP on this machine" }),
    clientAddress: address.openapi({ description: addressText }),
  })
  .openapi("Connection");

const sessionSchema = z
  .strictObject({
    clientId,
    identity,
    username: z.string().openapi({ description: "Empty for none" }),
    connected: z.boolean(),
    connection: connection.nullable().openapi({ description: "null while the client is away" }),
    disconnectedSince: time.nullable().openapi({ description: "When the client left; null while it is connected" }),
    expirySec: z.number().int().openapi({ description: "Session Expiry Interval; 4294967295 is never" }),
    expiresAt: time.nullable().openapi({ description: "When the session ends, if its client stays away" }),
    queue: z
      .strictObject({ messages: z.number().int(), bytes: z.number().int() })
      .openapi({ description: "QoS 1 and 2 messages that the client has not acknowledged, sent or not" }),
    inFlightMessages: z.number().int().openapi({ description: "Messages of the queue that were sent" }),
    incomingMessages: z.number().int().openapi({ description: "QoS 2 messages from the client, not yet released" }),
    counters: counters.openapi({ description: "What this connection has counted" }),
    subscriptions: z.array(subscription),
  })
  .openapi("Session");

const ofClient = z.strictObject({
  clientId: z.string().openapi({ description: "Percent-encoded, slashes as well: %2F", example: "sensor-7" }),
});
const byBody = {
  body: {
    required: true,
    content: { "application/json": { schema: z.strictObject({ clientId: z.string() }).openapi("OfClient") } },
  },
} as const;
const anyIdentifier = "For a client identifier that no address can hold, as `.` and `..` are.";
const noSession = failure("There is no session with this client identifier");

const listOperation = operation("clients:read", "Clients", {
  method: "get",
  path: "/clients",
  operationId: "listClients",
  summary: "List clients, in the order of their identifiers",
  description: "From the directory, which may be a moment behind.",
  request: {
    query: z.strictObject({
      ...pageQuery,
      connected: z
        .enum(["true", "false"])
        .optional()
        .openapi({ description: "Only clients that are connected, or only clients that are away" }),
      search: z.string().max(200).default("").openapi({
        description:
          "A part of the client identifier, or of the username or the name of its credential, in any case, with or without accents",
      }),
    }),
  },
  responses: {
    200: { description: "A page", content: { "application/json": { schema: pageOf("Clients", clientSchema) } } },
  },
});

const readOperation = operation("clients:read", "Clients", {
  method: "get",
  path: "/clients/{clientId}",
  operationId: "readClient",
  summary: "Look at one client's session",
  description: "Asks the session itself, which wakes it.",
  request: { params: ofClient },
  responses: {
    200: { description: "Its session", content: { "application/json": { schema: sessionSchema } } },
    404: noSession,
  },
});

const disconnectOperation = operation("clients:write", "Clients", {
  method: "post",
  path: "/clients/{clientId}/disconnect",
  operationId: "disconnectClient",
  summary: "Disconnect a client",
  description:
    "From MQTT 5.0 on, the client gets DISCONNECT with 0x98, Administrative action. Its session stays, its Will is " +
    "published, and it may connect again: to prevent that, disable or delete its credential.",
  request: { params: ofClient },
  responses: { 204: { description: "Disconnected" }, 404: failure("No such client is connected") },
});

const deleteOperation = operation("clients:write", "Clients", {
  method: "delete",
  path: "/clients/{clientId}",
  operationId: "deleteClient",
  summary: "End a session",
  description: "Its client is disconnected with 0x98. Its subscriptions and queued messages are deleted.",
  request: { params: ofClient },
  responses: { 204: { description: "There is no such session any more" }, 404: noSession },
});

const readByBodyOperation = operation("clients:read", "Clients", {
  method: "post",
  path: "/clients/read",
  operationId: "readClientByBody",
  summary: "Look at the session of any client",
  description: anyIdentifier,
  request: byBody,
  responses: {
    200: { description: "Its session", content: { "application/json": { schema: sessionSchema } } },
    404: noSession,
  },
});

const disconnectByBodyOperation = operation("clients:write", "Clients", {
  method: "post",
  path: "/clients/disconnect",
  operationId: "disconnectClientByBody",
  summary: "Disconnect any client",
  description: anyIdentifier,
  request: byBody,
  responses: { 204: { description: "Disconnected" }, 404: failure("No such client is connected") },
});

const deleteByBodyOperation = operation("clients:write", "Clients", {
  method: "post",
  path: "/clients/delete",
  operationId: "deleteClientByBody",
  summary: "End the session of any client",
  description: anyIdentifier,
  request: byBody,
  responses: { 204: { description: "There is no such session any more" }, 404: noSession },
});

export function addClients(api: Api): void {
  api.openapi(listOperation, async (context) => {
    const { limit, after, connected, search } = context.req.valid("query");
    const { env, settings, namespace } = context.env;
    const from = positionOf(after, z.string()) ?? "";
    const isConnected = connected === undefined ? undefined : connected === "true";
    const sought = search === "" ? undefined : await searchFor(context.env, search);
    const clients = await directoryStub(env, settings, namespace).clients(from, limit, isConnected, sought);
    const last = clients.length < limit ? undefined : clients.at(-1);
    const next = last === undefined ? null : cursorOf(last.clientId);
    const names = await namesOf(context.env, clients);
    return context.json({ items: clients.map((client, index) => clientOf(client, names[index])), next }, 200);
  });

  api.openapi(readOperation, async (context) => {
    return context.json(await read(context.env, context.req.valid("param").clientId), 200);
  });

  api.openapi(readByBodyOperation, async (context) => {
    return context.json(await read(context.env, context.req.valid("json").clientId), 200);
  });

  api.openapi(disconnectOperation, async (context) => {
    await disconnect(context.env, context.req.valid("param").clientId);
    return context.body(null, 204);
  });

  api.openapi(disconnectByBodyOperation, async (context) => {
    await disconnect(context.env, context.req.valid("json").clientId);
    return context.body(null, 204);
  });

  api.openapi(deleteOperation, async (context) => {
    await remove(context.env, context.req.valid("param").clientId);
    return context.body(null, 204);
  });

  api.openapi(deleteByBodyOperation, async (context) => {
    await remove(context.env, context.req.valid("json").clientId);
    return context.body(null, 204);
  });
}

async function read(place: Place, clientId: string): Promise<z.infer<typeof sessionSchema>> {
  const view = await stubOf(place, clientId).inspect();
  if (view === undefined) throw noSuchSession();
  return sessionOf(clientId, view);
}

async function disconnect(place: Place, clientId: string): Promise<void> {
  if (await stubOf(place, clientId).disconnect()) return;
  throw new ApiError(404, "not-connected", "no client with this identifier is connected");
}

async function remove(place: Place, clientId: string): Promise<void> {
  if (!(await stubOf(place, clientId).remove())) throw noSuchSession();
}

function noSuchSession(): ApiError {
  return notFound("session with this client identifier");
}

/** @throws {ApiError} if it is not a client identifier */
function stubOf({ env, settings, namespace }: Place, clientId: string) {
  const isPossible =
    clientId !== "" && utf8Bytes(clientId) <= settings.limits.maximumClientIdBytes && !clientId.includes("\0");
  if (!isPossible) throw noSuchSession();
  return sessionStub(env, settings, namespace, clientId);
}

async function searchFor({ env, settings, namespace }: Place, text: string): Promise<ClientSearch> {
  return { text, identities: await accessStub(env, settings, namespace).identitiesOf(text) };
}

/** In the order of the clients. Asks the access object if any has a credential. */
async function namesOf(
  { env, settings, namespace }: Place,
  clients: readonly Client[],
): Promise<(CredentialNames | undefined)[]> {
  const identities = clients.map(({ identity }) => identity);
  if (!identities.some(isCredential)) return [];
  try {
    return await accessStub(env, settings, namespace).namesOf(identities);
  } catch (error) {
    if (isOfEarlierVersion(error)) return [];
    throw error;
  }
}

function clientOf(client: Client, names: CredentialNames | undefined): z.infer<typeof clientSchema> {
  // A directory of an earlier version knows no addresses.
  const { clientId, isConnected, protocolVersion, identity, address = "", queuedMessages, sinceMs } = client;
  return {
    clientId,
    connected: isConnected,
    protocolVersion: protocolVersion as 3 | 4 | 5,
    identity,
    username: names?.username ?? null,
    name: names?.name ?? null,
    address: address === "" ? null : address,
    queuedMessages: isConnected ? 0 : queuedMessages,
    since: timeOf(sinceMs),
  };
}

function sessionOf(clientId: string, view: SessionView): z.infer<typeof sessionSchema> {
  const { connection, disconnectedAtMs, endsAtMs, counts, subscriptions, ...rest } = view;
  return {
    clientId,
    ...rest,
    connected: connection !== undefined,
    connection: connection === undefined ? null : connectionOf(connection),
    disconnectedSince: connection === undefined ? timeOf(disconnectedAtMs) : null,
    expiresAt: endsAtMs === undefined ? null : timeOf(endsAtMs),
    counters: countersOf(counts),
    subscriptions: subscriptions.map(({ subscriptionIdentifier, ...subscription }) => ({
      ...subscription,
      subscriptionIdentifier: subscriptionIdentifier === 0 ? null : subscriptionIdentifier,
      shared: isSharedText(subscription.topicFilter),
    })),
  };
}

function connectionOf({
  protocolVersion,
  keepAliveSec,
  isRelayed,
  address,
  connectedAtMs,
}: NonNullable<SessionView["connection"]>) {
  return {
    protocolVersion,
    since: timeOf(connectedAtMs),
    keepAliveSec,
    address: isRelayed ? ("relayed" as const) : ("native" as const),
    clientAddress: address ?? null,
  };
}
