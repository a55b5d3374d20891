// A packet that was begun and never completed: its socket is not to keep the object awake.

import { describe, expect, it } from "vitest";
import { SessionHarness } from "../../../support/session-harness.ts";

describe("a packet that is not completed", () => {
  it("ends the connection, and only this one", () => {
    const h = new SessionHarness();
    const other = h.open();
    const client = h.connected({ properties: { sessionExpiryInterval: 3600 } });
    expect(h.session.hasPartialPacket).toBe(false);
    client.frame(client.encode({ cmd: "publish", topic: "a", qos: 1, messageId: 1, payload: "m" }).subarray(0, 5));
    expect(h.session.hasPartialPacket).toBe(true);
    stall(h);
    expect(client.heard()).toEqual(["DISCONNECT 0x81"]);
    expect(client.closed?.code).toBe(1008);
    expect(other.closed).toBeUndefined();
    expect(h.session.hasPartialPacket).toBe(false);
    expect(h.store.readRecord()).toMatchObject({ client: { state: "away", sinceMs: h.nowMs } });
  });

  it("ends a socket whose CONNECT it was, without an answer", () => {
    const h = new SessionHarness();
    const client = h.connected();
    const socket = h.open();
    socket.frame(Uint8Array.of(0x10));
    stall(h);
    expect(socket.heard()).toEqual([]);
    expect(socket.closed?.code).toBe(1008);
    expect(client.closed).toBeUndefined();
    expect(h.session.hasPartialPacket).toBe(false);
  });

  it("counts from then on: what is complete stays", () => {
    const h = new SessionHarness();
    const client = h.connected();
    const bytes = client.encode({ cmd: "pingreq" });
    client.frame(bytes.subarray(0, 1));
    client.frame(bytes.subarray(1));
    stall(h);
    expect(client.heard()).toEqual(["PINGRESP"]);
    expect(client.closed).toBeUndefined();
  });
});

function stall(h: SessionHarness): void {
  h.pass(30);
  h.handle({ type: "stalled" });
}
