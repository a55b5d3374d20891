// Node-RED, driven by its admin API: a flow that sends what it gets.

import { describe, expect, it } from "vitest";
import { useClosedBroker } from "../examples/support.ts";
import { runInFolder } from "../support/program-in-folder.ts";
import { unusedPort } from "../tcp-gateway/target.ts";
import { hasInstalled, installedPath } from "./installed.ts";

const program = installedPath("node-red/red.js");
const isInstalled = hasInstalled("Node-RED", program);

/** Node-RED starts slowly on a busy machine. */
const patientMs = 15_000;
const patient = { timeout: patientMs };

describe.skipIf(!isInstalled)("Node-RED", { timeout: patientMs * 8 }, () => {
  const closed = useClosedBroker();

  it("carries messages both ways, by the gateway and by WebSocket, at 3.1.1 and 5.0", async () => {
    const { watcher, inbox } = await closed.watch("flow");
    const { username, token } = await closed.addDevice("flow");
    const nodeRed = await startNodeRed();
    const servers = [
      { broker: "127.0.0.1", port: String(closed.gateway.port), protocolVersion: "4" },
      { broker: closed.broker.ws, port: "", protocolVersion: "5" },
      { broker: closed.broker.wsNative("flow"), port: "", protocolVersion: "5" },
    ];
    for (const server of servers) {
      const what = server.broker;
      await nodeRed.deploy(flowOf({ ...server, user: username, password: token }, what));
      expect((await inbox.take(1, patientMs)).map(contentOf)).toEqual([`devices/flow/status online, ${what}`]);
      await expect.poll(() => closed.subscriptionsOf("flow"), patient).toEqual(["devices/flow/command"]);
      await watcher.publishAsync("devices/flow/command", what, { qos: 1 });
      const both = [`devices/flow/command ${what}`, `devices/flow/telemetry ${what}`];
      expect((await inbox.take(2, patientMs)).map(contentOf)).toEqual(both);
    }
  });
});

function contentOf({ topic, payload }: { topic: string; payload: string | Buffer }): string {
  return `${topic} ${payload}`;
}

type Login = { broker: string; port: string; protocolVersion: string; user: string; password: string };

/** What its editor would deploy: a broker node, and a wire from *mqtt in* to *mqtt out*. */
function flowOf({ user, password, ...server }: Login, what: string): object[] {
  const birth = { birthTopic: "devices/flow/status", birthQos: "1", birthRetain: "false" };
  const options = { clientid: "flow", autoConnect: true, usetls: false, keepalive: "60", cleansession: true };
  const node = { z: "flow", broker: "broker", qos: "1" };
  return [
    { id: "flow", type: "tab", label: "Flow" },
    {
      id: "broker",
      type: "mqtt-broker",
      ...server,
      ...options,
      ...birth,
      birthPayload: `online, ${what}`,
      credentials: { user, password },
    },
    {
      id: "in",
      type: "mqtt in",
      ...node,
      topic: "devices/flow/command",
      datatype: "utf8",
      inputs: 0,
      wires: [["out"]],
    },
    { id: "out", type: "mqtt out", ...node, topic: "devices/flow/telemetry", retain: "false", wires: [] },
  ];
}

async function startNodeRed() {
  const port = await unusedPort();
  const settings = {
    uiHost: "127.0.0.1",
    uiPort: port,
    disableEditor: true,
    credentialSecret: false,
    telemetry: { enabled: false },
  };
  const files = { "settings.js": `module.exports = ${JSON.stringify(settings)};\n` };
  const nodeRed = await runInFolder(process.execPath, [program, "--userDir", "."], { files });
  await nodeRed.outputUntil(/Started flows/);
  return {
    async deploy(flows: object[]): Promise<void> {
      const response = await fetch(`http://127.0.0.1:${port}/flows`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "Node-RED-Deployment-Type": "full" },
        body: JSON.stringify(flows),
      });
      if (!response.ok) throw new Error(`Node-RED answered ${response.status}: ${await response.text()}`);
    },
  };
}
