// Requests that are none, sent byte by byte: an answer, one line of the log, and no stack.

import { once } from "node:events";
import net from "node:net";
import { expect, it } from "vitest";
import { useBroker } from "../support/broker.ts";

const log: string[] = [];
const broker = useBroker({ log: (line) => log.push(line) });

/** What comes first of the answer: the runtime keeps the connection for seconds. */
async function answerTo(request: string): Promise<string> {
  const { hostname, port } = new URL(broker.http);
  const socket = net.connect(Number(port), hostname);
  socket.write(`${request}\r\nConnection: close\r\n\r\n`, "latin1");
  const [bytes] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return bytes.toString("latin1");
}

it.each([
  ["a Host that is no address", "GET / HTTP/1.1\r\nHost: [::"],
  ["a Host with a port that is none", "GET / HTTP/1.1\r\nHost: 127.0.0.1:999999"],
  ["no Host", "GET / HTTP/1.1"],
  ["two Hosts", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: localhost"],
  ["a Host with a space", "GET / HTTP/1.1\r\nHost: a b"],
  ["a path of bytes that are no UTF-8 [B166]", "GET /mqtt/a\xff HTTP/1.1\r\nHost: 127.0.0.1"],
  ["a query of bytes that are no UTF-8 [B166]", "GET /api/v1/retained?filter=\xff HTTP/1.1\r\nHost: 127.0.0.1"],
  ["an address that is none", "GET foo HTTP/1.1\r\nHost: 127.0.0.1"],
])("%s is answered with 400, and is one line of the log at most", async (_, request) => {
  log.length = 0;
  expect(await answerTo(request)).toMatch(/^HTTP\/1.1 400 /);
  expect(log.length).toBeLessThanOrEqual(1);
  for (const line of log) expect(line).toMatch(/^a request is refused: its Host is malformed/);
});

it("an upgrade with another method than GET is refused as no WebSocket", async () => {
  const upgrade =
    "Host: 127.0.0.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13";
  log.length = 0;
  expect(await answerTo(`POST /mqtt/x HTTP/1.1\r\n${upgrade}`)).toMatch(/^HTTP\/1.1 426 /);
  expect(log).toEqual([]);
});
