// What was acknowledged and what arrived, and the judgement over the two. A message is a topic and a number: each topic
// has one publisher, which counts.

export type Topic = {
  readonly name: string;
  readonly qos: 1 | 2;
  /** By the numbers of its messages. A message that nobody acknowledged may have arrived, or not. */
  readonly isAcknowledged: readonly boolean[];
};

/** Who is to receive: a client, or the members of a shared subscription as one. */
export type Receiver = {
  readonly name: string;
  /** Maximum QoS of its subscription. */
  readonly qos: 1 | 2;
  readonly wants: (topicName: string) => boolean;
  readonly tallies: readonly Tally[];
};

export type Verdict = {
  readonly delivered: number;
  /** Acknowledged, and missing at a receiver. */
  readonly lost: readonly string[];
  /** At QoS 2 on both sides, and come more than once. */
  readonly doubled: readonly string[];
  /** The same at QoS 1, where it is allowed. */
  readonly repeated: number;
};

/** How often one client was given each message. */
export class Tally {
  readonly #counts = new Map<string, number[]>();

  add(topicName: string, number: number): void {
    const counts = this.#counts.get(topicName) ?? [];
    this.#counts.set(topicName, counts);
    counts[number] = (counts[number] ?? 0) + 1;
  }

  count(topicName: string, number: number): number {
    return this.#counts.get(topicName)?.[number] ?? 0;
  }

  /** The lowest number that came; -1 for none. */
  lowest(topicName: string): number {
    return this.#counts.get(topicName)?.findIndex((count) => count > 0) ?? -1;
  }
}

export function judge(topics: readonly Topic[], receivers: readonly Receiver[]): Verdict {
  const lost: string[] = [];
  const doubled: string[] = [];
  let delivered = 0;
  let repeated = 0;
  for (const receiver of receivers) {
    for (const topic of topics.filter(({ name }) => receiver.wants(name))) {
      const qos = Math.min(topic.qos, receiver.qos);
      for (const [number, isAcknowledged] of topic.isAcknowledged.entries()) {
        const count = receiver.tallies.reduce((sum, tally) => sum + tally.count(topic.name, number), 0);
        const what = `${topic.name} ${number} at ${receiver.name}`;
        if (count > 0) delivered += 1;
        else if (isAcknowledged) lost.push(what);
        if (count > 1 && qos === 2) doubled.push(`${what}: ${count} times`);
        else if (count > 1) repeated += count - 1;
      }
    }
  }
  return { delivered, lost, doubled, repeated };
}
