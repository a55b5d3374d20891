// Devices: the credentials of a namespace as the people who run them look for them: by name, in order, a page at a time. Each
// says whether it is connected, when it last was, and why it was last refused.

import { type Credential, identityOf } from "./credential.ts";
import { isOfDashboard } from "./dashboard-credential.ts";
import { foldedText } from "./folded-text.ts";
import type { Refusal } from "./login-refusal.ts";

export type Device = Pick<
  Credential,
  "id" | "username" | "name" | "kind" | "isEnabled" | "expiresAtMs" | "createdAtMs"
>;

/** What the directory knows about the clients of one identity. */
export type DevicePresence = {
  /** How many are connected. */
  readonly connected: number;
  /** When one was last connected, in milliseconds since 1970; now, if one is; 0 if that is not known. */
  readonly lastSeenMs: number;
};

/** By identity, as `Grant.identity`. Identities that were never connected may be left out. */
export type DevicePresences = ReadonlyMap<string, DevicePresence>;

/**
 * Every credential that has or had a client, with one column for each field, which is the most compact form. The
 * directory sends it to the access object.
 */
export type CredentialPresences = {
  readonly identities: readonly string[];
  /** How many clients are connected. */
  readonly connected: readonly number[];
  /** When one was last connected, in milliseconds since 1970; now, if one is. */
  readonly lastSeenMs: readonly number[];
};

/** Plain data, sent to the API. */
export type DeviceView = Device & DevicePresence & { readonly lastRefused: Refusal | null };

export type DeviceSort = "name" | "lastSeen" | "created";

export type DeviceQuery = {
  /** In the username or the name, in any case, with or without accents; empty for all. */
  readonly search: string;
  readonly sort: DeviceSort;
  readonly isDescending: boolean;
  /** Only devices with connected clients, or only devices without; `undefined` for both. */
  readonly isConnected: boolean | undefined;
  readonly offset: number;
  readonly limit: number;
};

export type DevicePage = {
  readonly items: readonly DeviceView[];
  /** How many the search has found, on all pages. */
  readonly total: number;
};

type Entry = {
  readonly device: Device;
  /** What people call it. */
  readonly label: string;
  readonly searched: string;
};

const never: DevicePresence = { connected: 0, lastSeenMs: 0 };

/** "sensor-2" comes before "sensor-10". */
const collator = new Intl.Collator("en", { numeric: true });

/** All credentials of a namespace, without their rules. */
export class DeviceIndex {
  private readonly entries = new Map<string, Entry>();
  /** Sorted by label; `undefined` until it is needed. */
  private ordered: readonly Entry[] | undefined;

  has(id: string): boolean {
    return this.entries.has(id);
  }

  put({ id, username, name, kind, isEnabled, expiresAtMs, createdAtMs }: Device): void {
    const device = { id, username, name, kind, isEnabled, expiresAtMs, createdAtMs };
    this.entries.set(id, { device, label: name || username, searched: foldedText(`${username}\n${name}`) });
    this.ordered = undefined;
  }

  delete(id: string): void {
    this.entries.delete(id);
    this.ordered = undefined;
  }

  get(id: string): Device | undefined {
    return this.entries.get(id)?.device;
  }

  /** The identities of all credentials that the search finds, including those that dashboards made for themselves. */
  identitiesOf(search: string): string[] {
    const wanted = foldedText(search);
    const found = [...this.entries.values()].filter(({ searched }) => searched.includes(wanted));
    return found.map(({ device }) => identityOf(device));
  }

  find(id: string, presences: DevicePresences, refusalOf: (id: string) => Refusal | undefined): DeviceView | undefined {
    const entry = this.entries.get(id);
    return entry && viewOf(entry.device, presences, refusalOf);
  }

  page(query: DeviceQuery, presences: DevicePresences, refusalOf: (id: string) => Refusal | undefined): DevicePage {
    const { sort, isDescending, offset, limit } = query;
    const found = this.matching(query, presences);
    if (sort === "lastSeen") sortBy(found, isDescending, ({ device }) => presenceOf(device, presences).lastSeenMs);
    if (sort === "created") sortBy(found, isDescending, ({ device }) => device.createdAtMs);
    if (sort === "name" && isDescending) found.reverse();
    const items = found.slice(offset, offset + limit).map(({ device }) => viewOf(device, presences, refusalOf));
    return { items, total: found.length };
  }

  /** In the order of their labels. */
  private matching({ search, isConnected }: DeviceQuery, presences: DevicePresences): Entry[] {
    const wanted = foldedText(search);
    return this.inOrder().filter(
      ({ device, searched }) =>
        searched.includes(wanted) &&
        (isConnected === undefined || presenceOf(device, presences).connected > 0 === isConnected),
    );
  }

  /** The dashboards' own are no devices. */
  private inOrder(): readonly Entry[] {
    this.ordered ??= [...this.entries.values()]
      .filter(({ device }) => !isOfDashboard(device))
      .sort((one, other) => collator.compare(one.label, other.label));
    return this.ordered;
  }
}

/** Stable: what is equal stays in the order of the labels. */
function sortBy(entries: Entry[], isDescending: boolean, keyOf: (entry: Entry) => number): void {
  const sign = isDescending ? -1 : 1;
  entries.sort((one, other) => sign * (keyOf(one) - keyOf(other)));
}

function presenceOf(device: Device, presences: DevicePresences): DevicePresence {
  return presences.get(identityOf(device)) ?? never;
}

function viewOf(
  device: Device,
  presences: DevicePresences,
  refusalOf: (id: string) => Refusal | undefined,
): DeviceView {
  return { ...device, ...presenceOf(device, presences), lastRefused: refusalOf(device.id) ?? null };
}
