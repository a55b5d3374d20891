// Topic Filters: what a subscription asks for, alone or inside `$share`. MQTT 5.0 sections 4.7 and 4.8.2.
// Here one filter meets one Topic Name; many filters at once are the work of subscription-tree.ts.

import { isTopicText, levelCount, protocolTopicLimits, type TopicLimits } from "./topic-name.ts";

/** A valid Topic Filter. */
export type TopicFilter = {
  /** What is matched against Topic Names: the part after the ShareName, or the whole text. */
  readonly filter: string;
  /** The ShareName; `undefined` for a subscription that is not shared. */
  readonly shareName: string | undefined;
  /** Whether `filter` holds `+` or `#`. */
  readonly isWildcard: boolean;
};

const dollar = 0x24;
const hash = 0x23;
const plus = 0x2b;
const slash = 0x2f;

const sharePrefix = "$share/";

/**
 * Reads the Topic Filter of a SUBSCRIBE or UNSUBSCRIBE.
 *
 * @param limits the bytes are those of the whole text, the levels those of the part that is matched
 * @returns `undefined` when the text is not a Topic Filter (0x8F for the client)
 */
export function parseTopicFilter(text: string, limits: TopicLimits = protocolTopicLimits): TopicFilter | undefined {
  if (!isTopicText(text, limits)) return undefined;
  if (!isSharedText(text)) return filterOf(text, undefined, limits);

  // "$share/{ShareName}/{filter}" [MQTT-4.8.2-1], [MQTT-4.8.2-2].
  const shareEnd = text.indexOf("/", sharePrefix.length);
  if (shareEnd === -1) return undefined;
  const shareName = text.slice(sharePrefix.length, shareEnd);
  if (shareName === "" || shareName.includes("+") || shareName.includes("#")) return undefined;

  // The rest is a filter "in a non-shared subscription" (section 4.8.2): a share within a share is none.
  const filter = text.slice(shareEnd + 1);
  if (filter === "" || isSharedText(filter)) return undefined;
  return filterOf(filter, shareName, limits);
}

/**
 * Whether a message published to `topicName` is for a subscription to `filter`. Empty levels are levels, `a/#`
 * includes `a`, and a wildcard at the start never reaches a name that starts with `$` [MQTT-4.7.2-1]. Characters
 * are compared as they are [MQTT-4.7.3-4].
 *
 * @param filter the `filter` of a parsed `TopicFilter`
 * @param topicName valid
 */
export function matchesTopicFilter(filter: string, topicName: string): boolean {
  const first = filter.charCodeAt(0);
  if (topicName.charCodeAt(0) === dollar && (first === plus || first === hash)) return false;

  let at = 0;
  for (let index = 0; index < filter.length; index += 1) {
    const wanted = filter.charCodeAt(index);
    if (wanted === hash) return true;
    if (wanted === plus) {
      at = endOfLevel(topicName, at);
    } else if (at === topicName.length) {
      // The name has ended before the filter has: only "/#" also stands for the level before it.
      return wanted === slash && filter.charCodeAt(index + 1) === hash;
    } else if (topicName.charCodeAt(at) === wanted) {
      at += 1;
    } else {
      return false;
    }
  }
  return at === topicName.length;
}

/**
 * The characters that every Topic Name matching `filter` starts with: `a/` for `a/+/c`, and `a/b` for `a/b/#`, since `a/b`
 * itself matches. A sorted table of names need only be scanned from there. Not all names with the prefix match.
 *
 * @param filter the `filter` of a parsed `TopicFilter`
 */
export function literalPrefix(filter: string): string {
  for (let index = 0; index < filter.length; index += 1) {
    const character = filter.charCodeAt(index);
    if (character === plus) return filter.slice(0, index);
    // The level before "/#" matches without its separator; before the "/#" that opens a filter there is no name.
    if (character === hash) return filter.slice(0, index > 1 ? index - 1 : index);
  }
  return filter;
}

/**
 * Whether a text asks for a shared subscription, rightly or not. `$share` with nothing behind it is no ordinary filter
 * either: it could only be a share gone wrong.
 */
export function isSharedText(text: string): boolean {
  return text.startsWith(sharePrefix) || text === "$share";
}

function filterOf(filter: string, shareName: string | undefined, limits: TopicLimits): TopicFilter | undefined {
  if (levelCount(filter) > limits.maxLevels) return undefined;
  let isWildcard = false;
  for (let index = 0; index < filter.length; index += 1) {
    const character = filter.charCodeAt(index);
    if (character !== plus && character !== hash) continue;
    isWildcard = true;
    // `+` fills a level [MQTT-4.7.1-2]; `#` fills the last one [MQTT-4.7.1-1].
    const startsLevel = index === 0 || filter.charCodeAt(index - 1) === slash;
    const isLast = index === filter.length - 1;
    const endsLevel = isLast || (character === plus && filter.charCodeAt(index + 1) === slash);
    if (!startsLevel || !endsLevel) return undefined;
  }
  return { filter, shareName, isWildcard };
}

function endOfLevel(topicName: string, from: number): number {
  const separator = topicName.indexOf("/", from);
  return separator === -1 ? topicName.length : separator;
}
