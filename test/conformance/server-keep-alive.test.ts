// The Server Keep Alive: a server that wants to hear from its clients more often says so. MQTT 5.0 section 3.2.2.3.14.

import { describe, expect, it } from "vitest";
import { type ConnectOptions, connect } from "../support/connect.ts";
import { passed, timed } from "../support/time.ts";
import { givenUp } from "./given-up.ts";
import { withSettings } from "./target.ts";

withSettings({ MAXIMUM_KEEP_ALIVE_SEC: "5" }, (limited) => {
  describe.concurrent("Server Keep Alive", () => {
    it.each<[string, ConnectOptions]>([
      ["more", { keepalive: 120 }],
      ["none", { keepalive: 0 }],
    ])("holds for a client that asked for %s [MQTT-3.1.2-21] [MQTT-3.1.2-22]", async (_, options) => {
      // From before CONNECT, which is when the broker can begin to count.
      const elapsedMs = await timed(
        connect(limited.url, options).then((client) => {
          expect(client.connack.properties?.serverKeepAlive).toBe(5);
          return givenUp(client);
        }),
      );
      expect(elapsedMs).toBeGreaterThan(7300);
      expect(elapsedMs).toBeLessThan(11_000);
    });

    it("does not hold for MQTT 3.1.1, which has no word for it [3.1.1 MQTT-3.1.2-24]", async () => {
      const client = await connect(limited.url, { version: 4, keepalive: 120 });
      await passed(8500);
      await client.ping();
    });

    it("is not told where the client's own is within it [MQTT-3.2.2-22]", async () => {
      const client = await connect(limited.url, { keepalive: 5 });
      expect(client.connack.properties?.serverKeepAlive).toBeUndefined();
    });
  });
});
