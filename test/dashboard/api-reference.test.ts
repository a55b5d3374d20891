// The page that describes the HTTP API: fields of schemas, commands, and what its search finds.

import { describe, expect, it } from "vitest";
import { curlLine, exampleOf } from "../../dashboard/src/api-reference/curl.ts";
import { type ApiDocument, operationsOf } from "../../dashboard/src/api-reference/document.ts";
import { fieldsOf } from "../../dashboard/src/api-reference/fields.ts";
import { isFound, searchTextOf } from "../../dashboard/src/api-reference/search.ts";

const document: ApiDocument = {
  info: { title: "a", version: "1" },
  servers: [{ url: "/api/v1" }],
  paths: {
    "/rooms/{roomId}": {
      get: {
        operationId: "readRoom",
        summary: "Read a room",
        security: [],
        parameters: [
          { name: "roomId", in: "path", required: true, schema: { type: "string" } },
          { name: "limit", in: "query", required: false, schema: { type: "integer" } },
          { name: "of", in: "query", required: true, schema: { type: "string", example: "a b" } },
        ],
        responses: {
          "200": {
            description: "The room",
            content: { "application/json": { schema: { $ref: "#/components/schemas/Room" } } },
          },
          "404": { description: "There is none" },
        },
      },
      patch: {
        operationId: "changeRoom",
        security: [{ token: ["rooms:write"] }],
        requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/Change" } } } },
        responses: { "204": { description: "Changed" } },
      },
    },
  },
  components: {
    schemas: {
      Room: {
        type: "object",
        required: ["name"],
        properties: {
          name: { type: "string", minLength: 1, maxLength: 1_000, description: "For `people`", example: "Bob's" },
          kind: { type: "string", enum: ["hall", "attic"], default: "hall" },
          since: { type: ["string", "null"], format: "date-time" },
          sensors: { type: "array", items: { type: "object", properties: { id: { type: "integer", minimum: 0 } } } },
          pairs: { type: "array", items: { type: "array", prefixItems: [{ type: "string" }, { type: "string" }] } },
          inner: { type: "array", items: { $ref: "#/components/schemas/Room" } },
          counts: { allOf: [{ $ref: "#/components/schemas/Counts" }, { description: "Of today" }] },
          secret: {
            oneOf: [
              { type: "object", description: "A token", properties: { kind: { enum: ["token"] } } },
              { type: "object", properties: { kind: { enum: ["password"] } } },
            ],
          },
        },
      },
      Counts: { type: "object", properties: { sent: { type: "integer" } } },
      Change: {
        type: "object",
        properties: { kind: { type: "string" }, name: { type: "string", example: "Bob's" } },
      },
    },
  },
};
const [read, change] = operationsOf(document);
if (read === undefined || change === undefined) throw new Error("there are two operations");

describe("a schema", () => {
  it("is a line for each field, with those inside, and ends where it contains itself", () => {
    const fields = fieldsOf(document, { $ref: "#/components/schemas/Room" });
    const lines = fields.map(({ path, type, isRequired, rules }) =>
      [path, type, isRequired ? "required" : "", ...rules].filter((text) => text !== "").join(", "),
    );
    expect(lines).toEqual([
      `name, string, required, 1 to 1,000 characters, example: "Bob's"`,
      `kind, "hall" or "attic", default: "hall"`,
      "since, time or null",
      "sensors, list of object",
      "sensors[].id, integer",
      "pairs, list of [string, string]",
      "inner, list of Room",
      "counts, object",
      "counts.sent, integer",
      "secret, object",
      "secret, either",
      `secret.kind, "token"`,
      `secret.kind, "password"`,
    ]);
    expect(fields.find(({ path }) => path === "counts")?.description).toBe("Of today");
  });

  it("without fields is one line", () => {
    expect(fieldsOf(document, { type: "array", items: { type: "string" } })).toMatchObject([
      { path: "", type: "list of string" },
    ]);
  });

  it("has an example: what is required, or else one field", () => {
    expect(exampleOf(document, { $ref: "#/components/schemas/Room" })).toEqual({ name: "Bob's" });
    expect(exampleOf(document, { $ref: "#/components/schemas/Change" })).toEqual({ name: "Bob's" });
  });
});

describe("a command", () => {
  it("has what the operation requires, quoted for a shell, and placeholders in capitals", () => {
    expect(curlLine(document, read, "http://127.0.0.1:8787/api/v1")).toBe(
      "curl 'http://127.0.0.1:8787/api/v1/rooms/ROOM_ID?of=a%20b'",
    );
    expect(curlLine(document, change, "https://example.org/api/v1")).toBe(
      `curl -X PATCH https://example.org/api/v1/rooms/ROOM_ID -H "Authorization: Bearer $ADMIN_TOKEN" ` +
        `-H 'Content-Type: application/json' -d '{"name":"Bob'\\''s"}'`,
    );
  });
});

describe("the search", () => {
  it.each([
    ["", [true, true]],
    ["READ room", [true, false]],
    ["sensors[].id", [true, false]],
    ["for people", [true, false]],
    ["rooms:write", [false, true]],
    ["cellar", [false, false]],
  ])("for %j looks through all that is shown of an operation", (typed, found) => {
    expect([read, change].map((one) => isFound(searchTextOf(document, one), typed))).toEqual(found);
  });
});
