// Topic aliases of one connection, in both directions; they end with it [MQTT-3.3.2-7]. MQTT 5.0 section 3.3.2.3.4.

import { ReasonCode } from "../../packet/reason-code.ts";
import { ProtocolError } from "../../protocol-error.ts";
import { hashOf } from "../../topic/hash.ts";

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

type Alias = { readonly alias: number; readonly known: boolean };

/** An alias that the client knows. */
type Mapping = Alias & {
  readonly topicName: string;
  /** How often it was used. Halved now and then, so that recent uses count more. */
  uses: number;
};

/** The size of the property Topic Alias. An alias for a topic name of this size or less saves nothing. */
const propertyBytes = 3;
/** Counters per alias, and messages per alias until the counts are halved. Measurements gave both values. */
const countersPerAlias = 64;
const messagesPerAlias = 4;
/** A topic takes over the alias of another if it has this many more uses. */
const lead = 3;

/**
 * Aliases towards the client, up to its Topic Alias Maximum. A topic gets one at once while there are free ones:
 * that costs three bytes, and waiting for its second message costs a topic name. Later, one that is used clearly
 * more takes over another's: it is sent with its name and that alias, which then stands for it.
 */
export class OutgoingAliases {
  readonly maximum: number;
  /** Alias 1 comes first. */
  private readonly mappings: Mapping[] = [];
  private readonly byTopicName = new Map<string, Mapping>();
  /**
   * How much topics without an alias were used lately, found by the hash of a name, so that memory is bounded however
   * many there are. If two share a counter, one may get an alias too early, which costs only bytes.
   */
  private readonly uses: Uint16Array;
  private usesUntilHalved: number;
  /** Which alias the next topic without one is compared with: each in order, again and again. */
  private compared = 0;

  /** @param topicNames what aliases 1, 2, … stand for already */
  constructor(maximum: number, topicNames: readonly string[] = []) {
    this.maximum = maximum;
    this.uses = new Uint16Array(maximum * countersPerAlias);
    this.usesUntilHalved = maximum * messagesPerAlias;
    for (const [index, topicName] of topicNames.entries()) this.learn(topicName, index + 1);
  }

  /** In order of their aliases. */
  get topicNames(): string[] {
    return this.mappings.map(({ topicName }) => topicName);
  }

  /**
   * The alias to send with a topic, if any; counts the use. A new one counts as known to the client only after
   * `learn`, since the packet may be too large to be sent.
   */
  find(topicName: string): Alias | undefined {
    if (this.maximum === 0 || topicName.length <= propertyBytes) return undefined;
    this.halveNowAndThen();
    const mapping = this.byTopicName.get(topicName);
    if (mapping !== undefined) {
      mapping.uses += 1;
      return mapping;
    }
    const uses = this.count(topicName);
    if (this.mappings.length < this.maximum) return { alias: this.mappings.length + 1, known: false };
    const rival = this.mappings[this.compared] as Mapping;
    this.compared = (this.compared + 1) % this.maximum;
    return uses >= rival.uses + lead ? { alias: rival.alias, known: false } : undefined;
  }

  /** Topic name and alias were sent together: from now on one stands for the other. */
  learn(topicName: string, alias: number): void {
    const replaced = this.mappings[alias - 1];
    if (replaced !== undefined) this.byTopicName.delete(replaced.topicName);
    const mapping = { alias, known: true, topicName, uses: this.uses[this.counterOf(topicName)] as number };
    this.mappings[alias - 1] = mapping;
    this.byTopicName.set(topicName, mapping);
  }

  private counterOf(topicName: string): number {
    return hashOf(topicName) % this.uses.length;
  }

  private count(topicName: string): number {
    const counter = this.counterOf(topicName);
    const uses = (this.uses[counter] as number) + 1;
    this.uses[counter] = uses;
    return uses;
  }

  /** So that topics which are used now replace those which were used once. */
  private halveNowAndThen(): void {
    this.usesUntilHalved -= 1;
    if (this.usesUntilHalved > 0) return;
    this.usesUntilHalved = this.maximum * messagesPerAlias;
    for (const mapping of this.mappings) mapping.uses >>= 1;
    for (let counter = 0; counter < this.uses.length; counter += 1) {
      this.uses[counter] = (this.uses[counter] as number) >> 1;
    }
  }
}
