// How often a login may fail. Comparing a password is slow, and made so; guessing has to be slower still. What is
// counted is in memory only: a login that fails writes nothing.

import { sha256 } from "../authentication/hmac.ts";
import { toBase64 } from "../base64.ts";
import { TokenBucket } from "../token-bucket.ts";

/** In a row; and how long until as many may fail again. */
const failuresOfUsername = { most: 20, fillSec: 120 };
const failuresOfAddress = { most: 100, fillSec: 120 };
/** Of usernames, and of addresses, that are remembered: the longest unheard of is forgotten. */
const maximumRemembered = 10_000;

/** Names that begin with the same so many are counted as one. */
const comparedCharacters = 256;

const textEncoder = new TextEncoder();

export class FailedLogins {
  private readonly byUsername = new Buckets(failuresOfUsername);
  private readonly byAddress = new Buckets(failuresOfAddress);

  /**
   * A login is to be compared. It counts as failed until `onSucceeded`: many at once may be no more than one after the
   * other.
   * @param address `undefined` where it is not known: all such clients are one
   */
  mayTry(username: string, address: string | undefined, nowMs: number): boolean {
    const ofAddress = this.byAddress.of(address ?? "");
    // Whoever has to wait cannot make the usernames of others be forgotten.
    if (!ofAddress.take(nowMs)) return false;
    if (this.byUsername.of(username).take(nowMs)) return true;
    ofAddress.giveBack();
    return false;
  }

  onSucceeded(username: string, address: string | undefined): void {
    this.byAddress.of(address ?? "").giveBack();
    this.byUsername.of(username).giveBack();
  }
}

class Buckets {
  private readonly most: number;
  private readonly fillSec: number;
  private readonly buckets = new Map<string, TokenBucket>();

  constructor({ most, fillSec }: { readonly most: number; readonly fillSec: number }) {
    this.most = most;
    this.fillSec = fillSec;
  }

  of(name: string): TokenBucket {
    // A stranger's name has up to 64 KiB, and what is cut off a text may keep all of it in memory.
    const key = toBase64(sha256(textEncoder.encode(name.slice(0, comparedCharacters))));
    const bucket = this.buckets.get(key) ?? new TokenBucket(this.most, this.fillSec);
    // The order of a Map is that of insertion.
    this.buckets.delete(key);
    this.buckets.set(key, bucket);
    if (this.buckets.size > maximumRemembered) this.buckets.delete(this.buckets.keys().next().value as string);
    return bucket;
  }
}
