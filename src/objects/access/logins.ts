// Judges logins by the credentials of the namespace. Whatever is wrong with a login, the answer is the same and takes the
// same time: a hash to compare the password with, which may be nobody's. Tokens and certificates are looked up before any
// guess is counted.

import { standInHash } from "../../auth/password.ts";
import { mayConnectAs } from "../../core/access/access.ts";
import { grantOf, identityOf, type StoredCredential } from "../../core/access/credential.ts";
import { anonymousIdentity, type Grant } from "../../core/access/grant.ts";
import { type Allowance, Guesses, type GuessSource } from "../../core/access/guesses.ts";
import type { Login, LoginVerdict, PasswordHash } from "../../core/access/login.ts";
import type { LoginResult } from "../../core/access/login-attempt.ts";
import type { RefusalReason } from "../../core/access/login-refusal.ts";
import { isEqual } from "../../core/authentication/hmac.ts";
import { randomId } from "../../platform/random-id.ts";
import type { CredentialTable } from "./credential-table.ts";
import type { RecentLogins } from "./recent-logins.ts";
import type { Refusals } from "./refusals.ts";

/** A wrong password from an address that has guessed too much is answered after this time, longer than comparing takes. */
const lateMs = 300;

/** A client that has logged in is listed as connected after this time at the latest. */
const unlistedMs = 2_000;

/** How many clients of an identity are connected, except for some. From `maximum` on, their sessions have confirmed it. */
type ConnectedOf = (identity: string, exceptClientIds: readonly string[], maximum: number) => Promise<number>;

const textEncoder = new TextEncoder();

export class Logins {
  private readonly credentials: CredentialTable;
  private readonly recent: RecentLogins;
  private readonly refusals: Refusals;
  private readonly connectedOf: ConnectedOf;
  private readonly isProvable: (username: string) => boolean;
  private readonly guesses = new Guesses(randomId());
  private readonly standIn = standInHash();

  /**
   * @param connectedOf how many clients of an identity are connected, except for some
   * @param isProvable whether an authentication method has a user with this name
   */
  constructor(
    credentials: CredentialTable,
    recent: RecentLogins,
    refusals: Refusals,
    connectedOf: ConnectedOf,
    isProvable: (username: string) => boolean = () => false,
  ) {
    this.credentials = credentials;
    this.recent = recent;
    this.refusals = refusals;
    this.connectedOf = connectedOf;
    this.isProvable = isProvable;
  }

  async logIn(login: Login, isAnonymousAllowed: boolean, nowMs: number): Promise<LoginVerdict> {
    const found = this.find(login);
    if (login.username !== undefined && (login.isProved || login.isWrongProof)) {
      return this.logInProved(login, login.username, found, isAnonymousAllowed, nowMs);
    }
    if (found === undefined && isAnonymousAllowed) return { outcome: "unknown" };
    const usable = found !== undefined && whyUnusable(found, nowMs) === undefined ? found : undefined;
    if (usable !== undefined && isShown(usable, login)) return this.admit(usable, login, nowMs);
    // Nothing to compare, and nothing to guess.
    if (login.username === undefined) return this.refused(found, "wrong-secret", nowMs);
    const verdict = this.guesses.take(this.sourceOf(login, login.username, found), nowMs);
    const secret = usable?.secret;
    const isToCompare = secret?.kind === "password";
    if (verdict.outcome === "wait") {
      this.noteRefusal(found, isToCompare ? "too-many-logins" : "wrong-secret", nowMs);
      return { outcome: "later" };
    }
    if (isToCompare && found !== undefined) {
      this.refusals.suspect(found.credential.id, login.clientId, "wrong-secret", nowMs);
    } else this.noteRefusal(found, "wrong-secret", nowMs);
    const passwordHash = isToCompare ? secret.passwordHash : this.standIn;
    if (verdict.outcome === "judge" && verdict.allowance !== "late") {
      return { outcome: "compare", passwordHash, allowance: verdict.allowance };
    }
    // If the result does not count, one iteration is enough: `lateMs` hides how long comparing takes.
    const isWorthIt = verdict.outcome === "judge" && isToCompare;
    const late = isWorthIt ? passwordHash : { ...this.standIn, iterations: 1 };
    return { outcome: "compare", passwordHash: late, allowance: "late", lateMs };
  }

  /** The password matches the hash. Meanwhile the credential may have got another one. */
  async logInCompared(
    login: Login,
    { salt, hash }: PasswordHash,
    nowMs: number,
    allowance?: Allowance,
  ): Promise<LoginResult> {
    const found = this.find(login);
    if (login.username !== undefined)
      this.guesses.onRight(this.sourceOf(login, login.username, found), nowMs, allowance);
    if (found?.secret.kind !== "password" || whyUnusable(found, nowMs) !== undefined) {
      return this.refused(found, "wrong-secret", nowMs);
    }
    const { passwordHash: present } = found.secret;
    if (present.salt !== salt || present.hash !== hash) return this.refused(found, "wrong-secret", nowMs);
    this.refusals.withdraw(found.credential.id);
    return this.admit(found, login, nowMs);
  }

  /** The session has judged the proof. A client that guesses too much gets the same answer, right or wrong. */
  private async logInProved(
    login: Login,
    username: string,
    found: StoredCredential | undefined,
    isAnonymousAllowed: boolean,
    nowMs: number,
  ): Promise<LoginVerdict> {
    const source = this.sourceOf(login, username, found);
    const verdict = this.guesses.take(source, nowMs);
    if (verdict.outcome !== "judge") {
      this.noteRefusal(found, "too-many-logins", nowMs);
      return { outcome: "later" };
    }
    if (login.isWrongProof) {
      this.noteRefusal(found, "wrong-secret", nowMs);
      return { outcome: verdict.allowance === "late" ? "later" : "refused" };
    }
    this.guesses.onRight(source, nowMs, verdict.allowance);
    if (found === undefined && isAnonymousAllowed) return { outcome: "unknown" };
    if (found === undefined || whyUnusable(found, nowMs) !== undefined) {
      return this.refused(found, "wrong-secret", nowMs);
    }
    return this.admit(found, login, nowMs);
  }

  /** The client does not learn why: see `noteRefusal`. */
  private refused(found: StoredCredential | undefined, reason: RefusalReason, nowMs: number): LoginResult {
    this.noteRefusal(found, reason, nowMs);
    return { outcome: "refused" };
  }

  /** @param reason unless the credential is disabled or has expired, which lets nobody in */
  private noteRefusal(found: StoredCredential | undefined, reason: RefusalReason, nowMs: number): void {
    if (found !== undefined) this.refusals.note(found.credential.id, whyUnusable(found, nowMs) ?? reason, nowMs);
  }

  private sourceOf(login: Login, username: string, found: StoredCredential | undefined): GuessSource {
    const { address, clientId, sessionIdentity } = login;
    const named = found?.credential.username === username ? found : this.credentials.findByUsername(username);
    return {
      username,
      isKnown: named !== undefined || this.isProvable(username),
      address,
      clientId,
      isOwn: named !== undefined && identityOf(named.credential) === sessionIdentity,
    };
  }

  /** A username that an authentication method has proved counts first, then a known certificate. */
  private find({ certificateSha256, username, isProved }: Login): StoredCredential | undefined {
    const byCertificate =
      certificateSha256 === undefined || isProved ? undefined : this.credentials.findByCertificate(certificateSha256);
    if (byCertificate !== undefined || username === undefined) return byCertificate;
    return this.credentials.findByUsername(username);
  }

  /** Lets in a client that has proved who it is, unless its credential has as many clients as it may. */
  private async admit(stored: StoredCredential, login: Login, nowMs: number): Promise<LoginResult> {
    const { clientId } = login;
    const { maximumClients } = stored.credential;
    const grant = grantOf(stored);
    const bySession = whyRefusedBySession(grant, login);
    if (bySession !== undefined) this.noteRefusal(stored, bySession, nowMs);
    const { identity } = grant;
    const isKnown = this.recent.has(identity, clientId, nowMs);
    const others = maximumClients === null ? [] : this.recent.clientsOf(identity, nowMs, unlistedMs);
    const unlisted = others.filter((recent) => recent !== clientId);
    // Noted before any wait, so that a change that comes meanwhile reaches this client.
    this.recent.note(identity, clientId, nowMs);
    // A session that reuses a login counts neither clients nor guesses.
    const isReusable = maximumClients === null && !isGuessable(stored);
    if (maximumClients === null || (await this.isRoom(identity, clientId, unlisted, maximumClients))) {
      return { outcome: "granted", grant, isReusable };
    }
    if (!isKnown) this.recent.forget(identity, clientId);
    this.noteRefusal(stored, "maximum-clients", nowMs);
    return { outcome: "later" };
  }

  private async isRoom(identity: string, clientId: string, unlisted: readonly string[], maximumClients: number) {
    if (unlisted.length >= maximumClients) return false;
    const listed = await this.connectedOf(identity, [clientId, ...unlisted], maximumClients - unlisted.length);
    return listed + unlisted.length < maximumClients;
  }
}

function whyUnusable({ credential }: StoredCredential, nowMs: number): RefusalReason | undefined {
  const { isEnabled, expiresAtMs } = credential;
  if (!isEnabled) return "disabled";
  return expiresAtMs !== 0 && expiresAtMs <= nowMs ? "expired" : undefined;
}

/** Why the session will refuse a client whose login is right: it knows the client, and decides that. */
function whyRefusedBySession({ identity, username, rules }: Grant, login: Login): RefusalReason | undefined {
  const { clientId, sessionIdentity: owner = anonymousIdentity } = login;
  if (!mayConnectAs(rules, { clientId, username })) return "client-identifier";
  return owner === anonymousIdentity || owner === identity ? undefined : "session-of-another";
}

/** Whether a person may have chosen the secret, so that it can be found by guessing. */
function isGuessable({ secret }: StoredCredential): boolean {
  switch (secret.kind) {
    case "token":
    case "certificate":
      return false;
    case "password":
    case "scram":
      return true;
  }
}

/** Whether the login shows what the credential asks for, if that is clear without comparing a password. */
function isShown({ secret }: StoredCredential, login: Login): boolean {
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
