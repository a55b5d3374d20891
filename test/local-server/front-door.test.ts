import { generate } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { addressHeader, addressHeaders, setAddressHeader } from "../../tools/local-server/front-door/address-header.ts";
import { startServer } from "../../tools/local-server/server.ts";
import { connect } from "../support/connect.ts";
import { outputUntil, runWithDescriptors } from "../support/program.ts";
import { silentSocket, upgradeRequest } from "../support/silent-sockets.ts";
import { undoAfterTest } from "../support/undo.ts";

const connectTimeoutSec = 5;
const variables = { ALLOW_ANONYMOUS: "1", CONNECT_TIMEOUT_SEC: String(connectTimeoutSec) };

/** A frame of a client, masked with zeros. */
function frameOf(packet: Buffer): string {
  return Buffer.concat([Buffer.from([0x82, 0x80 | packet.length, 0, 0, 0, 0]), packet]).toString("latin1");
}

it("what is no client has ended within twice CONNECT_TIMEOUT_SEC, whatever it does [B130]", async () => {
  const server = await startServer({ host: "127.0.0.1", port: 0, tcpPort: 0, dataDir: undefined, variables });
  undoAfterTest(() => server.close());
  const tcp = `http://127.0.0.1:${server.tcpPort}`;
  const upgraded = (path: string, then = "") => `${upgradeRequest(path)}\r\n${then}`;
  const connectPacket = generate({ cmd: "connect", clientId: "other", protocolVersion: 4, clean: true, keepalive: 0 });
  const cases: readonly (readonly [string, string, string])[] = [
    ["sends nothing", server.url, ""],
    ["sends nothing to the TCP port", tcp, ""],
    ["sends half a request", server.url, upgradeRequest("/mqtt")],
    ["a WebSocket of /mqtt without CONNECT", server.url, upgraded("/mqtt")],
    ["a WebSocket of /mqtt/{clientId} without CONNECT", server.url, upgraded("/mqtt/silent")],
    ["is refused, and does not close", server.url, upgraded("/mqtt/refused", frameOf(connectPacket))],
    ["breaks a rule of WebSocket", server.url, upgraded("/mqtt/broken", "\xf3\x80\0\0\0\0")],
  ];
  const tooLong = cases.map(async ([name, address, request]) => {
    const beganAtMs = performance.now();
    await (await silentSocket(address, request)).ended;
    return performance.now() - beganAtMs < 2 * connectTimeoutSec * 1000 ? [] : [name];
  });
  expect((await Promise.all(tooLong)).flat()).toEqual([]);
}, 60_000);

const few = 400;
/** Where the descriptors of a process can be counted. */
const isLinux = process.platform === "linux";

it.skipIf(!isLinux)(
  `with ${few} file descriptors, connections are refused before there are none left, and clients go on [B131]`,
  async () => {
    const settings = Object.entries(variables).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
    const program = runWithDescriptors(few, ["start", "--port", "0", "--tcp", "0", "--data", "%folder", ...settings]);
    const out = await outputUntil(program, /^ {2}data .*\n/m);
    const webSocket = /ws:\S+\/mqtt/.exec(out)?.[0] ?? "";
    const clientId = "there before";
    const client = await connect(`${webSocket}/${encodeURIComponent(clientId)}`, { clientId });

    const said = outputUntil(
      { stdout: program.stderr },
      /Connections are refused: (\d+ of 400 file descriptors|\d+ connections of 127.0.0.1)/,
    );
    const sockets = await Promise.all(
      Array.from({ length: 600 }, (_, index) =>
        silentSocket(webSocket.replace("ws", "http"), `${upgradeRequest(`/mqtt/silent-${index}`)}\r\n`),
      ),
    );
    await said;
    await client.ping();
    await Promise.all(sockets.map(({ ended }) => ended));
    expect(new Set(sockets.map(({ status }) => status()))).toContain(503);
    await client.ping();
    await connect(`${webSocket}/new`, { clientId: "new" });
  },
  60_000,
);

it("a request with two Hosts, or one that can be none, is refused, and the log says it", async () => {
  const lines: string[] = [];
  const log = (line: string) => lines.push(line);
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    tcpPort: undefined,
    dataDir: undefined,
    variables,
    log,
  });
  undoAfterTest(() => server.close());
  const page = (hosts: readonly string[]) =>
    `GET / HTTP/1.1\r\n${hosts.map((host) => `Host: ${host}\r\n`).join("")}\r\n`;
  const upgrade = upgradeRequest("/mqtt").replace("Host: 127.0.0.1", "Host: a b");
  for (const request of [page(["127.0.0.1", "localhost"]), page(["a b"]), page([]), `${upgrade}\r\n`]) {
    const socket = await silentSocket(server.url, request);
    await socket.ended;
    expect(socket.status(), request).toBe(400);
  }
  expect(lines).toEqual(Array(3).fill("a request is refused: its Host is malformed"));
}, 60_000);

describe("the address of a client", () => {
  it("is what the front door sees, and never what the client has written", () => {
    const headers = { host: "broker", [addressHeader]: "192.0.2.66" };
    setAddressHeader(headers, "192.0.2.1");
    expect(headers).toEqual({ host: "broker", [addressHeader]: "192.0.2.1" });
  });

  it.each(["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", undefined])("is not told when it is %s", (address) => {
    const headers = { host: "broker", [addressHeader]: "192.0.2.66" };
    setAddressHeader(headers, address);
    expect(headers).toEqual({ host: "broker" });
  });

  it("goes to the broker from the TCP port too", () => {
    expect(addressHeaders("::ffff:192.0.2.1")).toEqual({ [addressHeader]: "::ffff:192.0.2.1" });
  });
});
