// Home Assistant does not run here: a client with its credential does what it would, with the files that the example has.

import { expect, it } from "vitest";
import { inboxOf } from "../support/mqttjs.ts";
import { runToEnd } from "../support/program.ts";
import { connect, exampleText, useClosedBroker } from "./support.ts";

type Component = { platform: string; value_template: string; command_topic?: string; payload_on?: string };
type Discovery = { availability_topic: string; state_topic: string; components: Record<string, Component> };

const closed = useClosedBroker();
const discoveryTopic = "homeassistant/device/kitchen/config";

it("finds the board by what is published, reads what the sketch publishes, and switches its LED", async () => {
  const login = await closed.makeCredential(JSON.parse(await exampleText("home-assistant/credential.json")));
  const file = new URL("../../examples/home-assistant/discovery.json", import.meta.url).pathname;
  const args = ["pub", "--to", closed.broker.ws, "-u", login.username, "-q", "1", "-r", "-t", discoveryTopic];
  const published = await runToEnd([...args, "-f", file], { DURABLE_MQTT_PASSWORD: login.password });
  expect(published).toEqual({ exitCode: 0, out: "", error: "" });

  const homeAssistant = await connect(closed.broker.tcp, { ...login, clientId: "homeassistant", protocolVersion: 5 });
  const inbox = inboxOf(homeAssistant);
  await homeAssistant.subscribeAsync("homeassistant/#", { qos: 0 });
  const [found] = await inbox.take(1);
  expect(found).toMatchObject({ topic: discoveryTopic, retain: true });
  const discovery: Discovery = JSON.parse(String(found?.payload));

  const setup = await closed.addDevice("kitchen");
  const board = await connect(`${setup.brokerUrl}/kitchen`, {
    clientId: "kitchen",
    username: setup.username,
    password: setup.token,
    protocolVersion: 4,
  });
  const commands = inboxOf(board);
  await board.subscribeAsync("devices/kitchen/command", { qos: 1 });
  await homeAssistant.subscribeAsync([discovery.availability_topic, discovery.state_topic], { qos: 1 });
  await board.publishAsync("devices/kitchen/status", "online", { qos: 1, retain: true });
  await board.publishAsync("devices/kitchen/telemetry", '{"led":false}', { qos: 1, retain: true });
  expect((await inbox.take(2)).map(({ topic }) => topic)).toEqual([
    discovery.availability_topic,
    discovery.state_topic,
  ]);

  const { led } = discovery.components;
  await homeAssistant.publishAsync(led?.command_topic ?? "", led?.payload_on ?? "");
  const [command] = await commands.take(1);
  expect(String(command?.payload)).toBe("on");
});

it("reads nothing that the sketch does not publish, and sends what it understands", async () => {
  const sketch = await exampleText("arduino/DurableMqtt/DurableMqtt.ino");
  const format = /snprintf\(json, sizeof\(json\), "(.*)",/.exec(sketch)?.[1] ?? "";
  const published = [...format.matchAll(/\\"(\w+)\\":/g)].map(([, name]) => name);
  expect(published.length).toBeGreaterThan(0);
  const { components }: Discovery = JSON.parse(await exampleText("home-assistant/discovery.json"));
  for (const { value_template } of Object.values(components)) {
    const [, read] = /value_json\.(\w+)/.exec(value_template) ?? [];
    expect(published).toContain(read);
  }
  for (const payload of ["on", "off"]) expect(sketch).toContain(`strcmp(payload, "${payload}") == 0`);
});
