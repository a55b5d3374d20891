// `durable-mqtt gateway` in front of a broker.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import mqtt from "mqtt";
import { afterAll, expect, it } from "vitest";
import { hasInstalled } from "../programs/installed.ts";
import { useBroker } from "../support/broker.ts";
import { makeCertificates } from "../support/certificates.ts";
import { unique } from "../support/connect.ts";
import { makeCredential } from "../support/credentials.ts";
import { expectOneLine, outputUntil, run, runHere, runToEnd } from "../support/program.ts";

const broker = useBroker({ variables: { ALLOW_ANONYMOUS: "0" } });
const folder = mkdtempSync(path.join(tmpdir(), "durable-mqtt-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function written(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

const hasOpenssl = hasInstalled("the gateway's TLS", "openssl");

it.skipIf(!hasOpenssl)("takes clients over TCP and TLS, and logs each", { timeout: 30_000 }, async () => {
  const { authority, certificate, key } = makeCertificates();
  const keys = ["--cert", written("cert.pem", certificate), "--key", written("key.pem", key)];
  const listen = ["--listen", "127.0.0.1:0", "--listen-tls", "127.0.0.1:0", ...keys];
  const program = run(["gateway", "--to", broker.ws, ...listen]);
  let log = "";
  program.stdout.on("data", (text) => {
    log += text;
  });
  await outputUntil(program, /ready: .*\n/);
  const [tcp = "", tls = ""] = log.match(/mqtts?:\/\/[\d.:]+/g) ?? [];
  const { login } = await makeCredential(broker);
  const topic = unique("topic");
  const subscriber = await mqtt.connectAsync(tls, { ...login, ca: authority });
  await subscriber.subscribeAsync(topic, { qos: 1 });
  const received = new Promise((resolve) => subscriber.once("message", (_topic, payload) => resolve(String(payload))));
  const publisher = await mqtt.connectAsync(tcp, login);
  await publisher.publishAsync(topic, "through", { qos: 1 });
  expect(await received).toBe("through");
  await publisher.endAsync();
  await subscriber.endAsync();
  await expect.poll(() => log.match(/127\.0\.0\.1:\d+ is (connected|gone)/g)).toHaveLength(4);
  program.kill("SIGTERM");
});

it.each([
  ["no broker", [], ["--to"]],
  ["a port that is none", ["--to", "wss://example.org", "--listen", "127.0.0.1:x"], ["--listen", '"x"']],
  ["TLS without a key", ["--to", "wss://example.org", "--listen-tls", "8883"], ["--cert", "--key"]],
  ["a file that is not there", ["--to", "wss://example.org", "--cafile", "/nothing"], ["--cafile", "/nothing"]],
  ["an address of another machine", ["--to", "wss://example.org", "--listen", "192.0.2.1:0"], ["192.0.2.1"]],
])("refuses %s in one line", async (_what, args, parts) => {
  const { exitCode, error } = await runHere(["gateway", ...args]);
  expectOneLine(error, ...parts);
  expect(exitCode).toBe(1);
});

it("refuses what is no certificate in one line", async () => {
  const file = written("none.pem", "no certificate");
  const flags = ["--listen", "127.0.0.1:0", "--listen-tls", "127.0.0.1:0", "--cert", file, "--key", file];
  const { exitCode, error } = await runToEnd(["gateway", "--to", "wss://example.org", ...flags]);
  expectOneLine(error, "--cert", "--key");
  expect(exitCode).toBe(1);
});
