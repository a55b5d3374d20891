// How often one address may connect: Cloudflare's Rate Limiting binding, in Miniflare's version. The local server has
// none, so this is the Worker under Miniflare alone.

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { networkOf } from "../../src/core/access/network.ts";
import { mayConnect } from "../../src/edge/connects-per-address.ts";
import { bundleWorker } from "../../tools/local-server/bundle.ts";

let folder: string;
let miniflare: Miniflare;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "durable-mqtt-test-"));
  const { worker } = await bundleWorker();
  const configured = worker.ratelimits?.CONNECT_RATE_LIMIT;
  if (configured === undefined) throw new Error("wrangler.toml has no CONNECT_RATE_LIMIT");
  const simple = { ...configured.simple, limit: 2 };
  miniflare = new Miniflare({
    ...worker,
    ratelimits: { CONNECT_RATE_LIMIT: { ...configured, simple } },
    durableObjectsPersist: folder,
    cf: false,
    telemetry: { enabled: false },
  });
  await miniflare.ready;
}, 60_000);

afterAll(async () => {
  await miniflare.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** Asks for a WebSocket, and ends it if there is one; a refusal as it reads. */
async function connectFrom(address: string, path: string): Promise<string> {
  const headers = { Upgrade: "websocket", "CF-Connecting-IP": address };
  const response = await miniflare.dispatchFetch(`http://broker${path}`, { headers });
  const { status, webSocket } = response;
  webSocket?.accept();
  webSocket?.close();
  return webSocket === null ? `${status} ${await response.text()}` : `${status}`;
}

/** Each has a file. */
async function sessionObjects(): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => /SessionObject.[0-9a-f]{64}\.sqlite$/.test(name)).length;
}

const refusal = "429 too many connections from this address, try again later\n";
/** More than two minutes allow, should one begin meanwhile. */
const attempts = Array.from({ length: 5 }, (_, index) => index);

describe("an address that connects too often", () => {
  it("is refused with HTTP 429, and no object is touched", async () => {
    const outcomes: string[] = [];
    for (const attempt of attempts) outcomes.push(await connectFrom("192.0.2.1", `/mqtt/c${attempt}`));
    expect(new Set(outcomes)).toEqual(new Set(["101", refusal]));
    expect(await sessionObjects()).toBe(outcomes.filter((outcome) => outcome === "101").length);
    expect(await connectFrom("192.0.2.2", "/mqtt/other")).toBe("101");
  });

  it("is refused on the relayed path and in other namespaces too", async () => {
    const outcomes: string[] = [];
    for (const path of ["/mqtt", "/mqtt/c", "/ns/other/mqtt", "/ns/other/mqtt/c", "/mqtt"]) {
      outcomes.push(await connectFrom("192.0.2.3", path));
    }
    expect(outcomes).toContain(refusal);
  });

  it("is not counted if it is unknown, or if there is no limit", async () => {
    const CONNECT_RATE_LIMIT = { limit: async () => ({ success: false }) };
    expect(await mayConnect(undefined, { CONNECT_RATE_LIMIT } as unknown as Env)).toBe(true);
    expect(await mayConnect("192.0.2.1", {} as Env)).toBe(true);
  });

  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:db8::1", "2001:db8:0:0"],
    ["2001:db8:1:2::", "2001:db8:1:2"],
    ["::1", "0:0:0:0"],
  ])("is %s by its network, %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
