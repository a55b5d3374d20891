// The dashboard's client of the broker's HTTP API below /ns/{namespace}/api/v1, with the token of the user who has
// signed in.

import { type TcpPort, tcpPortHeader } from "../../../tools/device-setup/examples.ts";

export type Page<Item> = { readonly items: readonly Item[]; readonly next: string | null };

/** The API refused the request or did not answer. The message is one line that says what to do. */
export class ApiFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export class Api {
  /** The port on which a local server takes MQTT over TCP; known after the first answer. */
  tcpPort: TcpPort | undefined;
  private readonly base: string;
  private readonly token: string;
  private readonly onWrongToken: () => void;

  /** @param onWrongToken called when the token is no longer valid */
  constructor(namespace: string, token: string, onWrongToken: () => void) {
    this.base = namespace === "default" ? "/api/v1" : `/ns/${namespace}/api/v1`;
    this.token = token;
    this.onWrongToken = onWrongToken;
  }

  /**
   * @param path below /api/v1, with a slash at its beginning
   * @throws {ApiFailure}
   */
  async call<Answer = void>(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: object): Promise<Answer> {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.token}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await fetch(this.base + path, init).catch(() => {
      throw new ApiFailure("unreachable", "The broker does not answer. Check that it is running.");
    });
    const tcpPort = response.headers.get(tcpPortHeader);
    if (tcpPort !== null) this.tcpPort = tcpPort === "none" ? tcpPort : Number(tcpPort);
    if (response.ok) return response.status === 204 ? (undefined as Answer) : response.json();
    const failure = await failureOf(response);
    if (response.status === 401) this.onWrongToken();
    throw failure;
  }
}

/** Reads all items of a list, page by page. */
export async function* itemsOf<Item>(
  api: Pick<Api, "call">,
  path: string,
  query: Readonly<Record<string, string>> = {},
) {
  let after: string | null | undefined;
  while (after !== null) {
    const parameters = new URLSearchParams({ ...query, limit: "1000", ...(after === undefined ? {} : { after }) });
    const page: Page<Item> = await api.call("GET", `${path}?${parameters}`);
    yield* page.items;
    after = page.next;
  }
}

async function failureOf(response: Response): Promise<ApiFailure> {
  try {
    const { error } = await response.json();
    return new ApiFailure(error.code, sentenceOf(error.message));
  } catch {
    return new ApiFailure("unknown", `The broker answered with an error (${response.status}). Its log says more.`);
  }
}

/** The API's messages begin with a small letter, like lines of a log. */
function sentenceOf(line: string): string {
  return `${line.charAt(0).toUpperCase()}${line.slice(1)}.`;
}

export function lineOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
