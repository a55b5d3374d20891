// The server's side of SCRAM-SHA-256: two messages come, two are answered. RFC 5802 sections 3, 5 and 7, with the hash
// of RFC 7677. Neither the password is here, nor anything that would prove it to another server.
//
// Client and server prove to each other that they know the same password. A wrong proof, like a
// proof for a name that does not exist, differs from a right one only in a flag. Each must be counted before the client
// learns the result.

import { fromBase64, toBase64 } from "../base64.ts";
import { ReasonCode } from "../packet/reason-code.ts";
import { ProtocolError } from "../protocol-error.ts";
import { textOfUtf8 } from "../utf8.ts";
import { hmacSha256, isEqual, sha256 } from "./hmac.ts";
import { saslPrepared } from "./saslprep.ts";
import type { ScramUsers } from "./scram-users.ts";

/** What has to be known between the two messages. Plain data, fit for JSON. */
export type ScramExchange = {
  readonly username: string;
  readonly gs2Header: string;
  /** The client's nonce with the server's behind it. */
  readonly nonce: string;
  /** The first two messages as far as proofs cover them: client-first-message-bare and server-first-message. */
  readonly clientFirstBare: string;
  readonly serverFirst: string;
};

/** More than any client needs for names and nonces: the exchange is kept through hibernations. */
const maximumMessageBytes = 4_096;
const proofBytes = 32;
/** The bytes of `v=` and 32 bytes in base64. */
const serverFinalBytes = 46;

// The grammar of RFC 5802 section 7. An extension is one letter that means nothing yet; `m`, which means that the
// rest cannot be understood without it, is none of them.
const clientFirstPattern =
  /^(?<gs2Header>[ny],(?:a=(?<authzid>[^,]+))?,)(?<bare>n=(?<name>[^,]+),r=(?<nonce>[!-+\--~]+)(?:,(?![aceimnprsv]=)[A-Za-z]=[^,]+)*)$/;
const clientFinalPattern =
  /^(?<withoutProof>c=(?<binding>[^,]+),r=(?<nonce>[!-+\--~]+)(?:,(?![aceimnprsv]=)[A-Za-z]=[^,]+)*),p=(?<proof>[^,]+)$/;

const textEncoder = new TextEncoder();

/**
 * client-first-message came.
 * @param serverNonce printable, without a comma, and never used before
 * @throws {ProtocolError} 0x87
 */
export function onClientFirst(
  users: ScramUsers,
  data: Uint8Array,
  serverNonce: string,
): { exchange: ScramExchange; serverFirst: Uint8Array } {
  const message = readMessage(data);
  if (message.startsWith("p=")) throw refused("channel binding is not known here: use SCRAM-SHA-256 without it");
  const groups = clientFirstPattern.exec(message)?.groups;
  if (groups === undefined) throw refused("this is not a client-first-message of SCRAM");
  const { gs2Header = "", bare: clientFirstBare = "", authzid } = groups;
  const username = readName(groups.name as string);
  if (authzid !== undefined && readName(authzid) !== username) {
    throw refused("nobody may act for another user");
  }
  const { salt, iterations } = users.find(username).verifier;
  const nonce = `${groups.nonce}${serverNonce}`;
  const serverFirst = `r=${nonce},s=${toBase64(salt)},i=${iterations}`;
  return {
    exchange: { username, gs2Header, nonce, clientFirstBare, serverFirst },
    serverFirst: textEncoder.encode(serverFirst),
  };
}

/**
 * client-final-message came.
 * @returns who the client says it is, whether that is proved, and the server's own proof, which is all zeros if the client's
 * is wrong
 * @throws {ProtocolError} 0x87 if the message is not a proof, right or wrong
 */
export function onClientFinal(
  users: ScramUsers,
  { username, gs2Header, nonce, clientFirstBare, serverFirst }: ScramExchange,
  data: Uint8Array,
): { username: string; isRight: boolean; serverFinal: Uint8Array } {
  const groups = clientFinalPattern.exec(readMessage(data))?.groups;
  if (groups === undefined) throw refused("this is not a client-final-message of SCRAM");
  if (groups.binding !== toBase64(textEncoder.encode(gs2Header))) {
    throw refused("the channel binding is not that of the first message");
  }
  if (groups.nonce !== nonce) throw refused("the nonce is not that of this exchange");
  const proof = fromBase64(groups.proof as string);
  if (proof?.length !== proofBytes) throw refused(`the proof is not ${proofBytes} bytes in base64`);

  const { verifier, isKnown } = users.find(username);
  const authMessage = `${clientFirstBare},${serverFirst},${groups.withoutProof}`;
  const clientKey = exclusiveOr(hmacSha256(verifier.storedKey, authMessage), proof);
  const isRight = isEqual(sha256(clientKey), verifier.storedKey) && isKnown;
  if (!isRight) return { username, isRight, serverFinal: new Uint8Array(serverFinalBytes) };
  const serverSignature = hmacSha256(verifier.serverKey, authMessage);
  return { username, isRight, serverFinal: textEncoder.encode(`v=${toBase64(serverSignature)}`) };
}

function readMessage(data: Uint8Array): string {
  if (data.length > maximumMessageBytes) throw refused(`the message has more than ${maximumMessageBytes} bytes`);
  const message = textOfUtf8(data);
  if (message === undefined) throw refused("the message is not well-formed UTF-8");
  if (message.includes("\u0000")) throw refused("the message contains U+0000");
  return message;
}

/** A `saslname`, in which `=2C` stands for the comma and `=3D` for the equals sign. */
function readName(saslname: string): string {
  const isEscaped = /^(?:[^=]|=2C|=3D)+$/.test(saslname);
  const name = isEscaped ? saslPrepared(saslname.replaceAll("=2C", ",").replaceAll("=3D", "=")) : undefined;
  if (name === undefined || name === "") throw refused("this is not a user name of SCRAM");
  return name;
}

/** @param other as long as `one` */
function exclusiveOr(one: Uint8Array, other: Uint8Array): Uint8Array {
  return one.map((byte, index) => byte ^ (other[index] as number));
}

/**
 * For `throw`. 0x87, Not authorized, may stand in CONNACK and in DISCONNECT; 0x86 is about the User Name and Password
 * of CONNECT, and no code for DISCONNECT. Table 2-6.
 */
function refused(why: string): ProtocolError {
  return new ProtocolError(ReasonCode.NotAuthorized, why);
}
