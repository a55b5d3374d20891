// Rules that no conversation with the broker can show, and what stands for them instead: unit tests, whose titles
// carry the number as well, or an argument alone.

import type { Argument } from "./coverage.ts";

export const unprovable: Readonly<Record<string, Argument>> = {};
