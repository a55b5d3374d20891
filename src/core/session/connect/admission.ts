// Who is let in: from a complete CONNECT to the grant that it is worth, which may have to be asked for elsewhere; and
// whose session it is. MQTT 5.0 sections 3.1.4 and 5.4.

import { anonymousIdentity, type Grant } from "../../access/grant.ts";
import {
  type ClientFacts,
  type LoginAttempt,
  type LoginResult,
  shownBy,
  showsCredentials,
} from "../../access/login-attempt.ts";
import { isEqual, sha256 } from "../../authentication/hmac.ts";
import { fromBase64, toBase64 } from "../../base64.ts";
import type { ConnectPacket } from "../../packet/packet.ts";
import { ReasonCode } from "../../packet/reason-code.ts";
import { ProtocolError } from "../../protocol-error.ts";
import { accessOf, type Context, type SessionSettings } from "../context.ts";
import type { Admission, LastClient } from "../session-store.ts";
import type { Accepted, Pending } from "../wire/connection.ts";
import type { Connections } from "../wire/connections.ts";
import { checkAccess, recipientOf } from "./connecting.ts";

const textEncoder = new TextEncoder();

/**
 * Decides whether the client of a valid CONNECT is let in.
 * @returns `undefined` if the access object must be asked; then the event "login answered" follows
 * @throws {ProtocolError} 0x87 if that is clear without asking
 */
export function admit(
  context: Context,
  connections: Connections,
  last: LastClient | undefined,
  pending: Pending,
  accepted: Accepted,
): Admission | undefined {
  const attempt = attemptOf(pending.facts, accepted, context.settings);
  if (!showsCredentials(attempt)) return admissionOf(attempt, anonymous(context.settings), context.nowMs);
  // A proof must be counted, right or wrong, before its client learns the result: so it is never answered from memory.
  const known = accepted.proof === undefined && last !== undefined ? remembered(last, attempt, context) : undefined;
  if (known !== undefined) return known;
  const { socketId, reader, isRelayed, facts } = pending;
  const recipient = recipientOf(socketId, accepted.connect);
  connections.put({
    state: "logging in",
    reader,
    isRelayed,
    facts,
    ...recipient,
    accepted,
    waiting: [],
    waitingBytes: 0,
  });
  const sessionIdentity = last?.admission.grant.identity;
  const owned = sessionIdentity === undefined ? {} : { sessionIdentity };
  context.effect({ type: "login", socketId, attempt: { ...attempt, ...owned } });
  return undefined;
}

/**
 * The access object has answered.
 * @throws {ProtocolError} with the reason code of CONNACK
 */
export function admissionBy(
  result: LoginResult,
  facts: ClientFacts,
  accepted: Accepted,
  { settings, nowMs }: Context,
): Admission {
  const attempt = attemptOf(facts, accepted, settings);
  switch (result.outcome) {
    case "granted":
      if (attempt.isWrongProof) throw refused(accepted);
      return admissionOf(attempt, result, nowMs);
    case "refused":
      throw refused(accepted);
    case "later":
      throw new ProtocolError(ReasonCode.ConnectionRateExceeded, "too many logins, try again later");
    case "unavailable":
      throw new ProtocolError(ReasonCode.ServerUnavailable, "nobody can be asked for this login, try again later");
  }
}

/** "Not allowed" reads the same as "wrong", so that nobody learns which names exist and who may use this broker. */
function refused({ connect, proof }: Accepted): ProtocolError {
  if (proof !== undefined) return new ProtocolError(ReasonCode.NotAuthorized, "the user name or the password is wrong");
  const isNamed = connect.username !== undefined;
  const reasonCode = isNamed ? ReasonCode.BadUserNameOrPassword : ReasonCode.NotAuthorized;
  return new ProtocolError(reasonCode, "not allowed to connect");
}

/**
 * A session belongs to whoever began it, so another client with the same identifier cannot read its messages. An
 * anonymous session goes to whoever proves more.
 * @throws {ProtocolError} 0x87
 */
export function checkOwner(context: Context, last: Admission | undefined, { identity }: Grant): void {
  const owner = last?.grant.identity ?? anonymousIdentity;
  if (owner === anonymousIdentity || owner === identity) return;
  const cure =
    "end that session with DELETE /api/v1/clients/{clientId}, and name clientIds in the rules of each credential";
  context.warn("a client is refused another's session", `it is ${identity}, and the session is of ${owner}: ${cure}`);
  throw new ProtocolError(
    ReasonCode.NotAuthorized,
    "the session of this client identifier belongs to somebody else: the operator can end it with DELETE /api/v1/clients/{clientId}",
  );
}

/**
 * Checks a client without credentials, which needs no call to the access object.
 * @throws {ProtocolError} if the client is not let in
 */
export function checkAnonymous(connect: ConnectPacket, facts: ClientFacts, settings: SessionSettings): void {
  if (showsCredentials(attemptOf(facts, { connect, proof: undefined }, settings))) return;
  checkAccess(accessOf(anonymous(settings).grant, settings));
}

function attemptOf(facts: ClientFacts, { connect, proof }: Accepted, { clientId }: SessionSettings): LoginAttempt {
  return {
    ...facts,
    clientId,
    username: proof?.username ?? connect.username,
    password: proof === undefined ? connect.password : undefined,
    isProved: proof?.isRight === true,
    ...(proof?.isRight === false ? { isWrongProof: true } : {}),
  };
}

/** @throws {ProtocolError} 0x87 if such clients are not let in */
function anonymous({ anonymousRules: rules }: SessionSettings): Extract<LoginResult, { outcome: "granted" }> {
  if (rules === undefined) throw new ProtocolError(ReasonCode.NotAuthorized, "give a username and a password");
  const grant = { identity: anonymousIdentity, username: "", rules, endsAtMs: 0 };
  return { outcome: "granted", grant, isReusable: false };
}

function admissionOf(
  attempt: LoginAttempt,
  { grant, isReusable }: Extract<LoginResult, { outcome: "granted" }>,
  nowMs: number,
): Admission {
  return { grant, shownSha256: isReusable ? toBase64(shownSha256(attempt)) : "", learnedAtMs: nowMs };
}

/**
 * A reconnect storm would else ask for all clients at once. A revocation takes the record with it.
 *
 * It counts from the end of the last connection: a deploy cuts off clients that have been connected for days. A crash
 * leaves no record of when that was; it is the time at which the session finds out, by this CONNECT or by its alarm.
 */
function remembered(last: LastClient, attempt: LoginAttempt, { settings, nowMs }: Context): Admission | undefined {
  const { admission, client } = last;
  const { grant, shownSha256: known, learnedAtMs } = admission;
  const ageMs = client.state === "connected" ? 0 : nowMs - Math.max(learnedAtMs, client.sinceMs);
  // What ended in the future ended before the clock was set back: how long ago nobody knows.
  if (known === "" || ageMs < 0 || ageMs >= settings.limits.loginReuseSec * 1000) return undefined;
  if (grant.endsAtMs !== 0 && grant.endsAtMs <= nowMs) return undefined;
  return isEqual(shownSha256(attempt), fromBase64(known) ?? new Uint8Array()) ? admission : undefined;
}

/**
 * Everything that the client shows: what is left out could be left out by another client that is let in from memory.
 * The password comes last, since it may have any bytes: no two attempts that differ look alike. The hash is stored, so a
 * field that is added later changes it only if it is shown.
 */
function shownSha256(attempt: LoginAttempt): Uint8Array {
  const { username, password, bearer, certificateSha256, isProved, ...forgotten } = shownBy(attempt);
  forgotten satisfies Record<string, never>;
  const texts = JSON.stringify([username ?? null, bearer ?? null, certificateSha256 ?? null, isProved]);
  const start = textEncoder.encode(`${texts}\n`);
  const bytes = new Uint8Array(start.length + (password?.length ?? 0));
  bytes.set(start);
  if (password !== undefined) bytes.set(password, start.length);
  return sha256(bytes);
}
