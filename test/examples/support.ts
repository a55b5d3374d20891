// A broker that lets nobody in without a credential, and what the examples need around them.

import { readFile } from "node:fs/promises";
import path from "node:path";
import mqtt, { type MqttClient } from "mqtt";
import { afterAll, beforeAll } from "vitest";
import { type DeviceSetup, newDeviceCredential } from "../../tools/device-setup/device-setup.ts";
import { adminToken, apiOf } from "../support/api.ts";
import { type Broker, startBroker } from "../support/broker.ts";
import { inboxOf } from "../support/mqttjs.ts";
import { undoAfterTest } from "../support/undo.ts";

const root = path.join(import.meta.dirname, "../..");

/** @param name such as node/device.mjs */
export function exampleText(name: string): Promise<string> {
  return readFile(path.join(root, "examples", name), "utf8");
}

export function useClosedBroker(variables: Record<string, string> = {}) {
  let broker: Broker;
  beforeAll(async () => {
    broker = await startBroker({ variables: { ALLOW_ANONYMOUS: "0", ADMIN_TOKEN: adminToken, ...variables } });
  });
  afterAll(() => broker.close());
  return {
    get broker() {
      return broker;
    },
    get gateway() {
      return { host: "127.0.0.1", port: Number(new URL(broker.tcp).port) };
    },
    async makeCredential(fields: { username: string; rules: object }): Promise<{ username: string; password: string }> {
      const { status, body } = await apiOf(broker).call("POST", "/credentials", fields);
      if (status !== 201) throw new Error(JSON.stringify(body));
      return { username: fields.username, password: body.token };
    },
    async addDevice(name: string): Promise<DeviceSetup> {
      const { username, password } = await this.makeCredential(newDeviceCredential(name));
      return { brokerUrl: broker.ws, clientId: name, username, token: password };
    },
    async subscriptionsOf(clientId: string): Promise<string[]> {
      const { body } = await apiOf(broker).call("GET", `/clients/${clientId}`);
      return body.subscriptions?.map(({ topicFilter }: { topicFilter: string }) => topicFilter) ?? [];
    },
    /** Sees and says everything. */
    async connectWithAllRights(): Promise<MqttClient> {
      const every = { allow: ["#"] };
      const username = `watcher-${Math.random().toString(36).slice(2)}`;
      const login = await this.makeCredential({ username, rules: { publish: every, subscribe: every } });
      return connect(broker.ws, { ...login, clientId: username });
    },
    /** Sees and says all of a device, as the dashboard does. */
    async watch(deviceName: string) {
      const watcher = await this.connectWithAllRights();
      const inbox = inboxOf(watcher);
      await watcher.subscribeAsync(`devices/${deviceName}/#`, { qos: 1 });
      return { watcher, inbox };
    },
  };
}

/** It does not come back by itself, and goes after the test. */
export async function connect(url: string, options: mqtt.IClientOptions): Promise<MqttClient> {
  const client = await mqtt.connectAsync(url, { reconnectPeriod: 0, ...options }, false);
  undoAfterTest(() => client.endAsync(true));
  return client;
}
