// What a login is worth, by the credentials there are. Whatever is wrong with one, the answer is the same, and takes the
// same time: a password to be compared, which is none.

import { standInHash } from "../auth/password.ts";
import { grantOf, type StoredCredential } from "../core/access/credential.ts";
import { FailedLogins } from "../core/access/failed-logins.ts";
import type { Login, LoginVerdict, PasswordHash } from "../core/access/login.ts";
import type { LoginResult } from "../core/access/login-attempt.ts";
import { isEqual } from "../core/authentication/hmac.ts";
import type { CredentialTable } from "./credential-table.ts";
import type { RecentLogins } from "./recent-logins.ts";

/** For so long at most a client that has logged in may not be listed as connected yet. */
const unlistedMs = 2_000;

const textEncoder = new TextEncoder();

export class Logins {
  private readonly credentials: CredentialTable;
  private readonly recent: RecentLogins;
  private readonly connectedOf: (identity: string, exceptClientIds: readonly string[]) => Promise<number>;
  private readonly failed = new FailedLogins();
  private readonly standIn = standInHash();

  /** @param connectedOf how many clients of an identity are connected, but for some */
  constructor(
    credentials: CredentialTable,
    recent: RecentLogins,
    connectedOf: (identity: string, exceptClientIds: readonly string[]) => Promise<number>,
  ) {
    this.credentials = credentials;
    this.recent = recent;
    this.connectedOf = connectedOf;
  }

  async logIn(login: Login, isAnonymousAllowed: boolean, nowMs: number): Promise<LoginVerdict> {
    const found = this.find(login);
    if (found === undefined && isAnonymousAllowed) return { outcome: "unknown" };
    const usable = found !== undefined && isUsable(found, nowMs) ? found : undefined;
    if (usable !== undefined && isShown(usable, login)) return this.admit(usable, login, nowMs);
    // Nothing to compare, and nothing to guess.
    if (login.username === undefined || login.isProved) return { outcome: "refused" };
    if (!this.failed.mayTry(login.username, login.address, nowMs)) return { outcome: "later" };
    const secret = usable?.secret;
    return { outcome: "compare", passwordHash: secret?.kind === "password" ? secret.passwordHash : this.standIn };
  }

  /** The password is the one it was to be compared with. Meanwhile that may be the credential's no more. */
  async logInCompared(login: Login, { salt, hash }: PasswordHash, nowMs: number): Promise<LoginResult> {
    if (login.username !== undefined) this.failed.onSucceeded(login.username, login.address);
    const found = this.find(login);
    if (found?.secret.kind !== "password" || !isUsable(found, nowMs)) return { outcome: "refused" };
    const { passwordHash: present } = found.secret;
    return present.salt === salt && present.hash === hash ? this.admit(found, login, nowMs) : { outcome: "refused" };
  }

  /** What an authentication method has proved counts first, then a certificate that is known. */
  private find({ certificateSha256, username, isProved }: Login): StoredCredential | undefined {
    const byCertificate =
      certificateSha256 === undefined || isProved ? undefined : this.credentials.findByCertificate(certificateSha256);
    if (byCertificate !== undefined || username === undefined) return byCertificate;
    return this.credentials.findByUsername(username);
  }

  /** A client that has proved who it is, unless its credential has as many as it may. */
  private async admit(stored: StoredCredential, { clientId }: Login, nowMs: number): Promise<LoginResult> {
    const { maximumClients } = stored.credential;
    const grant = grantOf(stored);
    const { identity } = grant;
    const isKnown = this.recent.clientsOf(identity, nowMs).includes(clientId);
    const unlisted = this.recent.clientsOf(identity, nowMs, unlistedMs).filter((recent) => recent !== clientId);
    // Before anything is waited for: a change that comes meanwhile has to reach this client.
    this.recent.note(identity, clientId, nowMs);
    // A session that lets its client in again by itself counts nobody, and what a password was could be guessed from it.
    const isReusable = maximumClients === null && stored.secret.kind !== "password";
    if (maximumClients === null || (await this.isRoom(identity, clientId, unlisted, maximumClients))) {
      return { outcome: "granted", grant, isReusable };
    }
    if (!isKnown) this.recent.forget(identity, clientId);
    return { outcome: "later" };
  }

  private async isRoom(identity: string, clientId: string, unlisted: readonly string[], maximumClients: number) {
    if (unlisted.length >= maximumClients) return false;
    const listed = await this.connectedOf(identity, [clientId, ...unlisted]);
    return listed + unlisted.length < maximumClients;
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
