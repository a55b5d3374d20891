// Which devices are there, as they tell in devices/NAME/status: "online", and "offline" by their Will.

import { signal } from "@preact/signals";
import type { Message } from "../live/topic-tree.ts";

export const presenceFilter = "devices/+/status";
const maximumDevices = 5_000;

export type Presence = "online" | "offline" | "unknown";

export class PresenceBoard {
  private readonly byName = signal<ReadonlyMap<string, Presence>>(new Map());

  take({ topic, payload }: Message): void {
    const name = /^devices\/([^/]*)\/status$/.exec(topic)?.[1];
    if (name === undefined) return;
    const presence = presenceOf(new TextDecoder().decode(payload.subarray(0, 20)));
    const before = this.byName.peek();
    if (before.get(name) === presence || (before.size >= maximumDevices && !before.has(name))) return;
    this.byName.value = new Map(before).set(name, presence);
  }

  of(deviceName: string): Presence {
    return this.byName.value.get(deviceName) ?? "unknown";
  }
}

function presenceOf(text: string): Presence {
  const word = text.trim().toLowerCase();
  return word === "online" || word === "offline" ? word : "unknown";
}
