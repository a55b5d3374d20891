// The sketches against the real Worker: the same text as on a board, with the stand-ins' sockets under it.

import { beforeAll, describe, expect, it } from "vitest";
import { newDeviceCredential } from "../../tools/device-setup/device-setup.ts";
import { sketchFor } from "../../tools/device-setup/sketch.ts";
import { adminToken, apiOf } from "../support/api.ts";
import { useBroker } from "../support/broker.ts";
import { type Connected, connect, unique } from "../support/connect.ts";
import { build, type Program, powerUp } from "./board.ts";
import { hasCompiler, type SketchName, sketchText, withSetting } from "./sketch.ts";

const broker = useBroker({ variables: { ADMIN_TOKEN: adminToken } });

/** A device as the dashboard adds it. */
async function addDevice(sketch: SketchName): Promise<{ name: string; sketch: string }> {
  const name = unique("board");
  const { body } = await apiOf(broker).call("POST", "/credentials", newDeviceCredential(name));
  const setup = { brokerUrl: broker.ws, clientId: name, username: name, token: body.token };
  return { name, sketch: sketchFor(sketchText(sketch), setup) };
}

async function watch(...filters: string[]): Promise<Connected> {
  const watcher = await connect(broker.tcp);
  for (const filter of filters) await watcher.subscribe(filter, { qos: 1, rap: true });
  return watcher;
}

describe.skipIf(!hasCompiler).each(["DurableMqtt", "DurableMqttEspIdf"] as const)("%s on a board", (sketchName) => {
  let device: { name: string; sketch: string };
  let program: Program;
  let topics: string;

  beforeAll(async () => {
    device = await addDevice(sketchName);
    topics = `devices/${device.name}`;
    program = await build(device.sketch);
  });

  it("tells that it is there, publishes a retained reading, and switches its LED on command", async () => {
    const watcher = await watch(`${topics}/status`, `${topics}/telemetry`);
    const board = powerUp(program);
    await watcher.message({ topic: `${topics}/status`, payload: "online", qos: 1, retain: true });
    const { payload } = await watcher.message({ topic: `${topics}/telemetry`, qos: 1, retain: true });
    expect(JSON.parse(payload.toString())).toEqual({ uptimeSec: expect.any(Number), rssiDbm: -60, led: false });
    for (const [command, level, isOn] of [
      ['{"led": true}', "HIGH", true],
      ["off", "LOW", false],
      ["on", "HIGH", true],
      ['{"led":false}', "LOW", false],
    ] as const) {
      watcher.sendPublish(`${topics}/command`, command, { qos: 1 });
      await watcher.receiveUntil("puback");
      await board.line(new RegExp(`^pin 2 is ${level}$`));
      const reading = await watcher.message({ topic: `${topics}/telemetry` });
      expect(JSON.parse(reading.payload.toString()).led).toBe(isOn);
    }
    board.kill();
    await watcher.message({ topic: `${topics}/status`, payload: "offline", retain: true });
  });

  it("leaves its last reading and that it is gone to who comes later", async () => {
    const board = powerUp(program);
    await board.line(/^MQTT: connected as /);
    const watcher = await watch(`${topics}/status`);
    await watcher.message({ topic: `${topics}/status`, payload: "online", retain: true });
    board.kill();
    await watcher.message({ topic: `${topics}/status`, payload: "offline" });
    const late = await watch(`${topics}/#`);
    const kept = await late.collect(2);
    expect(kept.map(({ topic, retain }) => [topic, retain]).sort()).toEqual([
      [`${topics}/status`, true],
      [`${topics}/telemetry`, true],
    ]);
  });

  it("comes back after it was disconnected, with a wait between, and hears commands again", async () => {
    const board = powerUp(program);
    await board.line(/^MQTT: connected as /);
    const watcher = await watch(`${topics}/telemetry`);
    const { status } = await apiOf(broker).call("POST", `/clients/${device.name}/disconnect`);
    expect(status).toBeLessThan(300);
    await board.line(/^MQTT: connection lost$/);
    await board.line(/^Next attempt to connect in \d+ ms$/);
    await board.line(/^MQTT: connected as /);
    watcher.sendPublish(`${topics}/command`, "on", { qos: 1 });
    await board.line(/^pin 2 is HIGH$/);
    board.kill();
  });

  it("is not locked out by a message over its buffer", async () => {
    const board = powerUp(program);
    await board.line(/^MQTT: connected as /);
    const publisher = await connect(broker.tcp);
    publisher.sendPublish(`${topics}/command`, Buffer.alloc(5000, " "), { qos: 1 });
    if (sketchName === "DurableMqtt") {
      await board.line(/^MQTT: connection lost$/);
      await board.line(/^MQTT: connected as /);
    }
    publisher.sendPublish(`${topics}/command`, "on", { qos: 1 });
    await board.line(/^pin 2 is HIGH$/);
    board.kill();
  });

  it("bears an empty message, as one that takes a retained command away", async () => {
    const board = powerUp(program);
    await board.line(/^MQTT: connected as /);
    const publisher = await connect(broker.tcp);
    publisher.sendPublish(`${topics}/command`, "", { qos: 1, retain: true });
    publisher.sendPublish(`${topics}/command`, "on", { qos: 1 });
    await board.line(/^pin 2 is HIGH$/);
    board.kill();
  });

  it("says why it is refused, and waits longer each time", async () => {
    const stranger = await build(withSetting(device.sketch, "DEVICE_TOKEN", '"guessed"'));
    const board = powerUp(stranger);
    const waits: number[] = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(await board.line(/^MQTT: refused/)).toMatch(/return code 4$/);
      waits.push(Number((await board.line(/^Next attempt/)).match(/\d+/)?.[0]));
    }
    for (const [index, waitMs] of waits.entries()) {
      expect(waitMs).toBeGreaterThanOrEqual(500 * 2 ** index);
      expect(waitMs).toBeLessThan(1000 * 2 ** index);
    }
    board.kill();
  }, 60_000);

  it("runs on a broker without names and rules too, such as the public ones", async () => {
    const { hostname, port } = new URL(broker.ws);
    const plain = withSetting(withSetting(device.sketch, "BROKER", "MOSQUITTO_PUBLIC"), "MY_BROKER_TLS", "0");
    const here = plain.replaceAll("test.mosquitto.org", hostname).replace("? 8081 : 8080", `? 0 : ${port}`);
    const watcher = await watch(`durable-mqtt-example/${device.name}-02005E100001/status`);
    const board = powerUp(await build(here));
    await watcher.message({ payload: "online" });
    board.kill();
  }, 60_000);
});
