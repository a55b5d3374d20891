// The simulated Durable Objects by class and name, and what each gets from the platform.

import { AccessObject } from "../../src/objects/access-object.ts";
import { DirectoryObject } from "../../src/objects/directory-object.ts";
import { SessionObject } from "../../src/objects/session-object.ts";
import { TopicObject } from "../../src/objects/topic-object.ts";
import { type Settings, settingsOf } from "../../src/settings/settings.ts";
import { Host, type Kind } from "./host.ts";
import type { Instance } from "./instance.ts";
import { Network } from "./network.ts";
import type { ServerSocket } from "./socket.ts";
import type { World } from "./world.ts";

const classes = { session: SessionObject, topic: TopicObject, directory: DirectoryObject, access: AccessObject };
const methods = {
  session: ["deliver", "revise", "whereabouts"],
  topic: ["exchange"],
  directory: ["report", "clients", "clientsOf", "countOf"],
  access: ["logIn", "logInCompared", "presentGrant", "createCredential", "updateCredential", "deleteCredential"],
};

export class Platform {
  readonly #world: World;
  readonly #network: Network;
  readonly #hosts = new Map<string, Host>();
  readonly settings: Settings;
  readonly #env: Env;

  /** @param variables settings of the broker */
  constructor(world: World, variables: Readonly<Record<string, number>>) {
    this.#world = world;
    this.#network = new Network(world);
    const namespaces = {
      SESSION: this.#namespace("session"),
      TOPIC: this.#namespace("topic"),
      DIRECTORY: this.#namespace("directory"),
      ACCESS: this.#namespace("access"),
    };
    this.#env = { ALLOW_ANONYMOUS: 1, ...variables, ...namespaces } as unknown as Env;
    this.settings = settingsOf(this.#env);
  }

  /** Every object that was ever used. */
  get hosts(): readonly Host[] {
    return [...this.#hosts.values()];
  }

  /** The objects of one namespace. */
  hostsOf(namespace: string): readonly Host[] {
    return this.hosts.filter(({ name }) => name === namespace || name.startsWith(`${namespace}/`));
  }

  host(kind: Kind, fullName: string): Host {
    const name = this.#world.separatesNamespaces || kind === "session" ? fullName : withoutNamespace(fullName);
    const key = `${kind} ${name}`;
    let host = this.#hosts.get(key);
    if (host === undefined) {
      host = new Host(this.#world, kind, name);
      this.#hosts.set(key, host);
    }
    return host;
  }

  /** For a call from outside of objects. */
  stub(kind: Kind, name: string): unknown {
    return this.#network.stubOf(this.host(kind, name), methods[kind]);
  }

  /** Whether no call between objects has failed so far, and no object has restarted but for a hibernation. */
  get isCalm(): boolean {
    return !this.#network.hasFailed && this.hosts.every(({ failedAtMs }) => !Number.isFinite(failedAtMs));
  }

  newObject(instance: Instance): unknown {
    return new classes[instance.host.kind](contextOf(instance), this.#env);
  }

  #namespace(kind: Kind): unknown {
    return { getByName: (name: string) => this.#network.stubOf(this.host(kind, name), methods[kind]) };
  }
}

function withoutNamespace(name: string): string {
  return name.includes("/") ? `default/${name.slice(name.indexOf("/") + 1)}` : "default";
}

function contextOf(instance: Instance): DurableObjectState {
  const { host } = instance;
  const context = {
    id: { name: host.name },
    storage: host.storage.forObject(() => instance.expectStorage()),
    acceptWebSocket: (socket: ServerSocket) => (instance.sockets ?? host.sockets).add(socket),
    getWebSockets: () => [...(instance.sockets ?? host.sockets)],
    blockConcurrencyWhile: (act: () => Promise<unknown>) => instance.blockUntil(act),
    abort: (reason: string) => {
      if (!instance.isAlive) return;
      if (instance.sockets === undefined) host.abort(`aborts: ${reason}`);
      else instance.end();
    },
  };
  return context as unknown as DurableObjectState;
}
