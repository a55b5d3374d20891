// The simulated disk of one object: SQLite and the alarm. Writes are confirmed some time after they are made, in order;
// a crash keeps those that are confirmed, and a random number of the others. Writes of one `transactionSync` are kept
// or lost together. The platform would keep all that a turn has written, or nothing: to cut between any two writes is
// harder. Only the alarm is there with the first that is kept of its turn.

import { NodeSqlStorage, type SqlDump } from "../support/node-sql-storage.ts";

type Statement = { readonly query: string; readonly bindings: readonly SqlStorageValue[] };
type Write = {
  readonly statements: readonly Statement[];
  readonly alarm: number | null | undefined;
  readonly turn: number;
};

/** An error of the disk that the simulator has made up: what follows from it is not a bug of the broker. */
export class DiskError extends Error {
  override readonly name = "DiskError";
}

export class SimulatedStorage {
  readonly #sql = new NodeSqlStorage();
  /** Since the last moment at which everything was confirmed. */
  #writes: Write[] = [];
  #confirmed = 0;
  /** At that moment. */
  #alarmBefore: number | null = null;
  #isOpen = false;
  #turn = 0;
  /** The statements of a transaction that is under way. */
  #transaction: Statement[] | undefined;
  /** When the alarm is to ring. */
  alarmAtMs: number | null = null;
  /** How often it was set. */
  alarmsSet = 0;
  /** Asked before every statement; throws where the disk is to fail. */
  readonly #mayFail: (query: string) => void;

  readonly #hasTransactions: boolean;

  constructor(mayFail: (query: string) => void, hasTransactions: boolean) {
    this.#mayFail = mayFail;
    this.#hasTransactions = hasTransactions;
  }

  /** Writes that were made, and those of them that were confirmed, since everything was confirmed. */
  get written(): number {
    return this.#writes.length;
  }

  get confirmed(): number {
    return this.#confirmed;
  }

  /** @returns whether the turn has written anything */
  endTurn(): boolean {
    const hasWritten = this.#writes.at(-1)?.turn === this.#turn;
    this.#turn += 1;
    return hasWritten;
  }

  confirm(count: number): void {
    this.#confirmed = count;
    if (count < this.#writes.length) return;
    if (this.#isOpen) this.#sql.exec("COMMIT");
    this.#isOpen = false;
    this.#writes = [];
    this.#confirmed = 0;
    this.#alarmBefore = this.alarmAtMs;
  }

  /** @param keep how many of the unconfirmed writes reach the disk; a number from 0 to 1 */
  crash(keep: number): void {
    this.#loseAllBut(this.#writes.slice(0, this.#confirmed + Math.round(keep * this.#unconfirmed)));
  }

  /** The object ends itself during a turn of the event loop: workerd takes back what that turn has written. */
  abort(keep: number): void {
    this.#writes = this.#writes.filter(({ turn }) => turn < this.#turn);
    this.crash(keep);
  }

  get #unconfirmed(): number {
    return this.#writes.length - this.#confirmed;
  }

  #loseAllBut(kept: readonly Write[]): void {
    const lastTurn = kept.at(-1)?.turn ?? -1;
    const alarms = this.#writes.filter(({ alarm, turn }) => alarm !== undefined && turn <= lastTurn);
    if (this.#isOpen) this.#sql.exec("ROLLBACK");
    this.#isOpen = false;
    this.#writes = [];
    this.#confirmed = 0;
    this.#transaction = undefined;
    for (const { query, bindings } of kept.flatMap(({ statements }) => statements)) this.#sql.exec(query, ...bindings);
    const last = alarms.at(-1);
    this.alarmAtMs = last === undefined ? this.#alarmBefore : (last.alarm ?? null);
    this.#alarmBefore = this.alarmAtMs;
  }

  setAlarm(atMs: number | null): void {
    this.alarmAtMs = atMs;
    this.alarmsSet += 1;
    this.#note({ statements: [], alarm: atMs });
  }

  /** The platform forgets the alarm. */
  loseAlarm(): void {
    this.alarmAtMs = null;
    this.#alarmBefore = null;
    this.#writes = this.#writes.map((write) => ({ ...write, alarm: undefined }));
  }

  /** What the platform gives an object as `ctx.storage`; `expectAlive` throws once that object has gone. */
  forObject(expectAlive: () => void): DurableObjectStorage {
    const alive = <T>(act: () => T): T => {
      expectAlive();
      return act();
    };
    const storage = {
      sql: { exec: (query: string, ...bindings: SqlStorageValue[]) => alive(() => this.#exec(query, bindings)) },
      transactionSync: <T>(write: () => T) => alive(() => this.#atomically(write)),
      getAlarm: async () => alive(() => this.alarmAtMs),
      setAlarm: async (atMs: number) => alive(() => this.setAlarm(atMs)),
      deleteAll: async () => alive(() => this.#deleteAll()),
    };
    return storage as unknown as DurableObjectStorage;
  }

  /** For checks: rows as they are now, or none if the table is missing. */
  rows<Row>(query: string): Row[] {
    try {
      return this.#sql.exec(query).toArray() as Row[];
    } catch (error) {
      if (String(error).includes("no such table")) return [];
      throw error;
    }
  }

  /** For a recording: everything as the object finds it now. */
  dump(): SqlDump {
    return this.#sql.dump();
  }

  /** A crash may leave tables that were just made, and nothing in them. */
  get isEmpty(): boolean {
    const tables = this.#sql.tables().filter((table) => table !== "schema_version");
    return tables.every((table) => this.rows(`SELECT 1 FROM ${table} LIMIT 1`).length === 0);
  }

  #exec(query: string, bindings: SqlStorageValue[]): SqlStorageCursor<Record<string, SqlStorageValue>> {
    this.#mayFail(query);
    if (query.startsWith("SELECT")) return this.#sql.exec(query, ...bindings);
    this.#open();
    const cursor = this.#sql.exec(query, ...bindings);
    const statement = { query, bindings };
    if (this.#transaction === undefined) this.#note({ statements: [statement], alarm: undefined });
    else this.#transaction.push(statement);
    return cursor;
  }

  #atomically<T>(write: () => T): T {
    if (this.#transaction !== undefined || !this.#hasTransactions) return write();
    this.#open();
    const statements: Statement[] = [];
    this.#transaction = statements;
    try {
      const result = this.#sql.storage.transactionSync(write);
      if (statements.length > 0) this.#note({ statements, alarm: undefined });
      return result;
    } finally {
      this.#transaction = undefined;
    }
  }

  #deleteAll(): void {
    this.#open();
    const statements = this.#sql.tables().map((table) => ({ query: `DROP TABLE ${table}`, bindings: [] }));
    for (const { query } of statements) this.#sql.exec(query);
    this.alarmAtMs = null;
    this.#note({ statements, alarm: null });
  }

  #open(): void {
    if (this.#isOpen) return;
    this.#sql.exec("BEGIN");
    this.#isOpen = true;
  }

  #note(write: Omit<Write, "turn">): void {
    this.#writes.push({ ...write, turn: this.#turn });
  }
}
