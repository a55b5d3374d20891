// What a test has begun and has to end, whatever becomes of it: after each test, the last first.

import { afterEach } from "vitest";

const undoings: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of undoings.splice(0).reverse()) await undo();
});
export const undoAfterTest = (undo: () => unknown) => undoings.push(undo);
