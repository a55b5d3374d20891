// What reaches the broker through the TCP gateway: mosquitto_pub, and what ESPHome and Tasmota send with the settings that
// the dashboard shows. Neither firmware runs here: its topics and its version of MQTT are those of its documentation.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { IClientOptions } from "mqtt";
import { describe, expect, it } from "vitest";
import { exampleFor, mosquittoLine, tasmotaLine } from "../../tools/device-setup/examples.ts";
import { hasInstalled } from "../programs/installed.ts";
import { esphomeSettings, tasmotaSettings } from "../support/firmware-settings.ts";
import { inboxOf } from "../support/mqttjs.ts";
import { connect, exampleText, useClosedBroker } from "./support.ts";

const closed = useClosedBroker();
const kept = { qos: 1, retain: true } as const;

describe("mosquitto_pub", () => {
  it.skipIf(!hasInstalled("mosquitto_pub's line", "mosquitto_pub"))(
    "publishes a reading with the line that is shown",
    async () => {
      const { inbox } = await closed.watch("hall");
      const line = mosquittoLine(await closed.addDevice("hall"), closed.gateway);
      await promisify(execFile)("sh", ["-c", line]);
      const [reading] = await inbox.take(1);
      expect(reading).toMatchObject({ topic: "devices/hall/telemetry", qos: 1 });
      expect(JSON.parse(String(reading?.payload))).toEqual({ temperature: 21.5 });
    },
  );

  it("gets every value as it is, whatever a shell would make of it", async () => {
    const values = ["it's", "$HOME", "a b", "`id`", '"', "\\", "*", "é"];
    for (const token of values) {
      const setup = { brokerUrl: "ws://localhost/mqtt", clientId: "x", username: "x", token };
      const line = mosquittoLine(setup, closed.gateway).replace("mosquitto_pub", "printf '%s\\n'");
      const { stdout } = await promisify(execFile)("sh", ["-c", line]);
      expect(stdout.split("\n")).toContain(token);
    }
  });
});

describe("ESPHome", () => {
  it("is understood, and everything it does is allowed", async () => {
    const { watcher, inbox } = await closed.watch("attic");
    const setup = await closed.addDevice("attic");
    const mqtt = esphomeSettings(exampleFor(await exampleText("esphome/kitchen.yaml"), setup, closed.gateway)).mqtt;
    expect(mqtt).toMatchObject({
      discovery: false,
      discover_ip: false,
      log_topic: null,
      topic_prefix: "devices/attic",
    });
    const prefix = mqtt.topic_prefix;
    const board = await connect(`tcp://${mqtt.broker}:${mqtt.port}`, {
      ...over311([mqtt.client_id, mqtt.username, mqtt.password]),
      clean: false,
      keepalive: Number.parseInt(mqtt.keepalive ?? "", 10),
      will: { topic: `${prefix}/status`, payload: Buffer.from("offline"), ...kept },
    });
    const commands = inboxOf(board);
    const [granted] = await board.subscribeAsync(`${prefix}/switch/led/command`, { qos: 0 });
    expect(granted?.qos).toBe(0);
    await board.publishAsync(`${prefix}/status`, "online", kept);
    await board.publishAsync(`${prefix}/switch/led/state`, "OFF", kept);
    await board.publishAsync(`${prefix}/sensor/rssi/state`, "-61", kept);
    const topics = (await inbox.take(3)).map(({ topic }) => topic);
    expect(topics).toEqual(["status", "switch/led/state", "sensor/rssi/state"].map((name) => `devices/attic/${name}`));
    await watcher.publishAsync("devices/attic/switch/led/command", "ON");
    const [command] = await commands.take(1);
    expect(String(command?.payload)).toBe("ON");
  });
});

describe("Tasmota", () => {
  it("is understood, and its own topics are allowed; those of groups are refused, and harm nothing", async () => {
    const { watcher, inbox } = await closed.watch("plug");
    const settings = tasmotaSettings(tasmotaLine(await closed.addDevice("plug"), closed.gateway));
    const topicOf = (prefix: string, topic = settings.Topic) =>
      settings.FullTopic.replace("%topic%", topic).replace("%prefix%", prefix);
    const plug = await connect(`tcp://${settings.MqttHost}:${settings.MqttPort}`, {
      ...over311([settings.MqttClient, settings.MqttUser, settings.MqttPassword]),
      keepalive: 30,
      will: { topic: `${topicOf("tele")}LWT`, payload: Buffer.from("Offline"), ...kept },
    });
    const commands = inboxOf(plug);
    await plug.publishAsync(`${topicOf("tele")}LWT`, "Online", { retain: true });
    await plug.publishAsync(`${topicOf("cmnd")}POWER`, "");
    expect((await plug.subscribeAsync(`${topicOf("cmnd")}#`)).map(({ qos }) => qos)).toEqual([0]);
    await expect(plug.subscribeAsync(`${topicOf("cmnd", "tasmotas")}#`)).rejects.toThrow();
    await plug.publishAsync(`${topicOf("tele")}STATE`, '{"POWER":"OFF"}');
    const topics = (await inbox.take(3)).map(({ topic }) => topic);
    expect(topics).toEqual(["tele/LWT", "cmnd/POWER", "tele/STATE"].map((name) => `devices/plug/${name}`));
    await watcher.publishAsync("devices/plug/cmnd/POWER", "ON");
    const [command] = await commands.take(1);
    expect(String(command?.payload)).toBe("ON");
  });
});

function over311([clientId = "", username = "", password = ""]: (string | undefined)[]): IClientOptions {
  return { protocolVersion: 4, clientId, username, password };
}
