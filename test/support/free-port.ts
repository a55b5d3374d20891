// A port that is free now, for programs that have to be given one.

import { once } from "node:events";
import { createServer } from "node:net";

/** Below those that the system gives to outgoing connections: a client that comes back could take the port meanwhile. */
export async function freePort(): Promise<number> {
  for (;;) {
    const probe = createServer();
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const outcome = Promise.race([once(probe, "listening"), once(probe, "error")]);
    probe.listen(port, "127.0.0.1");
    await outcome;
    if (!probe.listening) continue;
    probe.close();
    await once(probe, "close");
    return port;
  }
}
