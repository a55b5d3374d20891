// What `npm run measure:memory` measures is the server that readers start. How much memory it takes is no matter here.

import { expect, it } from "vitest";
import { connectMqttJs } from "../support/mqttjs.ts";
import { ServerProcess } from "./server-process.ts";

it("is a server in a process of its own, whose memory and addresses are known", { timeout: 60_000 }, async () => {
  const server = await ServerProcess.start({ ALLOW_ANONYMOUS: "1" });
  try {
    const { workerdMib, nodeMib } = server.now();
    expect(Math.min(workerdMib, nodeMib)).toBeGreaterThan(20);
    for (const way of ["TCP", "relayed WebSocket", "native WebSocket"] as const) {
      const clientId = `memory-${way.length}`;
      const client = await connectMqttJs(server.url(way, clientId), 5, { clientId });
      await client.endAsync();
    }
  } finally {
    await server.close();
  }
});
