import { describe, expect, it } from "vitest";
import { SharedRoom } from "../../../src/core/shares/shared-room.ts";

/** Takes one at a time until it is refused. */
function fill(room: SharedRoom, holder: string): number {
  let count = 0;
  for (; room.shortageOf(holder, 1) === undefined; count += 1) room.add(holder, 1);
  return count;
}

describe("a shared limit", () => {
  it("leaves room for the next holder, however many have taken all that they may [sharePercent]", () => {
    const room = new SharedRoom(100_000, 75);
    const taken = ["credential/a", "credential/b", "credential/c", "jwt/i/s"].map((holder) => fill(room, holder));
    expect(taken).toEqual([75_000, 18_750, 4_688, 1_172]);
    expect(fill(room, "api")).toBeGreaterThan(0);
  });

  it("is one holder's for all anonymous clients together, and each of them has its share of that", () => {
    const room = new SharedRoom(1_000, 75);
    expect(fill(room, "anonymous/a")).toBe(563);
    expect(fill(room, "anonymous/b")).toBe(141);
    for (let index = 0; index < 100; index += 1) fill(room, `anonymous/${index}`);
    expect(room.held).toBe(750);
    expect(room.shortageOf("anonymous/new", 1)).toBe("share");
    expect(fill(room, "credential/a")).toBe(188);
  });

  it("is all for one where the share is 100 %, and then says that the limit is reached", () => {
    const room = new SharedRoom(3, 100);
    expect(fill(room, "anonymous/a")).toBe(3);
    expect(room.shortageOf("anonymous/a", 1)).toBe("limit");
  });

  it("refuses nobody who takes no more than before, whatever others hold", () => {
    const room = new SharedRoom(10, 50);
    fill(room, "a");
    room.add("", 5);
    expect([room.shortageOf("a", 0), room.shortageOf("a", -1), room.shortageOf("a", 1)]).toEqual([
      undefined,
      undefined,
      "limit",
    ]);
    // What takes the place of another's grows nothing but its own.
    expect(room.shortageOf("b", 1, 1)).toBeUndefined();
  });

  it("counts what nobody is known to hold towards the limit only", () => {
    const room = new SharedRoom(10, 50);
    expect(fill(room, "")).toBe(10);
  });

  it("gives back what is given back", () => {
    const room = new SharedRoom(10, 50);
    expect(fill(room, "a")).toBe(5);
    room.add("a", -5);
    expect([room.held, room.heldBy("a"), room.largest(1)]).toEqual([0, 0, []]);
    expect(fill(room, "a")).toBe(5);
  });
});
