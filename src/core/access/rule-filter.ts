// The filters of rules, as the sets of Topic Names that they stand for. They are Topic Filters (MQTT 5.0 section 4.7), with one
// difference: a wildcard at the start of a rule reaches names that start with `$` too. Only `$SYS` has to be named. What a
// client subscribes to keeps MQTT's meaning [MQTT-4.7.2-1].

import { matchesTopicFilter } from "../topic/topic-filter.ts";

const broker = "$SYS";

/** Whether a Topic Name, or every one that a filter matches, is `$SYS` or below. */
export function isOfBroker(topic: string): boolean {
  return topic === broker || topic.startsWith(`${broker}/`);
}

/** Whether the rule is about this Topic Name. */
export function ruleMatches(rule: string, topicName: string): boolean {
  if (!topicName.startsWith("$")) return matchesTopicFilter(rule, topicName);
  if (isWild(rule) && isOfBroker(topicName)) return false;
  // Behind an empty level no name starts with "$".
  return matchesTopicFilter(`/${rule}`, `/${topicName}`);
}

/** Whether every Topic Name that a subscription to `filter` matches is one of the rule's. */
export function ruleCovers(rule: string, filter: string): boolean {
  const ruleLevels = rule.split("/");
  const levels = filter.split("/");
  if (isWild(rule) && isOfBroker(filter)) return false;
  // The level above a first "#" is none, so that "+/#" is no less than "#".
  if (filter === "#" && rule === "+/#") return true;
  for (const [index, wide] of ruleLevels.entries()) {
    const level = levels[index];
    // "a/#" matches "a" as well.
    if (wide === "#") return true;
    if (level === undefined || level === "#") return false;
    if (wide !== "+" && wide !== level) return false;
  }
  return ruleLevels.length === levels.length;
}

/** Whether a subscription to `filter` matches any Topic Name of the rule's. */
export function ruleTouches(rule: string, filter: string): boolean {
  const ruleLevels = rule.split("/");
  const levels = filter.split("/");
  if (isWild(rule) && isOfBroker(filter)) return false;
  if (isWild(filter) && rule.startsWith("$")) return false;
  for (let index = 0; index < ruleLevels.length || index < levels.length; index += 1) {
    const ruleLevel = ruleLevels[index];
    const level = levels[index];
    if (ruleLevel === "#" || level === "#") return true;
    if (ruleLevel === undefined || level === undefined) return false;
    if (ruleLevel !== level && ruleLevel !== "+" && level !== "+") return false;
  }
  return true;
}

function isWild(filter: string): boolean {
  return filter.startsWith("+") || filter.startsWith("#");
}
