// The version of an object's tables. They are made at the first write, so that an object which keeps nothing
// writes nothing.

/** What brings the tables from one version to the next; the first entry makes version 1. */
export type Migrations = readonly (readonly string[])[];

export class Schema {
  private readonly storage: DurableObjectStorage;
  private readonly sql: SqlStorage;
  private readonly migrations: Migrations;
  private version: number;

  constructor(storage: DurableObjectStorage, migrations: Migrations) {
    this.storage = storage;
    this.sql = storage.sql;
    this.migrations = migrations;
    this.version = this.readVersion();
    if (this.version > migrations.length) {
      throw new Error(`stored by a later version (schema ${this.version}, this one knows ${migrations.length})`);
    }
    if (this.version > 0) this.migrate();
  }

  /** Whether there is anything to read. */
  get exists(): boolean {
    return this.version > 0;
  }

  /** To be called before a write. */
  ensure(): void {
    if (this.version === 0) this.migrate();
  }

  /** The storage was deleted as a whole. */
  forget(): void {
    this.version = 0;
  }

  /** All of it, or nothing: an object whose disk fails amid it would never find its way again. */
  private migrate(): void {
    const { length } = this.migrations;
    if (this.version === length) return;
    this.storage.transactionSync(() => {
      for (const statement of this.migrations.slice(this.version).flat()) this.sql.exec(statement);
      this.sql.exec(
        "CREATE TABLE IF NOT EXISTS schema_version (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER)",
      );
      this.sql.exec("INSERT OR REPLACE INTO schema_version VALUES (1, ?)", length);
    });
    this.version = length;
  }

  private readVersion(): number {
    const tables = this.sql.exec("SELECT name FROM sqlite_master WHERE name = 'schema_version'").toArray();
    if (tables.length === 0) return 0;
    return this.sql.exec<{ version: number }>("SELECT version FROM schema_version").one().version;
  }
}

/** The rows of a query, or none while there are no tables. */
export function rows<Row extends Record<string, SqlStorageValue>>(
  schema: Schema,
  sql: SqlStorage,
  query: string,
  ...bindings: SqlStorageValue[]
): Row[] {
  return schema.exists ? sql.exec<Row>(query, ...bindings).toArray() : [];
}

/** SQLite takes whole buffers only. */
export function blob(bytes: Uint8Array): ArrayBuffer {
  return bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer
    ? bytes.buffer
    : (bytes.slice().buffer as ArrayBuffer);
}
