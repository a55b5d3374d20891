// Topic Names: what a message is published to. MQTT 5.0 sections 4.7.1 and 4.7.3. Topic Filters are in topic-filter.ts.

/** How large a Topic Name or Topic Filter may be. */
export type TopicLimits = {
  /** In UTF-8, as on the wire. */
  readonly maxBytes: number;
  /** Bounds the work of a subscription and the depth of the subscription tree. */
  readonly maxLevels: number;
};

/** What MQTT itself allows [MQTT-4.7.3-3]: 65,535 bytes, all of which may be separators. */
export const protocolTopicLimits: TopicLimits = { maxBytes: 65_535, maxLevels: 65_536 };

const slash = 0x2f;

/**
 * Whether a message may be published to `name`: at least one character [MQTT-4.7.3-1], no U+0000 [MQTT-4.7.3-2],
 * no wildcard [MQTT-4.7.0-1], and within the limits. Names with a leading `$` are valid here: who may use them is
 * a matter of access rules.
 */
export function isValidTopicName(name: string, limits: TopicLimits = protocolTopicLimits): boolean {
  return (
    isTopicText(name, limits) && !name.includes("+") && !name.includes("#") && levelCount(name) <= limits.maxLevels
  );
}

/**
 * What Topic Names and Topic Filters have in common: not empty, no U+0000, at most `maxBytes`, and encodable in
 * UTF-8 [MQTT-1.5.4-1]. A lone surrogate never comes from a packet, but may come from JSON.
 */
export function isTopicText(text: string, limits: TopicLimits): boolean {
  return text !== "" && fitsUtf8(text, limits.maxBytes) && !text.includes("\0") && text.isWellFormed();
}

/** The number of topic levels, empty ones included: one more than there are separators. */
export function levelCount(topic: string): number {
  let count = 1;
  for (let index = 0; index < topic.length; index += 1) {
    if (topic.charCodeAt(index) === slash) count += 1;
  }
  return count;
}

function fitsUtf8(text: string, maxBytes: number): boolean {
  // A code unit takes one to three bytes, which decides nearly every name without a look at it.
  if (text.length > maxBytes) return false;
  if (text.length * 3 <= maxBytes) return true;
  let bytes = 0;
  for (let index = 0; index < text.length; index += 1) {
    bytes += utf8BytesOf(text.charCodeAt(index));
  }
  return bytes <= maxBytes;
}

function utf8BytesOf(codeUnit: number): number {
  if (codeUnit < 0x80) return 1;
  if (codeUnit < 0x800) return 2;
  // Half of a surrogate pair: the two together take four bytes.
  if (codeUnit >= 0xd800 && codeUnit <= 0xdfff) return 2;
  return 3;
}
