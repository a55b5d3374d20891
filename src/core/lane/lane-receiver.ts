// The other end of the lanes into one object: recognises the repeat of a batch by its number and returns the same
// answer again instead of acting twice. What it remembers is in memory: after a restart a repeat is acted on, and
// QoS 2 messages are recognised by their ids.
//
// It remembers a limited number of lanes. So a batch of an unknown lane can be new, or it repeats a batch that was acted on
// before the lane was forgotten. Lanes therefore say when they began, and the latest beginning of a forgotten lane is kept:
// an unknown lane that began no later is refused. A sender that is alive then begins another lane. A repeat that only
// wanders through the network has no sender that would, and is never acted on.

/** A sender's name for one lane. It has a new one after each restart. See `laneIdOf`. */
export type LaneId = string;

const rememberedLanes = 16_384;

/** The plain text of a refusal, which is all of an error that surely crosses a call; `beginAfterOf` reads it. */
const forgotten = "a lane that is forgotten: begin another after";

/**
 * @param startedAtMs when the lane begins, in milliseconds since 1970
 * @param unique no other lane has it
 */
export function laneIdOf(startedAtMs: number, unique: string): LaneId {
  return `${startedAtMs}@${unique}`;
}

/** @returns when the refused lane's successor has to begin at the earliest, in milliseconds since 1970; or `undefined` */
export function beginAfterOf(error: unknown): number | undefined {
  const found = /begin another after (\d+)$/.exec(error instanceof Error ? error.message : "");
  return found === null ? undefined : Number(found[1]);
}

export class LaneReceiver<Answer> {
  private readonly last = new Map<LaneId, { readonly sequence: number; readonly answer: Promise<Answer> }>();
  /** The latest beginning of a lane that was forgotten, in milliseconds since 1970. */
  private forgottenThroughMs = Number.NEGATIVE_INFINITY;

  /**
   * Acts on a batch once.
   *
   * @param act what to do with a new batch; when it fails, the repeat is a new batch again. It is told whether
   *   the batch is the first of its lane since this object started: then one before the start may have been the same
   * @throws Error when the batch is older than the last one of its lane: its sender gave up on it long ago; or when the
   *   lane may be one that was forgotten: see `beginAfterOf`
   */
  receive(lane: LaneId, sequence: number, act: (isFirst: boolean) => Promise<Answer>): Promise<Answer> {
    const last = this.last.get(lane);
    if (last !== undefined && sequence === last.sequence) return last.answer;
    if (last !== undefined && sequence < last.sequence) {
      throw new Error(`lane ${lane}: batch ${sequence} comes after ${last.sequence}`);
    }
    if (last === undefined) this.refuseForgotten(lane);
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

  private refuseForgotten(lane: LaneId): void {
    const startedAtMs = startedAtMsOf(lane);
    if (startedAtMs === undefined || startedAtMs > this.forgottenThroughMs) return;
    throw new Error(`${forgotten} ${this.forgottenThroughMs}`);
  }

  private forgetOldest(): void {
    if (this.last.size <= rememberedLanes) return;
    const oldest = this.last.keys().next();
    if (oldest.done) return;
    this.last.delete(oldest.value);
    this.forgottenThroughMs = Math.max(this.forgottenThroughMs, startedAtMsOf(oldest.value) ?? 0);
  }
}

/** `undefined` for a lane of an older version, which does not say. */
function startedAtMsOf(lane: LaneId): number | undefined {
  const at = lane.indexOf("@");
  return at === -1 ? undefined : Number(lane.slice(0, at));
}
