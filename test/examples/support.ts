// A broker that lets nobody in without a credential, and what the examples need around them.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import mqtt, { type MqttClient } from "mqtt";
import { afterAll, afterEach, beforeAll } from "vitest";
import { type DeviceSetup, newDeviceCredential } from "../../tools/device-setup/device-setup.ts";
import { adminToken, apiOf } from "../support/api.ts";
import { type Broker, startBroker } from "../support/broker.ts";
import { inboxOf } from "../support/mqttjs.ts";

const root = path.join(import.meta.dirname, "../..");

/** @param name such as node/device.mjs */
export function exampleText(name: string): Promise<string> {
  return readFile(path.join(root, "examples", name), "utf8");
}

const undoings: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of undoings.splice(0).reverse()) await undo();
});
export const undoAfterTest = (undo: () => unknown) => undoings.push(undo);

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
    /** Sees and says all of a device, as the dashboard does. */
    async watch(deviceName: string) {
      const every = { allow: ["#"] };
      const username = `watcher-${Math.random().toString(36).slice(2)}`;
      const login = await this.makeCredential({ username, rules: { publish: every, subscribe: every } });
      const watcher = await connect(broker.ws, { ...login, clientId: username });
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

export type Running = { readonly process: ChildProcess; outputUntil(pattern: RegExp): Promise<string> };

/** The program in a folder of its own, with the project's packages; it is killed after the test. */
export async function runProgram(command: string, fileName: string, text: string): Promise<Running> {
  const folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
  await symlink(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  await writeFile(path.join(folder, fileName), text);
  const child = spawn(command, [fileName], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  undoAfterTest(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    await rm(folder, { recursive: true, force: true });
  });
  let out = "";
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (part) => {
      out += part;
      for (const listener of listeners) listener();
    });
  }
  return {
    process: child,
    outputUntil: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (pattern.test(out)) resolve(out);
        };
        listeners.add(look);
        child.once("close", () => reject(new Error(`it wrote only ${JSON.stringify(out)}`)));
        look();
      }),
  };
}
