// Single values, such as the totals, each as JSON in a row of its own. To change a value writes one row, whatever its size.

import type { Schema } from "../../platform/schema.ts";

export const noteMigration = "CREATE TABLE note (name TEXT PRIMARY KEY, json TEXT) WITHOUT ROWID";

export class NoteTable {
  private readonly schema: Schema;

  constructor(schema: Schema) {
    this.schema = schema;
  }

  read<Value>(name: string): Value | undefined {
    const [row] = this.schema.rows<{ json: string }>("note", "SELECT json FROM note WHERE name = ?", name);
    return row && (JSON.parse(row.json) as Value);
  }

  put(name: string, value: unknown): void {
    this.schema.insert("note", "INSERT OR REPLACE INTO note VALUES (?, ?)", name, JSON.stringify(value));
  }
}
