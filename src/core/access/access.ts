// What one client may do: its rules with its names in them, and the answers. Asked with every PUBLISH, SUBSCRIBE, Will
// and delivery. Guarantee G6: what is not allowed is denied.

import type { QoS } from "../message/message.ts";
import { parseTopicFilter } from "../topic/topic-filter.ts";
import type { AccessRules, FilterRules } from "./access-rules.ts";
import { matchesPattern } from "./pattern.ts";
import { isOfBroker, ruleCovers, ruleMatches, ruleTouches } from "./rule-filter.ts";

/** Whose rules they are. */
export type Names = {
  readonly clientId: string;
  /** Empty for none. */
  readonly username: string;
};

/** Topic names whose answer is remembered, and how long they are together: a client chooses them, also where it may not. */
const maximumRemembered = 256;
const maximumRememberedCharacters = 16_384;

export class Access {
  readonly maximumQos: QoS;
  /** Whether the client may connect with its client identifier. */
  readonly mayConnect: boolean;
  private readonly mayRetain: boolean;
  private readonly publishing: Filters;
  private readonly subscribing: Filters;

  constructor(rules: AccessRules, names: Names) {
    this.maximumQos = rules.maximumQos;
    this.mayRetain = rules.retain;
    this.mayConnect = rules.clientIds.length === 0 || rules.clientIds.some((pattern) => isNamedBy(pattern, names));
    this.publishing = new Filters(rules.publish, names);
    this.subscribing = new Filters(rules.subscribe, names);
  }

  /** A PUBLISH, or a Will. What the broker says of itself nobody else may say. */
  mayPublish({ topicName, qos, retain }: { topicName: string; qos: QoS; retain: boolean }): boolean {
    if (qos > this.maximumQos || (retain && !this.mayRetain)) return false;
    return this.publishing.includes(topicName) && !isOfBroker(topicName);
  }

  /**
   * Whether all that the filter could bring is allowed: there is no subscribing to a part of it.
   * @param topicFilter valid; of a shared subscription the filter inside counts
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

class Filters {
  private readonly allow: readonly string[];
  private readonly deny: readonly string[];
  /** All names but those that start with `$`. */
  private readonly isEverything: boolean;
  private readonly remembered = new Map<string, boolean>();
  private rememberedCharacters = 0;

  constructor({ allow, deny }: FilterRules, names: Names) {
    this.allow = allow.map((filter) => expanded(filter, names)).filter((filter) => filter !== undefined);
    const denied = deny.map((filter) => expanded(filter, names));
    // What cannot be said of this client must not be the hole in its fence.
    if (denied.includes(undefined)) this.allow = [];
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
 * Puts the names into a filter.
 * @returns `undefined` where a name would make it another filter: one with `+`, `#` or `/`, none at all, or one that
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
  // A "*" in the username stands for nothing but itself.
  const literal = parts.flatMap((part, index) => (index === 0 ? [part] : [{ text: username }, part]));
  return matchesPattern(literal, clientId);
}

/** What is put in the place of `%c` and `%u`: a name that would be more, or less, than one level matches nothing. */
function isOneLevel(name: string): boolean {
  return name !== "" && !/[+#/]/.test(name);
}
