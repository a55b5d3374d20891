// /credentials: who may connect with MQTT, and what each may do there.

import { z } from "@hono/zod-openapi";
import { type Credential, type CredentialResult, identityOf } from "../core/access/credential.ts";
import { rememberNamespace } from "../edge/namespaces.ts";
import { accessStub } from "../platform/stubs.ts";
import type { Api, Place } from "./context.ts";
import { changesOf, fieldsOf, secretOf } from "./credential-fields.ts";
import { changedCredential, credentialSchema, madeCredential, newCredential } from "./credential-schemas.ts";
import { ApiError, notFound } from "./errors.ts";
import { timeOf } from "./formats.ts";
import { failure, operation } from "./operation.ts";
import { cursorOf, pageOf, pageQuery, positionOf } from "./paging.ts";
import { deleteRetainedOf, retainedDeleted } from "./retained.ts";

const tag = "Credentials";
const ofCredential = z.strictObject({ id: z.string().openapi({ description: "`id` of the credential" }) });
const noCredential = failure("There is no such credential");
const isTaken = failure("Another credential has this username, or this certificate");
const json = <Schema extends z.ZodType>(schema: Schema) => ({ "application/json": { schema } });

const createOperation = operation("credentials:write", tag, {
  method: "post",
  path: "/credentials",
  operationId: "createCredential",
  summary: "Make a credential",
  description: "A token is generated unless another secret is given. Only this answer shows it.",
  request: { body: { required: true, content: json(newCredential) } },
  responses: { 201: { description: "Made", content: json(madeCredential) }, 409: isTaken },
});

const listOperation = operation("credentials:read", tag, {
  method: "get",
  path: "/credentials",
  operationId: "listCredentials",
  summary: "List credentials",
  request: { query: z.strictObject(pageQuery) },
  responses: { 200: { description: "A page", content: json(pageOf("Credentials", credentialSchema)) } },
});

const readOperation = operation("credentials:read", tag, {
  method: "get",
  path: "/credentials/{id}",
  operationId: "readCredential",
  summary: "Read a credential",
  request: { params: ofCredential },
  responses: { 200: { description: "The credential", content: json(credentialSchema) }, 404: noCredential },
});

const changeOperation = operation("credentials:write", tag, {
  method: "patch",
  path: "/credentials/{id}",
  operationId: "changeCredential",
  summary: "Change a credential",
  description:
    "Fields that are left out stay as they are; `rules` are replaced as a whole. Sessions of this credential that can be " +
    "reached know of the change before the answer comes: a client that may no longer connect is disconnected.",
  request: { params: ofCredential, body: { required: true, content: json(changedCredential) } },
  responses: { 200: { description: "Changed", content: json(madeCredential) }, 404: noCredential, 409: isTaken },
});

const deleteOperation = operation("credentials:write", tag, {
  method: "delete",
  path: "/credentials/{id}",
  operationId: "deleteCredential",
  summary: "Delete a credential",
  description:
    "Its clients are disconnected with 0x87, and its sessions end with all that is queued for them. Its retained messages stay, " +
    "as another device may need them, unless `retained` is `delete`. If there are very many, `next` is not null: go on " +
    "with `POST /retained/delete`, the credential's identity as `publisher` and `next` as `after`.",
  request: {
    params: ofCredential,
    query: z.strictObject({
      retained: z
        .enum(["keep", "delete"])
        .default("keep")
        .openapi({ description: "What happens to its retained messages" }),
    }),
  },
  responses: {
    200: { description: "Deleted, with retained messages", content: json(retainedDeleted) },
    204: { description: "Deleted" },
    404: noCredential,
  },
});

const rotateOperation = operation("credentials:write", tag, {
  method: "post",
  path: "/credentials/{id}/token",
  operationId: "rotateToken",
  summary: "Give a credential a new token",
  description: "Replaces its secret, whatever that was. Its clients must use the new token to go on.",
  request: { params: ofCredential },
  responses: { 200: { description: "With its new token", content: json(madeCredential) }, 404: noCredential },
});

export function addCredentials(api: Api): void {
  api.openapi(createOperation, async (context) => {
    const request = context.req.valid("json");
    const secret = secretOf(request.secret);
    const result = await accessOf(context.env).createCredential(fieldsOf(request), secret);
    rememberNamespace(context.env.namespace);
    return context.json(madeOf(result), 201);
  });

  api.openapi(listOperation, async (context) => {
    const { limit, after } = context.req.valid("query");
    const credentials = await accessOf(context.env).credentials(positionOf(after, z.string()) ?? "", limit);
    const last = credentials.length < limit ? undefined : credentials.at(-1);
    const next = last === undefined ? null : cursorOf(last.id);
    return context.json({ items: credentials.map(shown), next }, 200);
  });

  api.openapi(readOperation, async (context) => {
    const credential = await accessOf(context.env).credential(context.req.valid("param").id);
    if (credential === undefined) throw noSuchCredential();
    return context.json(shown(credential), 200);
  });

  api.openapi(changeOperation, async (context) => {
    const { secret, ...changes } = context.req.valid("json");
    const newSecret = secret === undefined ? undefined : secretOf(secret);
    const { id } = context.req.valid("param");
    const result = await accessOf(context.env).updateCredential(id, changesOf(changes), newSecret);
    return context.json(madeOf(result), 200);
  });

  api.openapi(deleteOperation, async (context) => {
    const { id } = context.req.valid("param");
    if (!(await accessOf(context.env).deleteCredential(id))) throw noSuchCredential();
    if (context.req.valid("query").retained === "keep") return context.body(null, 204);
    return context.json(await deleteRetainedOf(context.env, identityOf({ id })), 200);
  });

  api.openapi(rotateOperation, async (context) => {
    const { id } = context.req.valid("param");
    return context.json(madeOf(await accessOf(context.env).updateCredential(id, {}, { kind: "token" })), 200);
  });
}

function accessOf({ env, settings, namespace }: Place) {
  return accessStub(env, settings, namespace);
}

function noSuchCredential(): ApiError {
  return notFound("credential with this id");
}

/** @throws {ApiError} if the access object refuses */
function madeOf(result: CredentialResult): z.infer<typeof madeCredential> {
  if (result.ok) return { ...shown(result.credential), token: result.token ?? null };
  throw result.code === "not-found" ? noSuchCredential() : new ApiError(409, result.code, result.message);
}

function shown(credential: Credential): z.infer<typeof credentialSchema> {
  const { id, username, name, kind, rules, maximumClients, isEnabled, expiresAtMs, createdAtMs, updatedAtMs } =
    credential;
  const { publish, subscribe, maximumQos, retain, clientIds } = rules;
  return {
    id,
    identity: identityOf(credential),
    username,
    name,
    kind,
    rules: {
      publish: { allow: [...publish.allow], deny: [...publish.deny] },
      subscribe: { allow: [...subscribe.allow], deny: [...subscribe.deny] },
      maximumQos,
      retain,
      clientIds: [...clientIds],
    },
    maximumClients,
    enabled: isEnabled,
    expiresAt: expiresAtMs === 0 ? null : timeOf(expiresAtMs),
    createdAt: timeOf(createdAtMs),
    updatedAt: timeOf(updatedAtMs),
  };
}
