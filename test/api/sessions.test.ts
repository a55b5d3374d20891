// GET /sessions: who sleeps, the longest queue first, with each session's own numbers.

import { describe, expect, it } from "vitest";
import { adminToken, apiOf } from "../support/api.ts";
import { useBroker } from "../support/broker.ts";
import { connect, durable, unique } from "../support/connect.ts";

const broker = useBroker({ variables: { ADMIN_TOKEN: adminToken } });
const api = apiOf(broker);

/** Makes a durable session whose client is away, with `count` messages waiting. */
async function sleeper(queued: number): Promise<string> {
  const clientId = unique("sleeper");
  const client = await connect(broker.tcp, { clientId, ...durable() });
  await client.subscribe(clientId, { qos: 1 });
  await client.end();
  await expect.poll(async () => (await api.call("GET", `/clients/${clientId}`)).body.connected).toBe(false);
  for (let count = 0; count < queued; count += 1) {
    await api.call("POST", "/publish", { topic: clientId, payload: "x", qos: 1 });
  }
  return clientId;
}

async function page(query: string) {
  const { status, body } = await api.call("GET", `/sessions?${query}`);
  expect(status).toBe(200);
  return body as { items: { clientId: string; queue: { messages: number } }[]; next: string | null };
}

describe("GET /sessions", () => {
  it("lists those that are away, the longest queue first, page by page", async () => {
    const few = await sleeper(2);
    const many = await sleeper(120);
    const some = await sleeper(15);
    const awake = unique("awake");
    await connect(broker.tcp, { clientId: awake, ...durable() });
    // The directory hears of a queue a moment after it has grown.
    await expect.poll(async () => (await page("limit=1")).items[0]?.clientId).toBe(many);
    await expect.poll(async () => (await page("limit=2")).items[1]?.clientId).toBe(some);
    const seen: { clientId: string; queue: { messages: number } }[] = [];
    let next: string | null = "";
    while (next !== null) {
      const read: Awaited<ReturnType<typeof page>> = await page(
        `sort=queue&limit=1${next === "" ? "" : `&after=${next}`}`,
      );
      seen.push(...read.items);
      next = read.next;
    }
    expect(seen.map(({ clientId, queue }) => [clientId, queue.messages])).toEqual([
      [many, 120],
      [some, 15],
      [few, 2],
    ]);
    expect(JSON.stringify(await page(""))).not.toContain(awake);
  });

  it.each(["sort=name", "limit=201", "limit=0", "after=WzFd"])("refuses %s", async (query) => {
    expect((await api.call("GET", `/sessions?${query}`)).status).toBe(400);
  });
});
