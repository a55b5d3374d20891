// The broker's API, as its operator uses it.

import { readFileSync } from "node:fs";
import path from "node:path";
import { isLoopback } from "../local-server/addresses.ts";
import { TextError, textIn } from "../text.ts";
import { apiUrlOf } from "./broker-address.ts";
import { UsageError } from "./usage-error.ts";

export type AdminApi = {
  /** @throws {ApiRefusal} with the API's own line */
  call<Answer>(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<Answer>;
};

export class ApiRefusal extends UsageError {
  /** HTTP status. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** @param dataDir the data folder of a broker on this machine, which keeps its token there */
export function adminApi(brokerUrl: string, dataDir: string): AdminApi {
  const token = adminTokenOf(brokerUrl, dataDir);
  return {
    async call<Answer>(method: string, path: string, body?: unknown) {
      const api = apiUrlOf(brokerUrl);
      const headers: Record<string, string> = { Authorization: `Bearer ${token}` };
      if (body !== undefined) headers["Content-Type"] = "application/json";
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      const response = await fetch(api + path, { method, headers, ...sent }).catch((error) => {
        throw new UsageError(
          `${api} cannot be reached (${reasonOf(error)}): is the broker running, and --to its address?`,
        );
      });
      const answer = await response.json().catch(() => undefined);
      if (response.ok) return answer as Answer;
      const { message = "this is not a durable-mqtt broker" } =
        (answer as { error?: { message?: string } })?.error ?? {};
      throw new ApiRefusal(response.status, `${api} answers ${response.status}: ${message}.`);
    },
  };
}

function adminTokenOf(brokerUrl: string, dataDir: string): string {
  const { ADMIN_TOKEN = "" } = process.env;
  if (ADMIN_TOKEN !== "") return ADMIN_TOKEN;
  const file = path.join(dataDir, "admin-token");
  const isHere = isLoopback(new URL(brokerUrl).hostname.replace(/^\[(.*)\]$/, "$1"));
  try {
    if (isHere) return textIn(readFileSync(file), file).trim();
  } catch (error) {
    if (error instanceof TextError) throw error;
    throw new UsageError(`There is no ${file}: give --data the broker's data folder, or set ADMIN_TOKEN.`);
  }
  throw new UsageError("Set ADMIN_TOKEN in the environment to the broker's: export ADMIN_TOKEN=…");
}

function reasonOf(error: Error & { cause?: { code?: string; message?: string } }): string {
  return error.cause?.code ?? error.cause?.message ?? error.message;
}
