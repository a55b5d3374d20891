// MQTT.js with enhanced authentication, for which it asks the program: SCRAM-SHA-256, on connecting and again later.

import mqtt from "mqtt";
import type { IAuthPacket, IConnackPacket } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { auth } from "../support/authenticating.ts";
import { paths, useBroker } from "../support/broker.ts";
import { unique } from "../support/connect.ts";
import { ScramClient, scramMethod, scramUser } from "../support/scram-client.ts";

const broker = useBroker({ variables: { SCRAM_USERS: scramUser("user", "pencil") } });

describe("MQTT.js", () => {
  it.each(paths)("authenticates over %s, and does so again", async (path) => {
    const clientId = unique("mqttjs");
    let scram = new ScramClient("user", "pencil");
    const client = mqtt.connect(broker.url(path, clientId), {
      protocolVersion: 5,
      clientId,
      reconnectPeriod: 0,
      properties: { authenticationMethod: scramMethod, authenticationData: scram.first() },
    });
    const proofs: (Buffer | undefined)[] = [];
    const isAgain = new Promise<void>((resolve) => {
      client.handleAuth = ({ reasonCode, properties }, done) => {
        const data = properties?.authenticationData;
        if (reasonCode === 0x18) {
          done(undefined, auth(scram.final(data)));
          return;
        }
        proofs.push(data);
        done();
        resolve();
      };
    });
    const connack = await new Promise<IConnackPacket>((resolve, reject) => {
      client.on("connect", resolve);
      client.on("error", reject);
    });
    expect(connack.properties).toMatchObject({ authenticationData: scram.serverFinal });

    scram = new ScramClient("user", "pencil");
    // It has nothing of its own for this.
    (client as unknown as { _sendPacket(packet: IAuthPacket): void })._sendPacket(auth(scram.first(), 0x19));
    await isAgain;
    expect(proofs).toEqual([scram.serverFinal]);
    await client.subscribeAsync("a");
    await client.endAsync();
  });
});
