// The front door's connections to the broker. The broker is a stand-in: a real one cannot be made busy at the right moment.

import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { Descriptors } from "../../tools/local-server/descriptors.ts";
import { startFrontDoor } from "../../tools/local-server/front-door/front-door.ts";
import { undoAfterTest } from "../support/undo.ts";

it("does not use a connection to the broker again, which may be ended at that very moment, and keeps the client's", async () => {
  // As workerd does when it is too busy to read a request before a connection has been idle for too long.
  const used = new WeakSet<object>();
  const broker = http.createServer((request, response) => {
    if (used.has(request.socket)) request.socket.destroy();
    else response.end(request.url);
    used.add(request.socket);
  });
  broker.listen(0, "127.0.0.1");
  await once(broker, "listening");
  undoAfterTest(() => broker.close());
  const door = await startFrontDoor({
    host: "127.0.0.1",
    port: 0,
    brokerPort: () => (broker.address() as AddressInfo).port,
    descriptors: new Descriptors(() => [process.pid]),
    connectTimeoutMs: 10_000,
    log: () => {},
  });
  undoAfterTest(() => door.close());
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  undoAfterTest(() => agent.destroy());
  for (const [path, isReused] of [
    ["/first", false],
    ["/second", true],
  ] as const) {
    const request = http.get({ host: "127.0.0.1", port: door.port, path, agent });
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    expect(`${response.statusCode} ${await text(response)}`).toBe(`200 ${path}`);
    expect(request.reusedSocket).toBe(isReused);
  }
});
