// The HTTP side of a WebSocket by hand: the reply to the upgrade, and the frames behind it as the socket has them.

import { once } from "node:events";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { connect, type Socket } from "node:net";

export type Reply = { status: number; headers: IncomingHttpHeaders; rawHeaders: string[]; body: string };
export type Upgraded = Reply & { socket: Socket; head: Buffer };

const upgradeHeaders = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};

/** Asks for a WebSocket; the broker must agree. */
export async function upgrade(url: string, headers: Record<string, string> = {}): Promise<Upgraded> {
  const asked = request(url.replace(/^ws/, "http"), { headers: { ...upgradeHeaders, ...headers }, agent: false });
  asked.end();
  const [response, socket, head] = await Promise.race([
    once(asked, "upgrade") as Promise<[IncomingMessage, Socket, Buffer]>,
    once(asked, "response").then(([refused]) => {
      throw new Error(`refused with HTTP ${refused.statusCode}`);
    }),
  ]);
  const { statusCode = 0, headers: replied, rawHeaders } = response;
  return { status: statusCode, headers: replied, rawHeaders, body: "", socket, head };
}

export type RawUpgraded = { readonly reply: string; readonly socket: Socket; readonly head: Buffer };

/**
 * Asks for a WebSocket in a client's own words.
 * @param lines of the request's head, after `GET` and `Host`
 * @returns the reply's head as its bytes came
 */
export async function rawUpgrade(url: string, lines: readonly string[]): Promise<RawUpgraded> {
  const { hostname, port, host, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write([`GET ${pathname} HTTP/1.1`, `Host: ${host}`, ...lines, "", ""].join("\r\n"));
  let bytes = Buffer.alloc(0);
  for (;;) {
    const [more] = (await once(socket, "data")) as [Buffer];
    bytes = Buffer.concat([bytes, more]);
    const end = bytes.indexOf("\r\n\r\n");
    if (end >= 0) {
      socket.pause();
      return { reply: bytes.subarray(0, end + 4).toString("latin1"), socket, head: bytes.subarray(end + 4) };
    }
  }
}

/** Asks for a WebSocket that the broker must refuse. */
export async function refusedUpgrade(url: string, headers: Record<string, string> = {}): Promise<Reply> {
  const asked = request(url.replace(/^ws/, "http"), { headers: { ...upgradeHeaders, ...headers }, agent: false });
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) body += chunk;
  return { status: response.statusCode ?? 0, headers: response.headers, rawHeaders: response.rawHeaders, body };
}

/** A frame of a client, masked with zeros; binary unless told otherwise. RFC 6455 section 5.2. */
export function clientFrame(payload: Uint8Array, opcode = 2): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | (length < 126 ? length : length < 65_536 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}

export type Frame = { fin: boolean; opcode: number; compressed: boolean; payload: Buffer };

/** Takes a server's bytes apart into frames, which are not masked. */
export function takeFrames(bytes: Buffer): { frames: Frame[]; rest: Buffer } {
  const frames: Frame[] = [];
  let rest = bytes;
  while (rest.length >= 2) {
    const [first = 0, short = 0] = rest;
    const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (rest.length < headBytes) break;
    const length = short < 126 ? short : short === 126 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2));
    if (rest.length < headBytes + length) break;
    const payload = rest.subarray(headBytes, headBytes + length);
    frames.push({ fin: (first & 0x80) !== 0, compressed: (first & 0x40) !== 0, opcode: first & 0x0f, payload });
    rest = rest.subarray(headBytes + length);
  }
  return { frames, rest };
}

/** The frames that the server sends, as they come. */
export async function* framesOf({ socket, head }: Pick<Upgraded, "socket" | "head">): AsyncGenerator<Frame> {
  let unread = head;
  for await (const bytes of socket as AsyncIterable<Buffer>) {
    const { frames, rest } = takeFrames(Buffer.concat([unread, bytes]));
    yield* frames;
    unread = rest;
  }
}

/** Waits for the frame that closes the WebSocket; returns the close code, or 1005 if it has none. */
export async function closeCode(upgraded: Upgraded): Promise<number> {
  for await (const { opcode, payload } of framesOf(upgraded)) {
    if (opcode === 8) return payload.length === 0 ? 1005 : payload.readUInt16BE(0);
  }
  throw new Error("the connection ended without a Close frame");
}
