// Compares the directory's list with the truth: within a minute after somebody asks it is right, whatever crashed,
// stopped or was not reported before.

import type { Client } from "./client.ts";
import { WorkerProcess } from "./worker.ts";
import type { World } from "./world.ts";

type Listed = { readonly clientId: string; readonly isConnected: boolean };
type Directory = { clients(after: string, most: number): Promise<readonly Listed[]> };

const rightWithinMs = 60_000;
const answeredWithinMs = 5_000;

export class Listing {
  readonly #world: World;
  readonly #namespace: string;
  readonly #clients: readonly Client[];
  readonly #asker = new WorkerProcess();

  /** @param clients of this namespace: those that have just come or gone are left out */
  constructor(world: World, namespace: string, clients: readonly Client[]) {
    this.#world = world;
    this.#namespace = namespace;
    this.#clients = clients;
  }

  /** Asks twice, as `GET /clients` does, a minute apart. */
  async judge(pass: (milliseconds: number) => Promise<void>): Promise<void> {
    await this.#ask(pass);
    await pass(rightWithinMs - answeredWithinMs);
    // A call that meets a hibernation is lost, and asked again.
    const listed = (await this.#ask(pass)) ?? (await this.#ask(pass));
    if (listed === undefined) {
      this.#world.violate(`the directory of ${this.#namespace} does not answer`);
      return;
    }
    const steadyMs = 2 * rightWithinMs;
    const connected = new Set(listed.filter(({ isConnected }) => isConnected).map(({ clientId }) => clientId));
    for (const { isConnected, changedAtMs, profile } of this.#clients) {
      const isSteady = changedAtMs < this.#world.clock.nowMs - steadyMs;
      if (!isSteady || connected.has(profile.clientId) === isConnected) continue;
      const so = isConnected ? "connected" : "away";
      this.#world.violate(`the directory does not list ${profile.clientId} as ${so} within a minute of being asked`);
    }
  }

  async #ask(pass: (milliseconds: number) => Promise<void>): Promise<readonly Listed[] | undefined> {
    const { clock, platform } = this.#world;
    let answer: readonly Listed[] | undefined;
    clock.running = this.#asker;
    const directory = platform.stub("directory", this.#namespace) as Directory;
    directory.clients("", 1_000).then(
      (listed) => {
        answer = listed;
      },
      (error) => this.#world.trace(`the directory answers ${error}`),
    );
    await pass(answeredWithinMs);
    return answer;
  }
}
