// Every limit is in the table of docs/SETTINGS.md, and has a test that reaches it, which names it in its title: [maximumPacketBytes].

import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { limitRanges } from "../../src/core/limits.ts";
import { variableName } from "../../src/settings/settings.ts";

const root = resolve(import.meta.dirname, "../..");
const document = readFileSync(join(root, "docs/SETTINGS.md"), "utf8");
const [beforeShares = "", afterShares = ""] = document.split("### Shares");
const tests = ["core", "objects", "broker"].flatMap((name) => {
  const folder = join(root, "test", name);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".test.ts"));
  return files.map((file) => readFileSync(join(folder, file), "utf8"));
});
/** Names in square brackets inside a text in quotes. */
const named = new Set(tests.flatMap((source) => [...source.matchAll(/"[^"\n]*"/g)].flatMap(([text]) => namesIn(text))));

function namesIn(text: string): string[] {
  return [...text.matchAll(/\[(\w+)\]/g)].map(([, name = ""]) => name);
}

describe.each(Object.entries(limitRanges))("%s", (name, [initial]) => {
  it("is in docs/SETTINGS.md, with its default and what happens when it is reached", () => {
    const rows = beforeShares.split("\n").filter((line) => line.startsWith(`| \`${variableName(name)}\` |`));
    expect(rows).toHaveLength(1);
    const [, , initialCell, whenReached = ""] = rows[0]?.split("|").map((cell) => cell.trim()) ?? [];
    expect(initialCell).toBe(String(initial));
    expect(whenReached).not.toBe("");
  });

  it("is reached by a test that names it", () => {
    expect([...named]).toContain(name);
  });
});

describe("limits that clients share", () => {
  const source = readFileSync(join(root, "src/core/limits.ts"), "utf8");
  const [shares = ""] = afterShares.split("\n#");
  const shareRows = shares.split("\n").filter((line) => line.startsWith("| `"));
  const docstrings = new Map(
    [...source.matchAll(/\/\*\*([\s\S]*?)\*\/\s+(\w+): \[/g)].map(([, text = "", name = ""]) => [name, text]),
  );
  /** What the code counts by holder, and what either text calls a topic object's or a namespace's. */
  const isShared = (name: string) => {
    const row = beforeShares.split("\n").find((line) => line.startsWith(`| \`${variableName(name)}\` |`)) ?? "";
    return (
      name !== "sharePercent" &&
      (counted.includes(name) || /\b(topic object|namespace)\b/.test(`${docstrings.get(name)} ${row}`))
    );
  };
  const counted = [
    "core/topic/topic.ts",
    "core/topic/retained.ts",
    "objects/topic-object.ts",
    "objects/directory/presence.ts",
  ]
    .map((file) => readFileSync(join(root, "src", file), "utf8"))
    .flatMap((text) => [...text.matchAll(/new (?:SharedRoom|OwedTable)\([^)]*\)/g)])
    .flatMap(([call]) => call.match(/maximum\w+/g) ?? []);
  const saysShare = (name: string) => /\bShare: /.test(docstrings.get(name) ?? "");

  it("are known", () => {
    expect(Object.keys(limitRanges).filter(isShared)).toEqual([
      "maximumSubscriptionBytes",
      "maximumSessions",
      "maximumNamespaceQueuedBytes",
      "maximumRetainedMessages",
      "maximumRetainedBytes",
      "maximumOwedMessages",
    ]);
  });

  it.each(Object.keys(limitRanges).filter((name) => isShared(name) || saysShare(name)))(
    "%s has a share, in its docstring and in docs/SETTINGS.md",
    (name) => {
      expect(docstrings.get(name)).toMatch(/\bShare: /);
      const row = shareRows.find((line) => line.includes(`\`${variableName(name)}\``));
      const cells = row?.split("|").slice(1, -1) ?? [];
      expect(cells).toHaveLength(4);
      for (const cell of cells) expect(cell.trim()).not.toBe("");
    },
  );

  /** A new limit is in neither list: whoever adds it decides which it is. */
  it("are all but those that count one packet, one connection, or one client's own session", () => {
    const own = Object.keys(limitRanges).filter((name) => !isShared(name) && !saysShare(name));
    expect(own).toEqual([
      "maximumPacketBytes",
      "maximumClientIdBytes",
      "maximumTopicLevels",
      "maximumTopicBytes",
      "maximumUserProperties",
      "maximumSubscriptions",
      "maximumPublishRate",
      "maximumSubscribeRate",
      "maximumConnectsPerMinute",
      "receiveMaximum",
      "maximumInFlight",
      "maximumUnheardBytes",
      "topicAliasMaximum",
      "maximumKeepAliveSec",
      "maximumLookDelaySec",
      "maximumSessionExpirySec",
      "loginReuseSec",
      "connectTimeoutSec",
      "packetTimeoutSec",
      "sharePercent",
      "deduplicationSec",
    ]);
  });

  it("have no other row in docs/SETTINGS.md", () => {
    const variables = shareRows.flatMap((row) => row.split("|")[1]?.match(/[A-Z_]{5,}/g) ?? []);
    const expected = Object.keys(limitRanges).filter(saysShare).map(variableName);
    expect(variables.toSorted()).toEqual(expected.toSorted());
  });
});
