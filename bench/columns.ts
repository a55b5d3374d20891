// The tables: the figures that each shows, and the figure that it compares by.

export type TableName = "messages" | "one at a time" | "offered" | "connects" | "retained" | "idle";

export type Column = { readonly heading: string; readonly figure: string; readonly digits: number };

export type Table = {
  readonly heading: string;
  readonly columns: readonly Column[];
  /** The figure whose ratios to other targets are shown. */
  readonly compared: string;
};

const column = (heading: string, figure: string, digits: number): Column => ({ heading, figure, digits });

const cores = [column("broker cores", "brokerCores", 2), column("generator cores", "generatorCores", 2)];
const latency = [column("p50 ms", "p50Ms", 2), column("p99 ms", "p99Ms", 2)];
const delivery = [column("lost", "lost", 0), column("duplicated", "duplicated", 0)];
const memory = [column("MiB", "endMib", 0), column("peak MiB", "peakMib", 0)];
const perSec = (what: string) => column(`${what}/s`, "perSec", 0);
const cpu = (what: string) => column(`CPU µs a ${what}`, "brokerMicroseconds", 1);

const messageColumns = [perSec("messages"), cpu("message"), ...cores, ...latency, ...memory, ...delivery];

export const tables: Readonly<Record<TableName, Table>> = {
  messages: { heading: "Messages, as many as the broker accepts", columns: messageColumns, compared: "perSec" },
  "one at a time": { heading: "One message at a time", columns: messageColumns, compared: "p50Ms" },
  offered: {
    heading: "10,000 messages a second offered",
    columns: [
      perSec("messages"),
      cpu("message"),
      ...cores,
      ...latency,
      column("MiB at start", "startMib", 0),
      column("MiB at end", "endMib", 0),
      column("peak MiB", "peakMib", 0),
      ...delivery,
    ],
    compared: "p99Ms",
  },
  connects: {
    heading: "Connects",
    columns: [perSec("connects"), cpu("connect"), ...cores, ...latency],
    compared: "perSec",
  },
  retained: {
    heading: "Retained messages",
    columns: [
      column("first, ms", "firstMs", 1),
      column("last, ms", "lastMs", 0),
      perSec("messages"),
      cpu("message"),
      column("generator cores", "generatorCores", 2),
    ],
    compared: "perSec",
  },
  idle: {
    heading: "Memory of connections",
    columns: [
      column("MiB before", "beforeMib", 0),
      column("KiB each, idle", "idleKib", 0),
      column("KiB each, hibernated", "hibernatedKib", 0),
    ],
    compared: "idleKib",
  },
};

/** Figures that are added up over the rounds. Other figures are shown as their median. */
export const totals: readonly string[] = ["lost", "duplicated"];

export type Comparison = { readonly heading: string; readonly target: string };

export const comparisons: readonly Comparison[] = [
  { heading: "× Aedes", target: "aedes" },
  { heading: "× Mosquitto", target: "mosquitto" },
  { heading: "× floor", target: "floor" },
];
