// The API tokens of a namespace in SQLite: what each may do, and its hash. A token whose row cannot be read may do nothing.

import { logError } from "../../platform/log.ts";
import type { Schema } from "../../platform/schema.ts";

export const apiTokenMigration = `CREATE TABLE api_token (id TEXT PRIMARY KEY, name TEXT, scopes TEXT, created_at_ms INTEGER,
  sha256 TEXT NOT NULL UNIQUE) WITHOUT ROWID`;

/** The part of an API token that may be shown. */
export type ApiToken = {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly createdAtMs: number;
};

type Row = { id: string; name: string; scopes: string; created_at_ms: number };

const table = "api_token";

export class ApiTokenTable {
  private readonly schema: Schema;

  constructor(schema: Schema) {
    this.schema = schema;
  }

  put({ id, name, scopes, createdAtMs }: ApiToken, sha256: string): void {
    const query = "INSERT INTO api_token VALUES (?, ?, ?, ?, ?)";
    this.schema.insert(table, query, id, name, JSON.stringify(scopes), createdAtMs, sha256);
  }

  /** @returns whether there was one */
  delete(id: string): boolean {
    const isThere = this.schema.rows(table, "SELECT id FROM api_token WHERE id = ?", id).length > 0;
    this.schema.change(table, "DELETE FROM api_token WHERE id = ?", id);
    return isThere;
  }

  /** In the order of their ids; fewer than `most` only at the end. */
  page(after: string, most: number): ApiToken[] {
    const query = "SELECT * FROM api_token WHERE id > ? ORDER BY id LIMIT ?";
    const rows = this.schema.rows<Row>(table, query, after, most);
    const page = rows.map(tokenOf).filter((token) => token !== undefined);
    const last = rows.at(-1);
    if (last === undefined || rows.length < most || page.length === most) return page;
    return [...page, ...this.page(last.id, most - page.length)];
  }

  /** The first 16 characters of each token's hash. */
  hashStarts(): string[] {
    const query = "SELECT substr(sha256, 1, 16) AS start FROM api_token";
    return this.schema.rows<{ start: string }>(table, query).map(({ start }) => start);
  }

  /** The time that this takes reveals nothing: the token has 256 random bits, and only its hash is compared. */
  findBySha256(sha256: string): ApiToken | undefined {
    const [row] = this.schema.rows<Row>(table, "SELECT * FROM api_token WHERE sha256 = ?", sha256);
    return row && tokenOf(row);
  }
}

function tokenOf({ id, name, scopes, created_at_ms: createdAtMs }: Row): ApiToken | undefined {
  try {
    return { id, name, scopes: readScopes(JSON.parse(scopes)), createdAtMs };
  } catch {
    logError("an API token cannot be read", { id, reason: "it may do nothing: delete it, and make another" });
    return undefined;
  }
}

function readScopes(value: unknown): string[] {
  const isList = Array.isArray(value) && value.every((scope) => typeof scope === "string");
  if (!isList) throw new Error("its scopes are none");
  return value;
}
