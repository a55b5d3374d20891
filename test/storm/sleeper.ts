// A client of the storm: a durable session with a few subscriptions. Some do not acknowledge what they get until they are
// told to, so that it waits in their sessions.

import type { Packet } from "mqtt-packet";
import { Changes } from "../crash/changes.ts";
import { Client, type ClientOptions } from "../crash/client.ts";
import type { CrashingServer } from "../crash/crashing-server.ts";

export class Sleeper {
  readonly client: Client;
  readonly filters: readonly string[];
  acknowledges: boolean;
  /** CONNACK has come with Session Present; as `performance.now()`. */
  resumedAtMs: number | undefined;
  /** When it first got each message, by payload. */
  readonly heardAtMs = new Map<string, number>();
  /** Times that its session was not there. */
  newSessions = 0;
  #isSubscribed = false;
  readonly #changes = new Changes();

  constructor(server: CrashingServer, options: ClientOptions, filters: readonly string[], acknowledges: boolean) {
    this.filters = filters;
    this.acknowledges = acknowledges;
    this.client = new Client(server, options, {
      onConnected: (sessionPresent) => this.#onConnected(sessionPresent),
      onPacket: (packet) => this.#onPacket(packet),
    });
  }

  async subscribed(timeoutMs: number): Promise<void> {
    await this.#until(() => this.#isSubscribed, timeoutMs, "SUBACK");
  }

  async resumed(timeoutMs: number): Promise<void> {
    await this.#until(() => this.resumedAtMs !== undefined, timeoutMs, "its session");
  }

  async heard(payload: string, timeoutMs: number): Promise<void> {
    await this.#until(() => this.heardAtMs.has(payload), timeoutMs, payload);
  }

  async #until(isSo: () => boolean, timeoutMs: number, what: string): Promise<void> {
    if (await this.#changes.until(isSo, timeoutMs)) return;
    throw new Error(`${this.client.options.clientId} waited ${timeoutMs} ms for ${what}`);
  }

  #onConnected(sessionPresent: boolean): void {
    if (sessionPresent) {
      this.resumedAtMs = performance.now();
    } else {
      this.newSessions += 1;
      const subscriptions = this.filters.map((topic) => ({ topic, qos: 1 as const }));
      this.client.send({ cmd: "subscribe", messageId: 1, subscriptions });
    }
    this.#changes.happened();
  }

  #onPacket(packet: Packet): void {
    if (packet.cmd === "suback") this.#isSubscribed = true;
    if (packet.cmd === "publish") {
      const payload = packet.payload.toString();
      if (!this.heardAtMs.has(payload)) this.heardAtMs.set(payload, performance.now());
      if (this.acknowledges) this.client.send({ cmd: "puback", messageId: packet.messageId ?? 0 });
    }
    this.#changes.happened();
  }
}
