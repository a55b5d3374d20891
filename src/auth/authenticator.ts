// Finds out who a client is, by asking whoever can check what it shows. Decides which of several things counts.

import { anonymousIdentity, type Grant } from "../core/access/grant.ts";
import type { Login, LoginVerdict } from "../core/access/login.ts";
import type { LoginAttempt, LoginResult } from "../core/access/login-attempt.ts";
import { textOfUtf8 } from "../core/utf8.ts";
import { logError } from "../platform/log.ts";
import { storageFailureOf } from "../platform/storage-failure.ts";
import { accessStub } from "../platform/stubs.ts";
import type { Settings } from "../settings/settings.ts";
import { grantOfJwt, isJwt } from "./jwt.ts";
import { isPassword } from "./password.ts";
import { isTokenText, sha256Hex } from "./token.ts";

export class Authenticator {
  private readonly env: Env;
  private readonly settings: Settings;
  private readonly namespace: string;
  private revisions = 0;

  constructor(env: Env, settings: Settings, namespace: string) {
    this.env = env;
    this.settings = settings;
    this.namespace = namespace;
  }

  /**
   * A JWT speaks for itself: as password, or in the request of the WebSocket where CONNECT has no password. All else is
   * for the access object to know. Never throws: a client that cannot be judged has to come back.
   */
  async logIn(attempt: LoginAttempt): Promise<LoginResult> {
    const { revisions } = this;
    const result = await this.judge(attempt);
    return revisions === this.revisions ? result : this.logIn(attempt);
  }

  /** Somebody's rights have changed: logins that are being judged are judged again, with the new rights. */
  onRevised(): void {
    this.revisions += 1;
  }

  private async judge(attempt: LoginAttempt): Promise<LoginResult> {
    try {
      return (await this.logInByJwt(attempt)) ?? (await this.logInByCredential(attempt));
    } catch (error) {
      const { clientId } = attempt;
      const isSaid = storageFailureOf(error) !== undefined;
      if (!isSaid) logError("a login cannot be judged", { namespace: this.namespace, clientId, reason: String(error) });
      return { outcome: "unavailable" };
    }
  }

  private async logInByJwt({
    password,
    bearer,
    isProved,
    isWrongProof,
  }: LoginAttempt): Promise<LoginResult | undefined> {
    const { jwt } = this.settings;
    const text = password === undefined ? bearer : textOfUtf8(password);
    if (jwt === undefined || isProved || isWrongProof || text === undefined || !isJwt(text)) return undefined;
    const result = await grantOfJwt(text, jwt, this.namespace, Date.now());
    return result.outcome === "granted" ? { ...result, isReusable: false } : result;
  }

  private async logInByCredential(attempt: LoginAttempt): Promise<LoginResult> {
    const login = loginOf(attempt);
    const access = accessStub(this.env, this.settings, this.namespace);
    // A client that shows a token is never anonymous: a device must not come back that way after its token is revoked.
    const { anonymousRules } = this.settings;
    const isAnonymousAllowed = anonymousRules !== undefined && !showsToken(attempt) && !attempt.isWrongProof;
    const verdict: LoginVerdict = await access.logIn(login, isAnonymousAllowed);
    switch (verdict.outcome) {
      case "unknown":
        return this.anonymous();
      case "compare": {
        const { passwordHash, allowance, lateMs } = verdict;
        // During a deploy, an access object of the previous version may have counted a wrong proof as a password.
        if (attempt.isWrongProof) return { outcome: "refused" };
        const late = lateMs === undefined ? undefined : sleep(lateMs);
        const isRight = await isPassword(attempt.password ?? new Uint8Array(), passwordHash);
        if (isRight) return access.logInCompared(login, passwordHash, allowance);
        await late;
        return { outcome: late === undefined ? "refused" : "later" };
      }
      default:
        return verdict;
    }
  }

  private anonymous(): LoginResult {
    const { anonymousRules: rules } = this.settings;
    if (rules === undefined) return { outcome: "refused" };
    const grant: Grant = { identity: anonymousIdentity, username: "", rules, endsAtMs: 0 };
    return { outcome: "granted", grant, isReusable: false };
  }
}

function showsToken({ password }: LoginAttempt): boolean {
  return password !== undefined && isTokenText(textOfUtf8(password) ?? "");
}

function loginOf({ password, bearer: _, ...shown }: LoginAttempt): Login {
  const { certificateSha256, address, ...rest } = shown;
  return { ...rest, passwordSha256: password && sha256Hex(password), certificateSha256, address };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
