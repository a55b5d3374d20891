// Searches for the member of a shared subscription that takes a message. A message that must come once is searched for by one
// search at a time: two at once would both hear that nobody has it, and give it to two members.

export class GroupSearches {
  /** By message and group: the searches that wait for the one under way, the oldest first. */
  private readonly waiting = new Map<string, (() => void)[]>();

  /** Begins a search, now or when those with the same key are over. `end` has to follow. */
  begin(key: string, search: () => void): void {
    const waiting = this.waiting.get(key);
    if (waiting !== undefined) {
      waiting.push(search);
      return;
    }
    this.waiting.set(key, []);
    search();
  }

  /** The search under way is over: the message is on its way to a member, or nobody takes it. */
  end(key: string): void {
    const next = this.waiting.get(key)?.shift();
    if (next === undefined) this.waiting.delete(key);
    else next();
  }
}
