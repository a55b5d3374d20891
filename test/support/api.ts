// The HTTP API as a program uses it. Every answer is compared with the API's own document, so that the two cannot drift
// apart. The status must be one of the operation's, and the body must match its schema.

import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { expect } from "vitest";
import type { Broker } from "./broker.ts";

export const adminToken = "admin-token-of-the-tests";

export type ApiAnswer = {
  readonly status: number;
  readonly headers: Headers;
  /** The body; `undefined` if there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: what it is the document says, and every answer is checked against it.
  readonly body: any;
};

export type ApiOptions = { readonly namespace?: string; readonly token?: string | undefined };
export type ApiClient = {
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer>;
};

type Operation = {
  readonly operationId?: string;
  readonly summary?: string;
  readonly parameters?: readonly { readonly name: string; readonly description?: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: { readonly $ref: string } }>> };
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly responses: Readonly<Record<string, { readonly content?: object }>>;
};
export type ApiDocument = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, { readonly properties?: object }>> };
};

/** With ADMIN_TOKEN, in the default namespace, unless told otherwise. */
export function apiOf(broker: Broker, options: ApiOptions = {}): ApiClient {
  const { namespace } = options;
  const token = "token" in options ? options.token : adminToken;
  const base = namespace === undefined ? "/api/v1" : `/ns/${namespace}/api/v1`;
  const authorization: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return {
    async call(method, path, body, headers = {}) {
      const json = body === undefined ? {} : { "Content-Type": "application/json" };
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const response = await fetch(`${broker.http}${base}${path}`, {
        method,
        // The check below can take longer than a connection may be idle: one that is used again may have just been closed.
        headers: { Connection: "close", ...authorization, ...json, ...headers },
        ...(body === undefined ? {} : { body: text }),
      });
      const answered = await response.text();
      const answer = {
        status: response.status,
        headers: response.headers,
        body: answered === "" ? undefined : JSON.parse(answered),
      };
      await expectAsDocumented(broker, method, path, answer);
      return answer;
    },
  };
}

const documents = new Map<string, Promise<ApiDocument>>();

export function documentOf(broker: Broker): Promise<ApiDocument> {
  const address = `${broker.http}/api/v1/openapi.json`;
  const document = documents.get(address) ?? fetch(address).then((response) => response.json() as Promise<ApiDocument>);
  documents.set(address, document);
  return document;
}

/** All operations, with a value for each parameter. */
export async function operationsOf(broker: Broker): Promise<{ method: string; path: string; scope: string }[]> {
  const { paths } = await documentOf(broker);
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { security }]) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{\w+\}/g, "something"),
      scope: security.flatMap((scheme) => Object.values(scheme)).flat()[0] ?? "open",
    })),
  );
}

/** An address that no operation has is answered with an `Error`, whatever it is. */
async function expectAsDocumented(broker: Broker, method: string, path: string, { status, body }: ApiAnswer) {
  if (path === "/openapi.json") return;
  const document = await documentOf(broker);
  const pattern = patternOf(document, method, path);
  const operation = pattern === undefined ? undefined : document.paths[pattern]?.[method.toLowerCase()];
  if (operation === undefined) {
    expectSchema(document, ["components", "schemas", "Error"], body);
    return;
  }
  expect(Object.keys(operation.responses), `${method} ${pattern} answers ${status}`).toContain(String(status));
  if (operation.responses[status]?.content === undefined) {
    expect(body).toBeUndefined();
    return;
  }
  const schemaPath = ["paths", pattern ?? "", method.toLowerCase(), "responses", String(status)];
  expectSchema(document, [...schemaPath, "content", "application/json", "schema"], body);
}

function patternOf(document: ApiDocument, method: string, path: string): string | undefined {
  const [address = ""] = path.split("?");
  return Object.keys(document.paths).find((pattern) => {
    const rest = pattern === "/retained/{topic}" ? ".+" : "[^/]+";
    // Another method may have an address of its own there.
    const hasMethod = document.paths[pattern]?.[method.toLowerCase()] !== undefined;
    return hasMethod && new RegExp(`^${pattern.replaceAll(/\{\w+\}/g, rest)}$`).test(address);
  });
}

/** Compiled once, by document and pointer: to compile a schema takes longer than most requests. */
const validators = new WeakMap<ApiDocument, { ajv: Ajv2020; byPointer: Map<string, ValidateFunction> }>();

function validatorOf(document: ApiDocument, pointer: string): ValidateFunction {
  const known = validators.get(document) ?? {
    ajv: new Ajv2020({ strict: false, allErrors: true }),
    byPointer: new Map(),
  };
  if (!validators.has(document)) {
    addFormats.default(known.ajv);
    known.ajv.addSchema(document, "api");
    validators.set(document, known);
  }
  const validate = known.byPointer.get(pointer) ?? known.ajv.compile({ $ref: `api#/${pointer}` });
  known.byPointer.set(pointer, validate);
  return validate;
}

function expectSchema(document: ApiDocument, path: readonly string[], body: unknown): void {
  const pointer = path.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/");
  const validate = validatorOf(document, pointer);
  expect(validate(body), `${path.join(" ")}: ${JSON.stringify(validate.errors)} in ${JSON.stringify(body)}`).toBe(true);
}
