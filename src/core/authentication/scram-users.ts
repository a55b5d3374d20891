// The stored users of SCRAM-SHA-256: not passwords, but what the proof of a password is checked against. RFC 5802
// section 3; the text of an entry is the one that PostgreSQL keeps.

import { fromBase64, toBase64 } from "../base64.ts";
import { hmacSha256 } from "./hmac.ts";
import { saslPrepared } from "./saslprep.ts";

export type ScramVerifier = {
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
};

/** The least of RFC 7677 section 4; the most protects the client. */
export const scramIterations = { least: 4_096, most: 10_000_000 } as const;

const keyBytes = 32;
const entryPattern =
  /^(?<name>[^=]+)=SCRAM-SHA-256\$(?<iterations>\d{1,8}):(?<salt>[^$:]+)\$(?<storedKey>[^$:]+):(?<serverKey>[^$:]+)$/;

/** The text is none; the message says which entry and why, and nothing of what is in it. */
export class ScramUsersError extends Error {}

type User = {
  readonly verifier: ScramVerifier;
  /** The key that makes the salts of unknown names. */
  readonly saltKey: Uint8Array;
};

export class ScramUsers {
  private readonly users: ReadonlyMap<string, User>;

  /** @param verifiers by name, prepared with SASLprep; one at least */
  constructor(verifiers: ReadonlyMap<string, ScramVerifier>) {
    this.users = new Map(
      [...verifiers].map(([name, verifier]) => {
        return [name, { verifier, saltKey: hmacSha256(verifier.serverKey, "salts of unknown names") }];
      }),
    );
  }

  /**
   * A name that nobody has gets a verifier as well, always the same one and by its looks any user's, so that an
   * exchange does not show which names exist. RFC 5802 section 9 asks for no less if that matters.
   */
  find(name: string): { readonly verifier: ScramVerifier; readonly isKnown: boolean } {
    // Made for every name, so that the time reveals nothing either.
    const standIn = this.standInFor(name);
    const user = this.users.get(name);
    return { verifier: user?.verifier ?? standIn, isKnown: user !== undefined };
  }

  /**
   * Looks like the user whose key makes the highest salt. Another user who comes or goes then changes few of the
   * stand-ins; if one key made them all, each change would show which are stand-ins.
   */
  private standInFor(name: string): ScramVerifier {
    const candidates = [...this.users.values()].map(({ verifier, saltKey }) => {
      const salt = hmacSha256(saltKey, name);
      return { ...verifier, salt: salt.subarray(0, verifier.salt.length), rank: toBase64(salt) };
    });
    return candidates.reduce((best, each) => (each.rank > best.rank ? each : best));
  }
}

/**
 * @param text entries `NAME=SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY`, separated by commas or line breaks
 * @throws {ScramUsersError}
 */
export function readScramUsers(text: string): ScramUsers {
  const verifiers = new Map<string, ScramVerifier>();
  const entries = text.split(/[,\r\n]/).map((entry) => entry.trim());
  for (const [index, entry] of entries.filter((each) => each !== "").entries()) {
    const { name, verifier } = readEntry(entry, `entry ${index + 1}`);
    if (verifiers.has(name)) throw new ScramUsersError(`entry ${index + 1} has the name of an earlier one`);
    verifiers.set(name, verifier);
  }
  if (verifiers.size === 0) throw new ScramUsersError("there is no entry in it");
  return new ScramUsers(verifiers);
}

/** @param name prepared with SASLprep */
export function scramEntry(name: string, { iterations, salt, storedKey, serverKey }: ScramVerifier): string {
  const encodedName = name.replace(/[%=,\s]/gu, encodeURIComponent);
  const keys = `${toBase64(storedKey)}:${toBase64(serverKey)}`;
  return `${encodedName}=SCRAM-SHA-256$${iterations}:${toBase64(salt)}$${keys}`;
}

function readEntry(entry: string, which: string): { name: string; verifier: ScramVerifier } {
  const groups = entryPattern.exec(entry)?.groups;
  if (groups === undefined) {
    throw new ScramUsersError(`${which} is not NAME=SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY`);
  }
  const name = decodedName(groups.name as string);
  if (name === undefined || name === "" || name !== saslPrepared(name)) {
    throw new ScramUsersError(`${which} has a name that no client could give`);
  }
  const iterations = Number(groups.iterations);
  const { least, most } = scramIterations;
  if (iterations < least || iterations > most) {
    throw new ScramUsersError(`${which} has ${iterations} iterations, where ${least} to ${most} are allowed`);
  }
  const salt = fromBase64(groups.salt as string);
  const storedKey = fromBase64(groups.storedKey as string);
  const serverKey = fromBase64(groups.serverKey as string);
  if (salt === undefined || storedKey?.length !== keyBytes || serverKey?.length !== keyBytes) {
    throw new ScramUsersError(`${which} has a salt that is not base64, or a key that is not ${keyBytes} bytes in it`);
  }
  return { name, verifier: { iterations, salt, storedKey, serverKey } };
}

function decodedName(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
