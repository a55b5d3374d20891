// Zigbee2MQTT with the lines that docs/CLIENTS.md gives, and a coordinator whose network has no devices.

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { MqttClient } from "mqtt";
import { describe, expect, it } from "vitest";
import { useClosedBroker } from "../examples/support.ts";
import { runInFolder } from "../support/program-in-folder.ts";
import { hasInstalled, installedPath } from "./installed.ts";
import { startZigate } from "./zigate.ts";

const program = installedPath("zigbee2mqtt/cli.js");
const isInstalled = hasInstalled("Zigbee2MQTT", program);
const document = await readFile(path.join(import.meta.dirname, "../../docs/CLIENTS.md"), "utf8");

/** Zigbee2MQTT starts slowly on a busy machine. */
const patientMs = 15_000;
const patient = { timeout: patientMs };

describe.skipIf(!isInstalled)("Zigbee2MQTT", { timeout: patientMs * 8 }, () => {
  const closed = useClosedBroker();
  const addresses = {
    "the gateway": () => `mqtt://127.0.0.1:${closed.gateway.port}`,
    "/mqtt": () => closed.broker.ws,
  };

  it.each(Object.keys(addresses) as (keyof typeof addresses)[])(
    "says that it is online, answers a request, and says that it is offline, by %s",
    async (way) => {
      const base = `zigbee2mqtt-${way.replace(/\W+/g, "-")}`;
      const own = { allow: [`${base}/#`] };
      const login = await closed.makeCredential({ username: base, rules: { publish: own, subscribe: own } });
      const watcher = await closed.connectWithAllRights();
      const said = valuesOf(watcher, `${base}/bridge/`);
      await watcher.subscribeAsync(`${base}/bridge/#`, { qos: 1 });

      const lines = configuration(base, addresses[way](), login.password);
      const zigbee2mqtt = await runInFolder(process.execPath, [program], {
        files: { "configuration.yaml": `${lines}\n${await coordinatorLines()}` },
        variables: { ZIGBEE2MQTT_DATA: "." },
      });
      await zigbee2mqtt.outputUntil(/Zigbee2MQTT started!/);
      await expect.poll(() => said.get("state"), patient).toEqual({ state: "online" });
      await expect.poll(() => said.get("info"), patient).toMatchObject({ coordinator: { type: "zigate" } });

      await expect.poll(() => closed.subscriptionsOf(base), patient).toEqual([`${base}/#`]);
      await watcher.publishAsync(`${base}/bridge/request/health_check`, '{"transaction": 7}', { qos: 1 });
      await expect
        .poll(() => said.get("response/health_check"))
        .toEqual({ data: { healthy: true }, status: "ok", transaction: 7 });

      zigbee2mqtt.process.kill("SIGTERM");
      await once(zigbee2mqtt.process, "exit");
      await expect.poll(() => said.get("state"), patient).toEqual({ state: "offline" });
    },
  );
});

/** The last JSON value of each topic below the prefix. */
function valuesOf(client: MqttClient, prefix: string): Map<string, unknown> {
  const values = new Map<string, unknown>();
  client.on("message", (topic, payload) => values.set(topic.slice(prefix.length), JSON.parse(String(payload))));
  return values;
}

/** What the document says, with the addresses and the token of the test in it. */
function configuration(base: string, server: string, token: string): string {
  const [, lines = ""] = /```yaml\n(mqtt:\n {2}base_topic: zigbee2mqtt[\s\S]*?)```/.exec(document) ?? [];
  return lines
    .replaceAll(/: zigbee2mqtt$/gm, `: ${base}`)
    .replace("mqtt://GATEWAY:1883", server)
    .replace("TOKEN", token);
}

async function coordinatorLines(): Promise<string> {
  return `serial:\n  port: ${await startZigate()}\n  adapter: zigate\nadvanced:\n  log_output: [console]\n`;
}
