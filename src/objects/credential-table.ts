// The credentials of a namespace in SQLite: a row each, the rest of it as JSON. One that cannot be read lets nobody in.

import type { Credential, StoredSecret } from "../core/access/credential.ts";
import { readAccessRules } from "../core/access/read-access-rules.ts";
import { logError } from "../log.ts";
import type { Schema } from "./schema.ts";

export const credentialMigration = `CREATE TABLE credential (id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE,
  certificate_sha256 TEXT UNIQUE, fields TEXT, secret TEXT) WITHOUT ROWID`;

type Row = { id: string; username: string; fields: string; secret: string };

/** With what it is checked by. */
export type StoredCredential = { readonly credential: Credential; readonly secret: StoredSecret };

const table = "credential";

export class CredentialTable {
  private readonly schema: Schema;

  constructor(schema: Schema) {
    this.schema = schema;
  }

  put({ credential, secret }: StoredCredential): void {
    const { id, username, ...fields } = credential;
    const certificate = secret.kind === "certificate" ? secret.sha256 : null;
    const query = "INSERT OR REPLACE INTO credential VALUES (?, ?, ?, ?, ?)";
    this.schema.insert(table, query, id, username, certificate, JSON.stringify(fields), JSON.stringify(secret));
  }

  delete(id: string): void {
    this.schema.change(table, "DELETE FROM credential WHERE id = ?", id);
  }

  find(id: string): StoredCredential | undefined {
    return this.one("SELECT * FROM credential WHERE id = ?", id);
  }

  findByUsername(username: string): StoredCredential | undefined {
    return this.one("SELECT * FROM credential WHERE username = ?", username);
  }

  findByCertificate(sha256: string): StoredCredential | undefined {
    return this.one("SELECT * FROM credential WHERE certificate_sha256 = ?", sha256);
  }

  /** In the order of their ids; fewer than `most` only at the end. */
  page(after: string, most: number): Credential[] {
    const query = "SELECT * FROM credential WHERE id > ? ORDER BY id LIMIT ?";
    const rows = this.schema.rows<Row>(table, query, after, most);
    const page = rows.map(storedOf).flatMap((stored) => (stored === undefined ? [] : [stored.credential]));
    const last = rows.at(-1);
    if (last === undefined || rows.length < most || page.length === most) return page;
    return [...page, ...this.page(last.id, most - page.length)];
  }

  private one(query: string, binding: string): StoredCredential | undefined {
    const [row] = this.schema.rows<Row>(table, query, binding);
    return row && storedOf(row);
  }
}

function storedOf({ id, username, fields, secret }: Row): StoredCredential | undefined {
  try {
    const read = JSON.parse(fields) as Omit<Credential, "id" | "username">;
    const credential = { ...read, id, username, rules: readAccessRules(read.rules) };
    return { credential, secret: readSecret(JSON.parse(secret)) };
  } catch {
    logError("a credential cannot be read", { id, reason: "it lets nobody in: delete it, and make another" });
    return undefined;
  }
}

function readSecret(value: StoredSecret): StoredSecret {
  if (value.kind === "scram") return value;
  const isHash = (text: unknown) => typeof text === "string" && /^[0-9a-f]{64}$/.test(text);
  if ((value.kind === "token" || value.kind === "certificate") && isHash(value.sha256)) return value;
  if (value.kind === "password" && value.passwordHash.iterations > 0 && value.passwordHash.hash.length === 44) {
    return value;
  }
  throw new Error("its secret is none");
}
