// Credentials at work: guests that log in with them, an operator that changes and deletes them, and a witness. It
// judges three promises. A guest that is no longer allowed is gone when the operator has its answer, and stays out.
// Forbidden messages are neither published nor received. And no credential has more clients than it may.

import type { AccessRules } from "../../src/core/access/access-rules.ts";
import { fullAccess } from "../../src/core/access/access-rules.ts";
import type { CredentialResult } from "../../src/core/access/credential.ts";
import type { Random } from "../support/random.ts";
import { Guest, type Login } from "./guest.ts";
import { WorkerProcess } from "./worker.ts";
import type { World } from "./world.ts";

type Access = {
  createCredential(fields: object, secret: object): Promise<CredentialResult>;
  updateCredential(id: string, change: object, secret: object | undefined): Promise<CredentialResult>;
  deleteCredential(id: string): Promise<boolean>;
};

type Account = {
  readonly name: string;
  readonly maximumClients: number | null;
  id: string;
  login: Login | undefined;
  guests: readonly Guest[];
  /** A change is under way. If it was never answered, it stays so, because the operator does not know what holds. */
  isChanging: boolean;
  /** When the operator got the answer that it is deleted; Infinity before that. */
  endedAtMs: number;
  /** When the operator got the answer that `secret` is no longer valid. */
  restrictedAtMs: number;
};

type Sent = { readonly account: Account | undefined; readonly isSecret: boolean; readonly atMs: number };

const secretTopic = "$guests/secret";
const openTopic = "$guests/open";
/** A frame's way, and what came before it: so long after the answer a guest may not know yet that it is out. */
const noticedWithinMs = 2_000;

const withoutSecret: AccessRules = {
  ...fullAccess,
  publish: { allow: ["#"], deny: [secretTopic] },
  subscribe: { allow: ["#"], deny: [secretTopic] },
};

export class Guesthouse {
  readonly #world: World;
  readonly #random: Random;
  readonly #operator = new WorkerProcess();
  readonly #accounts: readonly Account[];
  readonly #witness: Guest;
  /** By payload. */
  readonly #sent = new Map<string, Sent>();
  #isOpen = true;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
    this.#accounts = [this.#account("any", null), this.#account("few", 1), this.#account("two", 2)];
    this.#witness = this.#guest("witness", 0, undefined);
  }

  /** Makes the credentials, and has everybody live from then on. */
  open(): void {
    for (const account of this.#accounts) void this.#make(account);
    for (const account of this.#accounts) for (const guest of account.guests) this.#live(guest, account);
    this.#live(this.#witness, undefined);
    this.#operate();
  }

  /** Faults have stopped, and everything has had its time. */
  close(): void {
    for (const { name, guests, login, endedAtMs, maximumClients, isChanging } of this.#accounts) {
      if (isChanging) continue;
      const connected = guests.filter(({ shown }) => shown !== null);
      const isOver = Number.isFinite(endedAtMs);
      if (isOver && connected.length > 0)
        this.#wrong(`${connected[0]?.clientId} is connected, and its credential deleted`);
      for (const { clientId, shown } of connected) {
        if (!isOver && shown?.password !== login?.password) this.#wrong(`${clientId} is connected by an old secret`);
      }
      // What a crash or a lost report has left in the directory is found when somebody is refused for it.
      const wanted = Math.min(guests.length, maximumClients ?? guests.length);
      if (!isOver && login !== undefined && connected.length < wanted) {
        this.#wrong(`${connected.length} clients of the credential "${name}" are connected, and not ${wanted}`);
      }
    }
    this.#isOpen = false;
    for (const guest of [...this.#accounts.flatMap(({ guests }) => guests), this.#witness]) guest.disconnect();
  }

  #account(name: string, maximumClients: number | null): Account {
    const account: Account = {
      name,
      maximumClients,
      id: "",
      login: undefined,
      guests: [],
      isChanging: false,
      endedAtMs: Number.POSITIVE_INFINITY,
      restrictedAtMs: Number.POSITIVE_INFINITY,
    };
    const expiriesSec = [0, 300, 300];
    account.guests = expiriesSec.map((expirySec, index) => this.#guest(`${name}${index}`, expirySec, account));
    return account;
  }

  #guest(clientId: string, expirySec: number, account: Account | undefined): Guest {
    return new Guest(this.#world, clientId, expirySec, {
      login: () => account?.login,
      onAccepted: (guest, shown, askedAtMs) => account && this.#onAccepted(account, guest, shown, askedAtMs),
      onMessage: (guest, payload) => this.#onMessage(guest, account, payload),
    });
  }

  #live(guest: Guest, account: Account | undefined): void {
    const random = this.#random;
    const isEventful = this.#world.phase === "eventful";
    this.#world.clock.after(random.between(1, isEventful ? 1_500 : 60_000), undefined, () => {
      if (!this.#isOpen) return;
      const isSecret = random.chance(0.5);
      if (!guest.isBusy && (account === undefined || account.login !== undefined)) guest.connect();
      else if (random.chance(isEventful ? 0.15 : 0)) guest.disconnect();
      else if (random.chance(isEventful ? 1 : 0.3)) this.#publish(guest, account, isSecret);
      this.#live(guest, account);
    });
  }

  #publish(guest: Guest, account: Account | undefined, isSecret: boolean): void {
    const payload = `${guest.clientId}:${this.#sent.size}`;
    this.#sent.set(payload, { account, isSecret, atMs: this.#world.clock.nowMs });
    guest.publish(isSecret ? secretTopic : openTopic, payload);
  }

  // The operator

  #operate(): void {
    this.#world.clock.after(this.#random.between(500, 4_000), undefined, () => {
      if (this.#world.phase !== "eventful") return;
      const account = this.#random.pick(this.#accounts);
      if (account.id !== "" && !account.isChanging && account.endedAtMs === Number.POSITIVE_INFINITY) {
        const change = this.#random.pick([this.#restrict, this.#renew, this.#delete]);
        account.isChanging = true;
        void this.#call(async () => {
          await change.call(this, account);
          account.isChanging = false;
        });
      }
      this.#operate();
    });
  }

  async #make(account: Account): Promise<void> {
    const { name: username, maximumClients } = account;
    const fields = { username, name: "", rules: fullAccess, maximumClients, isEnabled: true, expiresAtMs: 0 };
    await this.#call(async () => {
      const result = await this.#access.createCredential(fields, { kind: "token" });
      if (!result.ok) throw new Error(result.message);
      account.id = result.credential.id;
      account.login = { username, password: result.token ?? "" };
    });
  }

  async #restrict(account: Account): Promise<void> {
    const result = await this.#access.updateCredential(account.id, { rules: withoutSecret }, undefined);
    if (result.ok) account.restrictedAtMs = Math.min(account.restrictedAtMs, this.#toldAtMs());
  }

  async #renew(account: Account): Promise<void> {
    const result = await this.#access.updateCredential(account.id, {}, { kind: "token" });
    if (!result.ok || account.login === undefined) return;
    const old = account.login;
    account.login = { ...old, password: result.token ?? "" };
    this.#expectOut(account, (shown) => shown.password === old.password);
  }

  async #delete(account: Account): Promise<void> {
    if (!(await this.#access.deleteCredential(account.id))) return;
    account.endedAtMs = this.#world.clock.nowMs;
    this.#expectOut(account, () => true);
  }

  /** From here on nobody may be there who has shown that, and could be told: the guests themselves have to hear of it. */
  #expectOut({ guests }: Account, isOut: (shown: Login) => boolean): void {
    this.#world.clock.after(noticedWithinMs, undefined, () => {
      for (const guest of guests) {
        const { clientId, shown } = guest;
        if (shown && isOut(shown) && this.#wasInReach(guest)) {
          this.#wrong(`${clientId} is connected, after its access was revoked`);
        }
      }
    });
  }

  /** Its session could be told of a change, and those who know of the session, all the time that it has been connected. */
  #wasInReach({ clientId, askedAtMs }: Guest): boolean {
    const { platform } = this.#world;
    const knowing = [platform.host("access", "default"), platform.host("directory", "default")];
    return this.#world.wereInReach([...knowing, this.#world.sessionHost("default", clientId)], askedAtMs);
  }

  /** While something may be out of reach a change holds there later: that is judged at the end alone. */
  #toldAtMs(): number {
    return this.#world.isCalm ? this.#world.clock.nowMs : Number.POSITIVE_INFINITY;
  }

  // What is judged at once

  #onAccepted(account: Account, { clientId }: Guest, shown: Login | undefined, askedAtMs: number): void {
    if (!this.#world.isCalm) return;
    if (askedAtMs > account.endedAtMs) this.#wrong(`${clientId} is let in, and its credential was deleted`);
    const connected = account.guests.filter((guest) => guest.shown !== null);
    const most = account.maximumClients ?? Number.POSITIVE_INFINITY;
    if (shown !== undefined && connected.length > most) {
      this.#wrong(`${connected.map((guest) => guest.clientId)} are connected, and ${most} may`);
    }
  }

  #onMessage({ clientId }: Guest, receiver: Account | undefined, payload: string): void {
    const sent = this.#sent.get(payload);
    if (sent === undefined || !sent.isSecret || !this.#world.isCalm) return;
    if (sent.atMs > (sent.account?.restrictedAtMs ?? Number.POSITIVE_INFINITY)) {
      this.#wrong(`${clientId} got ${payload}, which may not be published`);
    }
    if (sent.atMs > (receiver?.restrictedAtMs ?? Number.POSITIVE_INFINITY)) {
      this.#wrong(`${clientId} got ${payload}, which it may not receive`);
    }
  }

  #wrong(what: string): void {
    this.#world.violate(what);
  }

  // Calls

  get #access(): Access {
    return this.#world.platform.stub("access", "default") as Access;
  }

  /** What fails is not answered: then nothing is promised yet. */
  async #call(act: () => Promise<void>): Promise<void> {
    this.#world.clock.running = this.#operator;
    await act().catch((error) => this.#world.trace(`the operator hears ${error}`));
  }
}
