// What a page of devices shows of 5,000: found by name in any script, in order, and counted.

import { describe, expect, it } from "vitest";
import { type Device, DeviceIndex, type DevicePresence, type DeviceQuery } from "../../../src/core/access/devices.ts";

const device = (id: string, fields: Partial<Device> = {}): Device => ({
  id,
  username: id,
  name: "",
  kind: "token",
  isEnabled: true,
  expiresAtMs: 0,
  createdAtMs: 0,
  ...fields,
});

function indexOf(devices: readonly Device[]): DeviceIndex {
  const index = new DeviceIndex();
  for (const each of devices) index.put(each);
  return index;
}

function pageOf(index: DeviceIndex, query: Partial<DeviceQuery> = {}, seen: Record<string, DevicePresence> = {}) {
  const usual = {
    search: "",
    sort: "name",
    isDescending: false,
    isConnected: undefined,
    offset: 0,
    limit: 50,
  } as const;
  const presences = new Map(Object.entries(seen).map(([id, presence]) => [`credential/${id}`, presence]));
  const { items, total } = index.page({ ...usual, ...query }, presences, () => undefined);
  return { ids: items.map(({ id }) => id), total, items };
}

describe("a search for devices", () => {
  const index = indexOf([
    device("1", { username: "kitchen" }),
    device("2", { username: "cocina-1", name: "Cocina número 1" }),
    device("3", { username: "d3", name: "주방" }),
    device("4", { username: "d4", name: "ΟΔΟΣ" }),
    device("5", { username: "d5", name: "Straße" }),
    device("6", { username: "d6", name: "がまぐち" }),
  ]);
  it.each([
    ["KITCH", ["1"]],
    ["cocina", ["2"]],
    ["NUMERO", ["2"]],
    ["número", ["2"]],
    ["주방", ["3"]],
    ["주", ["3"]],
    ["οδος", ["4"]],
    ["STRASSE", ["5"]],
    ["ｋｉｔｃｈｅｎ", ["1"]],
    ["が", ["6"]],
    ["か", []],
    ["nobody", []],
    ["", ["2", "1", "5", "4", "3", "6"]],
  ])("for %s finds %j", (search, ids) => {
    const found = pageOf(index, { search });
    expect(new Set(found.ids)).toEqual(new Set(ids));
    expect(found.total).toBe(ids.length);
  });
});

describe("a list of devices", () => {
  it("is in the order of names, as people count, or of usernames without one", () => {
    const index = indexOf([device("b10"), device("b9"), device("x", { name: "Attic" }), device("C1")]);
    expect(pageOf(index).ids).toEqual(["x", "b9", "b10", "C1"]);
    expect(pageOf(index, { isDescending: true }).ids).toEqual(["C1", "b10", "b9", "x"]);
  });

  it("is in the order in which they were last seen or made; what is equal is in the order of names", () => {
    const index = indexOf([device("a"), device("b", { createdAtMs: 5 }), device("c"), device("d", { createdAtMs: 9 })]);
    const seen = {
      b: { connected: 1, lastSeenMs: 100 },
      a: { connected: 2, lastSeenMs: 100 },
      d: { connected: 0, lastSeenMs: 50 },
    };
    expect(pageOf(index, { sort: "lastSeen", isDescending: true }, seen).ids).toEqual(["a", "b", "d", "c"]);
    expect(pageOf(index, { sort: "lastSeen" }, seen).ids).toEqual(["c", "d", "a", "b"]);
    expect(pageOf(index, { sort: "created", isDescending: true }).ids).toEqual(["d", "b", "a", "c"]);
    expect(pageOf(index, { isConnected: true }, seen)).toMatchObject({ ids: ["a", "b"], total: 2 });
    expect(pageOf(index, { isConnected: false }, seen)).toMatchObject({ ids: ["c", "d"], total: 2 });
    expect(pageOf(index, {}, seen).items).toMatchObject([seen.a, seen.b, { connected: 0, lastSeenMs: 0 }, seen.d]);
  });

  it("has pages that together are 5,000, and says how many there are", () => {
    const ids = Array.from({ length: 5_000 }, (_, index) => `sensor-${index}`);
    const index = indexOf([...ids].reverse().map((id) => device(id)));
    const shown: string[] = [];
    for (let offset = 0; offset < 5_000; offset += 1_000) {
      const page = pageOf(index, { offset, limit: 1_000 });
      expect(page.total).toBe(5_000);
      shown.push(...page.ids);
    }
    expect(shown).toEqual(ids);
    expect(pageOf(index, { offset: 4_990 }).ids).toHaveLength(10);
    expect(pageOf(index, { search: "sensor-49", limit: 1 })).toMatchObject({ ids: ["sensor-49"], total: 111 });
  });

  it("leaves out the credentials that dashboards make for themselves, and those that are deleted", () => {
    const index = indexOf([
      device("a"),
      device("b", { username: "dashboard-x", name: "Dashboard" }),
      device("c", { username: "dashboard-in-the-hall" }),
      device("d"),
    ]);
    index.delete("d");
    expect(pageOf(index)).toMatchObject({ ids: ["a", "c"], total: 2 });
    expect([index.has("b"), index.has("d")]).toEqual([true, false]);
  });
});
