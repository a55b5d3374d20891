// curl: MQTT over TCP, as far as curl speaks it (3.1.1, QoS 0), and the HTTP API as scripts use it.

import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import nodePath from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { useClosedBroker } from "../examples/support.ts";
import { adminToken } from "../support/api.ts";
import { runInFolder } from "../support/program-in-folder.ts";
import { hasInstalled } from "./installed.ts";

const document = nodePath.join(import.meta.dirname, "../../docs/CLIENTS.md");
const program = "curl";
const isInstalled = hasInstalled("curl", program);
const patientMs = 15_000;
const curl = (...args: string[]) => promisify(execFile)(program, ["--silent", "--show-error", ...args]);

describe.skipIf(!isInstalled)("curl", { timeout: patientMs * 8 }, () => {
  const closed = useClosedBroker();
  // Its client identifier is another each time, so the credential names none.
  const own = { allow: ["devices/curl/#"] };
  const rules = { publish: own, subscribe: own };

  it("publishes, and prints what it is subscribed to, over TCP", async () => {
    const { username, password } = await closed.makeCredential({ username: "curl", rules });
    const base = `mqtt://${username}:${password}@127.0.0.1:${closed.gateway.port}/devices/curl`;
    const { watcher, inbox } = await closed.watch("curl");
    await curl("--data", '{"temperature": 21.5}', `${base}/telemetry`);
    const [telemetry] = await inbox.take(1, patientMs);
    expect(telemetry).toMatchObject({ topic: "devices/curl/telemetry", qos: 0, retain: false });
    expect(String(telemetry?.payload)).toBe('{"temperature": 21.5}');

    await watcher.publishAsync("devices/curl/command", "retained", { qos: 1, retain: true });
    const subscriber = await runInFolder(program, ["--silent", "--no-buffer", `${base}/command`]);
    await subscriber.outputUntil(/retained/);
    await watcher.publishAsync("devices/curl/command", "live", { qos: 1 });
    await subscriber.outputUntil(/live/);
    subscriber.process.kill("SIGTERM");
    await once(subscriber.process, "exit");
  });

  it("says which return code it got when its token is not right", async () => {
    const url = `mqtt://curl-wrong:dmq_wrong@127.0.0.1:${closed.gateway.port}/devices/curl/command`;
    await expect(curl(url)).rejects.toMatchObject({ code: 8, stderr: expect.stringContaining("got 0004") });
  });

  it.each([
    ["/mqtt", /^HTTP\/1.1 101 /],
    ["/mqttx", /^HTTP\/1.1 404 [\s\S]*\r\n\r\nno WebSocket is here: MQTT over WebSocket is at \/mqtt\n$/],
  ])("shows what a WebSocket to %s is answered, with the line that is in the document", async (path, answer) => {
    const [, line = ""] = /```sh\n(curl -i [\s\S]*?)```/.exec(await readFile(document, "utf8")) ?? [];
    const command = line.replace("https://HOST/mqtt", `${closed.broker.http}${path}`);
    const { stdout } = await promisify(execFile)("bash", ["-c", `${command.trim()} || true`]);
    expect(stdout).toMatch(answer);
  });

  it("publishes by the API, and reads what is retained", async () => {
    const { inbox } = await closed.watch("api");
    const authorization = ["--header", `Authorization: Bearer ${adminToken}`];
    const api = `${closed.broker.http}/api/v1`;
    const body = JSON.stringify({ topic: "devices/api/command", payload: "on", qos: 1, retain: true });
    await curl(...authorization, "--fail", "--json", body, `${api}/publish`);
    const [command] = await inbox.take(1, patientMs);
    expect(String(command?.payload)).toBe("on");
    const { stdout } = await curl(...authorization, "--fail", `${api}/retained?filter=devices/api/%23`);
    expect(JSON.parse(stdout)).toMatchObject({ items: [{ topic: "devices/api/command" }] });
  });
});
