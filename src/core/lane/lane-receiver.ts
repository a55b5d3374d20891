// The other end of the lanes into one object: recognises the repeat of a batch by its number and gives the same
// answer again instead of acting twice. What it remembers is in memory: after a restart a repeat is acted on, and
// QoS 2 messages are told apart by their ids.

/** A sender's name for one lane; a new one after each of its restarts. */
export type LaneId = string;

const rememberedLanes = 4_096;

export class LaneReceiver<Answer> {
  private readonly last = new Map<LaneId, { readonly sequence: number; readonly answer: Promise<Answer> }>();

  /**
   * Acts on a batch once.
   *
   * @param act what to do with a new batch; when it fails, the repeat is a new batch again. It is told whether
   *   the batch is the first of its lane since this object started: then one before the start may have been the same
   * @throws Error when the batch is older than the last one of its lane: its sender gave up on it long ago
   */
  receive(lane: LaneId, sequence: number, act: (isFirst: boolean) => Promise<Answer>): Promise<Answer> {
    const last = this.last.get(lane);
    if (last !== undefined && sequence === last.sequence) return last.answer;
    if (last !== undefined && sequence < last.sequence) {
      throw new Error(`lane ${lane}: batch ${sequence} comes after ${last.sequence}`);
    }
    const answer = act(last === undefined);
    // Deleted first, so that the map's order is the order of use.
    this.last.delete(lane);
    this.last.set(lane, { sequence, answer });
    answer.catch(() => {
      if (this.last.get(lane)?.sequence === sequence) this.last.delete(lane);
    });
    this.forgetOldest();
    return answer;
  }

  private forgetOldest(): void {
    if (this.last.size <= rememberedLanes) return;
    const oldest = this.last.keys().next();
    if (!oldest.done) this.last.delete(oldest.value);
  }
}
