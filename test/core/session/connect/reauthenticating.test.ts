// AUTH of a client that is connected. MQTT 5.0 sections 3.15 and 4.12.1.

import { describe, expect, it } from "vitest";
import type { LoginAttempt } from "../../../../src/core/access/login-attempt.ts";
import { readScramUsers } from "../../../../src/core/authentication/scram-users.ts";
import { ScramClient, scramUser } from "../../../support/scram-client.ts";
import { granted, type TestSocket } from "../../../support/session-harness.ts";
import { auth, dataOf, harness, method, proved } from "./authenticating-scene.ts";

describe("AUTH where CONNECT named no method", () => {
  it.each([0x18, 0x19])("with reason code %i ends the connection with 0x82 [MQTT-4.12.0-7]", (reasonCode) => {
    const socket = harness().connected();
    expect(socket.connack).not.toHaveProperty("properties.authenticationMethod"); // [MQTT-4.12.0-6]
    socket.send(auth(new ScramClient("user", "pencil").first(), reasonCode));
    expect(socket.heard()).toEqual(["DISCONNECT 0x82"]);
    expect(socket.closed?.code).toBe(1008);
  });

  it.each([3, 4])("in version %d closes the connection", (protocolVersion) => {
    const socket = harness().connected({ protocolVersion: protocolVersion as 3 });
    socket.frame(Uint8Array.of(0xf0, 0));
    expect([socket.heard(), socket.closed?.code]).toEqual([[], 1008]);
  });
});

describe("a re-authentication", () => {
  const again = (socket: TestSocket, client: ScramClient) => {
    socket.send(auth(client.first(), 0x19));
    socket.send(auth(client.final(dataOf(socket))));
    return socket;
  };

  it("ends with AUTH 0x00 and the server's proof [MQTT-4.12.1-1] [MQTT-4.12.0-5]", () => {
    const h = harness();
    const socket = proved(h);
    for (let count = 0; count < 2; count++) {
      const client = new ScramClient("user", "pencil");
      const packets = again(socket, client).packets();
      expect(packets).toMatchObject([{ cmd: "auth", reasonCode: 0, ...method(client.serverFinal) }]);
    }
    expect(socket.closed).toBeUndefined();
  });

  it("may begin with nothing said", () => {
    const h = harness();
    const socket = proved(h);
    const client = new ScramClient("user", "pencil");
    socket.send(auth(undefined, 0x19));
    expect(dataOf(socket)).toBeUndefined();
    socket.send(auth(client.first()));
    socket.send(auth(client.final(dataOf(socket))));
    expect(dataOf(socket)).toEqual(client.serverFinal);
  });

  it("does not hold up other packets [B57]", () => {
    const h = harness();
    const socket = proved(h);
    const client = new ScramClient("user", "pencil");
    socket.send(auth(client.first(), 0x19));
    const serverFirst = dataOf(socket);
    socket.publish(1, 7);
    h.answerAll();
    socket.send({ cmd: "pingreq" });
    expect(socket.heard()).toEqual(["PUBACK #7", "PINGRESP"]);
    socket.send(auth(client.final(serverFirst)));
    expect(socket.heard()).toEqual(["AUTH"]);
  });

  it("goes on after a hibernation, at each of its stages", () => {
    const h = harness();
    const socket = proved(h);
    const client = new ScramClient("user", "pencil");
    h.hibernate();
    socket.send(auth(undefined, 0x19));
    socket.packets();
    h.hibernate();
    socket.send(auth(client.first()));
    const serverFirst = dataOf(socket);
    h.hibernate();
    socket.send(auth(client.final(serverFirst)));
    expect(dataOf(socket)).toEqual(client.serverFinal);
    h.hibernate();
    socket.send(auth(client.final(serverFirst)));
    expect(socket.heard()).toEqual(["DISCONNECT 0x82"]);
  });

  it("may begin again before it ends", () => {
    const h = harness();
    const socket = proved(h);
    socket.send(auth(new ScramClient("user", "pencil").first(), 0x19));
    socket.packets();
    expect(again(socket, new ScramClient("user", "pencil")).heard()).toEqual(["AUTH"]);
  });

  it("with a wrong password ends the connection with 0x87, and publishes the Will [MQTT-4.12.1-2]", () => {
    const h = harness();
    const will = { topic: "w", payload: Buffer.from("gone"), qos: 0, retain: false };
    const socket = again(proved(h, { will }), new ScramClient("user", "pen"));
    expect(socket.heard()).toEqual(["DISCONNECT 0x87"]);
    expect(socket.closed?.code).toBe(1008);
    expect(h.requests).toMatchObject([{ request: { type: "publish", message: { topicName: "w" } } }]);
  });

  it("with a wrong password is counted, by name and by address, also after a hibernation [B140]", () => {
    const asked: LoginAttempt[] = [];
    const h = harness({
      logIn: (attempt) => {
        asked.push(attempt);
        return granted();
      },
    });
    const socket = proved(h, {}, { facts: { address: "192.0.2.1" } });
    asked.length = 0;
    h.hibernate();
    again(socket, new ScramClient("user", "pencil"));
    expect([socket.heard(), asked]).toEqual([["AUTH"], []]);
    again(socket, new ScramClient("user", "pen"));
    expect(asked).toEqual([
      {
        clientId: "c1",
        username: "user",
        password: undefined,
        isProved: false,
        isWrongProof: true,
        address: "192.0.2.1",
      },
    ]);
  });

  it("with another user's name ends the connection before a password is proved [B140]", () => {
    const h = harness();
    for (const begins of [
      (socket: TestSocket, first: Buffer) => socket.send(auth(first, 0x19)),
      (socket: TestSocket, first: Buffer) => {
        socket.send(auth(undefined, 0x19));
        socket.packets();
        socket.send(auth(first));
      },
    ]) {
      const socket = proved(h);
      begins(socket, new ScramClient("other", "pen").first());
      expect(socket.heard()).toEqual(["DISCONNECT 0x87"]);
      expect(socket.closed?.reason).toContain("another user");
    }
  });

  it("fails where users are gone from the settings", () => {
    const h = harness();
    const socket = proved(h);
    const client = new ScramClient("user", "pencil");
    socket.send(auth(client.first(), 0x19));
    const message = client.final(dataOf(socket));
    h.hibernate({ scramUsers: readScramUsers(scramUser("other", "pen")) });
    socket.send(auth(message));
    expect(socket.heard()).toEqual(["DISCONNECT 0x87"]);
  });

  it.each([
    ["with another method [MQTT-4.12.1-1]", { ...auth(undefined, 0x19), ...method(undefined, "other") }],
    ["that continues what has not begun", auth(Buffer.from("c=biws"))],
  ])("%s is a protocol error", (_, packet) => {
    const socket = proved(harness());
    socket.send(packet);
    expect(socket.heard()).toEqual(["DISCONNECT 0x82"]);
  });
});
