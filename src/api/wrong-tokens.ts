// Limits how often wrong API tokens reach the namespace's access object. After too many from one network, a further token is
// looked up only if it may be right. It may be if it was right before, or if its hash begins like one of the namespace's
// tokens. So a right token passes, however many wrong ones come from its network. All this is in the memory of one isolate.

import { TokenBucket } from "../core/token-bucket.ts";

const windowMs = 60_000;
const maximumWrong = 100;
/** Networks that are counted. Any others count as limited, which does not harm a right token. */
const maximumNetworks = 10_000;
const maximumRight = 10_000;
const maximumLists = 1_000;
const listAgeMs = 1_000;
/** Lists read per second, for all namespaces: many requests may come before the first list has arrived. */
const maximumReads = 200;

type List = { readonly starts: ReadonlySet<string>; readonly readAtMs: number };

export class WrongTokens {
  private counts = new Map<string, number>();
  private windowBeganAtMs = 0;
  private readonly right = new Set<string>();
  private readonly lists = new Map<string, List>();
  private readonly reads = new TokenBucket(maximumReads, 1);

  isLimited(network: string, nowMs: number): boolean {
    this.begin(nowMs);
    const count = this.counts.get(network);
    return count === undefined ? this.counts.size >= maximumNetworks : count >= maximumWrong;
  }

  note(network: string, nowMs: number): void {
    this.begin(nowMs);
    const count = this.counts.get(network) ?? 0;
    if (count > 0 || this.counts.size < maximumNetworks) this.counts.set(network, count + 1);
  }

  /** Remembers a token of the namespace. The list may be too old to have it. */
  noteRight(namespace: string, sha256: string): void {
    this.right.add(`${namespace} ${sha256}`);
    if (this.right.size > maximumRight) this.right.delete(this.right.values().next().value as string);
  }

  /**
   * Whether a token from a limited network may be right, so that it is worth looking up.
   * @param read fetches the beginnings of the hashes of the namespace's tokens; `undefined` if they cannot be had
   */
  async mayBeRight(
    namespace: string,
    sha256: string,
    nowMs: number,
    read: () => Promise<readonly string[] | undefined>,
  ): Promise<boolean> {
    if (this.right.has(`${namespace} ${sha256}`)) return true;
    const list = await this.listOf(namespace, nowMs, read);
    return list === "unknown" || (list?.starts.has(sha256.slice(0, 16)) ?? false);
  }

  private async listOf(
    namespace: string,
    nowMs: number,
    read: () => Promise<readonly string[] | undefined>,
  ): Promise<List | "unknown" | undefined> {
    const last = this.lists.get(namespace);
    const isFresh = last !== undefined && Math.abs(nowMs - last.readAtMs) < listAgeMs;
    if (isFresh || !this.reads.take(nowMs)) return last;
    // Requests that come meanwhile use the last list: a request cannot wait for what another one fetches.
    if (last !== undefined) this.lists.set(namespace, { ...last, readAtMs: nowMs });
    const starts = await read();
    if (starts === undefined) return "unknown";
    const list = { starts: new Set(starts), readAtMs: nowMs };
    this.lists.delete(namespace);
    this.lists.set(namespace, list);
    if (this.lists.size > maximumLists) this.lists.delete(this.lists.keys().next().value as string);
    return list;
  }

  private begin(nowMs: number): void {
    if (Math.abs(nowMs - this.windowBeganAtMs) < windowMs) return;
    this.windowBeganAtMs = nowMs;
    this.counts = new Map();
  }
}
