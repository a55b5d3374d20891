// docs/API.md: its lines work as they are, from top to bottom, and there is one for each operation of the API.

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { useClosedBroker } from "../examples/support.ts";
import { adminToken, apiOf } from "../support/api.ts";
import { connectMqttJs } from "../support/mqttjs.ts";
import { undoAfterTest } from "../support/undo.ts";
import { hasInstalled } from "./installed.ts";

const text = readFileSync(path.join(import.meta.dirname, "../../docs/API.md"), "utf8");
const lines = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block).join("");
/** Fails at an error's status, and says which request it was. */
const strictCurl = `set -euo pipefail
curl() { command curl --silent --show-error --fail-with-body --write-out '%{stderr}%{method} %{url}\\n' "$@"; }
`;
/** Operations with the names in the body: the document has a table of them. */
const isByBody = (path: string) => /\/(read|list|disconnect|delete)$/.test(path) && !path.includes("{");

describe.skipIf(!hasInstalled("the lines of docs/API.md", "curl"))("docs/API.md", () => {
  const closed = useClosedBroker();

  it("has lines that work, one for each operation", { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "durable-mqtt-test-"));
    undoAfterTest(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(path.join(folder, ".data"));
    writeFileSync(path.join(folder, ".data/admin-token"), adminToken);
    const every = { allow: ["#"] };
    const login = await closed.makeCredential({ username: "cook", rules: { publish: every, subscribe: every } });
    const kitchen = await connectMqttJs(closed.broker.tcp, 4, {
      ...login,
      clientId: "kitchen",
      clean: false,
      reconnectPeriod: 0,
    });
    undoAfterTest(() => kitchen.endAsync(true));

    const script = strictCurl + lines.replaceAll("http://127.0.0.1:8787", closed.broker.http);
    const { stderr } = await promisify(execFile)("bash", ["-c", script], { cwd: folder });

    const asked = stderr
      .trim()
      .split("\n")
      .map((line) => line.replace(closed.broker.http, "").replace(/\?.*$/, ""));
    const { body } = await apiOf(closed.broker).call("GET", "/openapi.json");
    const operations = Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
    );
    expect(operations.length).toBeGreaterThan(20);
    const missing = operations
      .filter(({ path }) => !isByBody(path) || path === "/retained/delete")
      .filter(({ method, path }) => {
        const pattern = new RegExp(`^${method} /api/v1${path.replaceAll(/\{[^}]*\}/g, "[^ ]+")}$`);
        return !asked.some((line) => pattern.test(line));
      });
    expect(missing).toEqual([]);
  });
});
