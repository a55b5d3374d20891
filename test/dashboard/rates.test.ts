// The rates of GET /stats, which the Overview page shows, at a steady load on a real broker.

import { expect, it } from "vitest";
import { adminToken, apiOf } from "../support/api.ts";
import { useBroker } from "../support/broker.ts";
import { connect } from "../support/connect.ts";

const broker = useBroker({ variables: { ADMIN_TOKEN: adminToken } });
const api = apiOf(broker);

const publishers = 4;
const perSecOfEach = 50;
const payload = "x".repeat(20);

it("are right within 10 % whenever they are asked [B116]", async () => {
  const subscriber = await connect(broker.tcp);
  await subscriber.subscribe("steady/#");
  const clients = await Promise.all(Array.from({ length: publishers }, () => connect(broker.tcp)));
  const beganAtMs = performance.now();
  let sent = 0;
  /** As many as are due by the clock, so that a busy machine makes the load no smaller. */
  const publishDue = async () => {
    const due = Math.floor(((performance.now() - beganAtMs) / 1000) * perSecOfEach);
    for (; sent < due; sent++) for (const client of clients) await client.publish(`steady/${sent}`, payload);
  };
  const rates: { read: number; real: number }[] = [];
  let before: { atMs: number; sent: number } | undefined;
  // Not a multiple of the broker's own times.
  for (const untilMs of [1_500, 3_000, 4_700, 6_200, 8_000]) {
    while (performance.now() - beganAtMs < untilMs) {
      await publishDue();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // The broker has taken all that was published when it answers this.
    await Promise.all(clients.map((client) => client.ping()));
    const { body } = await api.call("GET", "/stats");
    const now = { atMs: Date.parse(body.at), sent };
    if (before !== undefined) {
      const real = (publishers * (now.sent - before.sent) * 1000) / (now.atMs - before.atMs);
      rates.push({ read: body.rates.messagesReceived, real }, { read: body.rates.messagesSent, real });
      rates.push({ read: body.rates.bytesReceived, real: real * payload.length });
    }
    before = now;
  }
  for (const { read, real } of rates) expect(Math.abs(read - real) / real, `${read} of ${real}`).toBeLessThan(0.1);
}, 60_000);
