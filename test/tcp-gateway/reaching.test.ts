// How the TCP gateway comes to the broker, and clients to it.

import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";
import { beforeAll, describe, expect, it } from "vitest";
import { hasInstalled } from "../programs/installed.ts";
import { type Certificates, makeCertificates } from "../support/certificates.ts";
import { undoAfterTest } from "../support/undo.ts";
import { connectClient, host, readToEnd, startGateway, startTarget, unusedPort } from "./target.ts";

const giveUpAfterMs = 15_000;

describe("a broker that is away just now", () => {
  it("is tried again, and gets what its client has sent meanwhile", async () => {
    const port = await unusedPort();
    const lines: string[] = [];
    const gateway = await startGateway({ url: `ws://${host}:${port}/mqtt`, giveUpAfterMs }, (line) => lines.push(line));
    const client = await connectClient(gateway);
    await new Promise((resolve) => client.write("CONNECT", resolve));
    const broker = (await (await startTarget({ port })).nextUpgrade()).complete();
    const [frame] = await once(broker, "message");
    expect(String(frame)).toBe("CONNECT");
    expect(lines).toEqual([]);
  });

  it.each([502, 429])("is tried again where it answers %i", async (statusCode) => {
    const target = await startTarget();
    const client = await connectClient(await startGateway({ url: target.url, giveUpAfterMs }));
    (await target.nextUpgrade()).refuse(statusCode);
    const broker = (await target.nextUpgrade()).complete();
    broker.send("CONNACK");
    const [bytes] = await once(client, "data");
    expect(String(bytes)).toBe("CONNACK");
  });

  it("is not tried on behalf of a client that has left", async () => {
    const target = await startTarget();
    const client = await connectClient(await startGateway({ url: target.url, giveUpAfterMs }));
    const { socket } = (await target.nextUpgrade()).request;
    const ended = new Promise((resolve) => socket.once("end", resolve).once("error", resolve));
    socket.resume();
    client.resetAndDestroy();
    await ended;
    const next = target.nextUpgrade().then(() => "tried again");
    const later = new Promise((resolve) => setTimeout(resolve, 1_000, "left alone"));
    expect(await Promise.race([next, later])).toBe("left alone");
  });
});

describe("a broker that says no", () => {
  it("is not asked again, and what it says is logged", async () => {
    const target = await startTarget();
    const lines: string[] = [];
    const gateway = await startGateway({ url: target.url, giveUpAfterMs }, (line) => lines.push(line));
    const client = await connectClient(gateway);
    (await target.nextUpgrade()).refuse(421, "this broker does not have that name\n");
    expect(await readToEnd(client)).toBe("");
    expect(lines).toEqual([`TCP clients cannot reach ${target.url}: HTTP 421, this broker does not have that name`]);
  });
});

describe.skipIf(!hasInstalled("TLS", "openssl"))("TLS", () => {
  let certificates: Certificates;
  beforeAll(() => {
    certificates = makeCertificates();
  });

  it("to a broker whose authority is given", async () => {
    const target = await startTarget({ certificates });
    const gateway = await startGateway({ url: target.url, certificateAuthorities: certificates.authority });
    const client = await connectClient(gateway);
    const broker = (await target.nextUpgrade()).complete();
    broker.send("hello");
    const [bytes] = await once(client, "data");
    expect(String(bytes)).toBe("hello");
  });

  it("to one that nobody known vouches for is refused at once", async () => {
    const target = await startTarget({ certificates });
    const lines: string[] = [];
    const gateway = await startGateway({ url: target.url, giveUpAfterMs: 600_000 }, (line) => lines.push(line));
    expect(await readToEnd(await connectClient(gateway))).toBe("");
    expect(lines).toEqual([expect.stringContaining("certificate")]);
  });

  const startTlsGateway = async () => {
    const target = await startTarget();
    const lines: string[] = [];
    const listeners = [
      { host, port: 0 },
      { host, port: 0, tls: certificates },
    ];
    const gateway = await startGateway(target, (line) => lines.push(line), { listeners, logsClients: true });
    return { target, lines, port: gateway.ports[1] as number };
  };

  it("is what clients may use, and each that comes and goes is logged", async () => {
    const { target, lines, port } = await startTlsGateway();
    const client = tls.connect({ port, host, ca: certificates.authority });
    undoAfterTest(() => client.destroy());
    await once(client, "secureConnect");
    const broker = (await target.nextUpgrade()).complete();
    broker.on("message", (frame) => broker.send(`${frame} answered`));
    const closed = once(broker, "close");
    client.end("last");
    expect(await readToEnd(client)).toBe("last answered");
    expect((await closed)[0]).toBe(1000);
    expect(lines[0]).toMatch(/^127\.0\.0\.1:\d+ is connected$/);
    await expect.poll(() => lines[1]).toMatch(/^127\.0\.0\.1:\d+ is gone, after \d+ s: 4 bytes from it, 13 to it$/);
  });

  it("that is none is logged, and what has only begun ends with the gateway", async () => {
    const { lines, port } = await startTlsGateway();
    const client = net.connect(port, host);
    undoAfterTest(() => client.destroy());
    client.write("CONNECT");
    expect(await readToEnd(client)).not.toContain("CONNACK");
    await expect.poll(() => lines).toEqual([expect.stringMatching(/^127\.0\.0\.1: TLS failed: /)]);
    const silent = net.connect(port, host);
    undoAfterTest(() => silent.destroy());
    await once(silent, "connect");
  });
});
