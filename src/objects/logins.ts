// What a login is worth, by the credentials there are. Whatever is wrong with one, the answer is the same, and takes the
// same time: a password to be compared, which is none.

import { standInHash } from "../auth/password.ts";
import { identityOf } from "../core/access/credential.ts";
import { FailedLogins } from "../core/access/failed-logins.ts";
import type { Grant } from "../core/access/grant.ts";
import type { Login, LoginVerdict } from "../core/access/login.ts";
import { isEqual } from "../core/authentication/hmac.ts";
import type { CredentialTable, StoredCredential } from "./credential-table.ts";
import type { RecentLogins } from "./recent-logins.ts";

/** For so long at most a client that has logged in may not be listed as connected yet. */
const unlistedMs = 2_000;

const textEncoder = new TextEncoder();

export class Logins {
  private readonly credentials: CredentialTable;
  private readonly recent: RecentLogins;
  private readonly connectedOf: (identity: string, exceptClientId: string) => Promise<number>;
  private readonly failed = new FailedLogins();
  private readonly standIn = standInHash();

  /** @param connectedOf how many clients of an identity are connected, but for one */
  constructor(
    credentials: CredentialTable,
    recent: RecentLogins,
    connectedOf: (identity: string, exceptClientId: string) => Promise<number>,
  ) {
    this.credentials = credentials;
    this.recent = recent;
    this.connectedOf = connectedOf;
  }

  async logIn(login: Login, isAnonymousAllowed: boolean, nowMs: number): Promise<LoginVerdict> {
    const found = this.find(login);
    if (found === undefined && isAnonymousAllowed) return { outcome: "unknown" };
    const usable = found !== undefined && isUsable(found, nowMs) ? found : undefined;
    if (usable !== undefined && isShown(usable, login)) return this.grantTo(usable, login, nowMs);
    // Nothing to compare, and nothing to guess.
    if (login.username === undefined || login.isProved) return { outcome: "refused" };
    if (!this.failed.mayTry(login.username, login.address, nowMs)) return { outcome: "later" };
    if (usable?.secret.kind !== "password") {
      return { outcome: "compare", passwordHash: this.standIn, grant: undefined };
    }
    const verdict = await this.grantTo(usable, login, nowMs);
    if (verdict.outcome !== "granted") return verdict;
    return { outcome: "compare", passwordHash: usable.secret.passwordHash, grant: verdict.grant };
  }

  onCompared({ username, address }: Login): void {
    if (username !== undefined) this.failed.onSucceeded(username, address);
  }

  /** A certificate that is known counts before what CONNECT says. */
  private find({ certificateSha256, username }: Login): StoredCredential | undefined {
    const byCertificate =
      certificateSha256 === undefined ? undefined : this.credentials.findByCertificate(certificateSha256);
    if (byCertificate !== undefined || username === undefined) return byCertificate;
    return this.credentials.findByUsername(username);
  }

  private async grantTo({ credential }: StoredCredential, { clientId }: Login, nowMs: number): Promise<LoginVerdict> {
    const identity = identityOf(credential);
    const { username, rules, maximumClients, expiresAtMs } = credential;
    const grant: Grant = { identity, username, rules, endsAtMs: expiresAtMs };
    const recentClients = this.recent.clientsOf(identity, nowMs, unlistedMs).filter((recent) => recent !== clientId);
    this.recent.note(identity, clientId, nowMs);
    if (maximumClients === null) return { outcome: "granted", grant };
    const connected = Math.max(await this.connectedOf(identity, clientId), recentClients.length);
    if (connected < maximumClients) return { outcome: "granted", grant };
    this.recent.forget(identity, clientId);
    return { outcome: "later" };
  }
}

function isUsable({ credential: { isEnabled, expiresAtMs } }: StoredCredential, nowMs: number): boolean {
  return isEnabled && (expiresAtMs === 0 || expiresAtMs > nowMs);
}

/** Whether the login shows what the credential asks for, where that can be told at once. */
function isShown({ secret, credential }: StoredCredential, login: Login): boolean {
  if (login.isProved) return credential.username === login.username;
  switch (secret.kind) {
    case "token":
      return isSameText(secret.sha256, login.passwordSha256 ?? "");
    case "certificate":
      return secret.sha256 === login.certificateSha256;
    case "password":
    case "scram":
      return false;
  }
}

function isSameText(one: string, other: string): boolean {
  return isEqual(textEncoder.encode(one), textEncoder.encode(other));
}
