// JSON Web Tokens as logins, with the real Worker: how they are shown, what they allow, and until when. RFC 7519.

import { describe, expect, it } from "vitest";
import { paths, useBroker } from "../support/broker.ts";
import { connect, durable, refusal, unique } from "../support/connect.ts";
import { mayUse } from "../support/credentials.ts";
import { jwtOf, jwtSecret } from "../support/jwt.ts";

const log: string[] = [];
const shown: string[] = [];
const broker = useBroker({
  variables: { ALLOW_ANONYMOUS: "0", JWT_SECRET: jwtSecret, JWT_CLOCK_TOLERANCE_SEC: "0" },
  log: (line) => log.push(line),
});

async function tokenOf(claims: Record<string, unknown> = {}, secret?: string): Promise<string> {
  const token = await jwtOf({ sub: unique("device"), mqtt: mayUse("#"), ...claims }, secret);
  shown.push(token);
  return token;
}

function login(token: string) {
  return { username: "whoever", password: Buffer.from(token) };
}

/** In a whole second, as `exp` is: the one after the next, so that there is time to connect. */
function soonSec(): number {
  return Math.ceil(Date.now() / 1000) + 1;
}

describe.each(paths)("a JWT as password over %s", (path) => {
  // These wait for real time: together.
  it.concurrent.each([3, 4, 5] as const)(
    "lets a client of version %i in until it expires, and not after",
    async (version) => {
      const clientId = unique("client");
      const url = broker.url(path, clientId);
      const exp = soonSec();
      const options = { version, clientId, ...login(await tokenOf({ exp })) };
      const client = await connect(url, options);
      await client.ended(0x87);
      expect(Date.now()).toBeGreaterThanOrEqual(exp * 1000);
      expect(await refusal(url, options)).toBe(version === 5 ? 0x86 : 4);
    },
  );

  it("that is wrong in any way lets nobody in, and does not tell which", async () => {
    const clientId = unique("client");
    const good = await tokenOf();
    const [header, , signature] = good.split(".");
    const payload = Buffer.from(JSON.stringify({ sub: "admin", exp: soonSec() + 60 })).toString("base64url");
    const wrong = [
      await tokenOf({}, `${jwtSecret}.`),
      await tokenOf({ sub: ["a/#"] }),
      await tokenOf({ sub: "" }),
      await tokenOf({ sub: "\ud800" }),
      await tokenOf({ exp: 1e300 }),
      await tokenOf({ mqtt: { publish: "#" } }),
      await tokenOf({ ns: "other" }),
      `${header}.${payload}.${signature}`,
      `${good.slice(0, -10)}`,
    ];
    for (const token of wrong)
      expect(await refusal(broker.url(path, clientId), { clientId, ...login(token) })).toBe(0x86);
  });
});

describe("the rules in a JWT", () => {
  it("hold for PUBLISH and SUBSCRIBE, with the subject as %u", async () => {
    const sub = unique("subject");
    const client = await connect(broker.tcp, login(await tokenOf({ sub, mqtt: mayUse("of/%u/#") })));
    expect(await client.subscribe([`of/${sub}/#`, "#", "of/#", "of/whoever/#", "$share/g/of/+/x"])).toMatchObject({
      granted: [0, 0x87, 0x87, 0x87, 0x87],
    });
    expect(await client.publish("of/whoever/x", "1", { qos: 1 })).toBe(0x87);
    client.sendPublish(`of/${sub}/x`, "2");
    await client.message({ topic: `of/${sub}/x`, payload: "2" });
  });

  it.each([4, 5] as const)("hold for the Will of a client of version %i", async (version) => {
    const token = await tokenOf({ mqtt: mayUse("mine") });
    const will = (topic: string) => ({ topic, payload: "gone", qos: 0, retain: false }) as const;
    const code = await refusal(broker.tcp, { version, ...login(token), will: will("other") });
    expect(code).toBe(version === 5 ? 0x87 : 5);
    await connect(broker.tcp, { version, ...login(token), will: will("mine") });
  });

  it("are none where the token brings none: it allows nothing", async () => {
    const client = await connect(broker.tcp, login(await tokenOf({ mqtt: undefined })));
    expect(await client.subscribe("a")).toMatchObject({ granted: [0x87] });
    expect(await client.publish("a", "1", { qos: 1 })).toBe(0x87);
  });

  it("may bind it to one client identifier", async () => {
    const clientId = unique("client");
    const token = await tokenOf({ client_id: clientId });
    expect(await refusal(broker.tcp, { clientId: unique("other"), ...login(token) })).toBe(0x87);
    await connect(broker.tcp, { clientId, ...login(token) });
  });
});

describe("a JWT with the WebSocket", () => {
  it.each(["relayed WebSocket", "native WebSocket"] as const)(
    "lets in over %s, where CONNECT has no password",
    async (path) => {
      const clientId = unique("client");
      const url = broker.url(path, clientId);
      const token = await tokenOf();
      const headers = { Authorization: `Bearer ${token}` };
      await (await connect(`${url}?access_token=${token}`, { clientId })).disconnect();
      await (await connect(url, { clientId, headers })).disconnect();
      expect(await refusal(url, { clientId, headers, username: "a", password: Buffer.from("b") })).toBe(0x86);
      expect(await refusal(url, { clientId })).toBe(0x87);
    },
  );

  it.each(["%F0%9F%98%80", "%0D%0AUpgrade:x", "x".repeat(9_000), ""])("that is none is nothing (%#)", async (text) => {
    const token = await tokenOf();
    await connect(`${broker.ws}?access_token=${text}`, login(token));
    expect(await refusal(`${broker.ws}?access_token=${text}`, {})).toBe(0x87);
  });
});

describe("a session", () => {
  it("belongs to the subject: a new token has it back, another's does not", async () => {
    const sub = unique("subject");
    const options = { clientId: unique("client"), ...durable() };
    await (await connect(broker.tcp, { ...options, ...login(await tokenOf({ sub })) })).disconnect();
    expect(await refusal(broker.tcp, { ...options, ...login(await tokenOf()) })).toBe(0x87);
    const { connack } = await connect(broker.tcp, { ...options, ...login(await tokenOf({ sub })) });
    expect(connack.sessionPresent).toBe(true);
  });
});

it("no token is in what the Worker wrote", () => {
  expect(shown.length).toBeGreaterThan(20);
  for (const part of shown.flatMap((token) => token.split(".").slice(1))) expect(log.join("\n")).not.toContain(part);
});
