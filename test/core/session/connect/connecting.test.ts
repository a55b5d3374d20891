import { describe, expect, it } from "vitest";
import { delivery, SessionHarness } from "../../../support/session-harness.ts";

describe("CONNECT", () => {
  it.each([3, 4, 5] as const)("of version %d is accepted, and the directory is told", (protocolVersion) => {
    const h = new SessionHarness();
    expect(h.connect({ protocolVersion }).heard()).toEqual(["CONNACK new"]);
    const connection = `${h.nowMs}-1`;
    expect(h.reports).toEqual([
      { type: "connected", protocolVersion, identity: "anonymous", connection, atMs: h.nowMs },
    ]);
  });

  it("is answered with the server's limits", () => {
    const h = new SessionHarness({ limits: { maximumPacketBytes: 2000, topicAliasMaximum: 5 } });
    const properties = { receiveMaximum: 1_000, maximumPacketSize: 2000, topicAliasMaximum: 5 };
    expect(h.connected().connack).toMatchObject({ properties });
    expect(h.connected({ protocolVersion: 4 }).connack).not.toHaveProperty("properties");
  });

  it("comes first [MQTT-3.1.0-1]", () => {
    const socket = new SessionHarness().open();
    socket.send({ cmd: "pingreq" });
    expect(socket.heard()).toEqual([]);
    expect(socket.closed).toEqual({ code: 1008, reason: "the first packet is not CONNECT" });
  });

  it("comes once [MQTT-3.1.0-2]", () => {
    const h = new SessionHarness();
    const socket = h.connected();
    socket.send({ cmd: "connect", protocolVersion: 5, clean: true, clientId: "c1", keepalive: 60 });
    expect(socket.heard()).toEqual(["DISCONNECT 0x82"]);
    expect(h.reports.at(-1)).toMatchObject({ type: "disconnected" });
  });

  it("may come in pieces, with the next packet behind it", () => {
    const h = new SessionHarness();
    const socket = h.connected();
    const ping = socket.encode({ cmd: "pingreq" });
    const publish = socket.encode({ cmd: "publish", topic: "a", payload: "m", qos: 0 });
    socket.frame(publish.subarray(0, 3));
    expect(h.session.hasPartialPacket).toBe(true);
    socket.frame(Uint8Array.from([...publish.subarray(3), ...ping]));
    expect(h.session.hasPartialPacket).toBe(false);
    expect(h.takeRequests()).toMatchObject([{ type: "publish" }]);
    expect(socket.heard()).toEqual(["PINGRESP"]);
  });

  it("that is malformed is answered in its version, and what follows in its frame is not read", () => {
    const h = new SessionHarness();
    const reserved = Uint8Array.of(0x10, 15, 0, 4, 0x4d, 0x51, 0x54, 0x54, 5, 0x03, 0, 60, 0, 0, 2, 0x63, 0x31);
    const socket = h.open();
    socket.frame(Uint8Array.from([...reserved, 0xc0, 0]));
    expect(socket.heard()).toEqual(["CONNACK new 0x81"]);
    expect(socket.closed?.code).toBe(1008);
    expect(h.reports).toEqual([]);
  });

  it("of one address is not kept out by sockets of another", () => {
    const h = new SessionHarness({ limits: { maximumPendingSockets: 3 } });
    const early = h.open({ facts: { address: "192.0.2.1" } });
    const others = Array.from({ length: 20 }, () => h.open({ facts: { address: "192.0.2.2" } }));
    expect(others.map(({ closed }) => closed?.code)).toEqual([...Array(18).fill(1013), undefined, undefined]);
    expect(early.closed).toBeUndefined();
  });

  it("has to come in time", () => {
    const h = new SessionHarness();
    const [late, client] = [h.open(), h.connected()];
    for (const { id } of [late, client]) h.handle({ type: "connect timeout", socketId: id });
    expect(late.closed).toEqual({ code: 1008, reason: "CONNECT did not come in time" });
    expect(client.closed).toBeUndefined();
  });

  it("makes room for the next where too many sockets have not sent it: the longest silent goes", () => {
    const h = new SessionHarness({ limits: { maximumPendingSockets: 2 } });
    const client = h.connected();
    const silent = Array.from({ length: 4 }, () => h.open());
    const closed = { code: 1013, reason: "too many connections wait for this client" };
    expect(silent.map((socket) => socket.closed)).toEqual([closed, closed, undefined, undefined]);
    expect(client.closed).toBeUndefined();
  });

  it("keeps those that have sent it, and wait for an answer, before those that are silent", () => {
    const h = new SessionHarness({ limits: { maximumPendingSockets: 2 }, logIn: () => undefined });
    const waiting = h.connect({ username: "user" });
    const silent = [h.open(), h.open()];
    expect([waiting, ...silent].map(({ closed }) => closed === undefined)).toEqual([true, false, true]);
  });
});

describe("the client identifier", () => {
  it.each([
    [3, "0x02"],
    [4, "0x02"],
    [5, "0x85"],
  ])("of version %d that is not the session's is refused with %s [MQTT-3.1.3-8]", (protocolVersion, code) => {
    const h = new SessionHarness();
    const socket = h.connect({ protocolVersion: protocolVersion as 3, clientId: "other" });
    expect(socket.heard()).toEqual([`CONNACK new ${code}`]);
    expect(socket.closed?.code).toBe(1008);
    expect([h.reports, h.store.writes]).toEqual([[], []]);
  });

  it("is assigned where MQTT 5.0 leaves it empty, and told [MQTT-3.1.3-6] [MQTT-3.2.2-16] [B1]", () => {
    const h = new SessionHarness({ clientId: "assigned1" });
    const { connack } = h.connected({ clientId: "" });
    expect(connack).toMatchObject({ properties: { assignedClientIdentifier: "assigned1" } });
  });

  it("may be empty in MQTT 3.1.1 with a clean session alone [3.1.1 MQTT-3.1.3-7] [3.1.1 MQTT-3.1.3-8] [B1]", () => {
    const h = new SessionHarness();
    expect(h.connect({ protocolVersion: 4, clientId: "", clean: true }).heard()).toEqual(["CONNACK new"]);
    // The library that writes packets will not write this one.
    const socket = h.open();
    socket.speak(4);
    socket.frame(Uint8Array.of(0x10, 12, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 0x00, 0, 60, 0, 0));
    expect(socket.heard()).toEqual(["CONNACK new 0x02"]);
    expect(socket.closed?.code).toBe(1008);
  });
});

describe("Clean Start and resumption", () => {
  it("goes on with the session that is there [MQTT-3.1.2-5]", () => {
    const h = new SessionHarness();
    h.subscribed().drop();
    expect(h.resume().heard()).toEqual(["CONNACK present"]);
    expect(h.deliver(delivery("1"))).toEqual([0]);
  });

  it("begins a session if there is none [MQTT-3.1.2-6] [MQTT-3.2.2-2]", () => {
    expect(new SessionHarness().resume().heard()).toEqual(["CONNACK new"]);
  });

  it("discards the session that is there, here and at the topic objects [MQTT-3.1.2-4]", () => {
    const h = new SessionHarness();
    h.subscribed().drop();
    const { generation } = h;
    const later = h.resume({ clean: true });
    expect(later.heard()).toEqual(["CONNACK new"]);
    expect(h.takeRequests()).toEqual([{ type: "end", generation }]);
    expect(h.store.subscriptions()).toEqual([]);
    later.subscribe(1, "a");
    expect(h.generation).not.toBe(generation);
  });

  it("of a session that ended with its connection finds none [MQTT-3.1.2-23]", () => {
    const h = new SessionHarness();
    h.connected().drop();
    expect(h.resume().heard()).toEqual(["CONNACK new"]);
  });

  it("in MQTT 3.1 has no Session Present flag, and in 3.1.1 it has [3.1.1 MQTT-3.2.2-2] [B4]", () => {
    const h = new SessionHarness();
    for (const [protocolVersion, heard] of [
      [3, "CONNACK new"],
      [4, "CONNACK present"],
      [3, "CONNACK new"],
    ] as const) {
      const client = h.connected({ protocolVersion, clean: false });
      expect(client.connack).toMatchObject({ sessionPresent: heard === "CONNACK present" });
      client.drop();
    }
  });
});

describe("a second client with the same identifier", () => {
  it("takes over: the first one is told 0x8E and closed [MQTT-3.1.4-3]", () => {
    const h = new SessionHarness();
    const first = h.subscribed();
    const second = h.resume();
    expect(first.heard()).toEqual(["DISCONNECT 0x8e"]);
    expect(first.closed?.code).toBe(1008);
    expect(second.heard()).toEqual(["CONNACK present"]);
    h.deliver(delivery("1"));
    expect(second.heard()).toEqual(["PUBLISH 1 q1 #1"]);
    expect(h.reports.map(({ type }) => type)).toEqual(["connected", "disconnected", "connected"]);
  });

  it("takes over from one of MQTT 3.1.1 without a word", () => {
    const h = new SessionHarness();
    const first = h.connected({ protocolVersion: 4 });
    h.connected();
    expect(first.heard()).toEqual([]);
    expect(first.closed?.code).toBe(1008);
  });

  it("is not hurt by the late close of the first", () => {
    const h = new SessionHarness();
    const first = h.subscribed();
    const second = h.resume();
    first.drop();
    first.frame(first.encode({ cmd: "disconnect" }));
    expect(second.closed).toBeUndefined();
    h.deliver(delivery("1"));
    expect(second.heard()).toEqual(["CONNACK present", "PUBLISH 1 q1 #1"]);
  });

  it("that is refused leaves the first alone", () => {
    const h = new SessionHarness();
    const first = h.connected();
    h.connect({ clientId: "other" });
    expect(first.closed).toBeUndefined();
    expect(first.heard()).toEqual([]);
  });
});
