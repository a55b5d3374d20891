// A disk that is full: nothing that was acknowledged is lost, one line says what to do, and the broker goes on by itself
// when there is room.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { diskFullLine } from "../../src/platform/storage-failure.ts";
import { type Broker, startBroker } from "../support/broker.ts";
import { connect, durable, refusal } from "../support/connect.ts";
import { endConversations } from "../support/conversation.ts";
import { refusedUpgrade } from "../support/handshake.ts";
import { canMount, type MountedFolder, mountFolder } from "../support/mounted-folder.ts";

const timeout = 60_000;
/** What the broker tries for before it gives up on a message. */
const patience = { timeoutMs: 20_000 };
const ADMIN_TOKEN = "t".repeat(40);
const diskBytes = 3_000_000;
/** More than what is left of any page in a file that is there already. */
const large = "x".repeat(8_000);

describe.skipIf(!canMount("The tests of a full disk"))("a full disk", { timeout }, () => {
  let disk: MountedFolder;
  let broker: Broker;
  let log: string[];

  beforeEach(async () => {
    disk = mountFolder(diskBytes);
    log = [];
    const variables = { ADMIN_TOKEN };
    broker = await startBroker({ dataDir: disk.folder, variables, log: (line) => log.push(line) });
  }, timeout);
  afterEach(async () => {
    endConversations();
    await broker.close();
    disk.remove();
  }, timeout);

  const api = (place: string, body?: unknown) => {
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}`, "Content-Type": "application/json" };
    const post = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    return fetch(`${broker.http}/api/v1/${place}`, { ...post, headers });
  };

  it("takes nothing that must be stored, says so in one line, and loses nothing [B165]", async () => {
    const away = await connect(broker.ws, { clientId: "away", ...durable() });
    await away.subscribe("q/#", { qos: 1 });
    await away.disconnect();
    const live = await connect(broker.ws);
    await live.subscribe("live");
    const relayed = await connect(broker.tcp, { clientId: "relayed", ...durable() });
    const native = await connect(broker.wsNative("native"), { clientId: "native", ...durable() });
    expect(await relayed.publish("q/1", "before", { qos: 1, retain: true })).toBe(0);

    disk.fill();
    relayed.sendPublish("q/2", large, { qos: 1, retain: true });
    native.sendPublish("q/3", large, { qos: 2 });
    await expect(native.receiveAny(patience)).rejects.toThrow("closed");
    await relayed.receive({ cmd: "disconnect", reasonCode: 0x89 }, patience);
    // While the topic object restarts, QoS 0 would be lost.
    live.sendPublish("live", "QoS 0", { qos: 0 });
    await live.message({ topic: "live" }, patience);

    for (const [version, code] of [
      [5, 0x88],
      [4, 3],
    ] as const) {
      expect(await refusal(broker.tcp, { clientId: "relayed", ...durable(version) })).toBe(code);
      expect(await refusal(broker.tcp, durable(version))).toBe(code);
    }
    expect((await refusedUpgrade(broker.wsNative("new"))).status).toBe(503);
    expect((await api("publish", { topic: "q/4", payload: large, qos: 1, retain: true })).status).toBe(503);
    const one = { name: "one", username: "one", secret: { kind: "token" }, rules: {} };
    expect((await api("credentials", one)).status).toBe(503);
    expect(log).toEqual([`nothing can be stored: ${diskFullLine}`]);

    disk.empty();
    const back = await connect(broker.tcp, { clientId: "relayed", ...durable() });
    expect(back.connack.sessionPresent).toBe(true);
    expect(await back.publish("q/2", large, { qos: 1, retain: true })).toBe(0);
    const reader = await connect(broker.ws, { clientId: "away", ...durable() });
    const topics = (await reader.collect(2, patience)).map(({ topic }) => topic);
    expect([...new Set(topics)]).toEqual(["q/1", "q/2"]);
    const { items } = (await (await api("retained")).json()) as { items: { topic: string }[] };
    expect(items.map(({ topic }) => topic)).toEqual(["q/1", "q/2"]);
    expect(log).toHaveLength(1);
  });
});
