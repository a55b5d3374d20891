// `$SYS/broker/…`: what the broker says of itself, to a real client.

import { spawn } from "node:child_process";
import { describe, expect, it } from "vitest";
import { useBroker } from "../support/broker.ts";
import { connect } from "../support/connect.ts";

const broker = useBroker({ variables: { SYS_INTERVAL_SEC: "1", TOPIC_SHARDS: "2", TOPIC_EPOCH: "2" } });

it("try", async () => {
  const child = spawn("mosquitto_sub", [
    "-p",
    new URL(broker.tcp).port,
    "-t",
    "$SYS/#",
    "-V",
    "5",
    "-F",
    "%r %t %p",
    "-W",
    "5",
  ]);
  let out = "";
  child.stdout.on("data", (d) => (out += d));
  await new Promise((r) => child.on("exit", r));
  console.log(out);
}, 20000);
