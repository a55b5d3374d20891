// The versions of the directory's tables, in the order in which they came. A new one goes to the end of this list: one
// before that would shift the versions of directories that are deployed.

import type { Migrations } from "../../platform/schema.ts";
import { clientAddressMigration, firstClientMigrations } from "./client-table.ts";
import { lastSeenMigration } from "./last-seen.ts";
import { noteMigration } from "./note-table.ts";

export const directoryMigrations: Migrations = [
  ...firstClientMigrations,
  { note: noteMigration },
  { last_seen: lastSeenMigration },
  { client: clientAddressMigration },
];
