// Limits how often a password may be guessed, whether it is sent or proved with SCRAM. Tokens and certificates cannot be
// guessed, and are not counted. Everything is in memory: a wrong guess writes nothing.
//
// A right secret must not wait because of somebody else's wrong ones. So each source of guesses has an allowance of its
// own, and a login must wait only if all the allowances that apply to it are used up:
//
// - proven: this client identifier, from this address, has shown this name's secret before. Only such logins use it.
// - own: the session with this client identifier belongs to this name.
// - usual: the name from this address, the name from anywhere, and the address with any name: all three.
// - late: the address has guessed too much, but there were few guesses at this name from it. If the name exists, the secret
//   is still judged, because many clients may share the address. If not, nothing is computed, but the answer is the same
//   and takes as long.
//
// Names that exist are made by the operator, so each has a record of its own. All others, and addresses, are chosen by
// strangers: they share a fixed number of slots, so that they cannot push anybody's allowance out of memory.

import { TokenBucket } from "../token-bucket.ts";
import { hashOf } from "../topic/hash.ts";

/** How many wrong guesses may come at once, and after how many seconds as many may come again. */
const allowances = {
  /** 120 an hour. */
  nameAtAddress: [20, 600],
  /** 600 an hour. */
  name: [200, 1_200],
  /** 600 an hour. */
  address: [100, 600],
  /** 600 an hour: guesses at existing names from an address that has used up its allowance. */
  lateAddress: [100, 600],
  /** 60 an hour for each client that has logged in. */
  proven: [20, 1_200],
  /** 60 an hour for all clients that have a session of this name. */
  own: [20, 1_200],
} as const;

/** After this many guesses at a name, an address gets no late ones at that name. */
const lateGuesses = 3;

/** Records of names that exist; a name without a record uses a slot. */
const maximumNames = 10_000;
/** How many records are checked to find one that is no longer needed. */
const namesLookedAt = 8;
/** Addresses that are counted for one name: more than its allowance lets guess. Any others count as one. */
const maximumAddressesOfName = 400;
/** Addresses that are counted for all names together. */
const maximumPairs = 100_000;
/** Clients of one name that are remembered as logged in. The least recently seen is forgotten. */
const maximumProvenOfName = 32;
const slots = 4_096;
/** Names that do not exist count as one if their first characters, this many, are the same. */
const comparedCharacters = 256;

/** The source of a login, and the name that it claims. */
export type GuessSource = {
  readonly username: string;
  /** Whether the name has a secret that could be guessed. */
  readonly isKnown: boolean;
  /** `undefined` if it is not known. All such clients count as one address. */
  readonly address: string | undefined;
  readonly clientId: string;
  /** Whether the session with this client identifier belongs to this name. */
  readonly isOwn: boolean;
};

/** The allowance that a guess was taken from. Plain data. */
export type Allowance = "proven" | "own" | "usual" | "late";

export type GuessVerdict =
  | { readonly outcome: "judge"; readonly allowance: Allowance }
  /** The name does not exist. The answer must look as if a secret had been judged with the allowance "late". */
  | { readonly outcome: "pretend" }
  | { readonly outcome: "wait" };

export class Guesses {
  private readonly slotKey: string;
  private readonly names = new Map<string, NameRecord>();
  private readonly pairs: PairCount = { count: 0 };
  private readonly strangeNames = new Slots(allowances.name);
  private readonly strangePairs = new Slots(allowances.nameAtAddress);
  private readonly addresses = new Slots(allowances.address);
  private readonly lateAddresses = new Slots(allowances.lateAddress);

  /** @param slotKey random, so that nobody can know who shares a slot */
  constructor(slotKey: string) {
    this.slotKey = slotKey;
  }

  /** Call it before a secret is judged. It counts as wrong until `onRight`, so that guessing in parallel is no use. */
  take(source: GuessSource, nowMs: number): GuessVerdict {
    const record = this.recordOf(source, nowMs);
    if (record?.provenBucketOf(source)?.take(nowMs)) return { outcome: "judge", allowance: "proven" };
    if (source.isOwn && record?.own.take(nowMs)) return { outcome: "judge", allowance: "own" };
    return this.takeUnproven(source, record, nowMs);
  }

  private takeUnproven(source: GuessSource, record: NameRecord | undefined, nowMs: number): GuessVerdict {
    const { pair, name, address, lateAddress } = this.bucketsOf(source, record, nowMs);
    if (!pair.holds(nowMs) || !name.holds(nowMs)) return { outcome: "wait" };
    if (address.take(nowMs)) {
      pair.take(nowMs);
      name.take(nowMs);
      return { outcome: "judge", allowance: "usual" };
    }
    const [atOnce] = allowances.nameAtAddress;
    if (!pair.holds(nowMs, atOnce - lateGuesses + 1)) return { outcome: "wait" };
    if (!source.isKnown || !lateAddress.take(nowMs)) {
      pair.take(nowMs);
      return { outcome: "pretend" };
    }
    pair.take(nowMs);
    name.take(nowMs);
    return { outcome: "judge", allowance: "late" };
  }

  /**
   * The secret was right: the guess no longer counts, and its client is proven from now on.
   * @param allowance from the answer of `take`; a session of an older version does not send it
   */
  onRight(source: GuessSource, nowMs: number, allowance: Allowance = "usual"): void {
    const record = this.recordOf(source, nowMs);
    const { pair, name, address, lateAddress } = this.bucketsOf(source, record, nowMs);
    const taken: Record<Allowance, readonly (TokenBucket | undefined)[]> = {
      proven: [record?.provenBucketOf(source)],
      own: [record?.own],
      usual: [pair, name, address],
      late: [pair, name, lateAddress],
    };
    for (const bucket of taken[allowance]) bucket?.giveBack();
    record?.noteProven(source);
  }

  private bucketsOf(source: GuessSource, record: NameRecord | undefined, nowMs: number) {
    const { address = "" } = source;
    // A stranger may send a name of up to 64 KiB.
    const username = source.username.slice(0, comparedCharacters);
    const addressSlot = this.slotOf(address);
    return {
      pair: record?.pairBucketOf(source, nowMs) ?? this.strangePairs.at(this.slotOf(`${address}\n${username}`)),
      name: record?.name ?? this.strangeNames.at(this.slotOf(username)),
      address: this.addresses.at(addressSlot),
      lateAddress: this.lateAddresses.at(addressSlot),
    };
  }

  private recordOf({ username, isKnown }: GuessSource, nowMs: number): NameRecord | undefined {
    if (!isKnown) return undefined;
    const record = this.names.get(username) ?? this.newRecord(nowMs);
    if (record === undefined) return undefined;
    // A Map keeps the order of insertion, so the record used last is at the end.
    this.names.delete(username);
    this.names.set(username, record);
    return record;
  }

  /** @returns `undefined` if there is no room, and every record that was checked still counts */
  private newRecord(nowMs: number): NameRecord | undefined {
    if (this.names.size < maximumNames) return new NameRecord(this.pairs);
    let left = namesLookedAt;
    for (const [username, record] of this.names) {
      if (left === 0) break;
      left -= 1;
      if (!record.isQuiet(nowMs)) continue;
      this.names.delete(username);
      return new NameRecord(this.pairs);
    }
    return undefined;
  }

  private slotOf(text: string): number {
    return hashOf(this.slotKey + text) % slots;
  }
}

/** How many pairs of a name and an address are counted, in all records together. */
type PairCount = { count: number };

/** The guesses at one name that exists. */
class NameRecord {
  private readonly pairs: PairCount;
  readonly name = new TokenBucket(...allowances.name);
  readonly own = new TokenBucket(...allowances.own);
  private readonly otherAddresses = new TokenBucket(...allowances.nameAtAddress);
  private readonly byAddress = new Map<string, TokenBucket>();
  private readonly proven = new Map<string, TokenBucket>();

  constructor(pairs: PairCount) {
    this.pairs = pairs;
  }

  pairBucketOf({ address = "" }: GuessSource, nowMs: number): TokenBucket {
    const known = this.byAddress.get(address);
    if (known !== undefined) return known;
    if (this.isFull) this.forgetQuietAddresses(nowMs);
    if (this.isFull) return this.otherAddresses;
    const bucket = new TokenBucket(...allowances.nameAtAddress);
    this.byAddress.set(address, bucket);
    this.pairs.count += 1;
    return bucket;
  }

  private get isFull(): boolean {
    return this.byAddress.size >= maximumAddressesOfName || this.pairs.count >= maximumPairs;
  }

  provenBucketOf(source: GuessSource): TokenBucket | undefined {
    return this.proven.get(provenKeyOf(source));
  }

  noteProven(source: GuessSource): void {
    const key = provenKeyOf(source);
    const bucket = this.proven.get(key) ?? new TokenBucket(...allowances.proven);
    this.proven.delete(key);
    this.proven.set(key, bucket);
    if (this.proven.size > maximumProvenOfName) this.proven.delete(this.proven.keys().next().value as string);
  }

  /** Whether the record can be forgotten: that loses only which clients have logged in. */
  isQuiet(nowMs: number): boolean {
    this.forgetQuietAddresses(nowMs);
    const buckets = [this.name, this.own, this.otherAddresses, ...this.proven.values()];
    return this.byAddress.size === 0 && buckets.every((bucket) => bucket.isFull(nowMs));
  }

  private forgetQuietAddresses(nowMs: number): void {
    for (const [address, bucket] of this.byAddress) {
      if (!bucket.isFull(nowMs)) continue;
      this.byAddress.delete(address);
      this.pairs.count -= 1;
    }
  }
}

function provenKeyOf({ clientId, address = "" }: GuessSource): string {
  return `${address}\n${clientId}`;
}

/** One bucket for each slot, made at its first use. */
class Slots {
  private readonly allowance: readonly [number, number];
  private readonly buckets: (TokenBucket | undefined)[] = [];

  constructor(allowance: readonly [number, number]) {
    this.allowance = allowance;
  }

  at(slot: number): TokenBucket {
    const bucket = this.buckets[slot] ?? new TokenBucket(...this.allowance);
    this.buckets[slot] = bucket;
    return bucket;
  }
}
