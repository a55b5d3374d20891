// The versions of the directory's tables, in the order in which they came.

import type { Migrations } from "../../platform/schema.ts";
import { clientAddressMigration, clientMigrations } from "./client-table.ts";
import { lastSeenMigration } from "./last-seen.ts";
import { noteMigration } from "./note-table.ts";

export const directoryMigrations: Migrations = [
  ...clientMigrations,
  { note: noteMigration },
  { last_seen: lastSeenMigration },
  { client: clientAddressMigration },
];
