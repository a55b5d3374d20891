// Topic aliases of one connection, in both directions; they end with it [MQTT-3.3.2-7]. MQTT 5.0 section 3.3.2.3.4.

import { ReasonCode } from "../packet/reason-code.ts";
import { ProtocolError } from "../protocol-error.ts";

/** What the client's aliases stand for. */
export type IncomingAliases = Map<number, string>;

/**
 * The topic name of a PUBLISH, with its alias set or used.
 * @throws {ProtocolError} 0x94 for an alias out of range, 0x82 for one that stands for nothing
 */
export function resolveTopicName(
  aliases: IncomingAliases,
  topicName: string,
  alias: number | undefined,
  topicAliasMaximum: number,
): string {
  if (alias === undefined) return topicName;
  if (alias === 0 || alias > topicAliasMaximum) {
    throw new ProtocolError(
      ReasonCode.TopicAliasInvalid,
      `topic alias ${alias}: 1 to ${topicAliasMaximum} may be used`,
    );
  }
  if (topicName !== "") {
    aliases.set(alias, topicName);
    return topicName;
  }
  const known = aliases.get(alias);
  if (known === undefined) {
    throw new ProtocolError(ReasonCode.ProtocolError, `topic alias ${alias} stands for no topic yet`);
  }
  return known;
}

/** Aliases towards the client: the first topics get them, up to its Topic Alias Maximum. */
export class OutgoingAliases {
  readonly maximum: number;
  private readonly aliases: Map<string, number>;

  /** @param topicNames what aliases 1, 2, … stand for already */
  constructor(maximum: number, topicNames: readonly string[] = []) {
    this.maximum = maximum;
    this.aliases = new Map(topicNames.map((topicName, index) => [topicName, index + 1]));
  }

  /** In order of their aliases. */
  get topicNames(): string[] {
    return [...this.aliases.keys()];
  }

  /**
   * The alias to send with a topic, if any. A new one counts as known to the client only after `learn`, since the
   * packet may turn out too large to be sent.
   */
  find(topicName: string): { readonly alias: number; readonly known: boolean } | undefined {
    const alias = this.aliases.get(topicName);
    if (alias !== undefined) return { alias, known: true };
    return this.aliases.size < this.maximum ? { alias: this.aliases.size + 1, known: false } : undefined;
  }

  learn(topicName: string): void {
    if (!this.aliases.has(topicName)) this.aliases.set(topicName, this.aliases.size + 1);
  }
}
