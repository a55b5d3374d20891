// The credentials of a namespace in SQLite: a row each, the rest of it as JSON. A credential that cannot be read lets nobody
// in, and keeps its username until it is deleted.

import type { Credential, StoredCredential } from "../../core/access/credential.ts";
import { readCredential } from "../../core/access/read-credential.ts";
import { logError } from "../../platform/log.ts";
import type { Schema } from "../../platform/schema.ts";

export const credentialMigration = `CREATE TABLE credential (id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE,
  certificate_sha256 TEXT UNIQUE, fields TEXT, secret TEXT) WITHOUT ROWID`;

type Row = { id: string; username: string; fields: string; secret: string };

const table = "credential";
const whereUsername = "SELECT * FROM credential WHERE username = ?";
const whereCertificate = "SELECT * FROM credential WHERE certificate_sha256 = ?";

export class CredentialTable {
  private readonly schema: Schema;

  constructor(schema: Schema) {
    this.schema = schema;
  }

  /** Adds the credential, or replaces the one with its id. @throws if another has its username or certificate */
  put({ credential, secret }: StoredCredential): void {
    const { id, username, ...fields } = credential;
    const certificate = secret.kind === "certificate" ? secret.sha256 : null;
    const query = `INSERT INTO credential VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET username = excluded.username,
      certificate_sha256 = excluded.certificate_sha256, fields = excluded.fields, secret = excluded.secret`;
    this.schema.insert(table, query, id, username, certificate, JSON.stringify(fields), JSON.stringify(secret));
  }

  delete(id: string): void {
    this.schema.change(table, "DELETE FROM credential WHERE id = ?", id);
  }

  /** Whether a credential has this id, even if it cannot be read. */
  has(id: string): boolean {
    return this.schema.rows(table, "SELECT id FROM credential WHERE id = ?", id).length > 0;
  }

  find(id: string): StoredCredential | undefined {
    return this.one("SELECT * FROM credential WHERE id = ?", id);
  }

  findByUsername(username: string): StoredCredential | undefined {
    return this.one(whereUsername, username);
  }

  findByCertificate(sha256: string): StoredCredential | undefined {
    return this.one(whereCertificate, sha256);
  }

  /** The id of the credential that has this username, even if it cannot be read. */
  ownerOfUsername(username: string): string | undefined {
    return this.schema.rows<Row>(table, whereUsername, username)[0]?.id;
  }

  /** The same for a certificate. */
  ownerOfCertificate(sha256: string): string | undefined {
    return this.schema.rows<Row>(table, whereCertificate, sha256)[0]?.id;
  }

  /** In the order of their ids; fewer than `most` only at the end. */
  page(after: string, most: number): Credential[] {
    const query = "SELECT * FROM credential WHERE id > ? ORDER BY id LIMIT ?";
    const rows = this.schema.rows<Row>(table, query, after, most);
    const page = rows.map(storedOf).flatMap((stored) => stored?.credential ?? []);
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
    return readCredential(id, username, JSON.parse(fields), JSON.parse(secret));
  } catch {
    logError("a credential cannot be read", { id, reason: "it lets nobody in: delete it, and make another" });
    return undefined;
  }
}
