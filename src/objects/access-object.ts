// Who may do what in a namespace: credentials, API tokens, and how often a login has failed. Sessions ask it when a client
// connects, and never in the path of a message. It computes nothing slow for a login, since all clients of a namespace ask
// it. It hashes a chosen password when that is set, which is more than the Worker may compute on the free plan.

import { DurableObject } from "cloudflare:workers";
import { type MadeSecret, makeSecret } from "../auth/new-secret.ts";
import { newToken, sha256Hex } from "../auth/token.ts";
import {
  type Credential,
  type CredentialFields,
  type CredentialResult,
  grantOf,
  identityOf,
  idOf,
  isCredential,
  type NewSecret,
  type StoredCredential,
} from "../core/access/credential.ts";
import {
  DeviceIndex,
  type DevicePage,
  type DevicePresences,
  type DeviceQuery,
  type DeviceView,
} from "../core/access/devices.ts";
import type { Grant } from "../core/access/grant.ts";
import type { Allowance } from "../core/access/guesses.ts";
import type { Login, LoginVerdict, PasswordHash } from "../core/access/login.ts";
import type { LoginResult } from "../core/access/login-attempt.ts";
import { TokenBucket } from "../core/token-bucket.ts";
import { defaultNamespace } from "../edge/namespaces.ts";
import { Alarm } from "../platform/alarm.ts";
import { randomId } from "../platform/random-id.ts";
import { RestartOnBug } from "../platform/restart-on-bug.ts";
import { type Migrations, Schema } from "../platform/schema.ts";
import { accessStub, directoryStub, sessionStub } from "../platform/stubs.ts";
import { type Settings, settingsOf } from "../settings/settings.ts";
import { type ApiToken, ApiTokenTable, apiTokenMigration } from "./access/api-token-table.ts";
import { CredentialTable, credentialMigration } from "./access/credential-table.ts";
import { DevicePresencesOfDirectory } from "./access/device-presences.ts";
import { Logins } from "./access/logins.ts";
import { NamespaceTable, namespaceMigration } from "./access/namespace-table.ts";
import { RecentLogins, unlistedAtMostMs } from "./access/recent-logins.ts";
import { Refusals, refusalMigration } from "./access/refusals.ts";
import { Revisions, revisionMigration } from "./access/revisions.ts";

/** A new version goes to the end. */
export const accessMigrations: Migrations = [
  { credential: credentialMigration, api_token: apiTokenMigration, revision: revisionMigration },
  { namespace: namespaceMigration },
  { refusal: refusalMigration },
];

/** When to try again to notify sessions of a change. The wait doubles each time. */
const firstRetryMs = 10_000;
/** Waits before further tries while the API call waits: a call to a session may fail just once. */
const secondTriesMs = [100, 400];
const maximumRetryMs = 300_000;

/** How many rows are read at once. */
const indexedAtOnce = 1_000;

/** Looks for namespaces that are older than the list of them: this many at once, then one per `soughtEverySec`. */
const soughtAtOnce = 20;
const soughtEverySec = 60;

export type CredentialNames = Pick<Credential, "username" | "name">;

export class AccessObject extends DurableObject<Env> {
  private readonly settings: Settings;
  private readonly namespace: string;
  private readonly schema: Schema;
  private readonly credentialTable: CredentialTable;
  private readonly apiTokenTable: ApiTokenTable;
  private readonly namespaceTable: NamespaceTable;
  private readonly seeks = new TokenBucket(soughtAtOnce, soughtAtOnce * soughtEverySec);
  private isListed: boolean;
  private readonly logins: Logins;
  private readonly revisions: Revisions;
  private readonly recent = new RecentLogins();
  private readonly refusals: Refusals;
  private readonly presences: DevicePresencesOfDirectory;
  /** `undefined` until somebody asks for devices. */
  private devicesInMemory: DeviceIndex | undefined;
  private retryMs = firstRetryMs;
  private readonly nextAlarm: Alarm;
  private readonly bugs: RestartOnBug;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.settings = settingsOf(env);
    this.namespace = ctx.id.name ?? "";
    this.schema = new Schema(ctx.storage, accessMigrations);
    this.nextAlarm = new Alarm(ctx.storage);
    this.bugs = new RestartOnBug(ctx);
    this.credentialTable = new CredentialTable(this.schema);
    this.apiTokenTable = new ApiTokenTable(this.schema);
    this.namespaceTable = new NamespaceTable(this.schema);
    this.isListed = this.namespace === defaultNamespace;
    const directory = () => directoryStub(env, this.settings, this.namespace);
    this.refusals = new Refusals(this.schema);
    this.presences = new DevicePresencesOfDirectory(() => directory().presencesOfCredentials());
    this.logins = new Logins(
      this.credentialTable,
      this.recent,
      this.refusals,
      (identity, exceptClientIds, maximum) => directory().countOf(identity, exceptClientIds, maximum),
      (username) => this.settings.scramUsers?.find(username).isKnown === true,
    );
    this.revisions = new Revisions(this.schema, {
      grantOf: (identity) => this.grantOf(identity),
      clientsOf: async (identity, after, most) =>
        (await directory().clientsOf(identity, after, most)).map(({ clientId }) => clientId),
      recentClientsOf: (identity) => this.recent.clientsOf(identity, Date.now()),
      notify: (clientId, identity, grant) =>
        sessionStub(env, this.settings, this.namespace, clientId).revise(identity, grant),
    });
    if (this.revisions.isOpen) void ctx.blockConcurrencyWhile(() => this.findAlarm());
  }

  /** @param isAnonymousAllowed whether a client with an unknown username is let in as anonymous */
  logIn(login: Login, isAnonymousAllowed: boolean): Promise<LoginVerdict> {
    return this.logins.logIn(login, isAnonymousAllowed, Date.now());
  }

  /** See `Logins.logInCompared`. */
  logInCompared(login: Login, passwordHash: PasswordHash, allowance?: Allowance): Promise<LoginResult> {
    return this.logins.logInCompared(login, passwordHash, Date.now(), allowance);
  }

  /**
   * Called by a session whose client is connected but cannot be reported to the directory, so that a revocation would not
   * find it. From now on this object knows of it.
   * @returns the present grant of the identity; `null` if it is gone or disabled
   */
  presentGrant(identity: string, clientId: string): Grant | null {
    this.recent.note(identity, clientId, Date.now());
    return this.grantOf(identity);
  }

  async createCredential(fields: CredentialFields, newSecret: NewSecret): Promise<CredentialResult> {
    const [secret] = await Promise.all([makeSecret(newSecret), this.list()]);
    const nowMs = Date.now();
    const kind = newSecret.kind;
    const credential = { ...fields, id: randomId(), kind, createdAtMs: nowMs, updatedAtMs: nowMs };
    return this.putCredential(credential, secret, undefined);
  }

  /** In the order of their ids. */
  credentials(after: string, most: number): Credential[] {
    return this.credentialTable.page(after, most);
  }

  credential(id: string): Credential | undefined {
    return this.credentialTable.find(id)?.credential;
  }

  /** @param newSecret `undefined` to leave it as it is */
  async updateCredential(
    id: string,
    change: Partial<CredentialFields>,
    newSecret: NewSecret | undefined,
  ): Promise<CredentialResult> {
    const secret = newSecret === undefined ? undefined : await makeSecret(newSecret);
    // Read after the wait, so that a change that another call makes meanwhile is kept.
    const present = this.credentialTable.find(id);
    if (present === undefined) return notFound(id);
    const kind = newSecret?.kind ?? present.credential.kind;
    const credential = { ...present.credential, ...change, kind, updatedAtMs: Date.now() };
    return this.putCredential(credential, secret, present);
  }

  /** Its sessions end before this is answered, or as soon as they can be reached. */
  async deleteCredential(id: string): Promise<boolean> {
    if (!this.credentialTable.has(id)) return false;
    const identity = identityOf({ id });
    await this.revise(identity, () => {
      this.credentialTable.delete(id);
      this.refusals.forget(id);
      this.devicesInMemory?.delete(id);
    });
    return true;
  }

  /** A page of devices, and how many the search has found. */
  async devices(query: DeviceQuery): Promise<DevicePage> {
    const presences = await this.presencesNow();
    return this.deviceIndex().page(query, presences, (id) => this.refusals.of(id));
  }

  async device(id: string): Promise<DeviceView | undefined> {
    const presences = await this.presencesNow();
    return this.deviceIndex().find(id, presences, (refused) => this.refusals.of(refused));
  }

  /** @returns the API token as it may be shown, and the secret, which is never shown again */
  async createApiToken(
    name: string,
    scopes: readonly string[],
  ): Promise<{ readonly apiToken: ApiToken; readonly token: string }> {
    await this.list();
    const token = newToken();
    const apiToken = { id: randomId(), name, scopes, createdAtMs: Date.now() };
    this.apiTokenTable.put(apiToken, sha256Hex(token));
    return { apiToken, token };
  }

  /** In the order of their ids. */
  apiTokens(after: string, most: number): ApiToken[] {
    return this.apiTokenTable.page(after, most);
  }

  deleteApiToken(id: string): boolean {
    return this.apiTokenTable.delete(id);
  }

  /** Finds an API token by its hash. */
  apiTokenFor(sha256: string): ApiToken | undefined {
    return this.apiTokenTable.findBySha256(sha256);
  }

  /** See `ApiTokenTable.hashStarts`. With it, most wrong tokens are recognised without a call for each. */
  apiTokenHashStarts(): string[] {
    return this.apiTokenTable.hashStarts();
  }

  /** Called on `default`, which keeps the list. A namespace that is older than the list is found, and added to it. */
  async knowsNamespace(name: string): Promise<boolean> {
    if (this.namespaceTable.has(name)) return true;
    // A stranger can make up any number of names, and each needs a call to another object.
    if (!this.seeks.take(Date.now())) return false;
    const isUsed = await accessStub(this.env, this.settings, name).isUsed();
    if (isUsed) this.namespaceTable.put(name);
    return isUsed;
  }

  /** Called on `default`, which keeps the list. */
  listNamespace(name: string): void {
    this.namespaceTable.put(name);
  }

  /** Whether an operator has made something in this namespace, or a client has a session there. Writes nothing. */
  async isUsed(): Promise<boolean> {
    if (this.schema.exists) return true;
    return (await directoryStub(this.env, this.settings, this.namespace).clients("", 1)).length > 0;
  }

  override alarm(): Promise<void> {
    return this.bugs.guardAlarm(async () => {
      const isDone = await this.revisions.notifyAll();
      if (!this.revisions.isOpen) return;
      this.retryMs = Math.min(this.retryMs * 2, maximumRetryMs);
      await this.nextAlarm.move(Date.now() + (isDone ? unlistedAtMostMs : this.retryMs));
    });
  }

  private async findAlarm(): Promise<void> {
    await this.nextAlarm.find();
    if (!this.nextAlarm.isSet) await this.nextAlarm.move(Date.now() + firstRetryMs);
  }

  /** Puts the namespace on the list. To be called before the first thing is made in it, in case of a crash in between. */
  private async list(): Promise<void> {
    if (this.isListed) return;
    await accessStub(this.env, this.settings, defaultNamespace).listNamespace(this.namespace);
    this.isListed = true;
  }

  /** The identities of the credentials whose username or name has this part. */
  identitiesOf(search: string): string[] {
    return this.deviceIndex().identitiesOf(search);
  }

  /** In the order of the identities; `undefined` for those that are no credential. */
  namesOf(identities: readonly string[]): (CredentialNames | undefined)[] {
    const index = this.deviceIndex();
    return identities.map((identity) => {
      const device = isCredential(identity) ? index.get(idOf(identity)) : undefined;
      return device && { username: device.username, name: device.name };
    });
  }

  /** Has the directory forget those that it knows, and that are gone: a session may report its end after its credential's. */
  private async presencesNow(): Promise<DevicePresences> {
    const presences = await this.presences.read(Date.now());
    const index = this.deviceIndex();
    const gone = [...presences].flatMap(([identity, { connected }]) =>
      connected > 0 || index.has(idOf(identity)) ? [] : identity,
    );
    if (gone.length > 0) {
      const directory = directoryStub(this.env, this.settings, this.namespace);
      // What fails now is found again by who asks next.
      void directory.forgetLastSeen(gone).catch(() => {});
    }
    return presences;
  }

  /** Read once, then kept up to date: a page of devices asks every other second. */
  private deviceIndex(): DeviceIndex {
    if (this.devicesInMemory !== undefined) return this.devicesInMemory;
    const index = new DeviceIndex();
    for (let after = ""; ; ) {
      const page = this.credentialTable.page(after, indexedAtOnce);
      for (const credential of page) index.put(credential);
      const last = page.at(-1);
      if (last === undefined || page.length < indexedAtOnce) break;
      after = last.id;
    }
    this.devicesInMemory = index;
    return index;
  }

  private async putCredential(
    credential: Credential,
    made: MadeSecret | undefined,
    present: StoredCredential | undefined,
  ): Promise<CredentialResult> {
    const secret = made?.stored ?? present?.secret;
    if (secret === undefined) return notFound(credential.id);
    const next = { credential, secret };
    const refusal = this.refusalOf(next);
    if (refusal !== undefined) return refusal;
    const write = () => {
      this.credentialTable.put(next);
      this.devicesInMemory?.put(credential);
    };
    if (present === undefined || isWorthTheSame(present, next)) write();
    else await this.revise(identityOf(credential), write);
    return { ok: true, credential, token: made?.token };
  }

  /** Changes what an identity may do, and notifies its sessions. The alarm notifies those that cannot be reached now. */
  private async revise(identity: string, change: () => void): Promise<void> {
    try {
      this.schema.atomically(() => {
        change();
        this.revisions.put(identity);
      });
    } catch (error) {
      // It may have what is not on the disk.
      this.devicesInMemory = undefined;
      throw error;
    }
    this.retryMs = firstRetryMs;
    // The alarm is set before any wait, so that sessions are notified even after a crash.
    void this.nextAlarm.move(Date.now() + firstRetryMs);
    for (const waitMs of secondTriesMs) {
      if (await this.revisions.notify(identity)) return;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
    await this.revisions.notify(identity);
  }

  private refusalOf({ credential: { id, username }, secret }: StoredCredential): CredentialResult | undefined {
    const { credentialTable } = this;
    const isOthers = (owner: string | undefined) => owner !== undefined && owner !== id;
    if (isOthers(credentialTable.ownerOfUsername(username))) {
      const message = `another credential has the username ${JSON.stringify(username)}: choose another`;
      return { ok: false, code: "username-taken", message };
    }
    const isTaken = secret.kind === "certificate" && isOthers(credentialTable.ownerOfCertificate(secret.sha256));
    if (!isTaken) return undefined;
    return { ok: false, code: "certificate-taken", message: "another credential has this certificate" };
  }

  private grantOf(identity: string): Grant | null {
    const stored = this.credentialTable.find(idOf(identity));
    return stored?.credential.isEnabled ? grantOf(stored) : null;
  }
}

/** Whether the difference does not matter to sessions. */
function isWorthTheSame(one: StoredCredential, other: StoredCredential): boolean {
  const worth = (stored: StoredCredential) => JSON.stringify([stored.credential.isEnabled, grantOf(stored)]);
  return worth(one) === worth(other);
}

function notFound(id: string): CredentialResult {
  return { ok: false, code: "not-found", message: `there is no credential ${JSON.stringify(id)}` };
}
