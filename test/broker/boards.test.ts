// What the boards' libraries send, byte for byte, and whether they could read what comes back. Each is a conversation over a
// raw socket: the library's own upgrade request, its frames as its source writes them, MQTT 3.1.1 unless it says otherwise.

import { afterEach, describe, expect, it } from "vitest";
import { useBroker } from "../support/broker.ts";
import { connect, unique } from "../support/connect.ts";
import { clientFrame, type Frame, framesOf, type RawUpgraded, rawUpgrade } from "../support/handshake.ts";
import { field, hex, packetLength, rawPacket, takePackets, twoBytes } from "../support/wire.ts";

const broker = useBroker();
const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";

/** The heads of upgrade requests, after `GET` and `Host`. */
const requests = {
  "arduinoWebSockets, as a sketch should": [
    ...["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", key],
    ...["Sec-WebSocket-Protocol: mqtt", "Origin: file://", "User-Agent: arduino-WebSocket-Client"],
  ],
  "arduinoWebSockets, where the sketch names no subprotocol": [
    ...["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", key],
    ...["Sec-WebSocket-Protocol: arduino", "Origin: file://", "User-Agent: arduino-WebSocket-Client"],
  ],
  "PubSubClient over WebSocketStreamClient": [
    "Upgrade: websocket",
    "Connection: Upgrade",
    key,
    "Sec-WebSocket-Version: 13",
  ],
  "esp-mqtt": [
    ...["Connection: Upgrade", "User-Agent: ESP32 Websocket Client", "Upgrade: websocket", "Sec-WebSocket-Version: 13"],
    ...[key, "Sec-WebSocket-Protocol: mqtt"],
  ],
  ESP8266MQTTClient: [
    ...["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", key],
    "Sec-WebSocket-Protocol: mqttv3.1",
  ],
  "a library that offers compression, and cannot inflate": [
    ...["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", key, "Sec-WebSocket-Protocol: mqtt"],
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
  ],
} as const satisfies Record<string, readonly string[]>;
type Library = keyof typeof requests;

const connack = "20020000";
const open: Board[] = [];

afterEach(() => {
  for (const board of open.splice(0)) board.end();
});

/** One connection of a board: frames out as they are given, packets in as the frames bring them. */
class Board {
  readonly #upgraded: RawUpgraded;
  readonly #incoming: AsyncGenerator<Frame>;
  #packets: Buffer[] = [];

  constructor(upgraded: RawUpgraded) {
    this.#upgraded = upgraded;
    this.#incoming = framesOf(upgraded);
    open.push(this);
  }

  static async open(url: string, library: Library): Promise<Board> {
    return new Board(await rawUpgrade(url, requests[library]));
  }

  /** Each piece as a frame. */
  send(...pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.#upgraded.socket.write(clientFrame(piece));
  }

  /** The next packet, as hexadecimal digits; each frame must be one that every library can take. */
  async receive(): Promise<string> {
    while (this.#packets.length === 0) {
      const { value } = await this.#incoming.next();
      if (value === undefined) throw new Error("the connection ended");
      const { fin, opcode, compressed, payload } = value as Frame;
      expect({ fin, opcode, compressed }).toEqual({ fin: true, opcode: 2, compressed: false });
      const { packets, rest } = takePackets(payload);
      expect(rest.length).toBe(0);
      if (packets.length > 1) expect(payload.length).toBeLessThanOrEqual(4096);
      this.#packets.push(...packets);
    }
    return (this.#packets.shift() ?? Buffer.alloc(0)).toString("hex");
  }

  end(): void {
    this.#upgraded.socket.destroy();
  }
}

function connectPacket(clientId: string, { keepAliveSec = 60, version = 4, will = "" } = {}): Buffer {
  const name = version === 3 ? "MQIsdp" : "MQTT";
  const flags = Buffer.from([version, will === "" ? 0x02 : 0x2e]);
  const willFields = will === "" ? [] : [field(will), field("offline")];
  return rawPacket(0x10, field(name), flags, twoBytes(keepAliveSec), field(clientId), ...willFields);
}
const subscribe = (packetId: number, filter: string) =>
  rawPacket(0x82, twoBytes(packetId), field(filter), Buffer.from([1]));
const publish = (packetId: number, topic: string, payload: string, retain = false) =>
  rawPacket(retain ? 0x33 : 0x32, field(topic), twoBytes(packetId), Buffer.from(payload));
const digits = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
/** Where a PUBLISH's payload begins. */
const headLength = (packet: Buffer, payload: string) => packet.length - Buffer.byteLength(payload);

describe("the reply to the upgrade", () => {
  const accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

  it.each(Object.keys(requests) as Library[])("is small and plain to %s", async (library) => {
    for (const url of [broker.ws, broker.wsNative(unique("reply"))]) {
      const { reply, socket } = await rawUpgrade(url, requests[library]);
      socket.destroy();
      expect(reply.length).toBeLessThan(300);
      const [status, ...lines] = reply.trimEnd().split("\r\n");
      expect(status).toBe("HTTP/1.1 101 Switching Protocols");
      const headers = new Map(lines.map((line) => line.split(": ", 2) as [string, string]));
      expect(headers.get("Connection")).toBe("Upgrade");
      expect(headers.get("Upgrade")).toBe("websocket");
      expect(headers.get("Sec-WebSocket-Accept")).toBe(accept);
      const offered = requests[library].find((line) => line.startsWith("Sec-WebSocket-Protocol: mqtt"));
      expect(lines.find((line) => /^sec-websocket-protocol:/i.test(line))).toBe(offered);
      expect(lines.filter((line) => /^(sec-websocket-extensions: \S|set-cookie|x-)/i.test(line))).toEqual([]);
    }
  });
});

describe.each(["relayed WebSocket", "native WebSocket"] as const)("over the %s", (path) => {
  it("MQTTPubSubClient: each PUBLISH is two frames, header and payload", async () => {
    const clientId = unique("pubsub");
    const topic = `boards/${clientId}`;
    const watcher = await connect(broker.tcp, { version: 4 });
    for (const name of ["telemetry", "status"]) await watcher.subscribe(`${topic}/${name}`, { qos: 1 });
    const board = await Board.open(broker.url(path, clientId), "arduinoWebSockets, as a sketch should");
    board.send(connectPacket(clientId, { will: `${topic}/status` }));
    expect(await board.receive()).toBe(connack);
    board.send(subscribe(2, `${topic}/command`));
    expect(await board.receive()).toBe("9003000201");
    const reading = '{"uptimeSec":1}';
    const packet = publish(3, `${topic}/telemetry`, reading, true);
    const head = headLength(packet, reading);
    board.send(packet.subarray(0, head), packet.subarray(head));
    expect(await board.receive()).toBe("40020003");
    await watcher.message({ topic: `${topic}/telemetry`, payload: reading });
    board.send(hex("c000"));
    expect(await board.receive()).toBe("d000");
    watcher.sendPublish(`${topic}/command`, "on", { qos: 1 });
    const command = Buffer.from(await board.receive(), "hex");
    expect(command.subarray(-2).toString()).toBe("on");
    const packetId = command.subarray(-4, -2);
    board.send(Buffer.concat([hex("4002"), packetId]));
    board.end();
    await watcher.receive({ cmd: "puback" });
    await watcher.message({ topic: `${topic}/status`, payload: "offline" });
  });

  it("PubSubClient: one frame for each write, with no subprotocol", async () => {
    const clientId = unique("stream");
    const topic = `boards/${clientId}`;
    const board = await Board.open(broker.url(path, clientId), "PubSubClient over WebSocketStreamClient");
    board.send(connectPacket(clientId, { keepAliveSec: 15 }));
    expect(await board.receive()).toBe(connack);
    board.send(subscribe(2, topic));
    expect(await board.receive()).toBe("9003000201");
    const payload = "written byte by byte";
    const packet = rawPacket(0x30, field(topic), Buffer.from(payload));
    const head = headLength(packet, payload);
    board.send(packet.subarray(0, head), ...Array.from(packet.subarray(head), (byte) => Buffer.from([byte])));
    expect(await board.receive()).toBe(digits(packet));
  });

  it("esp-mqtt: a large PUBLISH is several frames of its buffer's size", async () => {
    const clientId = unique("espmqtt");
    const topic = `boards/${clientId}`;
    const watcher = await connect(broker.tcp, { version: 4 });
    await watcher.subscribe(topic, { qos: 1 });
    const board = await Board.open(broker.url(path, clientId), "esp-mqtt");
    board.send(connectPacket(clientId, { keepAliveSec: 120 }));
    expect(await board.receive()).toBe(connack);
    const payload = "0123456789".repeat(500);
    const packet = publish(7, topic, payload);
    const pieces: Buffer[] = [];
    for (let from = 0; from < packet.length; from += 1024) pieces.push(packet.subarray(from, from + 1024));
    board.send(...pieces);
    expect(await board.receive()).toBe("40020007");
    await watcher.message({ topic, payload });
    // It sends what was not acknowledged again, marked as such.
    const again = Buffer.from(packet);
    again[0] = 0x3a;
    board.send(again);
    expect(await board.receive()).toBe("40020007");
  });

  it("esp-mqtt: what it queued comes in one go after CONNECT, and all is acknowledged in order", async () => {
    const clientId = unique("queued");
    const topic = `boards/${clientId}`;
    const board = await Board.open(broker.url(path, clientId), "esp-mqtt");
    const queued = Array.from({ length: 20 }, (_, index) => publish(100 + index, topic, `reading ${index}`));
    board.send(connectPacket(clientId), Buffer.concat(queued));
    expect(await board.receive()).toBe(connack);
    for (let packetId = 100; packetId < 120; packetId++)
      expect(await board.receive()).toBe(`400200${packetId.toString(16)}`);
  });

  it("ESP8266MQTTClient: subprotocol mqttv3.1, and MQTT 3.1 behind it", async () => {
    const clientId = unique("old");
    const topic = `boards/${clientId}`;
    const board = await Board.open(broker.url(path, clientId), "ESP8266MQTTClient");
    board.send(connectPacket(clientId, { version: 3 }));
    expect(await board.receive()).toBe(connack);
    board.send(subscribe(1, topic));
    expect(await board.receive()).toBe("9003000101");
    board.send(rawPacket(0x30, field(topic), Buffer.from("hello")));
    expect(await board.receive()).toBe(digits(rawPacket(0x30, field(topic), Buffer.from("hello"))));
  });

  it("a sketch that names no subprotocol, and puts several packets in a frame", async () => {
    const clientId = unique("together");
    const topic = `boards/${clientId}`;
    const library = "arduinoWebSockets, where the sketch names no subprotocol";
    const board = await Board.open(broker.url(path, clientId), library);
    board.send(Buffer.concat([connectPacket(clientId), subscribe(1, topic), publish(2, topic, "a"), hex("c000")]));
    expect(await board.receive()).toBe(connack);
    const answers = [];
    for (let answer = 0; answer < 4; answer++) answers.push((await board.receive()).slice(0, 2));
    // PINGRESP need not wait for the others, nor the message for PUBACK.
    expect(answers.sort()).toEqual(["32", "40", "90", "d0"]);
  });

  it("acknowledgements of packets that nobody remembers, right after CONNECT, do no harm", async () => {
    const clientId = unique("forgotten");
    const board = await Board.open(broker.url(path, clientId), "arduinoWebSockets, as a sketch should");
    board.send(connectPacket(clientId), hex("4002 1234"), hex("5002 1235"), hex("7002 1236"), hex("c000"));
    expect(await board.receive()).toBe(connack);
    const answers = [await board.receive()];
    while (answers.at(-1) !== "d000") answers.push(await board.receive());
    for (const answer of answers) expect(["62021235", "d000"]).toContain(answer);
  });

  it("a small buffer gets each message as a packet that it can measure, many at a time or one", async () => {
    const clientId = unique("small");
    const topic = `boards/${clientId}`;
    const board = await Board.open(broker.url(path, clientId), "arduinoWebSockets, as a sketch should");
    board.send(connectPacket(clientId), subscribe(1, topic));
    expect([await board.receive(), await board.receive()]).toEqual([connack, "9003000101"]);
    const publisher = await connect(broker.tcp, { version: 4 });
    const messages = Array.from({ length: 100 }, (_, index) => `${index} ${"x".repeat(100)}`);
    for (const message of messages) publisher.sendPublish(topic, message);
    for (const message of messages) {
      const packet = Buffer.from(await board.receive(), "hex");
      expect(packetLength(packet)).toBe(packet.length);
      expect(packet.length).toBeLessThan(200);
      expect(packet.subarray(-message.length).toString()).toBe(message);
    }
  });
});

describe("a 3.1.1 client that is refused", () => {
  it("gets a CONNACK of four bytes with a code of its own version, and the connection ends", async () => {
    const board = await Board.open(broker.wsNative(unique("mine")), "arduinoWebSockets, as a sketch should");
    board.send(connectPacket("another"));
    expect(await board.receive()).toMatch(/^2002000[1-5]$/);
  });
});
