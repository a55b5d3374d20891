// `durable-mqtt pub`: publishes one message, and ends when it is acknowledged.

import { buffer } from "node:stream/consumers";
import { type Command, Option } from "commander";
import {
  addClientOptions,
  type ClientOptions,
  connectedClient,
  exitCodeNotes,
  exitCodeOf,
  reasonOf,
  untilLost,
} from "./client.ts";
import { exitCodes, UsageError } from "./usage-error.ts";
import { bytesOf } from "./values.ts";

/** MQTT's own limit. */
const maximumTopicBytes = 65_535;

const notes = `
At QoS 0 a broker does not report that its rules forbid a message: use -q 1 to know. All else that loses one is reported.
${exitCodeNotes.trimStart()}`;

type Options = ClientOptions & {
  readonly topic: string;
  readonly message?: string;
  readonly file?: string;
  readonly stdin?: boolean;
  readonly empty?: boolean;
  readonly retain?: boolean;
};

export function addPub(program: Command): void {
  const payloads = ["message", "file", "stdin", "empty"];
  const payload = (flags: string, description: string) => {
    const option = new Option(flags, description);
    return option.conflicts(payloads.filter((name) => name !== option.attributeName()));
  };
  addClientOptions(program.command("pub").description("publish one message"))
    .requiredOption("-t, --topic <topic>", "topic", topicOf)
    .addOption(payload("-m, --message <text>", "its payload"))
    .addOption(payload("-f, --file <file>", "a file that is its payload"))
    .addOption(payload("-s, --stdin", "standard input is its payload"))
    .addOption(payload("-n, --empty", "no payload: with -r it takes away what is retained"))
    .option("-r, --retain", "keep it for later subscribers")
    .addHelpText("after", notes)
    .action(pub);
}

async function pub(options: Options): Promise<void> {
  const payload = await payloadOf(options);
  const { client, maximumPacketBytes } = await connectedClient(options, { reconnectPeriod: 0 });
  const { topic, qos, retain = false } = options;
  if (Buffer.byteLength(topic) + payload.length > maximumPacketBytes) {
    await client.endAsync();
    const text = `The message is not published: it has ${payload.length} bytes, and the broker accepts packets of ${maximumPacketBytes} bytes at most.`;
    throw new UsageError(text, exitCodes.requestRefused);
  }
  try {
    const publish = async () => {
      await client.publishAsync(topic, payload, { qos, retain });
      // A broker handles packets in their order. So this answer says that the message arrived and the client was not cut
      // off for it. Only a refusal by rules stays unknown.
      if (qos === 0) await client.unsubscribeAsync(topic);
    };
    // The library waits for an acknowledgement also when none can come any more.
    await Promise.race([publish(), untilLost(client)]);
  } catch (error) {
    client.end(true);
    throw new UsageError(`The message is not published: ${reasonOf(error as Error)}.`, exitCodeOf(error));
  }
  await client.endAsync();
}

function topicOf(text: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes > maximumTopicBytes)
    throw new UsageError(`--topic has ${bytes} bytes: give a topic of ${maximumTopicBytes} bytes at most.`);
  if (text !== "" && !/[+#]/.test(text)) return text;
  throw new UsageError(`--topic is "${text}": give a topic, without + and #.`);
}

async function payloadOf({ message, file, stdin, empty }: Options): Promise<Buffer> {
  if (message !== undefined) return Buffer.from(message);
  if (stdin) return buffer(process.stdin);
  if (empty) return Buffer.alloc(0);
  if (file === undefined)
    throw new UsageError("Say what to publish: -m TEXT, -f FILE, -s for standard input, or -n for nothing.");
  return bytesOf("--file", file);
}
