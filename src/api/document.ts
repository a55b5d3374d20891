// GET /openapi.json: what the API takes and answers, from the same definitions that check it.

import { brokerVersion } from "../platform/version.ts";
import type { Api } from "./context.ts";
import { securityScheme } from "./operation.ts";

const description = `The operator's side of a durable-mqtt broker.

All addresses exist below /api/v1, for the namespace "default", and below /ns/{namespace}/api/v1. \`Authorization: Bearer\`
takes ADMIN_TOKEN, which may do all in every namespace, or an API token of the namespace, which may do what its scopes say.

Lists come in pages: give \`next\` as \`after\` until it is null. Every failure has the form of \`Error\`.`;

export function addDocument(api: Api): void {
  api.openAPIRegistry.registerComponent("securitySchemes", securityScheme, {
    type: "http",
    scheme: "bearer",
    description: "ADMIN_TOKEN, or an API token with the scope that the operation names",
  });
  const info = { title: "durable-mqtt", version: brokerVersion, description, license: { name: "MIT" } };
  // Made once per isolate: it takes longer than anything else here, and asking needs no token.
  let document: ReturnType<Api["getOpenAPI31Document"]> | undefined;
  api.get("/openapi.json", (context) => {
    document ??= api.getOpenAPI31Document({ openapi: "3.1.0", info });
    return context.json({ ...document, servers: [{ url: context.env.base }] });
  });
}
