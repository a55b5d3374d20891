// The sketches against the real Worker: the same text as on a board, with the stand-ins' sockets under it.

import { beforeAll, describe, expect, it } from "vitest";
import { newDeviceCredential } from "../../tools/device-setup/device-setup.ts";
import { sketchFor } from "../../tools/device-setup/sketch.ts";
import { adminToken, apiOf } from "../support/api.ts";
import { useBroker } from "../support/broker.ts";
import { type Connected, connect, unique } from "../support/connect.ts";
import { type Board, build, type Program, powerUp } from "./board.ts";
import { cableTo, deadPort, refusingServer, silentServer, webSocketServer } from "./network.ts";
import { hasCompiler, type SketchName, sketchText, withSetting } from "./sketch.ts";

const broker = useBroker({ variables: { ADMIN_TOKEN: adminToken } });
const brokerPort = () => new URL(broker.ws).port;

type Device = { name: string; token: string; sketch: string };

/** A device as the dashboard adds it. */
async function addDevice(sketch: SketchName): Promise<Device> {
  const name = unique("board");
  const { body } = await apiOf(broker).call("POST", "/credentials", newDeviceCredential(name));
  const setup = { brokerUrl: broker.ws, clientId: name, username: name, token: body.token };
  return { name, token: body.token, sketch: sketchFor(sketchText(sketch), setup) };
}

/** One program for all tests of a sketch: what they change is read when it starts. */
function withChoices(sketch: string): string {
  const choices = {
    MY_BROKER_PORT: 'atoi(getenv("BOARD_PORT"))',
    MY_BROKER_PATH: 'getenv("BOARD_PATH")',
    DEVICE_USERNAME: 'getenv("BOARD_USERNAME")',
    DEVICE_TOKEN: 'getenv("BOARD_TOKEN")',
  };
  return Object.entries(choices).reduce((text, [name, value]) => withSetting(text, name, value), sketch);
}

async function watch(...filters: string[]): Promise<Connected> {
  const watcher = await connect(broker.tcp);
  for (const filter of filters) await watcher.subscribe(filter, { qos: 1, rap: true });
  return watcher;
}

/** A compiler has much to do, and on a busy machine it takes long. */
const timeoutOfBuilds = 120_000;

type Choices = { port?: string; path?: string; username?: string; token?: string };

describe.skipIf(!hasCompiler).each(["DurableMqtt", "DurableMqttEspIdf"] as const)("%s on a board", (sketchName) => {
  const isEspMqtt = sketchName === "DurableMqttEspIdf";
  let device: Device;
  let program: Program;
  let topics: string;

  beforeAll(async () => {
    device = await addDevice(sketchName);
    topics = `devices/${device.name}`;
    program = await build(withChoices(device.sketch));
  }, timeoutOfBuilds);

  function powerUpWith({ port = brokerPort(), path = `/mqtt/${device.name}`, ...login } = {} as Choices): Board {
    const { username = device.name, token = device.token } = login;
    const environment = { BOARD_PORT: port, BOARD_PATH: path, BOARD_USERNAME: username, BOARD_TOKEN: token };
    return powerUp(program, environment);
  }

  async function connected(choices: Choices = {}): Promise<Board> {
    const board = powerUpWith(choices);
    await board.line(/^MQTT: connected as /);
    return board;
  }

  /** Skips the wait that the board announces. */
  async function nextAttempt(board: Board): Promise<number> {
    const waitMs = Number((await board.line(/^Next attempt/)).match(/\d+/)?.[0]);
    board.skip(waitMs);
    return waitMs;
  }

  it("says that it is online, publishes a retained reading, and switches its LED on command", async () => {
    const watcher = await watch(`${topics}/status`, `${topics}/telemetry`);
    const board = powerUpWith();
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
    const board = await connected();
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
    const board = await connected();
    const watcher = await watch(`${topics}/telemetry`);
    const { status } = await apiOf(broker).call("POST", `/clients/${device.name}/disconnect`);
    expect(status).toBeLessThan(300);
    await board.line(/^MQTT: connection lost/);
    await nextAttempt(board);
    await board.line(/^MQTT: connected as /);
    watcher.sendPublish(`${topics}/command`, "on", { qos: 1 });
    await board.line(/^pin 2 is HIGH$/);
  });

  it("is not locked out by a message over its buffer", async () => {
    const board = await connected();
    const publisher = await connect(broker.tcp);
    publisher.sendPublish(`${topics}/command`, Buffer.alloc(5000, " "), { qos: 1 });
    await board.line(/longer than the buffer/);
    if (!isEspMqtt) {
      await nextAttempt(board);
      await board.line(/^MQTT: connected as /);
    }
    publisher.sendPublish(`${topics}/command`, "on", { qos: 1 });
    await board.line(/^pin 2 is HIGH$/);
  });

  it("bears an empty message, as one that takes a retained command away", async () => {
    const board = await connected();
    const publisher = await connect(broker.tcp);
    publisher.sendPublish(`${topics}/command`, "", { qos: 1, retain: true });
    publisher.sendPublish(`${topics}/command`, "on", { qos: 1 });
    await board.line(/^pin 2 is HIGH$/);
  });

  it("says why it is refused, and waits longer each time", async () => {
    const board = powerUpWith({ token: "guessed" });
    for (let attempt = 0; attempt < 4; attempt++) {
      await board.line(/^MQTT: not connected: refused: wrong username or token, return code 4\b/);
      const waitMs = await nextAttempt(board);
      expect(waitMs).toBeGreaterThanOrEqual(500 * 2 ** attempt);
      expect(waitMs).toBeLessThan(1000 * 2 ** attempt);
    }
  });

  it("says which refusal it got: of its identifier, or of its Will's topic", async () => {
    const elsewhere = powerUpWith({ path: "/mqtt/another-board" });
    await elsewhere.line(/^MQTT: not connected: refused: DEVICE_ID does not fit MY_BROKER_PATH.*return code 2\b/);
    elsewhere.kill();
    const credential = newDeviceCredential(device.name);
    const rules = { ...credential.rules, publish: { allow: ["elsewhere/#"] } };
    const username = `${device.name}-mute`;
    const { body } = await apiOf(broker).call("POST", "/credentials", { ...credential, username, rules });
    const board = powerUpWith({ username, token: body.token });
    await board.line(/^MQTT: not connected: refused: the rules do not allow .* the topic of its Will, return code 5\b/);
  });

  it("says that its subscription is refused", async () => {
    const credential = newDeviceCredential(device.name);
    const rules = { ...credential.rules, subscribe: { allow: ["elsewhere/#"] } };
    const username = `${device.name}-deaf`;
    const { body } = await apiOf(broker).call("POST", "/credentials", { ...credential, username, rules });
    const board = powerUpWith({ username, token: body.token });
    await board.line(/^MQTT: .*the broker refused the subscription/);
  });

  it("says that a retained command is longer than its buffer, each time", async () => {
    const publisher = await connect(broker.tcp);
    publisher.sendPublish(`${topics}/command`, Buffer.alloc(5000, " "), { qos: 1, retain: true });
    await publisher.receiveUntil("puback");
    const board = powerUpWith();
    await board.line(/longer than the buffer/);
    if (!isEspMqtt) {
      await nextAttempt(board);
      await board.line(/longer than the buffer/);
    }
    publisher.sendPublish(`${topics}/command`, "", { qos: 1, retain: true });
    await publisher.receiveUntil("puback");
  });

  it("says that the broker closed it, as when another board has its identifier", async () => {
    const board = await connected();
    const { name: clientId, token } = device;
    await connect(broker.tcp, { version: 4, clientId, username: clientId, password: Buffer.from(token) });
    await board.line(/^MQTT: connection lost: the broker closed it: another board with this DEVICE_ID\b/);
  });

  it("says that the network lost it", async () => {
    const cable = await cableTo(brokerPort());
    const board = await connected({ port: cable.port });
    cable.cut();
    await board.line(
      isEspMqtt
        ? /^MQTT: connection lost: ESP_ERR_ESP_TLS_TCP_CLOSED_FIN$/
        : /^MQTT: connection lost: Connection lost$/,
    );
  });

  it("says that nothing is answered any more", async () => {
    const cable = await cableTo(brokerPort());
    const board = await connected({ port: cable.port });
    cable.mute();
    await board.lineLater(/^MQTT: connection lost: no answer (to a ping|within 5 s \(error -9\))$/);
  });

  it("says that nobody is there", async () => {
    const board = powerUpWith({ port: await deadPort() });
    const cause = isEspMqtt
      ? "ESP_ERR_ESP_TLS_FAILED_CONNECT_TO_HOST, Connection refused"
      : "nobody answers at this address";
    await board.line(new RegExp(`: (no connection|not connected): ${cause}`));
  });

  it("says which HTTP status it got, as for a wrong path, a wrong name, or too many attempts", async () => {
    const wrongPath = powerUpWith({ path: "/matt" });
    await wrongPath.line(
      isEspMqtt ? /^MQTT: not connected: the WebSocket was refused/ : /: no connection: .*HTTP 404$/,
    );
    if (isEspMqtt) return; // it does not know the status
    const board = powerUpWith({ port: await refusingServer(["421 Misdirected Request", "429 Too Many Requests"]) });
    await board.line(/^WebSocket: no connection: .*HTTP 421$/);
    await nextAttempt(board);
    await board.line(/^WebSocket: no connection: .*HTTP 429$/);
  });

  it("does not take any server for one of WebSockets", async () => {
    const board = powerUpWith({
      port: (await webSocketServer("is silent", () => "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")).port,
    });
    await board.line(
      isEspMqtt ? /^MQTT: not connected: the WebSocket was refused/ : /: no connection: .*handshake failed/,
    );
  });

  it("gives a server up that accepts the connection and is silent", async () => {
    const server = await silentServer();
    const board = powerUpWith({ port: server.port });
    await server.isAwaited;
    const cause = isEspMqtt
      ? /^MQTT: not connected: the WebSocket was refused, or/
      : /: no connection: Header response timeout$/;
    await board.lineLater(cause);
  });

  it("does not call it refused when there is no answer to CONNECT, or the connection closes", async () => {
    const silent = await webSocketServer("is silent");
    const unanswered = powerUpWith({ port: silent.port });
    await silent.isAwaited;
    await unanswered.lineLater(/^MQTT: not connected: no answer within (5 s \(error -9\)|10 s)$/);
    const closing = await webSocketServer("closes");
    const closed = powerUpWith({ port: closing.port });
    await closed.line(/^MQTT: not connected: (the connection ended: .*\(error -5\)|ESP_ERR_ESP_TLS_TCP_CLOSED_FIN$)/);
  });

  it("tries again soon after it was connected, however long it had failed before", async () => {
    const cable = await cableTo(brokerPort());
    cable.isPlugged = false;
    const board = powerUpWith({ port: cable.port });
    while ((await nextAttempt(board)) < 16_000);
    cable.isPlugged = true;
    for (let loss = 0; loss < 3; loss++) {
      await board.line(/^MQTT: connected as /);
      cable.cut();
      expect(await nextAttempt(board)).toBeLessThan(8000);
    }
  });

  it(
    "says what the TLS library says",
    async () => {
      const { hostname, port } = new URL(broker.ws);
      const setup = { brokerUrl: `wss://${hostname}:${port}/mqtt`, clientId: "tls", username: "tls", token: "" };
      const board = powerUp(await build(sketchFor(sketchText(sketchName), setup)));
      const cause = isEspMqtt
        ? "ESP_ERR_MBEDTLS_SSL_HANDSHAKE_FAILED, TLS error 0x2700"
        : "TLS: X509 - Certificate verification";
      await board.line(new RegExp(`: (no connection|not connected): ${cause}`));
    },
    timeoutOfBuilds,
  );

  it(
    "runs on a broker without names and rules too, at QoS 2, with readings over its buffer",
    async () => {
      const { hostname, port } = new URL(broker.ws);
      const plain = withSetting(withSetting(device.sketch, "BROKER", "MOSQUITTO_PUBLIC"), "MY_BROKER_TLS", "0");
      const here = plain.replaceAll("test.mosquitto.org", hostname).replace("? 8081 : 8080", `? 0 : ${port}`);
      const long = here.replace("char json[128];", "char json[3000];").replace("(unsigned long)(millis()", "0, $&");
      const variant = long
        .replace('"{\\"uptimeSec', '"{\\"filler\\":\\"%02000d\\",\\"uptimeSec')
        .replace(/(json, RETAINED|json, 0), 1/, "$1, 2")
        .replace(/("\/command"(?:\)\.c_str\(\))?), 1/, "$1, 2");
      const own = `durable-mqtt-example/${device.name}-02005E100001`;
      const watcher = await watch(`${own}/#`);
      const board = powerUp(await build(variant));
      await watcher.message({ topic: `${own}/status`, payload: "online" });
      const { payload } = await watcher.message({ topic: `${own}/telemetry` });
      expect(payload.length).toBeGreaterThan(2000);
      expect(JSON.parse(payload.toString())).toMatchObject({ led: false });
      watcher.sendPublish(`${own}/command`, "on", { qos: 2 });
      const { messageId = 0 } = await watcher.receiveUntil("pubrec");
      watcher.send({ cmd: "pubrel", messageId });
      await board.line(/^pin 2 is HIGH$/);
    },
    timeoutOfBuilds,
  );
});
