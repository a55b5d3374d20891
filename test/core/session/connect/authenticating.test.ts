// AUTH between CONNECT and CONNACK. MQTT 5.0 sections 3.15 and 4.12.

import type { Packet } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import type { LoginAttempt } from "../../../../src/core/access/login-attempt.ts";
import { ScramClient, scramMethod } from "../../../support/scram-client.ts";
import { granted, SessionHarness } from "../../../support/session-harness.ts";
import { auth, begun, dataOf, harness, method, proved, type Settings } from "./authenticating-scene.ts";

describe("CONNECT with a method", () => {
  it("is answered with AUTH, and its proof with CONNACK, all with the method [MQTT-4.12.0-2] [MQTT-4.12.0-5]", () => {
    const h = harness();
    const client = new ScramClient("user", "pencil");
    const socket = h.connect(method(client.first()));
    const [first, ...more] = socket.packets();
    expect(first).toMatchObject({ cmd: "auth", reasonCode: 0x18, properties: { authenticationMethod: scramMethod } });
    expect(more).toEqual([]);
    socket.send(
      auth(client.final((first as { properties: { authenticationData: Buffer } }).properties.authenticationData)),
    );
    const [connack] = socket.packets();
    expect(connack).toMatchObject({ cmd: "connack", reasonCode: 0, ...method(client.serverFinal) });
    expect(h.reports).toMatchObject([{ type: "connected" }]);
  });

  it.each([
    ["nothing", undefined],
    ["an empty text", Buffer.alloc(0)],
  ])("and %s is asked for it, without data", (_, data) => {
    const h = harness();
    const client = new ScramClient("user", "pencil");
    const socket = h.connect(method(data));
    const [asked] = socket.packets();
    expect(asked).toMatchObject({ cmd: "auth", reasonCode: 0x18 });
    expect(asked).toHaveProperty("properties", { authenticationMethod: scramMethod });
    socket.send(auth(client.first()));
    socket.send(auth(client.final(dataOf(socket))));
    expect(socket.heard()).toEqual(["CONNACK new"]);
  });

  it("is not asked a second time", () => {
    const socket = harness().connect(method());
    socket.packets();
    socket.send(auth());
    expect(socket.heard()).toEqual(["CONNACK new 0x87"]);
  });

  it("that is unknown is refused with 0x8C, even if there are no users [MQTT-4.12.0-1] [B56]", () => {
    const first = new ScramClient("user", "pencil").first();
    for (const [h, name] of [
      [harness(), "SCRAM-SHA-1"],
      [harness(), "scram-sha-256"],
      [new SessionHarness(), scramMethod],
    ] as const) {
      const socket = h.connect(method(first, name));
      expect(socket.heard()).toEqual(["CONNACK new 0x8c"]);
      expect(socket.closed?.code).toBe(1008);
    }
  });

  it.each([
    ["a wrong password", "user", "pen"],
    ["a name that nobody has", "nobody", "pencil"],
  ])(
    "and %s is refused with 0x87 and closed, at the end and in the same words [MQTT-4.12.0-4] [B56]",
    (_, name, password) => {
      const h = harness();
      const client = new ScramClient(name, password);
      const { socket, serverFirst } = begun(h, client);
      socket.send(auth(client.final(serverFirst)));
      const properties = { reasonString: "the user name or the password is wrong" };
      expect(socket.packets()).toMatchObject([{ cmd: "connack", reasonCode: 0x87, sessionPresent: false, properties }]);
      expect(socket.closed?.code).toBe(1008);
      expect([h.reports, h.store.writes]).toEqual([[], []]);
    },
  );

  it("and a bad first message is refused with CONNACK", () => {
    const socket = harness().connect(method(Buffer.from("hello")));
    expect(socket.heard()).toEqual(["CONNACK new 0x87"]);
    expect(socket.closed?.code).toBe(1008);
  });

  it("logs in with the name that was proved, whatever User Name and Password say", () => {
    const asked: LoginAttempt[] = [];
    const logIn = (attempt: LoginAttempt) => {
      asked.push(attempt);
      return granted();
    };
    proved(harness({ logIn }), { username: "root", password: Buffer.from("guess") });
    new SessionHarness({ logIn }).connected({ username: "root" });
    expect(asked).toEqual([
      { clientId: "c1", username: "user", password: undefined, isProved: true },
      { clientId: "c1", username: "root", password: undefined, isProved: false },
    ]);
  });

  it("that is wrong is counted before it is answered, and alike, whatever is wrong with it [B140]", () => {
    const asked: LoginAttempt[] = [];
    const answers = ["refused", "later", "unavailable", "granted"] as const;
    const codes = answers.map((outcome) => {
      const result = outcome === "granted" ? granted() : { outcome };
      const h = harness({
        logIn: (attempt) => {
          asked.push(attempt);
          return result;
        },
      });
      const client = new ScramClient("user", "pen");
      const { socket, serverFirst } = begun(h, client, { username: "root", password: Buffer.from("guess") });
      socket.send(auth(client.final(serverFirst)));
      return socket.heard();
    });
    const wrong = { clientId: "c1", username: "user", password: undefined, isProved: false, isWrongProof: true };
    expect(asked).toEqual(answers.map(() => wrong));
    // Whoever answers may be of an older version, and not know of wrong proofs.
    expect(codes.flat()).toEqual(["CONNACK new 0x87", "CONNACK new 0x9f", "CONNACK new 0x88", "CONNACK new 0x87"]);
  });

  it("is always asked for, because an answer without it would show that a guess was right", () => {
    let asked = 0;
    const h = harness({ logIn: () => ({ ...granted(), isReusable: ++asked > 0 }) });
    const durable = { clean: false, properties: { sessionExpiryInterval: 3600 } };
    proved(h, durable).drop();
    proved(h, durable);
    expect(asked).toBe(2);
  });

  it("is refused in the end where the user may not connect", () => {
    const h = harness({ logIn: () => ({ outcome: "refused" }) });
    const client = new ScramClient("user", "pencil");
    const { socket, serverFirst } = begun(h, client);
    socket.send(auth(client.final(serverFirst)));
    expect(socket.heard()).toEqual(["CONNACK new 0x87"]);
  });

  it("does nothing to the session before its proof, and everything after it", () => {
    const h = harness();
    const first = h.subscribed();
    const { generation } = h;
    const will = { topic: "w", payload: Buffer.from("gone"), qos: 0, retain: false };
    const client = new ScramClient("user", "pencil");
    h.store.writes.length = 0;
    const { socket, serverFirst } = begun(h, client, { clean: true, will });
    expect([first.closed, h.store.writes, h.takeRequests()]).toEqual([undefined, [], []]);
    socket.send(auth(client.final(serverFirst)));
    expect(first.heard()).toEqual(["DISCONNECT 0x8e"]);
    expect(h.takeRequests()).toEqual([{ type: "end", generation }]);
    expect(h.store.wills()).toHaveLength(1);
    expect(socket.heard()).toEqual(["CONNACK new"]);
  });

  it("that fails leaves the connected client alone", () => {
    const h = harness();
    const first = h.subscribed();
    const client = new ScramClient("user", "wrong");
    const { socket, serverFirst } = begun(h, client);
    socket.send(auth(client.final(serverFirst)));
    expect(socket.closed).toBeDefined();
    expect([first.heard(), first.closed]).toEqual([[], undefined]);
  });
});

describe("while a client authenticates", () => {
  const waiting = (fields: object = {}, settings: Settings = {}) => {
    const h = harness(settings);
    const client = new ScramClient("user", "pencil");
    return { h, client, ...begun(h, client, fields) };
  };

  it.each([
    ["PINGREQ", { cmd: "pingreq" }],
    ["PUBLISH", { cmd: "publish", topic: "a", payload: "m", qos: 0 }],
    ["SUBSCRIBE", { cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "a", qos: 0 }] }],
    ["a second CONNECT", { cmd: "connect", protocolVersion: 5, clean: true, clientId: "c1", keepalive: 60 }],
    ["AUTH to authenticate again", auth(undefined, 0x19)],
    ["AUTH with another method", { ...auth(), ...method(undefined, "other") }],
  ])("%s is refused with CONNACK 0x82, and nothing comes of it [MQTT-3.1.2-30] [MQTT-3.1.4-6]", (_, packet) => {
    const { h, socket } = waiting();
    socket.send(packet);
    expect(socket.heard()).toEqual(["CONNACK new 0x82"]);
    expect(socket.closed?.code).toBe(1008);
    expect([h.requests, h.reports]).toEqual([[], []]);
  });

  it.each([
    ["a packet that is malformed", [0xf1, 0], "0x81"],
    ["a packet that is too large", [0xf0, 0xff, 0xff, 0xff, 0x7f], "0x95"],
  ])("%s is refused with CONNACK, not with DISCONNECT [MQTT-3.14.0-1]", (_, bytes, code) => {
    const { socket } = waiting();
    socket.frame(Uint8Array.from(bytes));
    expect(socket.heard()).toEqual([`CONNACK new ${code}`]);
  });

  it("DISCONNECT ends it without a word, and without its Will", () => {
    const will = { topic: "w", payload: Buffer.from("gone"), qos: 0, retain: false };
    const { h, socket } = waiting({ will });
    socket.disconnect({ reasonCode: 4 });
    expect([socket.heard(), socket.closed?.code]).toEqual([[], 1000]);
    expect([h.requests, h.reports, h.session.isGone]).toEqual([[], [], true]);
  });

  it("a lost connection leaves nothing", () => {
    const { h, socket } = waiting();
    socket.drop();
    expect([h.requests, h.reports, h.session.isGone]).toEqual([[], [], true]);
  });

  it("time is limited, as it is for CONNECT", () => {
    const { h, socket } = waiting();
    expect(h.session.isPending(socket.id)).toBe(true);
    h.handle({ type: "connect timeout", socketId: socket.id });
    expect(socket.heard()).toEqual([]);
    expect(socket.closed).toEqual({ code: 1008, reason: "authentication did not come in time" });
  });

  it("its socket is one of those that wait, until it is connected", () => {
    const { h, client, socket, serverFirst } = waiting();
    expect(h.session.isPending(socket.id)).toBe(true);
    socket.send(auth(client.final(serverFirst)));
    expect(h.session.isPending(socket.id)).toBe(false);
    h.handle({ type: "connect timeout", socketId: socket.id });
    expect(socket.closed).toBeUndefined();
  });

  it("a text frame closes it", () => {
    const { socket } = waiting();
    socket.text();
    expect(socket.closed?.code).toBe(1003);
  });

  it("several clients with one identifier do, and each has its own exchange", () => {
    const h = harness();
    const [one, two] = [new ScramClient("user", "pencil"), new ScramClient("other", "pen")];
    const [first, second] = [begun(h, one), begun(h, two)];
    second.socket.send(auth(two.final(second.serverFirst)));
    expect(second.socket.heard()).toEqual(["CONNACK new"]);
    first.socket.send(auth(one.final(first.serverFirst)));
    expect(first.socket.heard()).toEqual(["CONNACK new"]);
    expect(second.socket.heard()).toEqual(["DISCONNECT 0x8e"]);
  });
});

describe("a client's Maximum Packet Size", () => {
  const client = () => new ScramClient("user", "pencil", { nonce: "abcdefgh" });
  const sizeOfAuth = () => {
    const h = harness();
    const socket = h.connect(method(client().first()));
    const [packet] = socket.packets() as [Packet];
    return packet.length === undefined ? 0 : packet.length + 2;
  };

  it("holds for AUTH, which says no more than it has to [MQTT-3.15.2-2] [MQTT-3.15.2-3]", () => {
    const { socket } = begun(harness(), client(), { properties: { maximumPacketSize: sizeOfAuth() } });
    expect(socket.closed).toBeUndefined();
  });

  it("that is too small for AUTH ends the connection with 0x83, in a CONNACK that fits [MQTT-3.1.2-24]", () => {
    const maximumPacketSize = sizeOfAuth() - 1;
    const h = harness();
    const socket = h.connect({ properties: { maximumPacketSize, ...method(client().first()).properties } });
    expect(socket.heard()).toEqual(["CONNACK new 0x83"]);
    expect(socket.closed?.code).toBe(1008);
  });

  it("that is too small for CONNACK alone ends the connection, whether the proof is right or not, uncounted [B140]", () => {
    for (const password of ["pencil", "wrong"]) {
      const h = harness({ clientId: "assigned".repeat(5), logIn: () => undefined });
      const scram = new ScramClient("user", password, { nonce: "abcdefgh" });
      const properties = { maximumPacketSize: sizeOfAuth() };
      const { socket, serverFirst } = begun(h, scram, { clientId: "", properties });
      socket.send(auth(scram.final(serverFirst)));
      expect(socket.heard()).toEqual(["CONNACK new 0x83"]);
      expect([h.reports, h.logins]).toEqual([[], []]);
    }
  });
});
