// What a test has begun and has to end, whatever becomes of it: after each test, the last first.

const undoings: (() => unknown)[] = [];

export const undoAfterTest = (undo: () => unknown) => undoings.push(undo);

export async function undoAll(): Promise<void> {
  for (const undo of undoings.splice(0).reverse()) await undo();
}
