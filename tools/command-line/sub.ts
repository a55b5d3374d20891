// `durable-mqtt sub`: writes each message that arrives, until it is ended.

import type { Command } from "commander";
import type { MqttClient } from "mqtt";
import { parseTopicFilter } from "../../src/core/topic/topic-filter.ts";
import {
  addClientOptions,
  type ClientOptions,
  connectedClient,
  exitCodeNotes,
  exitCodeOf,
  reasonOf,
  takenOver,
  untilLost,
} from "./client.ts";
import { type MessageFormat, messageFormatOf } from "./message-format.ts";
import { exitCodes, UsageError } from "./usage-error.ts";
import { wholeNumberOf } from "./values.ts";

type Options = ClientOptions & {
  readonly topic: readonly string[];
  readonly verbose?: boolean;
  readonly count?: number;
  readonly durable?: boolean;
  readonly format?: MessageFormat;
  readonly timeout?: number;
  readonly retainedMessages: boolean;
};

const formatHelp =
  "how a message is written: %t topic, %p payload, %x in hex, %l its length, %q QoS, %r retain, %j JSON, %J with the payload as JSON, %I time";

const endSignals = ["SIGINT", "SIGTERM"] as const;

const newline = Buffer.from("\n");

/** How long the broker keeps a durable session, if its own limits allow. */
const durableSessionSec = 30 * 86_400;

export function addSub(program: Command): void {
  addClientOptions(program.command("sub").description("write each message that arrives, one per line"))
    .requiredOption("-t, --topic <filters...>", "topic filters; may be given several times")
    .option("-v, --verbose", "the topic before each message")
    .option(
      "-C, --count <count>",
      "end after this many messages",
      wholeNumberOf("--count", "a number", 1, 1_000_000_000),
    )
    .option(
      "-W, --timeout <seconds>",
      "end after this time, with exit code 27",
      wholeNumberOf("--timeout", "seconds", 1, 2_000_000),
    )
    .option("-F, --format <format>", formatHelp, messageFormatOf("--format"))
    .option("-R, --no-retained-messages", "leave out retained messages")
    .option("-c, --durable", "with -i: keep the session, with the messages that arrive while the client is away")
    .addHelpText("after", exitCodeNotes)
    .action(sub);
}

async function sub(options: Options): Promise<void> {
  for (const filter of options.topic) {
    if (parseTopicFilter(filter) !== undefined) continue;
    throw new UsageError(`--topic is "${filter}": a level is +, or has no + in it; # is the last level, alone.`);
  }
  const ended = Promise.withResolvers<void>();
  const end = () => ended.resolve();
  for (const signal of endSignals) process.once(signal, end);
  process.stdout.once("error", end); // The reader is gone, as after `| head -1`.
  try {
    await subscribe(options, ended);
  } finally {
    for (const signal of endSignals) process.off(signal, end);
    process.stdout.off("error", end);
  }
}

/** @param ended resolve it to end the command, reject it to end with an error */
async function subscribe(options: Options, ended: PromiseWithResolvers<void>): Promise<void> {
  const { topic: filters, qos, verbose, count, durable, id, format, timeout, retainedMessages } = options;
  const write = format ?? messageFormatOf("--format")(verbose ? "%t %p" : "%p");
  if (durable && id === undefined)
    throw new UsageError("-c needs -i: the session is found again by its client identifier.");
  const session = durable ? { clean: false, properties: { sessionExpiryInterval: durableSessionSec } } : {};
  let left = count ?? Number.POSITIVE_INFINITY;
  const { client } = await connectedClient(options, session, (message) => {
    if (left === 0 || (message.retain && !retainedMessages)) return;
    process.stdout.write(Buffer.concat([write(message, new Date()), newline]));
    left -= 1;
    if (left === 0) ended.resolve();
  });
  client.on("disconnect", ({ reasonCode }) => {
    // To reconnect would take the session back, and the two clients would go on like that for ever.
    if (reasonCode !== takenOver) return;
    client.end(true);
    ended.reject(takeover(client.options.clientId ?? ""));
  });
  const timer = timeout === undefined ? undefined : setTimeout(() => ended.reject(timedOut(timeout)), timeout * 1_000);
  tellOfInterruptions(client);
  try {
    await Promise.race([client.subscribeAsync([...filters], { qos }), untilLost(client), ended.promise]);
    if (process.stderr.isTTY && left > 0) {
      process.stderr.write(`subscribed to ${filters.join(", ")}, waiting; Ctrl-C ends it\n`);
    }
    await ended.promise;
  } catch (error) {
    // After -W the client sends DISCONNECT, so that the broker publishes no Will.
    const isOrderly = error instanceof UsageError && error.exitCode === exitCodes.timedOut;
    await client.endAsync(!isOrderly);
    if (error instanceof UsageError) throw error;
    throw new UsageError(`The broker refused the subscription: ${reasonOf(error as Error)}.`, exitCodeOf(error));
  } finally {
    clearTimeout(timer);
  }
  await client.endAsync();
}

function timedOut(timeoutSec: number): UsageError {
  return new UsageError(`The ${timeoutSec} s of -W are over.`, exitCodes.timedOut);
}

function takeover(clientId: string): UsageError {
  const text = `Another client connected as ${clientId} and took the session over (0x8e): give each client its own -i.`;
  return new UsageError(text, exitCodes.takenOver);
}

/** Writes a line when the connection is lost and one when it is back. The library reconnects by itself. */
function tellOfInterruptions(client: MqttClient): void {
  let isConnected = true;
  client.on("close", () => {
    if (isConnected && !client.disconnecting) process.stderr.write("The connection is lost: trying again.\n");
    isConnected = false;
  });
  client.on("connect", () => {
    isConnected = true;
    process.stderr.write("Connected again.\n");
  });
}
