import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { WebSocket } from "ws";
import { connectClient, host, readToEnd, startGateway, startTarget, unusedPort } from "./target.ts";

/** More than the kernel's buffers of two connections take, which is some 10 MiB. */
const manyBytes = 64 * 1024 * 1024;
const manyBytesTimeoutMs = 60_000;

/** A client, and the broker's end of its WebSocket. */
async function connectThrough(options: { allowHalfOpen?: boolean } = {}) {
  const target = await startTarget();
  const gateway = await startGateway(target);
  const client = await connectClient(gateway, options);
  const broker = (await target.nextUpgrade()).complete();
  return { gateway, client, broker };
}

/** Everything the broker's end receives, by the time it has `length` bytes. */
async function receiveBytes(broker: WebSocket, length: number): Promise<Buffer> {
  const frames: Buffer[] = [];
  let receivedBytes = 0;
  await new Promise<void>((resolve) => {
    broker.on("message", (frame: Buffer) => {
      frames.push(frame);
      receivedBytes += frame.byteLength;
      if (receivedBytes >= length) resolve();
    });
  });
  return Buffer.concat(frames);
}

/** Bytes whose order shows: 32-bit numbers, counting up. */
function countingBytes(length: number): Buffer {
  return Buffer.from(Uint32Array.from({ length: length / 4 }, (_, index) => index).buffer);
}

/** Writes piece by piece until the other side takes no more; returns how many bytes were taken by then. */
async function writeUntilStuck(bytes: Buffer, write: (piece: Buffer, onTaken: () => void) => void) {
  const pieceBytes = 64 * 1024;
  let takenBytes = 0;
  for (let offset = 0; offset < bytes.byteLength; offset += pieceBytes) {
    const piece = bytes.subarray(offset, offset + pieceBytes);
    write(piece, () => {
      takenBytes += piece.byteLength;
    });
  }
  let quietMs = 0;
  while (quietMs < 500 && takenBytes < bytes.byteLength) {
    const before = takenBytes;
    await delay(50);
    quietMs = takenBytes === before ? quietMs + 50 : 0;
  }
  return takenBytes;
}

describe("TCP gateway", () => {
  it("asks for the subprotocol mqtt and offers no compression", async () => {
    const target = await startTarget();
    await connectClient(await startGateway(target));
    const { headers } = (await target.nextUpgrade()).request;
    expect(headers["sec-websocket-protocol"]).toBe("mqtt");
    expect(headers["sec-websocket-extensions"]).toBeUndefined();
  });

  it("keeps the order of the bytes, both ways", async () => {
    const { client, broker } = await connectThrough();
    broker.on("message", (frame) => broker.send(frame));
    const sent = countingBytes(1_000_000);
    for (let offset = 0; offset < sent.byteLength; offset += 997) client.write(sent.subarray(offset, offset + 997));

    const chunks: Buffer[] = [];
    let receivedBytes = 0;
    while (receivedBytes < sent.byteLength) {
      const [chunk] = await once(client, "data");
      chunks.push(chunk);
      receivedBytes += chunk.byteLength;
    }
    expect(Buffer.concat(chunks).equals(sent)).toBe(true);
  });

  it("sends frames of bytes, and what arrives in one turn in one frame", async () => {
    const { client, broker } = await connectThrough();
    const received = once(broker, "message");
    client.cork();
    for (let index = 0; index < 10; index++) client.write("x");
    client.uncork();
    const [frame, isBinary] = await received;
    expect(isBinary).toBe(true);
    expect(String(frame)).toBe("xxxxxxxxxx");
  });

  it("keeps what the client sends before the WebSocket is open", async () => {
    const target = await startTarget();
    const client = await connectClient(await startGateway(target));
    const upgrade = await target.nextUpgrade();
    for (const text of ["first ", "second ", "third"]) {
      await new Promise((resolve) => client.write(text, resolve));
    }
    expect(String(await receiveBytes(upgrade.complete(), 18))).toBe("first second third");
  });

  it("reads no more of a client than the broker takes", { timeout: manyBytesTimeoutMs }, async () => {
    const { client, broker } = await connectThrough();
    broker.pause();
    const sent = countingBytes(manyBytes);
    const takenBytes = await writeUntilStuck(sent, (piece, onTaken) => client.write(piece, onTaken));
    expect(takenBytes).toBeLessThan(sent.byteLength / 2);

    broker.resume();
    expect((await receiveBytes(broker, sent.byteLength)).equals(sent)).toBe(true);
  });

  it("bounds what it keeps before the WebSocket is open", { timeout: manyBytesTimeoutMs }, async () => {
    const target = await startTarget();
    const client = await connectClient(await startGateway(target));
    const upgrade = await target.nextUpgrade();
    const sent = countingBytes(manyBytes);
    const takenBytes = await writeUntilStuck(sent, (piece, onTaken) => client.write(piece, onTaken));
    expect(takenBytes).toBeLessThan(sent.byteLength / 2);
    expect((await receiveBytes(upgrade.complete(), sent.byteLength)).equals(sent)).toBe(true);
  });

  it("reads no more of the broker than the client takes", { timeout: manyBytesTimeoutMs }, async () => {
    const { client, broker } = await connectThrough();
    client.pause();
    const sent = countingBytes(manyBytes);
    const takenBytes = await writeUntilStuck(sent, (piece, onTaken) => broker.send(piece, onTaken));
    expect(takenBytes).toBeLessThan(sent.byteLength / 2);

    broker.close();
    const chunks: Buffer[] = [];
    for await (const chunk of client) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).equals(sent)).toBe(true);
  });
});

describe("the broker's close, through the TCP gateway", () => {
  it("comes after the broker's last bytes", async () => {
    const { client, broker } = await connectThrough();
    broker.send("almost ");
    broker.send("done");
    broker.close();
    expect(await readToEnd(client)).toBe("almost done");
  });

  it("leaves a client that goes on writing its last bytes", async () => {
    const { client, broker } = await connectThrough();
    client.pause();
    // A turn of the event loop each, so that the gateway acts between them.
    const write = () => new Promise((resolve) => client.write("x", () => setImmediate(resolve)));
    await write();
    broker.send("goodbye");
    broker.close();
    await once(broker, "close");
    for (let index = 0; index < 200; index++) await write();
    expect(await readToEnd(client)).toBe("goodbye");
  });

  it("ends a client that never stops writing", async () => {
    const { client, broker } = await connectThrough({ allowHalfOpen: true });
    broker.close();
    client.resume();
    await once(client, "end");
    const endedAt = performance.now();
    const writing = setInterval(() => client.write("x"), 10);
    client.on("error", () => {}); // The reset, or a write after it.
    await new Promise((resolve) => client.once("close", resolve));
    clearInterval(writing);
    const lingeredMs = performance.now() - endedAt;
    expect(lingeredMs).toBeGreaterThan(1_500);
    expect(lingeredMs).toBeLessThan(5_000);
  });
});

describe("the client's end, through the TCP gateway", () => {
  it("comes after the client's last bytes, and leaves it the answer", async () => {
    const { client, broker } = await connectThrough();
    broker.on("message", (frame) => broker.send(`${frame} answered`));
    const closed = once(broker, "close");
    client.end("last");
    expect(await readToEnd(client)).toBe("last answered");
    expect((await closed)[0]).toBe(1000);
  });

  it("is kept with the bytes when it comes before the WebSocket is open", async () => {
    const target = await startTarget();
    const client = await connectClient(await startGateway(target));
    const upgrade = await target.nextUpgrade();
    client.end("last");
    await once(client, "finish");
    const broker = upgrade.complete();
    const closed = once(broker, "close");
    expect(String(await receiveBytes(broker, 4))).toBe("last");
    expect((await closed)[0]).toBe(1000);
  });

  it("is seen at once when the client resets", async () => {
    const { client, broker } = await connectThrough();
    const closed = once(broker, "close");
    client.resetAndDestroy();
    expect((await closed)[0]).toBe(1006);
  });
});

describe("a broker that the TCP gateway cannot reach", () => {
  it("ends the client, and is logged once", async () => {
    const lines: string[] = [];
    const url = `ws://${host}:${await unusedPort()}/mqtt`;
    const gateway = await startGateway({ url }, (line) => lines.push(line));
    for (let index = 0; index < 2; index++) expect(await readToEnd(await connectClient(gateway))).toBe("");
    expect(lines).toEqual([expect.stringContaining("ECONNREFUSED")]);
  });

  it("is not blamed for a client that leaves before the WebSocket is open", async () => {
    const target = await startTarget();
    const lines: string[] = [];
    const client = await connectClient(await startGateway(target, (line) => lines.push(line)));
    const { socket } = (await target.nextUpgrade()).request;
    const ended = new Promise((resolve) => socket.once("end", resolve).once("error", resolve));
    socket.resume();
    client.resetAndDestroy();
    await ended;
    expect(lines).toEqual([]);
  });

  it("ends the client when the upgrade is refused", async () => {
    const target = await startTarget();
    const client = await connectClient(await startGateway(target));
    client.write("hello");
    (await target.nextUpgrade()).refuse(503);
    expect(await readToEnd(client)).toBe("");
  });
});

describe("closing the TCP gateway", () => {
  it("ends every connection, on both sides", async () => {
    const { gateway, client, broker } = await connectThrough();
    const closed = once(broker, "close");
    const ended = readToEnd(client);
    await gateway.close();
    expect((await closed)[0]).toBe(1006);
    expect(await ended).toBe("");
  });
});
