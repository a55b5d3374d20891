// The Worker's log for people: it writes JSON, for programs.

/** A line of the Worker or of the runtime, as it is to be shown. */
export function readableLine(line: string): string {
  const entry = entryOf(line);
  if (typeof entry?.event !== "string" || typeof entry.reason !== "string") return line;
  const { level: _, event, reason, ...where } = entry;
  const place = Object.entries(where).map(([name, value]) => `${name} ${value}`);
  return `${[event, ...place].join(", ")}: ${reason}`;
}

function entryOf(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
