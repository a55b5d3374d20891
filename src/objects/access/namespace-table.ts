// The namespaces in which an operator has made something, except for `default`, which always exists. The access object of
// `default` keeps the list, so that a stranger who makes up a name touches no object of that name.

import type { Schema } from "../../platform/schema.ts";

export const namespaceMigration = "CREATE TABLE namespace (name TEXT PRIMARY KEY) WITHOUT ROWID";

const table = "namespace";

export class NamespaceTable {
  private readonly schema: Schema;

  constructor(schema: Schema) {
    this.schema = schema;
  }

  has(name: string): boolean {
    return this.schema.rows(table, "SELECT 1 FROM namespace WHERE name = ?", name).length > 0;
  }

  put(name: string): void {
    if (!this.has(name)) this.schema.insert(table, "INSERT OR IGNORE INTO namespace VALUES (?)", name);
  }
}
