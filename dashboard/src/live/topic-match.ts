// Which of the page's subscriptions a message matches. MQTT 5.0 section 4.7.

/** The limit of all texts and binary data in MQTT, because their length has two bytes. */
export const maximumTextBytes = 65_535;

/** Takes Topic Filters that the broker has granted, without `$share`. */
export function matches(topicFilter: string, topicName: string): boolean {
  const levels = topicName.split("/");
  const wanted = topicFilter.split("/");
  if (topicName.startsWith("$") && /^[+#]/.test(topicFilter)) return false;
  for (const [index, level] of wanted.entries()) {
    if (level === "#") return true;
    if (index >= levels.length || (level !== "+" && level !== levels[index])) return false;
  }
  return wanted.length === levels.length;
}

/**
 * The typed text may be one topic filter or, if it has commas, several.
 *
 * @returns the filters between the commas, each once
 */
export function filtersIn(text: string): string[] {
  const filters = text.split(",").map((filter) => filter.trim());
  return [...new Set(filters.filter((filter) => filter !== ""))];
}

/** Why the filter cannot be subscribed to; `undefined` if it can. */
export function faultOfFilter(topicFilter: string): string | undefined {
  if (topicFilter === "") return "Give a topic filter, such as # for everything.";
  const fault = faultOfText("topic filter", topicFilter);
  if (fault !== undefined) return fault;
  const levels = topicFilter.split("/");
  if (levels.some((level) => level.length > 1 && /[+#]/.test(level))) return "+ and # stand alone between slashes.";
  if (levels.slice(0, -1).includes("#")) return "# can only be the last level.";
  if (topicFilter.startsWith("$share/")) return "Give it without $share: the page would take messages from its group.";
  return undefined;
}

/** Why MQTT forbids this text; `undefined` if it allows it. */
export function faultOfText(what: string, text: string): string | undefined {
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > maximumTextBytes) return tooLongLine(what, bytes);
  if (text.includes("\0") || !text.isWellFormed()) return `The ${what} has a character that MQTT does not take.`;
  return undefined;
}

export function tooLongLine(what: string, bytes: number): string {
  const grouped = new Intl.NumberFormat("en");
  return `The ${what} has ${grouped.format(bytes)} bytes: MQTT takes at most ${grouped.format(maximumTextBytes)}.`;
}

/** Why MQTT forbids it as a Topic Name; `undefined` if it allows it. */
export function faultOfTopic(topicName: string): string | undefined {
  if (topicName === "") return "Give a topic, such as home/door.";
  if (/[+#]/.test(topicName)) return "A topic to publish to has no + or #.";
  return faultOfText("topic", topicName);
}
