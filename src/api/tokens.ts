// /tokens: keys to this API that do less than ADMIN_TOKEN, in one namespace. Only ADMIN_TOKEN makes and deletes them.

import { z } from "@hono/zod-openapi";
import { rememberNamespace } from "../edge/namespaces.ts";
import type { ApiToken } from "../objects/access/api-token-table.ts";
import { accessStub } from "../platform/stubs.ts";
import { onTokenMade } from "./authorization.ts";
import type { Api, Place } from "./context.ts";
import { notFound } from "./errors.ts";
import { time, timeOf } from "./formats.ts";
import { failure, operation } from "./operation.ts";
import { cursorOf, pageOf, pageQuery, positionOf } from "./paging.ts";
import { grantableScopes } from "./scopes.ts";

const tag = "API tokens";
const name = z.string().max(200).openapi({ description: "For people", example: "Webhook of the shop" });

const newToken = z
  .strictObject({ name: name.default(""), scopes: z.array(z.enum(grantableScopes)).min(1) })
  .openapi("NewApiToken");

const tokenFields = { id: z.string(), name, scopes: z.array(z.string()), createdAt: time };
const tokenSchema = z.strictObject(tokenFields).openapi("ApiToken");
const madeToken = z
  .strictObject({ ...tokenFields, token: z.string().openapi({ description: "Only this answer shows it" }) })
  .openapi("MadeApiToken");

const createOperation = operation("tokens:write", tag, {
  method: "post",
  path: "/tokens",
  operationId: "createApiToken",
  summary: "Make an API token for this namespace",
  request: { body: { required: true, content: { "application/json": { schema: newToken } } } },
  responses: { 201: { description: "Made", content: { "application/json": { schema: madeToken } } } },
});

const listOperation = operation("tokens:write", tag, {
  method: "get",
  path: "/tokens",
  operationId: "listApiTokens",
  summary: "List API tokens",
  request: { query: z.strictObject(pageQuery) },
  responses: {
    200: { description: "A page", content: { "application/json": { schema: pageOf("ApiTokens", tokenSchema) } } },
  },
});

const deleteOperation = operation("tokens:write", tag, {
  method: "delete",
  path: "/tokens/{id}",
  operationId: "deleteApiToken",
  summary: "Delete an API token",
  description: "After the answer it no longer works.",
  request: { params: z.strictObject({ id: z.string().openapi({ description: "`id` of the token" }) }) },
  responses: { 204: { description: "Deleted" }, 404: failure("There is no such API token") },
});

export function addTokens(api: Api): void {
  api.openapi(createOperation, async (context) => {
    const { name, scopes } = context.req.valid("json");
    const { apiToken, token } = await accessOf(context.env).createApiToken(name, [...new Set(scopes)]);
    onTokenMade(context.env.namespace, token);
    rememberNamespace(context.env.namespace);
    return context.json({ ...shown(apiToken), token }, 201);
  });

  api.openapi(listOperation, async (context) => {
    const { limit, after } = context.req.valid("query");
    const tokens = await accessOf(context.env).apiTokens(positionOf(after, z.string()) ?? "", limit);
    const last = tokens.length < limit ? undefined : tokens.at(-1);
    return context.json({ items: tokens.map(shown), next: last === undefined ? null : cursorOf(last.id) }, 200);
  });

  api.openapi(deleteOperation, async (context) => {
    if (await accessOf(context.env).deleteApiToken(context.req.valid("param").id)) return context.body(null, 204);
    throw notFound("API token with this id");
  });
}

function accessOf({ env, settings, namespace }: Place) {
  return accessStub(env, settings, namespace);
}

function shown({ id, name, scopes, createdAtMs }: ApiToken): z.infer<typeof tokenSchema> {
  return { id, name, scopes: [...scopes], createdAt: timeOf(createdAtMs) };
}
