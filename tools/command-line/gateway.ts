// `durable-mqtt gateway`: MQTT over TCP and TLS on a LAN, for clients that speak no WebSocket, to a broker elsewhere.

import { type Command, Option } from "commander";
import { ListenError, type Listener, startTcpGateway } from "../tcp-gateway/tcp-gateway.ts";
import { plainWarningOf, webSocketUrlOf } from "./broker-address.ts";
import { untilEnded } from "./until-ended.ts";
import { UsageError } from "./usage-error.ts";
import { fileOf, portOf } from "./values.ts";

type Address = Pick<Listener, "host" | "port">;
type Options = {
  readonly listen: Address;
  readonly to: string;
  readonly cafile?: string;
  readonly listenTls?: Address;
  readonly cert?: string;
  readonly key?: string;
};

const notes = `
The broker checks who clients are: the gateway lets all of them through, and over plain TCP others on the LAN can read
along. It logs each client that comes or goes.`;

export function addGateway(program: Command): void {
  program
    .command("gateway")
    .description("let clients without WebSocket connect over TCP, to a broker elsewhere")
    .requiredOption("--to <url>", "the broker: wss://host/mqtt", webSocketUrlOf("--to"))
    .addOption(
      new Option("--listen <[host:]port>", "for MQTT over TCP")
        .argParser(addressOf("--listen"))
        .default({ host: "0.0.0.0", port: 1883 }, "1883, on every address"),
    )
    .option("--listen-tls <[host:]port>", "for MQTT over TLS too, usually 8883", addressOf("--listen-tls"))
    .addOption(
      new Option("--cert <file>", "PEM: its certificate, with the intermediate ones").argParser(fileOf("--cert")),
    )
    .addOption(new Option("--key <file>", "PEM: the certificate's key").argParser(fileOf("--key")))
    .addOption(
      new Option(
        "--cafile <file>",
        "PEM: the authorities of the broker's certificate, if they are not public",
      ).argParser(fileOf("--cafile")),
    )
    .addHelpText("after", notes)
    .action(gateway);
}

async function gateway({ listen, to, cafile, ...overTls }: Options): Promise<void> {
  const log = (line: string) => process.stdout.write(`${new Date().toISOString()} ${line}\n`);
  const target = { url: to, ...(cafile === undefined ? {} : { certificateAuthorities: cafile }) };
  const listeners = [listen, ...tlsListenerOf(overTls)];
  const starting = startTcpGateway({ listeners, targetFor: () => target, log, logsClients: true }).catch((error) => {
    throw explained(error);
  });
  await untilEnded(starting, ({ ports }) => {
    const addresses = listeners.map(
      ({ host, tls }: Listener, index) => `mqtt${tls ? "s" : ""}://${host}:${ports[index]}`,
    );
    log(`ready: ${addresses.join(" and ")} to ${to}`);
    const warning = plainWarningOf(to);
    if (warning !== undefined) log(warning);
  });
}

function tlsListenerOf({ listenTls, cert, key }: Pick<Options, "listenTls" | "cert" | "key">): Listener[] {
  if (listenTls === undefined && cert === undefined && key === undefined) return [];
  if (listenTls !== undefined && cert !== undefined && key !== undefined) {
    return [{ ...listenTls, tls: { certificate: cert, key } }];
  }
  throw new UsageError("--listen-tls, --cert and --key belong together: give all three, or none.");
}

function explained(error: unknown): unknown {
  if (!(error instanceof ListenError))
    return new UsageError(`--cert and --key cannot be used: ${(error as Error).message}.`);
  const { host, port } = error.listener;
  const { code = error.message } = error.cause as NodeJS.ErrnoException;
  const reasons: Record<string, string> = { EADDRINUSE: "is in use", EACCES: "needs more rights than this user has" };
  return new UsageError(
    `Port ${port} of ${host} ${reasons[code] ?? `cannot be listened on (${code})`}: choose another with --listen.`,
  );
}

function addressOf(flag: string): (text: string) => Address {
  return (text) => {
    const { host = "0.0.0.0", port = text } = /^(?<host>.+):(?<port>[^:]*)$/.exec(text)?.groups ?? {};
    return { host: host.replace(/^\[(.*)\]$/, "$1"), port: portOf(flag)(port) };
  };
}
