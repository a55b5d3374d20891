// A stand-in for a Zigbee coordinator, so that Zigbee2MQTT starts: a ZiGate on TCP whose network has no devices. It
// answers what zigbee-herdsman's adapter "zigate" asks at its start and at its end, and acknowledges the rest.
// Frames: 0x01, code (2 bytes), length (2), XOR of all others (1), payload, 0x03; what would be control bytes is escaped.

import { once } from "node:events";
import net from "node:net";
import { undoAfterTest } from "../support/undo.ts";

const startByte = 0x01;
const escapeByte = 0x02;
const stopByte = 0x03;
/** A byte up to this one is sent as `escapeByte` and itself XORed with it. */
const highestEscaped = 0x10;

const statusCode = 0x8000;
const dataIndicationCode = 0x8002;
const success = 0;
const coordinatorAddress = [0, 0];
const ieeeAddress = [0x00, 0x15, 0x8d, 0x00, 0x01, 0x02, 0x03, 0x04];
const panId = [0x1a, 0x62];
const extendedPanId = Array(8).fill(0xdd);
const channel = 11;

/** What follows the status, or comes in its place for a reset. */
const answers: Record<number, { code: number; payload: number[] }> = {
  /* Get network state */ 9: {
    code: 0x8009,
    payload: [...coordinatorAddress, ...ieeeAddress, ...panId, ...extendedPanId, channel],
  },
  /* Get version */ 16: { code: 0x8010, payload: [0, 3, 0x03, 0x21] },
  /* Reset */ 17: { code: 0x8006, payload: [1] },
  /* Start network */ 36: { code: 0x8024, payload: [1, ...coordinatorAddress] },
  /* Simple descriptor */ 67: zdoResponse(0x8004, [
    ...coordinatorAddress,
    ...[8, 1], // length, endpoint
    ...[0x04, 0x01, 0x05, 0x00, 0], // profile (Home Automation), device, version
    ...[0, 0], // no clusters
  ]),
  /* Active endpoints */ 69: zdoResponse(0x8005, [...coordinatorAddress, 1, 1]),
};
const resetCode = 0x0011;

/** @returns the path for Zigbee2MQTT's setting `serial.port` */
export async function startZigate(): Promise<string> {
  const server = net.createServer((socket) => {
    let unread = Buffer.alloc(0);
    socket.on("error", () => {}); // Zigbee2MQTT was killed.
    socket.on("data", (bytes) => {
      unread = Buffer.concat([unread, bytes]);
      for (let end = unread.indexOf(stopByte); end >= 0; end = unread.indexOf(stopByte)) {
        const code = unescaped(unread.subarray(1, end)).readUInt16BE(0);
        unread = unread.subarray(end + 1);
        if (code !== resetCode) socket.write(frame(statusCode, [success, 0, code >> 8, code & 0xff]));
        const answer = answers[code];
        if (answer !== undefined) socket.write(frame(answer.code, answer.payload));
      }
    });
    undoAfterTest(() => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  undoAfterTest(() => server.close());
  return `tcp://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
}

function zdoResponse(cluster: number, response: number[]): { code: number; payload: number[] } {
  const profileAndCluster = [0, 0, cluster >> 8, cluster & 0xff];
  const endpoints = [0, 0];
  const addresses = [2, ...coordinatorAddress, 2, ...coordinatorAddress];
  const transaction = 0;
  const payload = [success, ...profileAndCluster, ...endpoints, ...addresses, transaction, success, ...response];
  return { code: dataIndicationCode, payload };
}

function frame(code: number, payload: readonly number[]): Buffer {
  const signalStrength = 0xff;
  const length = payload.length + 1;
  const head = [code >> 8, code & 0xff, length >> 8, length & 0xff];
  const body = [...payload, signalStrength];
  const checksum = [...head, ...body].reduce((sum, byte) => sum ^ byte, 0);
  const bytes = [...head, checksum, ...body];
  return Buffer.from([
    startByte,
    ...bytes.flatMap((byte) => (byte <= highestEscaped ? [escapeByte, byte ^ highestEscaped] : [byte])),
    stopByte,
  ]);
}

function unescaped(bytes: Buffer): Buffer {
  const plain: number[] = [];
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] as number;
    if (byte !== escapeByte) plain.push(byte);
    else {
      index += 1;
      plain.push((bytes[index] as number) ^ highestEscaped);
    }
  }
  return Buffer.from(plain);
}
