import { describe, expect, it } from "vitest";
import { OpenBatch } from "../../../src/objects/topic/open-batch.ts";

const noMatch = 0x10;

describe("a batch that is open", () => {
  it("is answered when all of its deliveries are settled, and not before", async () => {
    const batch = new OpenBatch(2);
    let answers: number[] | undefined;
    void batch.whenComplete.then((all) => {
      answers = all;
    });
    batch.expect();
    batch.expect();
    batch.done();
    batch.done();
    await Promise.resolve();
    expect(answers).toBeUndefined();
    batch.done();
    await batch.whenComplete;
    expect(answers).toEqual([0, 0]);
  });

  it("is answered at once if nobody is waited for", async () => {
    const batch = new OpenBatch(1);
    batch.done();
    expect(await batch.whenComplete).toEqual([0]);
  });

  it("has an answer for each request of its own", () => {
    const batch = new OpenBatch(3);
    batch.answers.fill(noMatch);
    batch.onTaken(0);
    batch.onRefused(2);
    expect(batch.answers).toEqual([0, noMatch, 0x97]);
  });

  it("answers that somebody could not take it, before and after others did", () => {
    const batch = new OpenBatch(2);
    batch.answers.fill(noMatch);
    batch.onTaken(0);
    batch.onRefused(0);
    batch.onRefused(1);
    batch.onTaken(1);
    expect(batch.answers).toEqual([0x97, 0x97]);
  });

  it("answers that it could not be kept for somebody, whatever others did", () => {
    const batch = new OpenBatch(2);
    batch.onFailed(0);
    batch.onRefused(0);
    batch.onRefused(1);
    batch.onFailed(1);
    batch.onTaken(1);
    expect(batch.answers).toEqual([0x80, 0x80]);
  });

  it("leaves another answer than that nobody matches as it is", () => {
    const batch = new OpenBatch(1);
    batch.answers[0] = 0x80;
    batch.onTaken(0);
    expect(batch.answers).toEqual([0x80]);
  });
});
