// Whose pages may use the broker, and by which names it is reached. RFC 6455 section 10.2.

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
    expect([status, body]).toEqual([421, expect.stringContaining("ALLOWED_HOSTS")]);
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
  const named = useBroker({ variables: { ALLOWED_HOSTS: "broker.fritz.box,broker.lan" } });

  it.each(["broker.fritz.box:8787", "BROKER.lan"])("is taken once it is set: %s", async (host) => {
    const { status, socket } = await upgrade(named.ws, { Host: host });
    expect(status).toBe(101);
    socket.destroy();
  });

  it("takes nothing from the machine's own names, and lets no others in", async () => {
    const { status, socket } = await upgrade(named.ws);
    expect(status).toBe(101);
    socket.destroy();
    expect((await refusedUpgrade(named.ws, { Host: "rebound.evil.example" })).status).toBe(421);
  });

  it("leaves the TCP port open, which comes by the machine's own name", async () => {
    const client = await connect(named.tcp);
    await client.ping();
    await client.disconnect();
  });
});
