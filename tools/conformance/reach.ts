// Whether there is a broker at a URL that lets the conversations in: asked once, before hundreds of them fail.

import mqtt from "mqtt";

const patienceMs = 5_000;

/** @returns in one line what is wrong, and what to do; `undefined` for a broker that is open to anonymous clients */
export async function whyNotReachable(url: string): Promise<string | undefined> {
  const client = mqtt.connect(url, { protocolVersion: 4, reconnectPeriod: 0, connectTimeout: patienceMs });
  try {
    return await new Promise((resolve) => {
      const silent = `${url}: no CONNACK came within ${patienceMs / 1000} s: this is no MQTT broker, or it hangs`;
      const timer = setTimeout(resolve, patienceMs, silent);
      const end = (line: string | undefined) => {
        clearTimeout(timer);
        resolve(line);
      };
      client.once("connect", () => end(undefined));
      client.once("error", (error) => end(`${url}: ${reasonOf(error)}`));
      client.once("close", () => end(`${url}: it closed the connection without a CONNACK: this is no MQTT broker`));
    });
  } finally {
    client.on("error", () => {});
    client.end(true);
  }
}

function reasonOf(error: Error & { code?: number | string }): string {
  if (error.code === 4 || error.code === 5) {
    return `the broker is closed to anonymous clients (return code ${error.code}): open it for the run, for the conversations show no password`;
  }
  if (typeof error.code === "number") return `the broker refuses a plain CONNECT (return code ${error.code})`;
  // Node.js says it once for each address of a name.
  const [first] = error instanceof AggregateError ? error.errors : [error];
  return `no broker is there (${error.code ?? String((first as Error).message)}): start it, or correct the address`;
}
