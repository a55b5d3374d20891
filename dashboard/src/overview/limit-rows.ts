// The shared limits in words: what each is, how much of it is in use, and who holds most.

import type { SharedLimit } from "../api/resources.ts";
import { bytesText, countText } from "../parts/formats.ts";

type Names = Readonly<Record<string, { readonly name: string; readonly isBytes?: true }>>;

const names: Names = {
  MAXIMUM_RETAINED_MESSAGES: { name: "Retained messages" },
  MAXIMUM_RETAINED_BYTES: { name: "Retained bytes", isBytes: true },
  MAXIMUM_SUBSCRIPTION_BYTES: { name: "Subscription memory", isBytes: true },
  MAXIMUM_OWED_MESSAGES: { name: "Messages for sessions out of reach" },
  MAXIMUM_SESSIONS: { name: "Sessions" },
  MAXIMUM_NAMESPACE_QUEUED_BYTES: { name: "Queues of clients that are away", isBytes: true },
};

/**
 * With a `SHARE_PERCENT` of 75, an anonymous client that is the only holder is refused more at 56 % of the limit, and
 * an identity at 75 %. The page should show it before that.
 */
const highFromPercent = 50;
const criticalFromPercent = 75;

export type LimitRow = {
  readonly setting: string;
  readonly name: string;
  /** 0 to 100. */
  readonly percent: number;
  readonly level: "unused" | "low" | "high" | "critical";
  readonly percentText: string;
  /** As in "15 of 20". */
  readonly useText: string;
  readonly holders: readonly { readonly holder: string; readonly amountText: string }[];
};

export function limitRowOf({ setting, used, maximum, largest }: SharedLimit): LimitRow {
  // A later version of the broker may have more limits.
  const { name, isBytes = false } = names[setting] ?? { name: setting };
  const text = isBytes ? bytesText : countText;
  // More than the maximum is in use if the maximum was lowered since. A maximum of 0 is allowed.
  const percent = used === 0 ? 0 : Math.min(100, (100 * used) / maximum);
  return {
    setting,
    name,
    percent,
    level: used === 0 ? "unused" : levelOf(percent),
    percentText: used > 0 && percent < 1 ? "< 1 %" : `${Math.floor(percent)} %`,
    useText: `${text(used)} of ${text(maximum)}`,
    holders: largest.map(({ holder, amount }) => ({
      holder: holder ?? "unknown: stored by an older version",
      amountText: text(amount),
    })),
  };
}

function levelOf(percent: number): LimitRow["level"] {
  if (percent >= criticalFromPercent) return "critical";
  return percent >= highFromPercent ? "high" : "low";
}
