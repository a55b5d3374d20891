// Which authentication methods there are, and one step of an exchange. MQTT 5.0 section 4.12. The session decides in
// which packets the steps travel, and what follows from the last one.

import { ReasonCode } from "../packet/reason-code.ts";
import { ProtocolError } from "../protocol-error.ts";
import { onClientFinal, onClientFirst, type ScramExchange } from "./scram-sha-256.ts";
import type { ScramUsers } from "./scram-users.ts";

export type AuthenticationSettings = {
  /** `undefined` if there are none: then there is no method either. */
  readonly scramUsers: ScramUsers | undefined;
  /** A fresh identifier of 8 or more characters from A-Z, a-z, 0-9. */
  readonly randomId: () => string;
};

/** What has to be known between two steps. Plain data, fit for JSON. */
export type Exchange = {
  readonly method: string;
  /** `undefined` until the client has said something. */
  readonly scram: ScramExchange | undefined;
};

/** The end of an exchange: who the client says it is, and whether that is right. */
export type Proof = {
  readonly method: string;
  readonly username: string;
  /** The client does not know this yet, because a guess must be counted first. */
  readonly isRight: boolean;
  /** The last message of the exchange, for the client. It has the same length if the proof is wrong. */
  readonly data: Uint8Array;
};

export type AuthenticationStep =
  | { readonly outcome: "continue"; readonly exchange: Exchange; readonly data: Uint8Array | undefined }
  | { readonly outcome: "complete"; readonly proof: Proof };

const scramSha256 = "SCRAM-SHA-256";

export function hasMethod({ scramUsers }: AuthenticationSettings, method: string): boolean {
  return scramUsers !== undefined && method === scramSha256;
}

/**
 * The client names a method that exists.
 * @param data what it says with it; if that is nothing, it is asked
 * @throws {ProtocolError} 0x87 if the client is refused
 */
export function beginAuthentication(
  settings: AuthenticationSettings,
  method: string,
  data: Uint8Array | undefined,
): AuthenticationStep {
  const exchange: Exchange = { method, scram: undefined };
  if (data === undefined || data.length === 0) return { outcome: "continue", exchange, data: undefined };
  return continueAuthentication(settings, exchange, data);
}

/** @throws {ProtocolError} 0x87 if the client is refused */
export function continueAuthentication(
  { scramUsers, randomId }: AuthenticationSettings,
  { method, scram }: Exchange,
  data: Uint8Array = new Uint8Array(),
): AuthenticationStep {
  // The settings may have changed while the object hibernated.
  if (scramUsers === undefined)
    throw new ProtocolError(ReasonCode.NotAuthorized, "no such authentication method any more");
  if (scram === undefined) {
    // Two have 95 bits at least, which nobody sees twice.
    const { exchange, serverFirst } = onClientFirst(scramUsers, data, randomId() + randomId());
    return { outcome: "continue", exchange: { method, scram: exchange }, data: serverFirst };
  }
  const { username, isRight, serverFinal } = onClientFinal(scramUsers, scram, data);
  return { outcome: "complete", proof: { method, username, isRight, data: serverFinal } };
}
