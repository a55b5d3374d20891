// paho-mqtt, the usual client in Python (Debian package python3-paho-mqtt): every version, over TCP and WebSocket.

import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { hasPythonModule, pythonPath } from "../programs/installed.ts";
import { useBroker } from "../support/broker.ts";
import { unique } from "../support/connect.ts";

const broker = useBroker();
const script = path.join(import.meta.dirname, "../support/paho_round_trip.py");

const isInstalled = hasPythonModule("paho-mqtt for Python", "paho.mqtt.client");

describe.skipIf(!isInstalled).each(["tcp", "websockets"])("paho-mqtt over %s", (transport) => {
  it.each([3, 4, 5])("publishes to itself at every QoS, protocol version %i", async (version) => {
    const topic = unique("paho");
    const { hostname, port } = new URL(transport === "tcp" ? broker.tcp : broker.http);
    const args = [script, hostname, port, String(version), topic, transport];
    const { stdout } = await promisify(execFile)(pythonPath, args, { timeout: 15_000 });
    expect(stdout.trim().split("\n").sort()).toEqual([0, 1, 2].map((qos) => `${topic} ${qos} at ${qos}`));
  });
});
