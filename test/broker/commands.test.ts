// The command line clients of Mosquitto, as anyone uses them, over TCP.

import { type ChildProcess, spawn } from "node:child_process";
import { afterEach, describe, expect, it } from "vitest";
import { hasInstalled } from "../programs/installed.ts";
import { useBroker } from "../support/broker.ts";
import { unique } from "../support/connect.ts";

const broker = useBroker();
const isInstalled = hasInstalled("Mosquitto's commands", "mosquitto_pub", "mosquitto_sub", "stdbuf");
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill();
});

type Result = { code: number | null; lines: string[] };
type Running = { subscribed: Promise<void>; done: Promise<Result> };

/** Starts a command; `subscribed` resolves when it reports its SUBACK (needs -d). */
function start(command: string, args: readonly string[]): Running {
  const { hostname, port } = new URL(broker.tcp);
  // Into a pipe it would keep its lines until it ends.
  const lineByLine = ["-oL", command, "-h", hostname, "-p", port];
  const child = spawn("stdbuf", [...lineByLine, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  let output = "";
  let onSubscribed = () => {};
  const subscribed = new Promise<void>((resolve) => {
    onSubscribed = resolve;
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.includes("Subscribed (mid")) onSubscribed();
    });
  }
  const done = new Promise<Result>((resolve) => {
    child.on("close", (code) => resolve({ code, lines: output.split("\n").filter((line) => line.startsWith("> ")) }));
  });
  return { subscribed, done };
}

/** Every message as one line, which begins with "> " to stand out from what -d says. */
const format = ["-F", "> %t %q %r %p", "-W", "10"];

describe.skipIf(!isInstalled).each(["mqttv31", "mqttv311", "mqttv5"])(
  "mosquitto_pub and mosquitto_sub -V %s",
  (version) => {
    const publish = async (...args: string[]) => {
      const { code } = await start("mosquitto_pub", ["-V", version, ...args]).done;
      expect(code).toBe(0);
    };

    it.each(["0", "1", "2"])("hand messages over at QoS %s", async (qos) => {
      const topic = unique("commands/qos");
      const listening = start("mosquitto_sub", [
        "-V",
        version,
        "-d",
        "-t",
        `${topic}/#`,
        "-q",
        qos,
        "-C",
        "3",
        ...format,
      ]);
      await listening.subscribed;
      for (const number of [1, 2, 3]) await publish("-t", `${topic}/${number}`, "-m", `m${number}`, "-q", qos);
      const { code, lines } = await listening.done;
      expect(code).toBe(0);
      expect(lines).toEqual([1, 2, 3].map((number) => `> ${topic}/${number} ${qos} 0 m${number}`));
    });

    it("keep and clear retained messages", async () => {
      const topic = unique("commands/retained");
      await publish("-t", topic, "-m", "kept", "-q", "1", "-r");
      const first = await start("mosquitto_sub", ["-V", version, "-t", topic, "-C", "1", ...format]).done;
      expect(first.lines).toEqual([`> ${topic} 0 1 kept`]);
      await publish("-t", topic, "-n", "-q", "1", "-r");
      await publish("-t", `${topic}/end`, "-m", "end", "-q", "1", "-r");
      const filters = ["-t", topic, "-t", `${topic}/end`];
      const second = await start("mosquitto_sub", ["-V", version, ...filters, "-C", "1", ...format]).done;
      expect(second.lines).toEqual([`> ${topic}/end 0 1 end`]);
    });

    it("find the messages of the time away with -c and -i", async () => {
      const topic = unique("commands/durable");
      const expiry = version === "mqttv5" ? ["-x", "600"] : [];
      const session = ["-V", version, "-c", "-i", unique("cmd"), ...expiry, "-t", topic, "-q", "2"];
      expect((await start("mosquitto_sub", [...session, "-E"]).done).code).toBe(0);
      for (const number of [1, 2, 3]) await publish("-t", topic, "-m", `m${number}`, "-q", "2");
      const { lines } = await start("mosquitto_sub", [...session, "-C", "3", ...format]).done;
      expect(lines).toEqual([1, 2, 3].map((number) => `> ${topic} 2 0 m${number}`));
    });

    it("send a thousand lines from a file, in order", async () => {
      const topic = unique("commands/lines");
      const listening = start("mosquitto_sub", ["-V", version, "-d", "-t", topic, "-q", "1", "-C", "1000", ...format]);
      await listening.subscribed;
      const { hostname, port } = new URL(broker.tcp);
      const child = spawn("mosquitto_pub", ["-h", hostname, "-p", port, "-V", version, "-t", topic, "-q", "1", "-l"]);
      children.push(child);
      child.stdin.end(Array.from({ length: 1000 }, (_, number) => `${number}\n`).join(""));
      const { lines } = await listening.done;
      expect(lines).toEqual(Array.from({ length: 1000 }, (_, number) => `> ${topic} 1 0 ${number}`));
    }, 15_000);
  },
);

describe.skipIf(!isInstalled)("mosquitto_pub", () => {
  it("leaves its Will when it is killed", async () => {
    const topic = unique("commands/will");
    const listening = start("mosquitto_sub", ["-d", "-t", topic, "-C", "1", ...format]);
    await listening.subscribed;
    const mortal = start("mosquitto_sub", ["-d", "-t", `${topic}/x`, "--will-topic", topic, "--will-payload", "gone"]);
    await mortal.subscribed;
    children.at(-1)?.kill("SIGKILL");
    expect((await listening.done).lines).toEqual([`> ${topic} 0 0 gone`]);
  });
});
