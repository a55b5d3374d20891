// Why Mosquitto goes otherwise than a conversation's title says; which conversations those are is in mosquitto.json.

import type { Difference } from "./render.ts";

export const mosquittoDifferences: readonly Difference[] = [];
