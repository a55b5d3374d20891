// Numbers and times as people read them.

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const exact = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

export function countText(count: number): string {
  return count < 100_000 ? grouped.format(count) : compact.format(count);
}

/** A value with the precision of devices' measurements. */
export function readingText(value: number): string {
  return exact.format(value);
}

export function rateText(perSec: number): string {
  return perSec < 1_000 ? short.format(perSec) : grouped.format(perSec);
}

export function bytesText(bytes: number): string {
  if (bytes < 1_000) return `${short.format(bytes)} B`;
  const power = Math.min(4, Math.floor(Math.log10(bytes) / 3));
  return `${short.format(bytes / 1_000 ** power)} ${["", "kB", "MB", "GB", "TB"][power]}`;
}

/** With its two largest units, as in "3 d 4 h". */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const units: [number, string][] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = units.findIndex(([count]) => count > 0);
  if (first === -1) return "0 s";
  const shown = units.slice(first, first + 2).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(" ");
}

export function agoText(time: string | number, nowMs: number): string {
  const ms = nowMs - new Date(time).getTime();
  return ms < 2_000 ? "just now" : `${durationText(ms)} ago`;
}

export function clockText(atMs: number): string {
  return new Date(atMs).toLocaleTimeString("en-GB");
}

export function dateText(time: string): string {
  return new Date(time).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}
