// How often a login may fail. Comparing a password is slow, and made so; guessing has to be slower still. What is
// counted is in memory only: a login that fails writes nothing.

import { TokenBucket } from "../token-bucket.ts";

/** In a row; and how long until as many may fail again. */
const failuresOfUsername = { most: 20, fillSec: 120 };
const failuresOfAddress = { most: 100, fillSec: 120 };
/** Of usernames, and of addresses, that are remembered: the longest unheard of is forgotten. */
const maximumRemembered = 10_000;

export class FailedLogins {
  private readonly byUsername = new Map<string, TokenBucket>();
  private readonly byAddress = new Map<string, TokenBucket>();

  /**
   * A login is to be compared. It counts as failed until `onSucceeded`: many at once may be no more than one after the
   * other.
   * @param address `undefined` where it is not known: all such clients are one
   */
  mayTry(username: string, address: string | undefined, nowMs: number): boolean {
    const ofAddress = bucketOf(this.byAddress, address ?? "", failuresOfAddress);
    const ofUsername = bucketOf(this.byUsername, username, failuresOfUsername);
    if (!ofAddress.take(nowMs)) return false;
    if (ofUsername.take(nowMs)) return true;
    ofAddress.giveBack();
    return false;
  }

  onSucceeded(username: string, address: string | undefined): void {
    this.byAddress.get(address ?? "")?.giveBack();
    this.byUsername.get(username)?.giveBack();
  }
}

function bucketOf(
  buckets: Map<string, TokenBucket>,
  key: string,
  { most, fillSec }: { readonly most: number; readonly fillSec: number },
): TokenBucket {
  const bucket = buckets.get(key) ?? new TokenBucket(most, fillSec);
  // The order of a Map is that of insertion.
  buckets.delete(key);
  buckets.set(key, bucket);
  if (buckets.size > maximumRemembered) buckets.delete(buckets.keys().next().value as string);
  return bucket;
}
