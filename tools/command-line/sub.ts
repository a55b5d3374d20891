// `durable-mqtt sub`: writes what arrives, a line a message, until it is ended.

import type { Command } from "commander";
import type { IPublishPacket } from "mqtt";
import { addClientOptions, type ClientOptions, connectedClient, reasonOf } from "./client.ts";
import { UsageError } from "./usage-error.ts";
import { wholeNumberOf } from "./values.ts";

type Options = ClientOptions & {
  readonly topic: readonly string[];
  readonly verbose?: boolean;
  readonly count?: number;
  readonly durable?: boolean;
};

/** What a session that outlives its connection is kept for, in the broker's own limits. */
const durableSessionSec = 30 * 86_400;

export function addSub(program: Command): void {
  addClientOptions(program.command("sub").description("write what arrives, a line a message"))
    .requiredOption("-t, --topic <filters...>", "topic filters; may be given several times")
    .option("-v, --verbose", "the topic before each message")
    .option("-C, --count <count>", "end after so many messages", wholeNumberOf("--count", "a number", 1, 1_000_000_000))
    .option("-c, --durable", "with -i: a session that outlives the connection, and gets what is published meanwhile")
    .action(sub);
}

async function sub(options: Options): Promise<void> {
  const { topic: filters, qos, verbose, count, durable, id } = options;
  if (durable && id === undefined)
    throw new UsageError("-c needs -i: the session is found again by its client identifier.");
  const session = durable ? { clean: false, properties: { sessionExpiryInterval: durableSessionSec } } : {};
  const client = await connectedClient(options, session);
  let left = count ?? Number.POSITIVE_INFINITY;
  client.on("message", (topic, payload: Buffer, { retain: _ }: IPublishPacket) => {
    if (left === 0) return;
    process.stdout.write(
      verbose ? Buffer.concat([Buffer.from(`${topic} `), payload, newline]) : Buffer.concat([payload, newline]),
    );
    left -= 1;
    if (left === 0) void client.endAsync();
  });
  client.on("error", (error) => process.stderr.write(`${reasonOf(error)}\n`));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void client.endAsync());
  try {
    await client.subscribeAsync([...filters], { qos });
  } catch (error) {
    await client.endAsync();
    throw new UsageError(`The broker does not grant it: ${reasonOf(error as Error)}.`);
  }
}

const newline = Buffer.from("\n");
