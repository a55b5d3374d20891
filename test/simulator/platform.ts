// The simulated Durable Objects: all there are, by class and name; what each is given to work with.

import { DirectoryObject } from "../../src/objects/directory-object.ts";
import { SessionObject } from "../../src/objects/session-object.ts";
import { TopicObject } from "../../src/objects/topic-object.ts";
import { Host, type Kind } from "./host.ts";
import type { Instance } from "./instance.ts";
import { Network } from "./network.ts";
import type { ServerSocket } from "./socket.ts";
import type { World } from "./world.ts";

const classes = { session: SessionObject, topic: TopicObject, directory: DirectoryObject };
const methods = { session: ["deliver", "whereabouts"], topic: ["exchange"], directory: ["report"] };

export class Platform {
  readonly #world: World;
  readonly #network: Network;
  readonly #hosts = new Map<string, Host>();
  readonly #env: Env;

  /** @param variables settings of the broker */
  constructor(world: World, variables: Readonly<Record<string, number>>) {
    this.#world = world;
    this.#network = new Network(world);
    const namespaces = {
      SESSION: this.#namespace("session"),
      TOPIC: this.#namespace("topic"),
      DIRECTORY: this.#namespace("directory"),
    };
    this.#env = { ALLOW_ANONYMOUS: 1, ...variables, ...namespaces } as unknown as Env;
  }

  /** Every object that was ever used. */
  get hosts(): readonly Host[] {
    return [...this.#hosts.values()];
  }

  host(kind: Kind, name: string): Host {
    const key = `${kind} ${name}`;
    let host = this.#hosts.get(key);
    if (host === undefined) {
      host = new Host(this.#world, kind, name);
      this.#hosts.set(key, host);
    }
    return host;
  }

  newObject(instance: Instance): unknown {
    return new classes[instance.host.kind](contextOf(instance), this.#env);
  }

  #namespace(kind: Kind): unknown {
    return { getByName: (name: string) => this.#network.stubOf(this.host(kind, name), methods[kind]) };
  }
}

function contextOf(instance: Instance): DurableObjectState {
  const { host } = instance;
  const context = {
    id: { name: host.name },
    storage: host.storage.forObject(() => {
      if (!instance.isAlive) throw new Error("the object is gone");
    }),
    acceptWebSocket: (socket: ServerSocket) => host.sockets.add(socket),
    getWebSockets: () => [...host.sockets],
    blockConcurrencyWhile: (act: () => Promise<unknown>) => instance.blockUntil(act),
    abort: (reason: string) => {
      if (instance.isAlive) host.abort(`aborts: ${reason}`);
    },
  };
  return context as unknown as DurableObjectState;
}
