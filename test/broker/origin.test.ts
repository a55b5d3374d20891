// Whose pages may use the broker, and by which names it is reached. RFC 6455 section 10.2.

import http from "node:http";
import { hostname } from "node:os";
import { json } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { useBroker } from "../support/broker.ts";
import { connect } from "../support/connect.ts";
import { refusedUpgrade, upgrade } from "../support/handshake.ts";

const listed = "https://app.example.org";
const broker = useBroker({ variables: { ALLOWED_ORIGINS: listed } });

const paths = ["/mqtt", "/mqtt/origin", "/ns/other/mqtt"];

describe.each(paths)("a WebSocket to %s", (path) => {
  it.each(["https://evil.example", "http://localhost.evil.example", "null", "http://127.0.0.1:1", "about:blank"])(
    "is refused to a page of %s",
    async (origin) => {
      const { status, body } = await refusedUpgrade(`${broker.http}${path}`, { Origin: origin });
      expect([status, body]).toEqual([403, expect.stringMatching(/^pages of this origin .*ALLOWED_ORIGINS\n$/)]);
    },
  );

  it("is there for pages of its own, of origins that are listed, for boards, and for who is no page", async () => {
    for (const headers of [{ Origin: broker.http }, { Origin: listed }, { Origin: "file://" }, {}]) {
      const { socket, status } = await upgrade(`${broker.http}${path}`, headers);
      expect(status).toBe(101);
      socket.destroy();
    }
  });

  it("is refused by a name that is somebody else's", async () => {
    const { status, body } = await refusedUpgrade(`${broker.http}${path}`, { Host: "rebound.evil.example" });
    expect([status, body]).toEqual([421, expect.stringMatching(/rebound\.evil\.example.*ALLOWED_HOSTS\n$/)]);
  });
});

describe("the API", () => {
  const api = () => `${broker.http}/api/v1/health`;
  const preflight = { "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization" };

  it("is for pages of origins that are listed", async () => {
    const asked = await fetch(api(), { method: "OPTIONS", headers: { ...preflight, Origin: listed } });
    expect([asked.status, asked.headers.get("Access-Control-Allow-Origin")]).toEqual([204, listed]);
    expect(asked.headers.get("Access-Control-Allow-Headers")).toContain("Authorization");
    const answered = await fetch(api(), { headers: { Origin: listed } });
    expect([answered.status, answered.headers.get("Access-Control-Allow-Origin")]).toEqual([200, listed]);
    expect(answered.headers.get("Vary")).toContain("Origin");
  });

  it("is for no others", async () => {
    for (const method of ["OPTIONS", "GET", "POST"]) {
      const headers = { ...preflight, Origin: "https://evil.example" };
      const response = await fetch(api(), { method, headers });
      expect([response.status, response.headers.get("Access-Control-Allow-Origin")]).toEqual([403, null]);
      expect(await response.json()).toMatchObject({ error: { code: "wrong-origin" } });
    }
  });

  it("says nothing of origins to who is no page, or one of its own", async () => {
    for (const headers of [{}, { Origin: broker.http }]) {
      const { status, headers: answered } = await fetch(api(), { headers });
      expect([status, answered.get("Access-Control-Allow-Origin")]).toEqual([200, null]);
    }
  });
});

describe("a name that the router has for this machine", () => {
  const log: string[] = [];
  const variables = { ALLOWED_HOSTS: "broker.fritz.box,*.lan" };
  const named = useBroker({ variables, log: (line) => log.push(line) });

  it.each(["broker.fritz.box:8787", "broker.fritz.box.", "BROKER.lan", "a.broker.lan:8787", hostname()])(
    "is taken once it is set: %s",
    async (host) => {
      const { status, socket } = await upgrade(named.ws, { Host: host });
      expect(status).toBe(101);
      socket.destroy();
    },
  );

  // A container's host, a forwarded port or a new lease has addresses that the server cannot know.
  it.each(["192.0.2.7:8787", "192.0.2.7", "[2001:db8::7]:8787", "127.8.9.10"])(
    "is not needed with an address, which nobody else can make lead here: %s",
    async (host) => {
      const { status, socket } = await upgrade(named.ws, { Host: host });
      expect(status).toBe(101);
      socket.destroy();
    },
  );

  it.each(["rebound.evil.example", "lan", ".lan", "evil-lan", "lan.evil.example", "192.0.2.7.evil.example"])(
    "takes nothing from the machine's own names, and lets no others in: %s",
    async (host) => {
      const { status, socket } = await upgrade(named.ws);
      expect(status).toBe(101);
      socket.destroy();
      expect((await refusedUpgrade(named.ws, { Host: host })).status).toBe(421);
    },
  );

  it("is asked for where it is missing: in the answer, and in the log", async () => {
    const line = "this broker is not known as mybox.home: start it with --allow-host mybox.home, or add the name";
    const { body } = await refusedUpgrade(named.ws, { Host: "mybox.home:8787" });
    expect(body).toMatch(new RegExp(`^${line}.*ALLOWED_HOSTS\n$`));
    const response = await get(`${named.http}/api/v1/health`, "mybox.home");
    expect(response).toMatchObject({ error: { code: "wrong-host", message: expect.stringContaining(line) } });
    await expect.poll(() => log.filter((each) => each.includes(`421 ${line}`))).toHaveLength(2);
  });

  it("leaves the TCP port open, which comes by the machine's own address", async () => {
    const client = await connect(named.tcp);
    await client.ping();
    await client.disconnect();
  });
});

/** fetch() lets nobody choose the Host. */
function get(url: string, host: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    http.get(url, { headers: { Host: host } }, (response) => resolve(json(response))).on("error", reject);
  });
}
