// An object counts the versions of its tables. A version that is changed, or put before another, would leave deployed
// objects with other tables than the program expects.

import { createHash } from "node:crypto";
import { describe, expect, it, vi } from "vitest";

vi.mock("cloudflare:workers", () => import("../simulator/cloudflare-workers.ts"));

import { accessMigrations } from "../../src/objects/access-object.ts";
import { directoryMigrations } from "../../src/objects/directory/directory-migrations.ts";
import { sessionMigrations } from "../../src/objects/session/sqlite-session-store.ts";
import { topicMigrations } from "../../src/objects/topic/sqlite-topic-store.ts";
import type { Migrations } from "../../src/platform/schema.ts";

/** How many versions there are, and a hash of their statements. Whoever releases a new version updates both. */
const deployed: readonly (readonly [string, Migrations, number, string])[] = [
  ["access", accessMigrations, 3, "e3ed415bcf2560a6"],
  ["directory", directoryMigrations, 9, "51b2a9a271ee0224"],
  ["session", sessionMigrations, 8, "1e48604a56901fb4"],
  ["topic", topicMigrations, 6, "2f80edcea38e2f10"],
];

/** The layout of a statement does not count. */
function hashOf(migrations: Migrations): string {
  const text = JSON.stringify(migrations).replaceAll(/(?:\\n| )+/g, " ");
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

describe("deployed versions of tables stay as they are", () => {
  it.each(deployed)("of the %s object", (_, migrations, versions, hash) => {
    expect(hashOf(migrations.slice(0, versions))).toBe(hash);
  });
});
