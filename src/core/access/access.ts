// What one client may do: its rules with its names in them, and the answers. Asked with every PUBLISH, SUBSCRIBE, Will
// and delivery. Guarantee G6: what is not allowed is denied.

import type { QoS } from "../message/message.ts";
import { parseTopicFilter } from "../topic/topic-filter.ts";
import type { AccessRules, FilterRules } from "./access-rules.ts";
import { matchesPattern } from "./pattern.ts";
import { isOfBroker, ruleCovers, ruleMatches, ruleTouches } from "./rule-filter.ts";

/** The names that `%c` and `%u` stand for. */
export type Names = {
  readonly clientId: string;
  /** Empty for none. */
  readonly username: string;
};

/** The parts of a message that its publisher must be allowed. */
type PublishedAs = { readonly topicName: string; readonly qos: QoS; readonly retain: boolean };

/** Topic names whose answer is remembered, and how long they are together: a client chooses them, also those that it may not use. */
const maximumRemembered = 256;
const maximumRememberedCharacters = 16_384;

export class Access {
  readonly maximumQos: QoS;
  /** Whether the client may connect with its client identifier. */
  readonly mayConnect: boolean;
  private readonly mayRetain: boolean;
  private readonly bridgeStateTopic: string | undefined;
  private readonly publishing: Filters;
  private readonly subscribing: Filters;

  constructor(rules: AccessRules, names: Names) {
    this.maximumQos = rules.maximumQos;
    this.mayRetain = rules.retain;
    this.bridgeStateTopic = bridgeStateTopicOf(names.clientId);
    this.mayConnect = mayConnectAs(rules, names);
    this.publishing = new Filters(rules.publish, names);
    this.subscribing = new Filters(rules.subscribe, names);
  }

  /**
   * A PUBLISH, or a Will.
   * @param isBridge whether the client is a bridge, which may publish its own state unless a rule denies it
   * @returns what is wrong with the message, in words for the client; `undefined` if it is allowed
   */
  whyNotPublish({ topicName, qos, retain }: PublishedAs, isBridge: boolean): string | undefined {
    const isAllowed = isOfBroker(topicName)
      ? isBridge && topicName === this.bridgeStateTopic && !this.publishing.denies(topicName)
      : this.publishing.includes(topicName);
    if (!isAllowed) return isBridge ? this.whyNotAsBridge(topicName) : whyNotAsClient(topicName);
    if (qos > this.maximumQos) return `not allowed to publish this at more than QoS ${this.maximumQos}`;
    return retain && !this.mayRetain ? "not allowed to publish retained messages" : undefined;
  }

  private whyNotAsBridge(topicName: string): string {
    if (!isOfBroker(topicName)) return whyNotAsClient(topicName);
    if (this.bridgeStateTopic === undefined) {
      return "a bridge with / in its client identifier has no topic for its state: change it, or switch notifications off";
    }
    if (topicName === this.bridgeStateTopic) return "the rules deny the topic of the bridge's state";
    return "below $SYS/ a bridge publishes nothing but $SYS/broker/connection/CLIENT-ID/state, with its own client identifier";
  }

  /**
   * Whether everything that the filter could bring is allowed: a client cannot subscribe to a part of it.
   * @param topicFilter valid; for a shared subscription, the filter inside counts
   */
  maySubscribe(topicFilter: string): boolean {
    const parsed = parseTopicFilter(topicFilter);
    return parsed !== undefined && this.subscribing.covers(parsed.filter);
  }

  /** Whether a message may go to the client: it may have been subscribed, and queued, under other rules. */
  mayReceive(topicName: string): boolean {
    return this.subscribing.includes(topicName);
  }
}

/** Whether the rules allow the client identifier. */
export function mayConnectAs({ clientIds }: Pick<AccessRules, "clientIds">, names: Names): boolean {
  return clientIds.length === 0 || clientIds.some((pattern) => isNamedBy(pattern, names));
}

class Filters {
  private readonly allow: readonly string[];
  private readonly deny: readonly string[];
  /** A deny rule cannot be filled in for this client, so everything is denied. */
  private readonly deniesAll: boolean;
  /** All names except those that start with `$`. */
  private readonly isEverything: boolean;
  private readonly remembered = new Map<string, boolean>();
  private rememberedCharacters = 0;

  constructor({ allow, deny }: FilterRules, names: Names) {
    this.allow = allow.map((filter) => expanded(filter, names)).filter((filter) => filter !== undefined);
    const denied = deny.map((filter) => expanded(filter, names));
    // A deny rule that cannot be filled in must not be a hole in the fence.
    this.deniesAll = denied.includes(undefined);
    if (this.deniesAll) this.allow = [];
    this.deny = denied.filter((filter) => filter !== undefined);
    this.isEverything = this.allow.includes("#") && this.deny.length === 0;
  }

  includes(topicName: string): boolean {
    if (this.isEverything && !topicName.startsWith("$")) return true;
    const known = this.remembered.get(topicName);
    if (known !== undefined) return known;
    const matches = (filter: string) => ruleMatches(filter, topicName);
    const isAllowed = this.allow.some(matches) && !this.deny.some(matches);
    this.remember(topicName, isAllowed);
    return isAllowed;
  }

  denies(topicName: string): boolean {
    return this.deniesAll || this.deny.some((filter) => ruleMatches(filter, topicName));
  }

  private remember(topicName: string, isAllowed: boolean): void {
    this.rememberedCharacters += topicName.length;
    if (this.remembered.size >= maximumRemembered || this.rememberedCharacters > maximumRememberedCharacters) {
      this.remembered.clear();
      this.rememberedCharacters = topicName.length;
    }
    this.remembered.set(topicName, isAllowed);
  }

  covers(filter: string): boolean {
    return (
      this.allow.some((allowed) => ruleCovers(allowed, filter)) &&
      !this.deny.some((denied) => ruleTouches(denied, filter))
    );
  }
}

/**
 * The topic in which Mosquitto's bridge says whether it is connected, for itself alone.
 * @returns `undefined` for a client identifier that would be more, or less, than one level of the topic
 */
export function bridgeStateTopicOf(clientId: string): string | undefined {
  return isOneLevel(clientId) ? `$SYS/broker/connection/${clientId}/state` : undefined;
}

/** Only the broker may publish its own state. */
function whyNotAsClient(topicName: string): string {
  return isOfBroker(topicName)
    ? "below $SYS/ only the broker publishes, and a bridge its own state"
    : "not allowed to publish this";
}

/**
 * Puts the names into a filter.
 * @returns `undefined` if a name would make it another filter: one with `+`, `#` or `/`, none at all, or one that
 * would lead into `$SYS`
 */
function expanded(filter: string, names: Names): string | undefined {
  let isSound = true;
  const text = filter.replace(/%[cu]/g, (placeholder) => {
    const name = placeholder === "%c" ? names.clientId : names.username;
    if (!isOneLevel(name)) isSound = false;
    return name;
  });
  const isLedAstray = isOfBroker(text) && !isOfBroker(filter);
  return isSound && !isLedAstray ? text : undefined;
}

function isNamedBy(pattern: string, { clientId, username }: Names): boolean {
  const parts = pattern.split("%u");
  if (parts.length > 1 && !isOneLevel(username)) return false;
  // A "*" in the username stands only for itself.
  const literal = parts.flatMap((part, index) => (index === 0 ? [part] : [{ text: username }, part]));
  return matchesPattern(literal, clientId);
}

/** The value of `%c` or `%u`. A name that would be more, or less, than one level matches nothing. */
function isOneLevel(name: string): boolean {
  return name !== "" && !/[+#/]/.test(name);
}
