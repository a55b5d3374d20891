// The dashboard's files. Its pages know the broker through the API and MQTT only, like everybody else's.

const pageHeaders = {
  // What a message brings is shown as text; should it ever not be, nothing of it runs, and nothing is sent elsewhere.
  "Content-Security-Policy": [
    "default-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    // Not every browser takes 'self' for WebSockets.
    "connect-src 'self' ws: wss:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** Vite names these files after their content. */
const immutable = { "Cache-Control": "public, max-age=31536000, immutable" };

/** Somebody has typed the address or followed a link. Programs get a line that says where MQTT is. */
function isOpenedByPerson(request: Request): boolean {
  return request.headers.get("Sec-Fetch-Mode") === "navigate";
}

function toDashboard(): Response {
  return new Response(null, { status: 302, headers: { ...pageHeaders, Location: "/", "Cache-Control": "no-store" } });
}

/** @returns `undefined` if the dashboard has no such file */
export async function dashboardFile(request: Request, assets: Fetcher | undefined): Promise<Response | undefined> {
  if (assets === undefined || (request.method !== "GET" && request.method !== "HEAD")) return undefined;
  const response = await assets.fetch(request);
  if (response.status === 404) return isOpenedByPerson(request) ? toDashboard() : undefined;
  const isNamedByContent = response.ok && new URL(request.url).pathname.startsWith("/assets/");
  const headers = { ...pageHeaders, ...(isNamedByContent ? immutable : {}) };
  const answer = new Response(response.body, response);
  for (const [name, value] of Object.entries(headers)) answer.headers.set(name, value);
  return answer;
}
