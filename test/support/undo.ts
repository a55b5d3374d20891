// Ends what a test has begun, even if it fails: after each test, the last first.

const undoings: (() => unknown)[] = [];

export const undoAfterTest = (undo: () => unknown) => undoings.push(undo);

export async function undoAll(): Promise<void> {
  for (const undo of undoings.splice(0).reverse()) await undo();
}
