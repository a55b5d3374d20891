// The addresses of the API. The API itself is loaded at an isolate's first request for it.

export type ApiAddress = {
  readonly namespace: string;
  /** What all addresses of this namespace's API begin with. */
  readonly base: string;
  /** What comes after that, percent-encoded; empty or with a slash before it. */
  readonly rest: string;
};

const pattern = /^(?<base>(?:\/ns\/(?<namespace>[A-Za-z0-9_-]{1,64}))?\/api\/v1)(?<rest>(?:\/.*)?)$/;
const metricsPattern = /^(?<base>(?:\/ns\/(?<namespace>[A-Za-z0-9_-]{1,64}))?)(?<rest>\/metrics)$/;

/** @returns `undefined` if the path is no address of the API */
export function apiAddressOf(pathname: string): ApiAddress | undefined {
  const groups = (pattern.exec(pathname) ?? metricsPattern.exec(pathname))?.groups;
  if (groups === undefined) return undefined;
  const { namespace = "default", base = "", rest = "" } = groups;
  return { namespace, base, rest };
}
