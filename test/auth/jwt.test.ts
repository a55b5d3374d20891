// JSON Web Tokens with real keys of every kind: what is taken, and all that is not. RFC 7519, RFC 8725.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { grantOfJwt, isJwt } from "../../src/auth/jwt.ts";
import { noAccess } from "../../src/core/access/access-rules.ts";
import { type JwtSettings, jwtSettingsIn } from "../../src/settings/jwt-settings.ts";

const nowMs = Date.parse("2026-11-23T12:00:00Z");
const nowSec = nowMs / 1000;
const secret = "a secret of thirty-two bytes, or more";
const textEncoder = new TextEncoder();

type Fields = Record<string, unknown>;

function tokenOf(claims: Fields, key: CryptoKey | Uint8Array, alg: string, kid?: string): Promise<string> {
  const all = { sub: "device", exp: nowSec + 60, ...claims };
  return new SignJWT(all as JWTPayload).setProtectedHeader(kid === undefined ? { alg } : { alg, kid }).sign(key);
}

function hs256(claims: Fields = {}): Promise<string> {
  return tokenOf(claims, textEncoder.encode(secret), "HS256");
}

function settingsOf(variables: Record<string, unknown>): JwtSettings {
  const settings = jwtSettingsIn(variables);
  if (settings === undefined) throw new Error("no key");
  return settings;
}

const bySecret = settingsOf({ JWT_SECRET: secret });

describe("a JWT that is signed with the secret", () => {
  it("says who its client is, and until when", async () => {
    expect(await grantOfJwt(await hs256({ iss: "https://issuer/x" }), bySecret, "default", nowMs)).toEqual({
      outcome: "granted",
      grant: {
        identity: "jwt/https%3A%2F%2Fissuer%2Fx/device",
        username: "device",
        rules: noAccess,
        endsAtMs: nowMs + 90_000,
      },
    });
  });

  it("brings rules, or has those of the settings", async () => {
    const rules = { publish: { allow: ["a/%u"] }, maximumQos: 1 };
    const whole = { publish: { allow: ["a/%u"], deny: [] }, maximumQos: 1, retain: true, clientIds: [] };
    expect(await grantOfJwt(await hs256({ mqtt: rules }), bySecret, "default", nowMs)).toMatchObject({
      grant: { rules: whole },
    });
    const settings = settingsOf({ JWT_SECRET: secret, JWT_RULES: JSON.stringify(rules) });
    expect(await grantOfJwt(await hs256(), settings, "default", nowMs)).toMatchObject({ grant: { rules: whole } });
  });

  it("may be bound to one client identifier, as it is", async () => {
    const bound = { grant: { rules: { clientIds: ["c1"] } } };
    expect(await grantOfJwt(await hs256({ client_id: "c1" }), bySecret, "default", nowMs)).toMatchObject(bound);
  });

  it("counts in one namespace: the one that it names, or the one without a name", async () => {
    const [named, unnamed] = [await hs256({ ns: "other" }), await hs256()];
    expect(await grantOfJwt(named, bySecret, "other", nowMs)).toMatchObject({ outcome: "granted" });
    expect(await grantOfJwt(named, bySecret, "default", nowMs)).toEqual({ outcome: "refused" });
    expect(await grantOfJwt(unnamed, bySecret, "other", nowMs)).toEqual({ outcome: "refused" });
  });

  it("lets a connection go on for the grace that is set", async () => {
    const settings = settingsOf({ JWT_SECRET: secret, TOKEN_GRACE_SEC: "600" });
    expect(await grantOfJwt(await hs256(), settings, "default", nowMs)).toMatchObject({
      grant: { endsAtMs: nowMs + 660_000 },
    });
  });

  it.each<[string, Fields, Record<string, string>]>([
    ["has expired", { exp: nowSec - 31 }, {}],
    ["is not valid yet", { nbf: nowSec + 31 }, {}],
    ["never expires", { exp: undefined }, {}],
    ["expires after all dates", { exp: 1e300 }, {}],
    ["is nobody's", { sub: undefined }, {}],
    ["has a subject without a name", { sub: "" }, {}],
    ["has a subject that is no text", { sub: null }, {}],
    ["has a list as subject", { sub: ["a/#"] }, {}],
    ["has half a character in its subject", { sub: "\ud800" }, {}],
    ["has an issuer that is no text", { iss: ["a"] }, {}],
    ["is of another issuer", { iss: "other" }, { JWT_ISSUER: "issuer" }],
    ["is of no issuer", {}, { JWT_ISSUER: "issuer" }],
    ["is for another audience", { aud: ["a", "b"] }, { JWT_AUDIENCE: "c" }],
    ["brings rules that are none", { mqtt: { publish: "#" } }, {}],
    ["brings rules with a filter that is none", { mqtt: { publish: { allow: ["a#"] } } }, {}],
    ["names client identifiers by a pattern", { client_id: "*" }, {}],
    ["names its client identifier by its user", { client_id: "%u" }, {}],
    ["names a client identifier that is no text", { client_id: 7 }, {}],
  ])("is refused where it %s", async (_, claims, variables) => {
    const settings = settingsOf({ JWT_SECRET: secret, ...variables });
    expect(await grantOfJwt(await hs256(claims), settings, "default", nowMs)).toEqual({ outcome: "refused" });
  });

  it("is refused where anything of it was changed, or it is signed by nobody, or with another secret", async () => {
    const [header = "", payload = "", signature = ""] = (await hs256()).split(".");
    const other = Buffer.from(JSON.stringify({ sub: "admin", exp: nowSec + 60 })).toString("base64url");
    const unsigned = new UnsecuredJWT({ sub: "device", exp: nowSec + 60 }).encode();
    const otherSecret = await tokenOf({}, textEncoder.encode(`${secret}.`), "HS256");
    const forged = [`${header}.${other}.${signature}`, `${header}.${payload}.${signature}x`, unsigned, otherSecret];
    for (const token of forged)
      expect(await grantOfJwt(token, bySecret, "default", nowMs)).toEqual({ outcome: "refused" });
  });
});

describe.each(["RS256", "ES256", "EdDSA"])("a public key for %s", (alg) => {
  it("checks what its private key signed, and nothing else", async () => {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const pem = await exportSPKI(publicKey);
    const token = await tokenOf({}, privateKey, alg);
    const other = await tokenOf({}, (await generateKeyPair(alg)).privateKey, alg);
    // The old trick: the public key, which everybody knows, as the secret.
    const bySecretOfKey = await tokenOf({}, textEncoder.encode(pem), "HS256");
    const escaped = pem.replaceAll("\n", "\\n");
    for (const JWT_PUBLIC_KEY of [pem, escaped, JSON.stringify(await exportJWK(publicKey))]) {
      const settings = settingsOf({ JWT_PUBLIC_KEY });
      expect(await grantOfJwt(token, settings, "default", nowMs)).toMatchObject({ outcome: "granted" });
      expect(await grantOfJwt(other, settings, "default", nowMs)).toEqual({ outcome: "refused" });
      expect(await grantOfJwt(bySecretOfKey, settings, "default", nowMs)).toEqual({ outcome: "refused" });
      expect(await grantOfJwt(await hs256(), settings, "default", nowMs)).toEqual({ outcome: "refused" });
    }
    expect(await grantOfJwt(token, bySecret, "default", nowMs)).toEqual({ outcome: "refused" });
  });
});

describe("keys at an address", () => {
  let server: Server;
  let fetched = 0;
  let answer = "";
  let url = "";

  beforeAll(async () => {
    server = createServer((_, response) => {
      fetched += 1;
      response.writeHead(answer === "" ? 500 : 200, { "Content-Type": "application/json" }).end(answer);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  });
  afterAll(() => void server.close());

  it("are fetched once for many logins; a token of an unknown key does not have them fetched again", async () => {
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    answer = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: "1", alg: "ES256", use: "sig" }] });
    const settings = settingsOf({ JWT_JWKS_URL: url });
    fetched = 0;
    const token = await tokenOf({}, privateKey, "ES256", "1");
    for (let count = 0; count < 5; count += 1) {
      expect(await grantOfJwt(token, settings, "default", nowMs)).toMatchObject({ outcome: "granted" });
    }
    const unknown = await tokenOf({}, privateKey, "ES256", "2");
    expect(await grantOfJwt(unknown, settings, "default", nowMs)).toEqual({ outcome: "refused" });
    expect(fetched).toBe(1);
  });

  it("that cannot be fetched refuse nobody for good, and no token is in what is logged", async () => {
    answer = "";
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    const { privateKey } = await generateKeyPair("ES256");
    const token = await tokenOf({}, privateKey, "ES256", "1");
    expect(await grantOfJwt(token, settingsOf({ JWT_JWKS_URL: url }), "default", nowMs)).toEqual({
      outcome: "unavailable",
    });
    expect(logged).toHaveBeenCalledOnce();
    for (const part of token.split(".")) expect(String(logged.mock.calls[0])).not.toContain(part);
    logged.mockRestore();
  });
});

describe("the settings", () => {
  it.each([
    ["JWT_SECRET", "short"],
    ["JWT_PUBLIC_KEY", "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----"],
    ["JWT_PUBLIC_KEY", '{"kty":"EC","d":"private"}'],
    ["JWT_PUBLIC_KEY", '{"kty":"oct","k":"AAAA"}'],
    ["JWT_JWKS_URL", "http://example.org/keys"],
    ["JWT_JWKS_URL", "keys"],
    ["JWT_RULES", "{"],
    ["JWT_CLOCK_TOLERANCE_SEC", "601"],
  ])("do not take this %s, and one line says so without it", (name, value) => {
    expect(() => jwtSettingsIn({ [name]: value })).toThrow(new RegExp(`^${name}[^\n]*$`));
    expect(() => jwtSettingsIn({ [name]: value })).not.toThrow("AAAA");
  });

  it("take one kind of key", () => {
    expect(() => jwtSettingsIn({ JWT_SECRET: secret, JWT_JWKS_URL: "https://example.org" })).toThrow(
      "exclude each other",
    );
    expect(jwtSettingsIn({})).toBeUndefined();
  });
});

describe("a password", () => {
  it("is taken for a JWT where it looks like one", async () => {
    expect(isJwt(await hs256())).toBe(true);
    for (const text of ["", "secret", "dmq_abc", "a.b.c", "eyJhbGciOiJub25lIn0.e30."]) expect(isJwt(text)).toBe(false);
  });
});
