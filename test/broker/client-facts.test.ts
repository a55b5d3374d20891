// What the Worker tells a session of its client, and that no client can tell it itself. Guarantee G6.

import { createHash } from "node:crypto";
import { generate } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { type Broker, useBroker } from "../support/broker.ts";
import { connect, connectPacket, refusal, unique } from "../support/connect.ts";
import { makeCredential } from "../support/credentials.ts";
import { jwtOf, jwtSecret } from "../support/jwt.ts";

const variables = { ALLOW_ANONYMOUS: "0", JWT_SECRET: jwtSecret };
/** Reached by no client but through what stands in for Cloudflare. */
const behindCloudflare = useBroker({ variables: { ...variables, CLIENT_CERTIFICATES: "1" } });
const local = useBroker({ variables });
const webSocketPaths = ["relayed WebSocket", "native WebSocket"] as const;

/** A credential for a certificate that nobody else has. */
async function makeCertificate(broker: Broker) {
  const sha256 = createHash("sha256").update(unique("certificate")).digest("hex");
  await makeCredential(broker, {}, { kind: "certificate", sha256 });
  return sha256;
}

/** What Cloudflare says of a certificate, whose fingerprint it writes with capitals. */
function tlsClientAuth(sha256: string, fields: object = {}) {
  const certFingerprintSHA256 = sha256.toUpperCase();
  return { tlsClientAuth: { certPresented: "1", certVerified: "SUCCESS", certFingerprintSHA256, ...fields } };
}

describe.each(webSocketPaths)("over %s", (path) => {
  /** The reason code of CONNACK for a client that comes through Cloudflare. */
  async function codeThroughCloudflare(cf: object): Promise<number | undefined> {
    const clientId = unique("client");
    const { pathname } = new URL(behindCloudflare.url(path, clientId));
    const { webSocket } = await behindCloudflare.dispatch(pathname, { headers: { Upgrade: "websocket" }, cf });
    if (!webSocket) throw new Error("no WebSocket");
    webSocket.accept();
    const answered = new Promise<unknown>((resolve) => {
      webSocket.addEventListener("message", ({ data }) => resolve(data), { once: true });
    });
    webSocket.send(new Uint8Array(generate(connectPacket({ clientId }), { protocolVersion: 5 })));
    const data = await answered;
    webSocket.close();
    const [kind, , , reasonCode] = new Uint8Array(data as ArrayBuffer);
    expect(kind).toBe(0x20);
    return reasonCode;
  }

  it("a certificate that Cloudflare has verified is a login", async () => {
    const sha256 = await makeCertificate(behindCloudflare);
    expect(await codeThroughCloudflare(tlsClientAuth(sha256))).toBe(0);
  });

  it.each([
    { certVerified: "FAILED:self signed certificate" },
    { certVerified: "NONE" },
    { certPresented: "0" },
    { certFingerprintSHA256: "" },
  ])("one with %j is none", async (fields) => {
    const sha256 = await makeCertificate(behindCloudflare);
    expect(await codeThroughCloudflare(tlsClientAuth(sha256, fields))).toBe(0x87);
  });

  it("no client can claim to have shown one, or a token, by headers", async () => {
    const sha256 = await makeCertificate(local);
    const bearer = await jwtOf({ sub: "device" });
    const facts = JSON.stringify({ certificateSha256: sha256, bearer, address: "192.0.2.1" });
    const cf = JSON.stringify(tlsClientAuth(sha256));
    const clientId = unique("client");
    const url = local.url(path, clientId);
    for (const headers of [
      { "Durable-Mqtt-Client": facts },
      { "durable-mqtt-client": facts, Connection: "Upgrade, Durable-Mqtt-Client" },
      { Authorization: `Basic ${bearer}`, Cookie: `Durable-Mqtt-Client=${facts}` },
      { "CF-Client-Cert-Sha256": sha256, "Cf-Cert-Presented": "1", "Cf-Cert-Verified": "true" },
      { "MF-CF-Blob": cf, "CF-Blob": cf, "X-Forwarded-Tls-Client-Cert": sha256 },
    ]) {
      expect(await refusal(url, { clientId, headers: headers as Record<string, string> })).toBe(0x87);
    }
    // With the same token where it belongs, the same client is let in.
    await connect(url, { clientId, headers: { Authorization: `Bearer ${bearer}` } });
  });
});
