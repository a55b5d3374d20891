// The Worker as `npm run deploy` uploads it, with the variables of wrangler.toml and nothing else: closed.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Miniflare, type MiniflareOptions } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleWorker } from "../../tools/local-server/bundle.ts";
import { type ConnectOptions, connect, connectPacket, durable, unique } from "../support/connect.ts";
import { Conversation, endConversations } from "../support/conversation.ts";
import { objectsIn } from "../support/stored-objects.ts";

type Deployed = {
  readonly http: string;
  /** Ends it, and says which objects there were, each with its tables. */
  end(): Promise<string[]>;
};

async function deploy(variables: Record<string, string> = {}): Promise<Deployed> {
  const folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
  const bundle = await bundleWorker();
  const options: MiniflareOptions = {
    ...bundle.worker,
    bindings: { ...bundle.variables, ...variables },
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
    durableObjectsPersist: folder,
    cf: false,
    telemetry: { enabled: false },
  };
  const miniflare = new Miniflare(options);
  await miniflare.ready;
  return {
    http: (await miniflare.unsafeGetDirectURL()).origin,
    async end() {
      await miniflare.dispose();
      const stored = await objectsIn(folder);
      await rm(folder, { recursive: true, force: true });
      return stored;
    },
  };
}

const ways = ["relayed", "native"] as const;
const versions = [3, 4, 5] as const;
const everywhere = ways.flatMap((way) => versions.map((version) => [version, way] as const));
/** As much as a client can ask to be kept. */
const demanding = (version: 3 | 4 | 5): ConnectOptions => ({
  ...durable(version),
  version,
  will: { topic: "will", payload: Buffer.from("gone"), qos: 1, retain: true },
});

async function outcomeOf(http: string, way: (typeof ways)[number], options: ConnectOptions): Promise<number> {
  const clientId = unique("stranger");
  const address = `${http.replace("http", "ws")}/mqtt${way === "native" ? `/${clientId}` : ""}`;
  const client = await Conversation.open(address);
  client.send(connectPacket({ clientId, ...options }));
  // What it sends behind its CONNECT goes nowhere either.
  const publish = { cmd: "publish", topic: "a", payload: "m", qos: 1, messageId: 1, dup: false, retain: true } as const;
  client.send(publish);
  const { reasonCode, returnCode } = await client.receive({ cmd: "connack" });
  await client.closed();
  return options.version === 5 ? (reasonCode ?? 0) : (returnCode ?? 0);
}

afterAll(endConversations);

describe("a broker that was deployed and told nothing", () => {
  let deployed: Deployed;
  beforeAll(async () => {
    deployed = await deploy();
  }, 60_000);

  it.each(everywhere)("refuses a client of version %d on the %s path that shows nothing", async (version, way) => {
    expect(await outcomeOf(deployed.http, way, demanding(version))).toBe(version === 5 ? 0x87 : 5);
  });

  it("has stored nothing for them, and touched the sessions alone that they named in the address [B132]", async () => {
    const touched = await deployed.end();
    expect(touched).toEqual(versions.map(() => "SessionObject: "));
  });
});

describe("a broker that was deployed and knows no credential", () => {
  let deployed: Deployed;
  beforeAll(async () => {
    deployed = await deploy();
  }, 60_000);

  it.each(everywhere)("refuses a client of version %d on the %s path with a password", async (version, way) => {
    const shown = { username: "admin", password: Buffer.from("admin") };
    const outcome = await outcomeOf(deployed.http, way, { ...demanding(version), ...shown });
    expect(version === 5 ? [0x86, 0x87] : [4, 5]).toContain(outcome);
  });

  it.each(ways)("refuses one on the %s path with an authentication method", async (way) => {
    const properties = { sessionExpiryInterval: 600, authenticationMethod: "SCRAM-SHA-256" };
    const outcome = await outcomeOf(deployed.http, way, { ...demanding(5), properties });
    expect([0x87, 0x8c]).toContain(outcome);
  });

  it("has stored nothing for them, and asked nobody but the access object", async () => {
    const touched = await deployed.end();
    // On /mqtt the Worker itself refuses the authentication method.
    const sessions = [...everywhere, "native"].map(() => "SessionObject: ");
    expect(touched.sort()).toEqual(["AccessObject: ", ...sessions]);
  });
});

describe("the API of a broker that was deployed and told nothing", () => {
  let deployed: Deployed;
  beforeAll(async () => {
    deployed = await deploy();
  }, 60_000);
  afterAll(() => deployed.end());

  it.each(["/api/v1/clients", "/api/v1/tokens", "/ns/other/api/v1/credentials"])(
    "answers nobody at %s, and says what to set",
    async (address) => {
      for (const authorization of [undefined, "Bearer ", "Bearer undefined", "Bearer null", "Basic OjE="]) {
        const headers = authorization === undefined ? {} : { Authorization: authorization };
        const response = await fetch(`${deployed.http}${address}`, { headers });
        expect(response.status, authorization).toBe(503);
        const { error } = (await response.json()) as { error: { message: string } };
        expect(error.message).toContain("ADMIN_TOKEN");
      }
    },
  );
});

describe("a broker that was deployed and given its first credential as docs/SETTINGS.md says", () => {
  it("lets that client in, and lets it do that", async () => {
    const ADMIN_TOKEN = "0123456789abcdef";
    const settings = await readFile(path.join(import.meta.dirname, "../../docs/SETTINGS.md"), "utf8");
    const body = /api\/v1\/credentials \\\n.*\n *-d '(?<json>[^']+)'/.exec(settings)?.groups?.json;
    const deployed = await deploy({ ADMIN_TOKEN });
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}`, "Content-Type": "application/json" };
    const made = await fetch(`${deployed.http}/api/v1/credentials`, { method: "POST", headers, body: body ?? "" });
    expect(made.status).toBe(201);
    const { username, token } = (await made.json()) as { username: string; token: string };

    for (const version of versions) {
      const shown = { username, password: Buffer.from(token) };
      const client = await connect(`${deployed.http.replace("http", "ws")}/mqtt`, { version, ...shown });
      expect((await client.subscribe("home/#", { qos: 1 })).granted).toEqual([1]);
      expect((await client.subscribe("#")).granted).toEqual([version === 5 ? 0x87 : 0x80]);
      await client.publish("home/x", `version ${version}`);
      await client.message({ payload: `version ${version}` });
      await client.disconnect();
      const wrong = { username, password: Buffer.from(`${token}x`) };
      expect([4, 5, 0x86, 0x87]).toContain(await outcomeOf(deployed.http, "native", { version, ...wrong }));
    }
    await deployed.end();
  }, 60_000);
});

describe("a broker that was deployed and opened", () => {
  it("lets the same clients in, and stores what they ask for", async () => {
    const opened = await deploy({ ALLOW_ANONYMOUS: "1" });
    const { http } = opened;
    const client = await Conversation.open(`${http.replace("http", "ws")}/mqtt`);
    client.send(connectPacket(demanding(5)));
    await client.receive({ cmd: "connack", reasonCode: 0 });
    client.drop();
    const touched = await opened.end();
    expect(touched.some((object) => /^SessionObject: \w+/.test(object))).toBe(true);
    expect(touched).toContain("SessionObject: alarm");
    expect(touched.some((object) => object.startsWith("DirectoryObject: "))).toBe(true);
  }, 60_000);
});
