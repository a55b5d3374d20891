// Checks that there is a broker at the URL and that it accepts clients, before hundreds of conversations fail.

import mqtt from "mqtt";

const patienceMs = 5_000;

/** @returns one line about what is wrong and what to do, or `undefined` if the broker accepts anonymous clients */
export async function whyNotReachable(url: string): Promise<string | undefined> {
  const client = mqtt.connect(url, { protocolVersion: 4, reconnectPeriod: 0, connectTimeout: patienceMs });
  try {
    return await new Promise((resolve) => {
      const silent = `${url}: no CONNACK came within ${patienceMs / 1000} s: this is not an MQTT broker, or it hangs`;
      const timer = setTimeout(resolve, patienceMs, silent);
      const end = (line: string | undefined) => {
        clearTimeout(timer);
        resolve(line);
      };
      client.once("connect", () => end(undefined));
      client.once("error", (error) => end(`${url}: ${reasonOf(error)}`));
      client.once("close", () => end(`${url}: it closed the connection without a CONNACK: this is not an MQTT broker`));
    });
  } finally {
    client.on("error", () => {});
    client.end(true);
  }
}

function reasonOf(error: Error & { code?: number | string }): string {
  if (error.code === 4 || error.code === 5) {
    return `the broker is closed to anonymous clients (return code ${error.code}): allow them for this run, as the conversations use no password`;
  }
  if (typeof error.code === "number") return `the broker refuses a plain CONNECT (return code ${error.code})`;
  // Node.js reports one error for each address of the host name.
  const [first] = error instanceof AggregateError ? error.errors : [error];
  return `no broker is there (${error.code ?? String((first as Error).message)}): start it, or correct the address`;
}
