import { expect, it } from "vitest";
import { plainWarningOf } from "../../tools/command-line/broker-address.ts";

it.each([
  ["ws://192.0.2.1:8787/mqtt", true],
  ["ws://broker.example/mqtt", true],
  ["wss://broker.example/mqtt", false],
  ["ws://127.0.0.1:8787/mqtt", false],
  ["ws://[::1]:8787/mqtt", false],
  ["ws://localhost:8787/mqtt", false],
])("whether a broker's address is warned of, since passwords go there in clear: %s", (url, isWarned) => {
  expect(plainWarningOf(url)?.includes("not encrypted") ?? false).toBe(isWarned);
});
