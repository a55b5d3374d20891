// A Durable Object's storage over Node's own SQLite: as much of it as the stores use. Types of values are as in
// workerd, where a BLOB is an ArrayBuffer.

import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from "node:sqlite";

type Row = Record<string, SqlStorageValue>;

/** A database as plain data. */
export type SqlDump = {
  /** They make its tables and indexes. */
  readonly statements: readonly string[];
  readonly tables: readonly { readonly name: string; readonly rows: readonly Row[] }[];
};

export class NodeSqlStorage {
  readonly #database = new DatabaseSync(":memory:");
  readonly #statements = new Map<string, StatementSync>();
  /** Rows written since the start, as `rowsWritten` of every cursor has it. */
  rowsWritten = 0;

  exec(query: string, ...bindings: SqlStorageValue[]): SqlStorageCursor<Row> {
    const statement = this.#prepare(query);
    const mayWrite = !query.startsWith("SELECT");
    const before = mayWrite ? this.#totalChanges() : 0;
    const rows = statement.all(...bindings.map(inputOf)).map(rowOf);
    const rowsWritten = mayWrite ? this.#totalChanges() - before : 0;
    this.rowsWritten += rowsWritten;
    const cursor = { toArray: () => rows, one: () => onlyOne(rows), rowsWritten };
    return cursor as unknown as SqlStorageCursor<Row>;
  }

  /** The names of the tables that there are. */
  tables(): string[] {
    return this.exec("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
      .toArray()
      .map(({ name }) => String(name));
  }

  /** Everything in it. */
  dump(): SqlDump {
    const made = this.exec("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL");
    const tables = this.tables().map((name) => ({ name, rows: this.exec(`SELECT * FROM ${name}`).toArray() }));
    return { statements: made.toArray().map(({ sql }) => String(sql)), tables };
  }

  /** A database with what another one had. */
  static of({ statements, tables }: SqlDump): NodeSqlStorage {
    const storage = new NodeSqlStorage();
    for (const statement of statements) storage.exec(statement);
    for (const { name, rows } of tables) {
      for (const row of rows) {
        const marks = Object.keys(row).map(() => "?");
        storage.exec(`INSERT INTO ${name} (${Object.keys(row)}) VALUES (${marks})`, ...Object.values(row));
      }
    }
    return storage;
  }

  /** The same database, as a new start of the object finds it. */
  get storage(): DurableObjectStorage {
    const deleteAll = async () => {
      for (const table of this.tables()) this.exec(`DROP TABLE ${table}`);
    };
    const transactionSync = <T>(write: () => T) => this.#atomically(write);
    return { sql: this.sql, deleteAll, transactionSync } as unknown as DurableObjectStorage;
  }

  get sql(): SqlStorage {
    return this as unknown as SqlStorage;
  }

  /** Savepoints, since one may be within another. */
  #atomically<T>(write: () => T): T {
    this.#database.exec("SAVEPOINT atomically");
    try {
      return write();
    } catch (error) {
      this.#database.exec("ROLLBACK TO atomically");
      throw error;
    } finally {
      this.#database.exec("RELEASE atomically");
    }
  }

  #totalChanges(): number {
    return Number(this.#prepare("SELECT total_changes() AS changes").get()?.changes);
  }

  #prepare(query: string): StatementSync {
    const prepared = this.#statements.get(query) ?? this.#database.prepare(query);
    this.#statements.set(query, prepared);
    return prepared;
  }
}

function inputOf(value: SqlStorageValue): SQLInputValue {
  return value instanceof ArrayBuffer ? new Uint8Array(value) : value;
}

function rowOf(row: Record<string, SQLOutputValue>): Row {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, outputOf(value)]));
}

function outputOf(value: SQLOutputValue): SqlStorageValue {
  if (value instanceof Uint8Array) return value.slice().buffer as ArrayBuffer;
  return typeof value === "bigint" ? Number(value) : value;
}

function onlyOne(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined || rows.length > 1) throw new Error(`${rows.length} rows, expected one`);
  return row;
}
