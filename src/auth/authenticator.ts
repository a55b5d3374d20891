// Finds out who a client is: asks whoever knows about what it shows. Which of several things counts is decided here.

import { anonymousIdentity, type Grant } from "../core/access/grant.ts";
import type { LoginAttempt, LoginResult } from "../core/access/login-attempt.ts";
import type { Settings } from "../settings.ts";

export class Authenticator {
  private readonly settings: Settings;

  constructor(settings: Settings) {
    this.settings = settings;
  }

  /** Never throws: a client that cannot be judged is told to come back. */
  async logIn(_attempt: LoginAttempt): Promise<LoginResult> {
    return this.anonymous();
  }

  private anonymous(): LoginResult {
    const { anonymousRules: rules } = this.settings;
    if (rules === undefined) return { outcome: "refused" };
    const grant: Grant = { identity: anonymousIdentity, username: "", rules, endsAtMs: 0 };
    return { outcome: "granted", grant, isReusable: false };
  }
}
