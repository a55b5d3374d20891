// Makes the log readable for people. The Worker writes JSON, for programs, and the runtime writes a line and a stack for each
// request that it cannot read.

import { diskFullLine, unopenedText } from "../../src/platform/storage-failure.ts";

/** A full disk affects every object many times; it is reported once in this time. */
const diskFullPauseMs = 60_000;
/** An object that fails to open within this time of a full disk fails because of it. */
const diskFullEchoMs = 5_000;

const runtimesLine = /^\S+\.(?:c\+\+|h):\d+: (?:error|warning|fatal): (?<text>.*)$/;

/** Turns the lines of the Worker and the runtime into those to show. */
export class ReadableLog {
  private diskFullAtMs = Number.NEGATIVE_INFINITY;
  private saidDiskFullAtMs = Number.NEGATIVE_INFINITY;

  /** @returns `undefined` for a line that is not worth showing */
  read(line: string, nowMs: number): string | undefined {
    if (/^stack: .*@[0-9a-f]{5,}/.test(line)) return undefined;
    const text = runtimesLine.exec(line)?.groups?.text;
    const entry = text === undefined ? entryOf(line) : undefined;
    if (text?.includes("SQLITE_FULL") || entry?.reason.includes(diskFullLine)) return this.onDiskFull(nowMs);
    if (text !== undefined) return readableFailure(text);
    if (entry === undefined) return line;
    if (entry.reason.startsWith(unopenedText) && nowMs - this.diskFullAtMs < diskFullEchoMs) return undefined;
    const { level: _, event, reason, ...where } = entry;
    const place = Object.entries(where).map(([name, value]) => `${name} ${value}`);
    return `${[event, ...place].join(", ")}: ${reason}`;
  }

  private onDiskFull(nowMs: number): string | undefined {
    this.diskFullAtMs = nowMs;
    if (nowMs - this.saidDiskFullAtMs < diskFullPauseMs) return undefined;
    this.saidDiskFullAtMs = nowMs;
    return `nothing can be stored: ${diskFullLine}`;
  }
}

/** Says of a client's fault that it is one: it is not a failure of the broker. */
function readableFailure(text: string): string | undefined {
  // The Worker logs which object it is, and what to do.
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

type Entry = Record<string, unknown> & { readonly event: string; readonly reason: string };

/** @returns `undefined` for a line that is not from the Worker's log */
function entryOf(line: string): Entry | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const entry = JSON.parse(line) as Record<string, unknown>;
    return typeof entry.event === "string" && typeof entry.reason === "string" ? (entry as Entry) : undefined;
  } catch {
    return undefined;
  }
}
