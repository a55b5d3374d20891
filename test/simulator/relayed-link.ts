// A connection to `/mqtt`: the client, the Worker's real relay, the session. Each part of the way takes time and may
// break, and the Worker may be gone with both.

import { Relay } from "../../src/relay/relay.ts";
import { type ClientEnd, type ClientLink, Link, lostCode } from "./socket.ts";
import { WorkerProcess } from "./worker.ts";
import type { World } from "./world.ts";

type Listener = (event: object) => void;

/** As much of a WebSocket as src/relay uses: what is sent, or closed, at this end goes to the handlers. */
class RelaySocket {
  readyState: number = WebSocket.OPEN;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #onSend: (bytes: Uint8Array) => void;
  readonly #onClose: (code: number) => void;

  constructor(onSend: (bytes: Uint8Array) => void, onClose: (code: number) => void) {
    this.#onSend = onSend;
    this.#onClose = onClose;
  }

  accept(): void {}

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, (this.#listeners.get(type) ?? new Set()).add(listener));
  }

  removeEventListener(type: string, listener: Listener): void {
    this.#listeners.get(type)?.delete(listener);
  }

  send(data: Uint8Array | ArrayBuffer): void {
    if (this.readyState === WebSocket.OPEN) this.#onSend(Uint8Array.from(new Uint8Array(data)));
  }

  close(code: number): void {
    if (this.readyState !== WebSocket.OPEN) return;
    this.readyState = WebSocket.CLOSED;
    this.#onClose(code);
  }

  /** From the other end. */
  says(bytes: Uint8Array): void {
    if (this.readyState === WebSocket.OPEN) this.#tell("message", { data: Uint8Array.from(bytes).buffer });
  }

  /** The other end has closed, or is lost. */
  isGone(code: number): void {
    if (this.readyState !== WebSocket.OPEN) return;
    this.readyState = WebSocket.CLOSED;
    this.#tell("close", { code, reason: "" });
  }

  #tell(type: string, event: object): void {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) listener(event);
  }
}

export class RelayedLink implements ClientLink {
  readonly #world: World;
  readonly #client: ClientEnd;
  readonly #worker = new WorkerProcess();
  readonly #near: RelaySocket;
  #inner: Link | undefined;
  #endedAtMs = Number.POSITIVE_INFINITY;
  #isBroken = false;
  #isClientDone = false;
  #toClientMs = 0;
  #toWorkerMs = 0;

  constructor(world: World, namespace: string, client: ClientEnd) {
    this.#world = world;
    this.#client = client;
    this.#near = new RelaySocket(
      (bytes) => this.#toClient((end) => end.onBytes(bytes)),
      (code) => {
        this.#end();
        this.#toClient(() => this.#tellClient(code));
      },
    );
    const openSession = async (clientId: string) => this.#open(namespace, clientId) as unknown as WebSocket;
    this.#toWorker(() => new Relay(this.#near as unknown as WebSocket, world.platform.settings, {}, openSession));
  }

  get endedAtMs(): number {
    return Math.min(this.#endedAtMs, this.#inner?.endedAtMs ?? Number.POSITIVE_INFINITY);
  }

  send(bytes: Uint8Array): void {
    this.#toWorker(() => this.#near.says(bytes));
  }

  close(): void {
    this.#isClientDone = true;
    this.#end();
    this.#toWorker(() => this.#near.isGone(1000));
  }

  /** The client's way to the Worker breaks, or the Worker is gone. */
  cut(): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#end();
    const { faults, clock } = this.#world;
    const isWorkerGone = faults.cutsWorker();
    this.#world.trace(isWorkerGone ? "a Worker is gone" : "a connection to a Worker breaks");
    clock.after(faults.noticeMs(), undefined, () => this.#tellClient(lostCode));
    if (isWorkerGone) {
      this.#worker.isAlive = false;
      this.#inner?.cut();
    } else {
      clock.after(faults.noticeMs(), undefined, () => this.#inWorker(() => this.#near.isGone(lostCode)));
    }
  }

  #open(namespace: string, clientId: string): RelaySocket {
    const far = new RelaySocket(
      (bytes) => this.#inner?.send(bytes),
      () => this.#inner?.close(),
    );
    this.#inner = new Link(
      this.#world,
      this.#world.sessionHost(namespace, clientId),
      {
        onBytes: (bytes) => this.#inWorker(() => far.says(bytes)),
        onClosed: (code) => this.#inWorker(() => far.isGone(code)),
      },
      true,
    );
    return far;
  }

  #end(): void {
    this.#endedAtMs = Math.min(this.#endedAtMs, this.#world.clock.nowMs);
  }

  #inWorker(act: () => void): void {
    if (!this.#worker.isAlive) return;
    this.#world.clock.running = this.#worker;
    act();
  }

  #tellClient(code: number): void {
    if (this.#isClientDone) return;
    this.#isClientDone = true;
    this.#client.onClosed(code);
  }

  #toClient(act: (end: ClientEnd) => void): void {
    this.#toClientMs = this.#arrivalAfter(this.#toClientMs);
    this.#world.clock.after(this.#toClientMs - this.#world.clock.nowMs, undefined, () => {
      if (!this.#isBroken && !this.#isClientDone) act(this.#client);
    });
  }

  #toWorker(act: () => void): void {
    this.#toWorkerMs = this.#arrivalAfter(this.#toWorkerMs);
    this.#world.clock.after(this.#toWorkerMs - this.#world.clock.nowMs, undefined, () => {
      if (!this.#isBroken) this.#inWorker(act);
    });
  }

  /** After all that goes the same way already. */
  #arrivalAfter(lastMs: number): number {
    return Math.max(lastMs, this.#world.clock.nowMs + this.#world.faults.frameMs());
  }
}
