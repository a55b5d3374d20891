// What devices say about themselves in devices/NAME/status: "online", and "offline" by their Will. It may be wrong,
// because a retained "online" outlives its device. The broker knows who is connected.

import { signal } from "@preact/signals";
import type { Message } from "../live/topic-tree.ts";

export const presenceFilter = "devices/+/status";
const maximumDevices = 20_000;

export type Presence = "online" | "offline" | "unknown";

export class PresenceBoard {
  private readonly byName = new Map<string, Presence>();
  /** Counts the changes. A copy of the map for each change would be slow when thousands come at once. */
  private readonly changes = signal(0);

  take({ topic, payload }: Message): void {
    const name = /^devices\/([^/]*)\/status$/.exec(topic)?.[1];
    if (name === undefined) return;
    const presence = presenceOf(new TextDecoder().decode(payload.subarray(0, 20)));
    const { byName } = this;
    if (byName.get(name) === presence || (byName.size >= maximumDevices && !byName.has(name))) return;
    byName.set(name, presence);
    this.changes.value += 1;
  }

  of(deviceName: string): Presence {
    return this.changes.value === 0 ? "unknown" : (this.byName.get(deviceName) ?? "unknown");
  }
}

function presenceOf(text: string): Presence {
  const word = text.trim().toLowerCase();
  return word === "online" || word === "offline" ? word : "unknown";
}
