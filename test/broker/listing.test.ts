// Who is listed as connected, after what nobody reports: a stop of the server with its clients connected.

import { expect, it } from "vitest";
import { adminToken, apiOf } from "../support/api.ts";
import { useBroker } from "../support/broker.ts";
import { connect, durable, refusal, unique } from "../support/connect.ts";
import { makeCredential } from "../support/credentials.ts";

const broker = useBroker({ variables: { ADMIN_TOKEN: adminToken } });
const api = apiOf(broker);
const patience = { timeout: 55_000, interval: 250 };

it("after a stop lists only clients that are there, and refuses no login for those that are not [B114] [B115]", async () => {
  const will = { topic: unique("will"), payload: Buffer.from("gone"), qos: 0, retain: false } as const;
  const cutOff = [unique("clean"), unique("clean"), unique("mortal")];
  for (const clientId of cutOff) {
    await connect(broker.tcp, { clientId, ...(clientId.startsWith("mortal") ? { will } : {}) });
  }
  const sleeper = unique("sleeper");
  await connect(broker.tcp, { clientId: sleeper, ...durable() });
  const only = await makeCredential(broker, { maximumClients: 1 });
  await connect(broker.tcp, { ...only.login, clientId: unique("only") });
  await broker.restart();

  const next = await connect(broker.tcp, { ...only.login, clientId: unique("next") });
  // The one that is there keeps its place.
  expect(await refusal(broker.tcp, { ...only.login, clientId: unique("third") })).toBe(0x9f);
  const listed = async () => (await api.call("GET", "/clients")).body.items;
  await expect
    .poll(async () => (await listed()).map(({ connected }: { connected: boolean }) => connected).sort(), patience)
    .toEqual([false, true]);
  const items: { clientId: string; connected: boolean }[] = await listed();
  expect(items.find(({ connected }) => !connected)?.clientId).toBe(sleeper);
  for (const clientId of cutOff) expect((await api.call("GET", `/clients/${clientId}`)).status).toBe(404);
  for (const { clientId, connected } of items) {
    expect((await api.call("GET", `/clients/${clientId}`)).body).toMatchObject({ connected });
  }
  const { clients } = (await api.call("GET", "/stats")).body;
  expect(clients).toMatchObject({ connected: 1, sleeping: 1, maximum: 5 });
  await next.disconnect();
}, 90_000);
