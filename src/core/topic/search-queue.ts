// One group search at a time for a message that must come only once. Two at once would both hear that nobody has the
// message, and send it to two members.

/** A search of the queue. Searches with the same key are for the same message and group; without a key it waits for nobody. */
export type Queued = { readonly key: string | undefined };

export class SearchQueue<Search extends Queued> {
  /** By key: the searches that wait for the one under way, the oldest first. */
  private readonly waiting = new Map<string, Search[]>();

  /** @returns whether the search may begin now; otherwise `end` returns it when the searches before it are over */
  begin(search: Search): boolean {
    if (search.key === undefined) return true;
    const waiting = this.waiting.get(search.key);
    if (waiting === undefined) this.waiting.set(search.key, []);
    else waiting.push(search);
    return waiting === undefined;
  }

  /** @returns the search that begins now that this one is over, if any */
  end({ key }: Search): Search | undefined {
    if (key === undefined) return undefined;
    const next = this.waiting.get(key)?.shift();
    if (next === undefined) this.waiting.delete(key);
    return next;
  }
}
