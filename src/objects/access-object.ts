// Who may do what in a namespace: credentials, API tokens, and how often a login has failed. Asked by sessions when a client
// connects, and never in the path of a message. Nothing slow is computed here: all logins of a namespace come by.

import { DurableObject } from "cloudflare:workers";
import { newToken, sha256Hex } from "../auth/token.ts";
import {
  type Credential,
  type CredentialFields,
  type CredentialResult,
  identityOf,
  type NewSecret,
  type StoredSecret,
} from "../core/access/credential.ts";
import type { Login, LoginVerdict } from "../core/access/login.ts";
import { type Settings, settingsOf } from "../settings.ts";
import { type ApiToken, ApiTokenTable, apiTokenMigration } from "./api-token-table.ts";
import { CredentialTable, credentialMigration, type StoredCredential } from "./credential-table.ts";
import { Logins } from "./logins.ts";
import { randomId } from "./random-id.ts";
import { RecentLogins } from "./recent-logins.ts";
import { Revisions, revisionMigration } from "./revisions.ts";
import { type Migrations, Schema } from "./schema.ts";
import { directoryStub, sessionStub } from "./stubs.ts";

const migrations: Migrations = [
  { credential: credentialMigration, api_token: apiTokenMigration, revision: revisionMigration },
];

/** When to try again to tell sessions of a change. */
const retryMs = 10_000;

export class AccessObject extends DurableObject<Env> {
  private readonly settings: Settings;
  private readonly namespace: string;
  private readonly schema: Schema;
  private readonly credentialTable: CredentialTable;
  private readonly apiTokenTable: ApiTokenTable;
  private readonly logins: Logins;
  private readonly revisions: Revisions;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.settings = settingsOf(env);
    this.namespace = ctx.id.name ?? "";
    this.schema = new Schema(ctx.storage, migrations);
    this.credentialTable = new CredentialTable(this.schema);
    this.apiTokenTable = new ApiTokenTable(this.schema);
    const recent = new RecentLogins();
    const directory = () => directoryStub(env, this.settings, this.namespace);
    this.logins = new Logins(this.credentialTable, recent, (identity, clientId) =>
      directory().countOf(identity, clientId),
    );
    this.revisions = new Revisions(this.schema, {
      revisionOf: (identity, mustLogInAgain) => ({ rules: this.rulesOf(identity), mustLogInAgain }),
      clientsOf: async (identity, after, most) =>
        (await directory().clientsOf(identity, after, most)).map(({ clientId }) => clientId),
      recentClientsOf: (identity) => recent.clientsOf(identity, Date.now()),
      tell: (clientId, identity, revision) =>
        sessionStub(env, this.settings, this.namespace, clientId).revise(identity, revision),
    });
  }

  /** @param isAnonymousAllowed whether a username that nobody has is as good as none */
  logIn(login: Login, isAnonymousAllowed: boolean): Promise<LoginVerdict> {
    return this.logins.logIn(login, isAnonymousAllowed, Date.now());
  }

  /** What was to be compared was right. */
  onCompared(login: Login): void {
    this.logins.onCompared(login);
  }

  createCredential(fields: CredentialFields, secret: NewSecret): Promise<CredentialResult> {
    const nowMs = Date.now();
    const credential = { ...fields, id: randomId(), kind: secret.kind, createdAtMs: nowMs, updatedAtMs: nowMs };
    return this.putCredential(credential, secret, undefined);
  }

  /** In the order of their ids. */
  credentials(after: string, most: number): Credential[] {
    return this.credentialTable.page(after, most);
  }

  credential(id: string): Credential | undefined {
    return this.credentialTable.find(id)?.credential;
  }

  /** @param secret `undefined` to leave it as it is */
  updateCredential(
    id: string,
    change: Partial<CredentialFields>,
    secret: NewSecret | undefined,
  ): Promise<CredentialResult> {
    const present = this.credentialTable.find(id);
    if (present === undefined) return Promise.resolve(notFound(id));
    const kind = secret?.kind ?? present.credential.kind;
    const credential = { ...present.credential, ...change, kind, updatedAtMs: Date.now() };
    return this.putCredential(credential, secret, present);
  }

  /** Its sessions end before this is answered, where they can be reached; else as soon as they can. */
  async deleteCredential(id: string): Promise<boolean> {
    const present = this.credentialTable.find(id);
    if (present === undefined) return false;
    this.schema.atomically(() => {
      this.credentialTable.delete(id);
      this.revisions.put(identityOf(present.credential), false);
    });
    await this.tellRevisions();
    return true;
  }

  /** @returns what may be shown of it, and the token, which nobody is told again */
  createApiToken(name: string, scopes: readonly string[]): { readonly apiToken: ApiToken; readonly token: string } {
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

  /** Whose token it is, by its hash. */
  apiTokenFor(sha256: string): ApiToken | undefined {
    return this.apiTokenTable.findBySha256(sha256);
  }

  override async alarm(): Promise<void> {
    await this.tellRevisions();
  }

  private async putCredential(
    credential: Credential,
    secret: NewSecret | undefined,
    present: StoredCredential | undefined,
  ): Promise<CredentialResult> {
    const refusal = this.refusalOf(credential, secret);
    if (refusal !== undefined) return refusal;
    const token = secret?.kind === "token" ? newToken() : undefined;
    const stored = storedSecretOf(secret, token) ?? present?.secret;
    if (stored === undefined) return notFound(credential.id);
    this.schema.atomically(() => {
      this.credentialTable.put({ credential, secret: stored });
      if (present === undefined) return;
      const isRenamed = present.credential.username !== credential.username;
      this.revisions.put(identityOf(credential), secret !== undefined || isRenamed);
    });
    if (present !== undefined) await this.tellRevisions();
    return { ok: true, credential, token };
  }

  private refusalOf({ id, username }: Credential, secret: NewSecret | undefined): CredentialResult | undefined {
    const ofUsername = this.credentialTable.findByUsername(username);
    if (ofUsername !== undefined && ofUsername.credential.id !== id) {
      const message = `another credential has the username ${JSON.stringify(username)}: choose another`;
      return { ok: false, code: "username-taken", message };
    }
    const ofCertificate =
      secret?.kind === "certificate" ? this.credentialTable.findByCertificate(secret.sha256) : undefined;
    if (ofCertificate === undefined || ofCertificate.credential.id === id) return undefined;
    return { ok: false, code: "certificate-taken", message: "another credential has this certificate" };
  }

  private rulesOf(identity: string) {
    const credential = this.credential(identity.replace(/^credential\//, ""));
    return credential?.isEnabled ? credential.rules : null;
  }

  private async tellRevisions(): Promise<void> {
    if (!(await this.revisions.tellAll())) await this.ctx.storage.setAlarm(Date.now() + retryMs);
  }
}

function storedSecretOf(secret: NewSecret | undefined, token: string | undefined): StoredSecret | undefined {
  return token === undefined ? (secret as StoredSecret | undefined) : { kind: "token", sha256: sha256Hex(token) };
}

function notFound(id: string): CredentialResult {
  return { ok: false, code: "not-found", message: `there is no credential ${JSON.stringify(id)}` };
}
