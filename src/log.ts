// What the broker writes to its log: one JSON object a line, which Cloudflare's observability takes apart. Never payloads,
// topics, passwords or tokens.

/** Where it happened, as far as that is known, and why. */
export type LogFields = {
  readonly namespace?: string | undefined;
  readonly clientId?: string | undefined;
  readonly shard?: number;
  /** Of a credential; how many; which operation of the API. */
  readonly id?: string;
  readonly count?: number;
  readonly operation?: string;
  readonly reason: string;
};

export function logError(event: string, fields: LogFields): void {
  console.error(JSON.stringify({ level: "error", event, ...fields }));
}

/** Of a mistake of ours: with where it happened. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
