// The log is written in one place, and is JSON a line; for people it is made text again.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { logError, reasonOf } from "../../src/platform/log.ts";
import { diskFullLine, unopenedText } from "../../src/platform/storage-failure.ts";
import { ReadableLog } from "../../tools/local-server/log-line.ts";

const readableLine = (line: string) => new ReadableLog().read(line, 0);

describe("the log", () => {
  it("is written by one module", () => {
    const folder = join(import.meta.dirname, "../../src");
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
    const writers = files.filter((file) => /\bconsole\b/.test(readFileSync(join(folder, file), "utf8")));
    expect(writers).toEqual(["platform/log.ts"]);
  });

  it("is one line of JSON an event, also with a stack in it", () => {
    const write = vi.spyOn(console, "error").mockImplementation(() => {});
    logError("a session restarts", { namespace: "n", clientId: "a\nb", reason: reasonOf(new Error("why")) });
    const line = String(write.mock.calls[0]?.[0]);
    write.mockRestore();
    expect(line).not.toContain("\n");
    expect(JSON.parse(line)).toMatchObject({ level: "error", event: "a session restarts", namespace: "n" });
    expect(readableLine(line)).toMatch(/^a session restarts, namespace n, clientId a\nb: Error: why\n/);
  });

  it.each([
    [
      "workerd/server/server.c++:6231: error: Uncaught exception: kj/compat/url.c++:453: failed: invalid hostname when stringifying URL; host = a b",
      "a request is refused: its Host is malformed (host = a b)",
    ],
    [
      "workerd/server/server.c++:6231: error: Uncaught exception: kj/compat/url.c++:165: failed: expected tryParse(url, context, options) != nullptr; invalid URL; url = *",
      "a request is refused: its address is malformed (url = *)",
    ],
    [
      "workerd/server/server.c++:6231: error: Uncaught exception: kj/compat/http.c++:5966: failed: remote.jsg.Error: WebSocket protocol error; protocolError.statusCode = 1002; protocolError.description = Unknown opcode 3",
      "a client's WebSocket is closed: Unknown opcode 3",
    ],
    [
      "workerd/server/server.c++:6231: error: Uncaught exception: kj/a.c++:1: failed: something else",
      "the Workers runtime: something else",
    ],
    ["stack: /a/bin/workerd@526f393 /a/bin/workerd@2020486", undefined],
  ])("says in one line what the runtime says with a stack: %s", (line, readable) => {
    expect(readableLine(line)).toBe(readable);
  });

  it("says once a minute that the disk is full, whichever objects it meets", () => {
    const log = new ReadableLog();
    const runtimes =
      "workerd/io/actor.c++:1: error: SENTRY_DO SQLite failed; e = database or disk is full: SQLITE_FULL";
    const full = JSON.stringify({ level: "error", event: "a session restarts", reason: diskFullLine });
    const unopened = JSON.stringify({ level: "error", event: "x", reason: `${unopenedText} (internal error)` });
    const said = `nothing can be stored: ${diskFullLine}`;
    expect([runtimes, full, unopened].map((line) => log.read(line, 0))).toEqual([said, undefined, undefined]);
    expect([runtimes, unopened, full].map((line) => log.read(line, 59_000))).toEqual([undefined, undefined, undefined]);
    expect([full, runtimes].map((line) => log.read(line, 60_000))).toEqual([said, undefined]);
    expect(log.read(unopened, 66_000)).toContain(unopenedText);
  });

  it.each(["workerd: something", "{", '{"a":1}', "[]"])("leaves other lines as they are: %s", (line) => {
    expect(readableLine(line)).toBe(line);
  });
});
