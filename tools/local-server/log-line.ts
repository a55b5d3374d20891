// The log for people: the Worker writes JSON, for programs, and the runtime one line with a stack for each request that it
// cannot read.

/**
 * A line of the Worker or of the runtime, as it is to be shown.
 * @returns `undefined` for one that says nothing to people
 */
export function readableLine(line: string): string | undefined {
  if (/^stack: .*@[0-9a-f]{5,}/.test(line)) return undefined;
  const runtimes = /^\S+\.(?:c\+\+|h):\d+: (?:error|warning|fatal): (?<text>.*)$/.exec(line)?.groups?.text;
  if (runtimes !== undefined) return readableFailure(runtimes);
  const entry = entryOf(line);
  if (typeof entry?.event !== "string" || typeof entry.reason !== "string") return line;
  const { level: _, event, reason, ...where } = entry;
  const place = Object.entries(where).map(([name, value]) => `${name} ${value}`);
  return `${[event, ...place].join(", ")}: ${reason}`;
}

/** What comes from outside is named as that; nothing of it is a failure of the broker. */
function readableFailure(text: string): string | undefined {
  // The Worker says which object's, and what to do.
  if (/SQLite failed;.*SQLITE_(?:NOTADB|CORRUPT)/.test(text)) return undefined;
  const what = text
    .replace(/^Uncaught exception: |^e = /, "")
    .replace(/^(?:\S+: failed: )+/, "")
    .replace(/^(?:remote\.)?(?:jsg\.)?/, "");
  const url =
    /^(?:expected tryParse\(.*?nullptr; )?(?<why>invalid hostname when stringifying URL|invalid URL); (?<which>.*)$/;
  const ofUrl = url.exec(what)?.groups;
  if (ofUrl !== undefined) {
    const name = ofUrl.why === "invalid URL" ? "address" : "Host";
    return `a request is refused: its ${name} is malformed (${ofUrl.which})`;
  }
  const ofWebSocket = /^Error: WebSocket protocol error;.*description = (?<why>.*)$/.exec(what)?.groups;
  if (ofWebSocket !== undefined) return `a client's WebSocket is closed: ${ofWebSocket.why}`;
  return `the Workers runtime: ${what}`;
}

function entryOf(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
