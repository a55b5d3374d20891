// The tables of an object, and their version. A table is made when something is first put into it. To make one writes two
// rows, which an object that needs no table does not pay for.

import { laterVersionText } from "./storage-failure.ts";

/**
 * The statements that bring each table from one version to the next, by the table's name. A table's first statement makes it.
 * A version without statements is one whose rows mean something else to an older program.
 */
export type Migrations = readonly Readonly<Record<string, string>>[];

export class Schema {
  private readonly storage: DurableObjectStorage;
  private readonly sql: SqlStorage;
  private readonly migrations: Migrations;
  /** The tables that exist. */
  private made: ReadonlySet<string>;
  /** 0 while no table exists. */
  private version: number;

  constructor(storage: DurableObjectStorage, migrations: Migrations) {
    this.storage = storage;
    this.sql = storage.sql;
    this.migrations = migrations;
    this.made = this.readTables();
    this.version = this.made.has("schema_version") ? this.readVersion() : 0;
    if (this.version > migrations.length) {
      throw new Error(`${laterVersionText} (schema ${this.version}, this one knows ${migrations.length})`);
    }
    if (this.version > 0) this.migrate();
  }

  /** Whether there is anything to read. */
  get exists(): boolean {
    return this.version > 0;
  }

  /** The rows of a query; none while its table does not exist. */
  rows<Row extends Record<string, SqlStorageValue>>(
    table: string,
    query: string,
    ...bindings: SqlStorageValue[]
  ): Row[] {
    return this.made.has(table) ? this.sql.exec<Row>(query, ...bindings).toArray() : [];
  }

  /**
   * Puts something into the table, which is made for it.
   *
   * @returns how many rows that wrote
   */
  insert(table: string, query: string, ...bindings: SqlStorageValue[]): number {
    if (!this.made.has(table)) this.make(table);
    return this.sql.exec(query, ...bindings).rowsWritten;
  }

  /** Changes or deletes what is in the table. */
  change(table: string, query: string, ...bindings: SqlStorageValue[]): void {
    if (this.made.has(table)) this.sql.exec(query, ...bindings);
  }

  /** Writes everything, or nothing if it throws: rows and tables. */
  atomically<T>(write: () => T): T {
    const { made, version } = this;
    try {
      return this.storage.transactionSync(write);
    } catch (error) {
      this.made = made;
      this.version = version;
      throw error;
    }
  }

  /** Deletes the whole storage, including the alarm. Does nothing if there is none. */
  async deleteAll(): Promise<void> {
    if (!this.exists) return;
    this.made = new Set();
    this.version = 0;
    await this.storage.deleteAll();
  }

  /** Atomic: a half-made schema could never be opened again. */
  private make(table: string): void {
    this.atomically(() => {
      if (this.version === 0) {
        this.sql.exec("CREATE TABLE schema_version (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER)");
        this.writeVersion();
      }
      for (const { [table]: statement } of this.migrations) if (statement !== undefined) this.sql.exec(statement);
      this.made = new Set([...this.made, table]);
    });
  }

  private migrate(): void {
    if (this.version === this.migrations.length) return;
    this.atomically(() => {
      for (const [table, statement] of this.migrations.slice(this.version).flatMap(Object.entries<string>)) {
        if (this.made.has(table)) this.sql.exec(statement);
      }
      this.writeVersion();
    });
  }

  private readTables(): Set<string> {
    const query = "SELECT name FROM sqlite_master WHERE type = 'table'";
    const tables = this.sql.exec<{ name: string }>(query).toArray();
    return new Set(tables.map(({ name }) => name));
  }

  private readVersion(): number {
    return this.sql.exec<{ version: number }>("SELECT version FROM schema_version").one().version;
  }

  private writeVersion(): void {
    this.version = this.migrations.length;
    this.sql.exec("INSERT OR REPLACE INTO schema_version VALUES (1, ?)", this.version);
  }
}

/** SQLite takes whole buffers only. */
export function blob(bytes: Uint8Array): ArrayBuffer {
  return bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer
    ? bytes.buffer
    : (bytes.slice().buffer as ArrayBuffer);
}
