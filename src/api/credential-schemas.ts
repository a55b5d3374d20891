// Credentials and their rules as JSON. core/access says what rules mean.

import { z } from "@hono/zod-openapi";
import { refusalReasons } from "../core/access/login-refusal.ts";
import { utf8Bytes } from "../core/bytes.ts";
import { count, qos, time } from "./formats.ts";

const filters = z
  .array(z.string())
  .openapi({ description: "Topic Filters, which may contain `%c` and `%u`", example: ["home/%c/#"] });
const filterRules = z.strictObject({ allow: filters, deny: filters }).openapi("FilterRules");

const rules = z
  .strictObject({
    publish: filterRules,
    subscribe: filterRules,
    maximumQos: qos,
    retain: z.boolean().openapi({ description: "Whether messages may be retained" }),
    clientIds: z.array(z.string()).openapi({
      description:
        "Client identifiers to connect with: `*` is any characters, `%u` the username; an empty list allows any",
    }),
  })
  .openapi("Rules");

const newFilterRules = z
  .strictObject({ allow: filters.default([]), deny: filters.default([]) })
  .openapi("NewFilterRules");

const newRules = z
  .strictObject({
    publish: newFilterRules.optional(),
    subscribe: newFilterRules.optional(),
    maximumQos: qos.default(2),
    retain: z.boolean().default(true),
    clientIds: z.array(z.string()).default([]),
  })
  .openapi("NewRules", {
    description:
      "What `allow` covers is allowed, except for what `deny` covers; what is left out allows nothing. `%c` is the client " +
      "identifier and `%u` the username: one with `+`, `#` or `/` in it matches nothing.",
    example: {
      publish: { allow: ["home/%c/#"] },
      subscribe: { allow: ["home/%c/#", "all"], deny: ["home/%c/secret"] },
    },
  });

const username = z
  .string()
  .min(1)
  .refine(
    (text) => text.isWellFormed() && !text.includes("\0") && utf8Bytes(text) <= 1024,
    "takes 1 to 1024 bytes of text",
  )
  .openapi({ description: "User Name of CONNECT; no two have the same", example: "sensor-7" });

const name = z.string().max(200).openapi({ description: "For people", example: "Sensor in the hall" });

const maximumClients = z
  .number()
  .int()
  .min(1)
  .max(1_000_000)
  .nullable()
  .openapi({ description: "How many clients may be connected at once; null is any number" });

const enabled = z.boolean().openapi({ description: "false lets nobody in, and disconnects its clients" });

const kind = z.enum(["token", "password", "certificate", "scram"]);

const newSecret = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("token") }).openapi({ description: "A token is generated, and shown once" }),
    z
      .strictObject({ kind: z.literal("password"), password: z.string().min(8).max(1000) })
      .openapi({ description: "A chosen password. A token is safer, and faster at each connection" }),
    z
      .strictObject({
        kind: z.literal("certificate"),
        sha256: z
          .string()
          .regex(/^[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){31}$/, "takes 64 hexadecimal digits, with or without colons"),
      })
      .openapi({ description: "The fingerprint of a client certificate that Cloudflare verifies" }),
    z
      .strictObject({ kind: z.literal("scram") })
      .openapi({ description: "The user proves the password by SCRAM-SHA-256: an entry of the secret SCRAM_USERS" }),
  ])
  .openapi("NewSecret");

export const newCredential = z
  .strictObject({
    username,
    name: name.default(""),
    rules: newRules,
    maximumClients: maximumClients.default(null),
    enabled: enabled.default(true),
    expiresAt: time.nullable().default(null).openapi({ description: "null is never" }),
    secret: newSecret.default({ kind: "token" }),
  })
  .openapi("NewCredential");

export const changedCredential = z
  .strictObject({
    username: username.optional(),
    name: name.optional(),
    rules: newRules.optional(),
    maximumClients: maximumClients.optional(),
    enabled: enabled.optional(),
    expiresAt: time.nullable().optional(),
    secret: newSecret.optional(),
  })
  .openapi("ChangedCredential");

const identityFields = {
  id: z.string(),
  identity: z.string().openapi({
    description: "`identity` of its sessions",
    example: "credential/Zb0q3Yk1aX",
  }),
  username,
  name,
  kind,
  enabled,
  expiresAt: time.nullable(),
  createdAt: time,
};

const credentialFields = { ...identityFields, rules, maximumClients, updatedAt: time };

export const credentialSchema = z.strictObject(credentialFields).openapi("Credential");

export const deviceSchema = z
  .strictObject({
    ...identityFields,
    connected: count.openapi({ description: "How many of its clients are connected" }),
    lastSeen: time.nullable().openapi({
      description:
        "When a client of it was last connected: now, if one is. Exact to the hour for a client whose session ended with its " +
        "connection. null if that was never, or before the broker kept it",
    }),
    lastRefused: z
      .strictObject({ at: time, reason: z.enum(refusalReasons) })
      .nullable()
      .openapi({ description: "When and why a client that named it was last refused; exact to the hour" }),
  })
  .openapi("Device");

export const madeCredential = z
  .strictObject({
    ...credentialFields,
    token: z
      .string()
      .nullable()
      .openapi({ description: "The token, if one was generated: use it as Password in CONNECT" }),
  })
  .openapi("MadeCredential");
