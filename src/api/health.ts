// GET /health, for monitors. It needs no token, and says only that the broker runs.

import { z } from "@hono/zod-openapi";
import { directoryStub } from "../platform/stubs.ts";
import { brokerVersion } from "../platform/version.ts";
import type { Api } from "./context.ts";
import { operation } from "./operation.ts";

const health = z.strictObject({ status: z.literal("ok"), version: z.string() }).openapi("Health");

const healthOperation = operation("open", "Broker", {
  method: "get",
  path: "/health",
  operationId: "health",
  summary: "Whether the broker answers",
  description: "Asks the namespace's directory object.",
  responses: { 200: { description: "It does", content: { "application/json": { schema: health } } } },
});

export function addHealth(api: Api): void {
  api.openapi(healthOperation, async (context) => {
    const { env, settings, namespace } = context.env;
    await directoryStub(env, settings, namespace).clients("", 0);
    return context.json({ status: "ok" as const, version: brokerVersion }, 200);
  });
}
