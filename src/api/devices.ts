// /devices: credentials for the people who run devices, with who is connected.

import { z } from "@hono/zod-openapi";
import { identityOf } from "../core/access/credential.ts";
import type { DeviceView } from "../core/access/devices.ts";
import { accessStub } from "../platform/stubs.ts";
import type { Api, Place } from "./context.ts";
import { deviceSchema } from "./credential-schemas.ts";
import { notFound } from "./errors.ts";
import { count, timeOf } from "./formats.ts";
import { failure, operation } from "./operation.ts";
import { pageQuery } from "./paging.ts";

const tag = "Devices";

const listOperation = operation("credentials:read", tag, {
  method: "get",
  path: "/devices",
  operationId: "listDevices",
  summary: "Find devices, and see which are connected",
  description:
    "Each credential but those that dashboards make for themselves. A page is a part of the list as it is now: with `sort` " +
    "a device may move to another page meanwhile. `GET /credentials` lists all, each once.",
  request: {
    query: z.strictObject({
      search: z
        .string()
        .max(200)
        .default("")
        .openapi({ description: "A part of the username or the name, in any case, with or without accents" }),
      sort: z
        .enum(["name", "lastSeen", "created"])
        .default("name")
        .openapi({ description: "`name` is the name, or the username of a device without one" }),
      order: z
        .enum(["asc", "desc"])
        .optional()
        .openapi({ description: "From A to Z, and the latest first, unless told otherwise" }),
      connected: z
        .enum(["true", "false"])
        .optional()
        .openapi({ description: "Only devices that are connected, or only devices that are not" }),
      limit: pageQuery.limit,
      offset: z.coerce
        .number()
        .int()
        .min(0)
        .max(10_000_000)
        .default(0)
        .openapi({ description: "How many devices to leave out at the start of the list" }),
    }),
  },
  responses: {
    200: {
      description: "A page",
      content: {
        "application/json": {
          schema: z
            .strictObject({
              items: z.array(deviceSchema),
              total: count.openapi({ description: "How many devices the search has found, on all pages" }),
            })
            .openapi("Devices"),
        },
      },
    },
  },
});

const readOperation = operation("credentials:read", tag, {
  method: "get",
  path: "/devices/{id}",
  operationId: "readDevice",
  summary: "See whether a device is connected",
  request: { params: z.strictObject({ id: z.string().openapi({ description: "`id` of its credential" }) }) },
  responses: {
    200: { description: "The device", content: { "application/json": { schema: deviceSchema } } },
    404: failure("There is no such credential"),
  },
});

export function addDevices(api: Api): void {
  api.openapi(listOperation, async (context) => {
    const {
      search,
      sort,
      order = sort === "name" ? "asc" : "desc",
      connected,
      limit,
      offset,
    } = context.req.valid("query");
    const isConnected = connected === undefined ? undefined : connected === "true";
    const query = { search, sort, isDescending: order === "desc", isConnected, limit, offset };
    const { items, total } = await accessOf(context.env).devices(query);
    return context.json({ items: items.map(shown), total }, 200);
  });

  api.openapi(readOperation, async (context) => {
    const device = await accessOf(context.env).device(context.req.valid("param").id);
    if (device === undefined) throw notFound("device with this id");
    return context.json(shown(device), 200);
  });
}

function accessOf({ env, settings, namespace }: Place) {
  return accessStub(env, settings, namespace);
}

function shown(device: DeviceView): z.infer<typeof deviceSchema> {
  const { id, username, name, kind, isEnabled, expiresAtMs, createdAtMs, connected, lastSeenMs, lastRefused } = device;
  return {
    id,
    identity: identityOf(device),
    username,
    name,
    kind,
    enabled: isEnabled,
    expiresAt: expiresAtMs === 0 ? null : timeOf(expiresAtMs),
    createdAt: timeOf(createdAtMs),
    connected,
    lastSeen: lastSeenMs === 0 ? null : timeOf(lastSeenMs),
    lastRefused: lastRefused && { at: timeOf(lastRefused.atMs), reason: lastRefused.reason },
  };
}
