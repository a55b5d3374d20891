// What only the Worker sees of a client. It sends that to the session in one header of its own. Nothing else of the
// client's request goes there, so that the session never takes a client's header for the Worker's.

import type { ClientFacts } from "../core/access/login-attempt.ts";
import { networkOf } from "../core/access/network.ts";
import type { WebSettings } from "../settings/web-settings.ts";

const header = "Durable-Mqtt-Client";
/** Longer ones are none. */
const maximumBearerCharacters = 8_192;

export function clientFactsOf(request: Request, settings: WebSettings): ClientFacts {
  const address = addressOf(request, settings);
  const certificateSha256 = certificateSha256Of(request, settings);
  const bearer = bearerOf(request);
  return {
    ...(address === undefined ? {} : { address }),
    ...(certificateSha256 === undefined ? {} : { certificateSha256 }),
    ...(bearer === undefined ? {} : { bearer }),
  };
}

/** The client's network, from `networkOf`; `undefined` if it is not known. */
export function addressOf(request: Request, { clientAddressHeader }: WebSettings): string | undefined {
  const address = clientAddressHeader === undefined ? null : request.headers.get(clientAddressHeader);
  return address === null ? undefined : networkOf(address);
}

/** For a request of the Worker to a session. */
export function factsHeaders(facts: ClientFacts): Record<string, string> {
  return { [header]: JSON.stringify(facts) };
}

/** @param request of the Worker to a session */
export function readClientFacts(request: Request): ClientFacts {
  const json = request.headers.get(header);
  return json === null ? {} : (JSON.parse(json) as ClientFacts);
}

/** The fingerprint of a client certificate that Cloudflare has asked for and verified. */
function certificateSha256Of({ cf }: Request, { clientCertificates }: WebSettings): string | undefined {
  if (!clientCertificates) return undefined;
  const tls = cf?.tlsClientAuth as IncomingRequestCfPropertiesTLSClientAuth | undefined;
  if (tls?.certPresented !== "1" || tls.certVerified !== "SUCCESS") return undefined;
  const fingerprint = tls.certFingerprintSHA256.replaceAll(":", "").toLowerCase();
  return /^[0-9a-f]{64}$/.test(fingerprint) ? fingerprint : undefined;
}

/** In a header, or, for browsers, which can set none on a WebSocket, in the address. */
function bearerOf({ headers, url }: Request): string | undefined {
  const inHeader = /^Bearer +(?<token>[!-~]+)$/i.exec(headers.get("Authorization") ?? "")?.groups?.token;
  const bearer = inHeader ?? new URL(url).searchParams.get("access_token") ?? undefined;
  return bearer === undefined || bearer.length > maximumBearerCharacters ? undefined : bearer;
}
