// The API's document is one, and says all that there is.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import { curlLine } from "../../dashboard/src/api-reference/curl.ts";
import { operationsOf } from "../../dashboard/src/api-reference/document.ts";
import { hasInstalled } from "../programs/installed.ts";
import { adminToken, apiOf, documentOf } from "../support/api.ts";
import { useBroker } from "../support/broker.ts";

const run = promisify(execFile);
const hasCurl = hasInstalled("the commands of the API page", "curl");
const broker = useBroker({ variables: { ADMIN_TOKEN: adminToken } });

describe("openapi.json", () => {
  it("is an OpenAPI 3.1 document, for which no token is needed", async () => {
    const { status, body } = await apiOf(broker, { token: undefined }).call("GET", "/openapi.json");
    expect(status).toBe(200);
    const result = await new Validator().validate(body);
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
  });

  it("names the addresses of the namespace that it was asked for", async () => {
    const { body } = await apiOf(broker, { namespace: "home" }).call("GET", "/openapi.json");
    expect(body.servers).toEqual([{ url: "/ns/home/api/v1" }]);
  });

  it("describes every operation, parameter and answer", async () => {
    const document = await documentOf(broker);
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        const { summary, operationId, security, responses, parameters = [] } = operation;
        const where = `${method} ${path}`;
        expect([summary, operationId, security], where).not.toContain(undefined);
        expect(Object.keys(responses), where).toContain("500");
        for (const parameter of parameters)
          expect(parameter.description, `${where} ${JSON.stringify(parameter)}`).toBeTruthy();
      }
    }
  });
});

describe.skipIf(!hasCurl)("the commands that the dashboard shows for it", () => {
  it("reach each operation, with a body and an address that it takes", async () => {
    const { body: document } = await apiOf(broker, { token: undefined }).call("GET", "/openapi.json");
    const env = { ...process.env, ADMIN_TOKEN: adminToken };
    const answers = await Promise.all(
      operationsOf(document).map(async (operation) => {
        const line = curlLine(document, operation, `${broker.http}/api/v1`);
        const { stdout } = await run("sh", ["-c", `${line} -sS -w '\n%{http_code}'`], { env });
        return { line, stdout, status: Number(stdout.slice(stdout.lastIndexOf("\n"))) };
      }),
    );
    expect(answers.length).toBeGreaterThan(20);
    for (const { line, stdout, status } of answers) {
      expect([200, 201, 204, 404], `${line}\n${stdout}`).toContain(status);
      // Not that of an address that the API does not have.
      expect(stdout).not.toContain("nothing is here");
      if (status === 404) expect(line).toMatch(/\/ID|sensor-7|home%2Fdoor|clientId|topic/);
    }
  });
});

describe("an address that the API does not have", () => {
  it.each(["/", "", "/nothing", "/clients/", "/clients/a/b/c", "/retained/"])(
    "%j is answered 404 in the same shape",
    async (path) => {
      const { status, body } = await apiOf(broker).call("GET", path);
      expect([status, body.error.code]).toEqual([404, "not-found"]);
    },
  );

  it("is answered 405 where another method has it, which Allow names", async () => {
    const { status, headers, body } = await apiOf(broker).call("PUT", "/clients/a");
    expect([status, body.error.code, headers.get("Allow")]).toEqual([405, "method-not-allowed", "GET, DELETE"]);
  });

  it("is answered 400 where it is not percent-encoded UTF-8", async () => {
    const { status, body } = await apiOf(broker).call("GET", "/clients/%ff");
    expect([status, body.error.code]).toEqual([400, "invalid-path"]);
  });
});

describe("GET /health", () => {
  it("needs no token, and tells the version", async () => {
    const { status, body } = await apiOf(broker, { token: undefined }).call("GET", "/health");
    expect([status, body]).toEqual([200, { status: "ok", version: expect.stringMatching(/^\d+\.\d+\.\d+/) }]);
  });
});
