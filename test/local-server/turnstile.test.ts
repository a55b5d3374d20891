import { expect, it } from "vitest";
import { Turnstile } from "../../tools/local-server/front-door/turnstile.ts";

it("lets a fixed number through at a time, and networks take turns", () => {
  const turnstile = new Turnstile(2);
  const entered: string[] = [];
  const wait = (network: string, name: string) => turnstile.wait(network, () => entered.push(name));
  for (const name of ["a1", "a2", "a3", "a4"]) wait("a", name);
  wait("b", "b1");
  expect(entered).toEqual(["a1", "a2"]);
  turnstile.leave();
  turnstile.leave();
  expect(entered).toEqual(["a1", "a2", "a3", "b1"]);
  turnstile.leave();
  expect(entered.at(-1)).toBe("a4");
});
