// `durable-mqtt pub`: publishes one message, and ends when it is acknowledged.

import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { type Command, Option } from "commander";
import {
  addClientOptions,
  type ClientOptions,
  connectedClient,
  exitCodeNotes,
  exitCodeOf,
  reasonOf,
  topicOf,
  untilLost,
} from "./client.ts";
import { publishPropertiesOf } from "./publish-properties.ts";
import { UsageError } from "./usage-error.ts";
import { bytesOf } from "./values.ts";

const notes = `
At QoS 0 a broker does not say that its rules forbid a message: use -q 1 to know. Every other loss is reported.
${exitCodeNotes.trimStart()}`;

type Options = ClientOptions & {
  readonly topic: string;
  readonly message?: string;
  readonly file?: string;
  readonly stdin?: boolean;
  readonly line?: boolean;
  readonly property?: readonly string[];
  readonly empty?: boolean;
  readonly retain?: boolean;
};

export function addPub(program: Command): void {
  const payloads = ["message", "file", "stdin", "line", "empty"];
  const payload = (flags: string, description: string) => {
    const option = new Option(flags, description);
    return option.conflicts(payloads.filter((name) => name !== option.attributeName()));
  };
  addClientOptions(program.command("pub").description("publish a message"))
    .requiredOption("-t, --topic <topic>", "topic", topicOf("--topic"))
    .addOption(payload("-m, --message <text>", "its payload"))
    .addOption(payload("-f, --file <file>", "a file that is its payload"))
    .addOption(payload("-s, --stdin", "standard input is its payload"))
    .addOption(payload("-l, --line", "each line of standard input is a message"))
    .addOption(payload("-n, --empty", "no payload: with -r it deletes the retained message"))
    .option("-r, --retain", "keep it for later subscribers")
    .option("-D, --property <words...>", "a property: publish NAME VALUE; may be given several times")
    .addHelpText("after", notes)
    .action(pub);
}

async function pub(options: Options): Promise<void> {
  const { topic, qos, retain = false, line } = options;
  const properties = publishPropertiesOf(options.property ?? []);
  const payloads = line ? linesOf(process.stdin) : [await payloadOf(options)];
  const { client, maximumPacketBytes } = await connectedClient(options, { reconnectPeriod: 0 });
  const publish = async () => {
    for await (const payload of payloads) {
      if (Buffer.byteLength(topic) + payload.length > maximumPacketBytes)
        throw new Error(
          `it has ${payload.length} bytes, and the broker accepts packets of ${maximumPacketBytes} bytes at most`,
        );
      await client.publishAsync(topic, payload, { qos, retain, properties });
    }
    // A broker handles packets in order. So an answer to this request means that the messages before it arrived, and
    // that none of them ended the connection. Only a refusal by rules stays unknown.
    if (qos === 0) await client.unsubscribeAsync(topic);
  };
  try {
    // The library would wait for an acknowledgement even after the connection is lost.
    await Promise.race([publish(), untilLost(client)]);
  } catch (error) {
    client.end(true);
    if (line) process.stdin.destroy();
    throw new UsageError(`The message is not published: ${reasonOf(error as Error)}.`, exitCodeOf(error));
  }
  await client.endAsync();
}

/** Skips empty lines, like mosquitto_pub. Payloads are bytes, which latin1 keeps unchanged. */
async function* linesOf(input: Readable): AsyncIterable<Buffer> {
  input.setEncoding("latin1");
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line !== "") yield Buffer.from(line, "latin1");
  }
}

async function payloadOf({ message, file, stdin, empty }: Options): Promise<Buffer> {
  if (message !== undefined) return Buffer.from(message);
  if (stdin) return buffer(process.stdin);
  if (empty) return Buffer.alloc(0);
  if (file === undefined)
    throw new UsageError("Say what to publish: -m TEXT, -f FILE, -s or -l for standard input, or -n for nothing.");
  return bytesOf("--file", file);
}
