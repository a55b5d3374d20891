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

/** Vite gives these files names that change with their content. */
const immutable = { "Cache-Control": "public, max-age=31536000, immutable" };

/** @returns `undefined` if the dashboard has no such file */
export async function dashboardFile(request: Request, assets: Fetcher | undefined): Promise<Response | undefined> {
  if (assets === undefined || (request.method !== "GET" && request.method !== "HEAD")) return undefined;
  const response = await assets.fetch(request);
  if (response.status === 404) return undefined;
  const isNamedByContent = response.ok && new URL(request.url).pathname.startsWith("/assets/");
  const headers = { ...pageHeaders, ...(isNamedByContent ? immutable : {}) };
  const answer = new Response(response.body, response);
  for (const [name, value] of Object.entries(headers)) answer.headers.set(name, value);
  return answer;
}
