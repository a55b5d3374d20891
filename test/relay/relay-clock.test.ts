// The keep alive of a relayed client, when the clock is set meanwhile. Time is played: a real step cannot be.

import { generate } from "mqtt-packet";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Relay } from "../../src/relay/relay.ts";
import { settingsOf } from "../../src/settings/settings.ts";

const startMs = 1_800_000_000_000;
const settings = settingsOf({ ALLOW_ANONYMOUS: "1" });

beforeEach(() => void vi.useFakeTimers({ now: startMs }));
afterEach(() => void vi.useRealTimers());

/** As much of a WebSocket as the relay uses; what it sends is kept. */
class FakeSocket extends EventTarget {
  readyState: number = WebSocket.OPEN;
  readonly sent: Uint8Array[] = [];

  accept(): void {}

  send(bytes: Uint8Array): void {
    this.sent.push(bytes);
  }

  close(): void {
    this.readyState = WebSocket.CLOSED;
  }

  says(bytes: Uint8Array): void {
    this.dispatchEvent(Object.assign(new Event("message"), { data: Uint8Array.from(bytes).buffer }));
  }
}

/** A client with a keep alive of 30 seconds, connected. */
async function relayed(onConnect = () => {}) {
  const [client, session] = [new FakeSocket(), new FakeSocket()];
  new Relay(client as unknown as WebSocket, settings, {}, async () => session as unknown as WebSocket);
  client.says(generate({ cmd: "connect", clientId: "c", clean: true, keepalive: 30, protocolVersion: 4 }));
  await vi.advanceTimersByTimeAsync(0);
  onConnect();
  session.says(generate({ cmd: "connack", returnCode: 0, sessionPresent: false }));
  return client;
}

const ping = Uint8Array.of(0xc0, 0);

describe.each([-3_600_000, -60_000, 60_000, 3_600_000])("a step of the clock by %i ms", (stepMs) => {
  it("cuts nobody off that keeps to its keep alive", async () => {
    const client = await relayed();
    for (let count = 0; count < 10; count += 1) {
      await vi.advanceTimersByTimeAsync(20_000);
      if (count === 4) vi.setSystemTime(Date.now() + stepMs);
      await vi.advanceTimersByTimeAsync(10_000);
      client.says(ping);
    }
    expect(client.readyState).toBe(WebSocket.OPEN);
  });

  it("cuts nobody off between CONNECT and CONNACK", async () => {
    const client = await relayed(() => vi.setSystemTime(Date.now() + stepMs));
    await vi.advanceTimersByTimeAsync(40_000);
    expect(client.readyState).toBe(WebSocket.OPEN);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(client.readyState).toBe(WebSocket.CLOSED);
  });

  it("keeps nobody that is silent for longer than twice the usual time", async () => {
    const client = await relayed();
    await vi.advanceTimersByTimeAsync(20_000);
    vi.setSystemTime(Date.now() + stepMs);
    await vi.advanceTimersByTimeAsync(70_000);
    expect(client.readyState).toBe(WebSocket.CLOSED);
  });
});
