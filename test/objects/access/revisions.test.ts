// A change of what an identity may do reaches every session, whatever fails meanwhile.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fullAccess } from "../../../src/core/access/access-rules.ts";
import type { Grant } from "../../../src/core/access/grant.ts";
import { RecentLogins, unlistedAtMostMs } from "../../../src/objects/access/recent-logins.ts";
import { Revisions, revisionMigration } from "../../../src/objects/access/revisions.ts";
import { Schema } from "../../../src/platform/schema.ts";
import { NodeSqlStorage } from "../../support/node-sql-storage.ts";

const identity = "credential/1";

const logged = vi.spyOn(console, "error");
beforeEach(() => {
  logged.mockReset();
  logged.mockImplementation(() => {});
});
afterEach(() => logged.mockReset());

function grant(username: string): Grant {
  return { identity, username, rules: fullAccess, endsAtMs: 0, secretId: "" };
}

/** Sessions, and the last notification of each. */
function scene(clientIds: string[] = [], recent: string[] = []) {
  const sql = new NodeSqlStorage();
  const told = new Map<string, string>();
  const state = {
    grant: grant("first") as Grant | null,
    unreachable: new Set<string>(),
    calls: 0,
    isListBroken: false,
    onTell: async (_clientId: string): Promise<void> => {},
  };
  const open = () =>
    new Revisions(new Schema(sql.storage, [{ revision: revisionMigration }]), {
      grantOf: () => state.grant,
      clientsOf: async (_, after, most) => {
        if (state.isListBroken) throw new Error("no list");
        return clientIds.filter((clientId) => clientId > after).slice(0, most);
      },
      recentClientsOf: () => recent,
      notify: async (clientId, _, grant) => {
        state.calls += 1;
        await state.onTell(clientId);
        if (state.unreachable.has(clientId)) throw new Error("out of reach");
        told.set(clientId, grant?.username ?? "nobody");
      },
    });
  return { sql, told, state, open, revisions: open() };
}

const many = Array.from({ length: 250 }, (_, index) => `c${String(index).padStart(3, "0")}`);

describe("a revision", () => {
  it("is sent to all sessions of its identity, even those that nobody lists yet", async () => {
    const { told, state, revisions } = scene(many, ["new"]);
    revisions.put(identity);
    expect(await revisions.notify(identity)).toBe(true);
    expect(told).toEqual(new Map([...many, "new"].map((clientId) => [clientId, "first"])));
    state.calls = 0;
    expect([await revisions.notify(identity), await revisions.notifyAll()]).toEqual([true, true]);
    expect(state.calls).toBe(0);
  });

  it("is told to at most 20 at a time", async () => {
    const { state, revisions } = scene(many);
    let [open, most] = [0, 0];
    state.onTell = async () => {
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
    };
    revisions.put(identity);
    await revisions.notify(identity);
    expect(most).toBe(20);
  });

  it("is sent to all others if one session cannot be reached, and later to that one alone", async () => {
    const { told, state, revisions } = scene(many);
    state.unreachable.add("c000");
    revisions.put(identity);
    expect(await revisions.notify(identity)).toBe(false);
    expect(told.size).toBe(249);
    expect(logged).toHaveBeenCalledOnce();
    state.unreachable.clear();
    state.calls = 0;
    expect(await revisions.notifyAll()).toBe(true);
    expect([state.calls, told.get("c000")]).toEqual([1, "first"]);
  });

  it("is sent to all again after a restart, or if it is unknown who has received it", async () => {
    const { told, state, open, revisions } = scene(["a", "b"], ["a"]);
    state.unreachable.add("b");
    revisions.put(identity);
    expect(await revisions.notify(identity)).toBe(false);
    state.unreachable.clear();
    const restarted = open();
    state.isListBroken = true;
    expect(await restarted.notifyAll()).toBe(false);
    state.isListBroken = false;
    expect(await restarted.notifyAll()).toBe(true);
    expect(told.get("b")).toBe("first");
  });

  it("that another overtakes has not the last word anywhere, however calls cross", async () => {
    const { told, state, revisions } = scene(["a", "b"]);
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let isFirst = true;
    // The first call comes late: what it says is from before the second change.
    state.onTell = async () => {
      if (!isFirst) return;
      isFirst = false;
      await held;
    };
    revisions.put(identity);
    const first = revisions.notify(identity);
    await new Promise((resolve) => setImmediate(resolve));
    state.grant = null;
    revisions.put(identity);
    const second = revisions.notify(identity);
    await new Promise((resolve) => setImmediate(resolve));
    letGo();
    expect([await first, await second]).toEqual([false, true]);
    expect(told).toEqual(
      new Map([
        ["a", "nobody"],
        ["b", "nobody"],
      ]),
    );
    expect(await revisions.notifyAll()).toBe(true);
  });

  it("that came during another is sent even if nobody but the alarm asks for it", async () => {
    const { told, state, revisions } = scene(["a"]);
    state.onTell = async () => {
      if (state.grant === null) return;
      state.grant = null;
      revisions.put(identity);
    };
    revisions.put(identity);
    expect(await revisions.notify(identity)).toBe(false);
    expect(await revisions.notifyAll()).toBe(true);
    expect(told.get("a")).toBe("nobody");
  });

  it("of one identity does not wait for those of another", async () => {
    const { state, revisions } = scene(["a"]);
    state.onTell = () => new Promise<void>(() => {});
    revisions.put("credential/stuck");
    void revisions.notify("credential/stuck");
    await new Promise((resolve) => setImmediate(resolve));
    state.onTell = async () => {};
    revisions.put(identity);
    expect(await revisions.notify(identity)).toBe(true);
  });
});

describe("a session that is listed nowhere when the change is made", () => {
  it("is told by a second round, once it is listed, and nobody else is told twice [B118]", async () => {
    const clientIds = ["old"];
    const { told, state, revisions } = scene(clientIds);
    const startMs = Date.now();
    const clock = vi.spyOn(Date, "now").mockReturnValue(startMs);
    revisions.put(identity);
    expect(await revisions.notify(identity)).toBe(true);
    expect(revisions.isOpen).toBe(true);
    clientIds.push("unlisted");
    clock.mockReturnValue(startMs + unlistedAtMostMs);
    expect([await revisions.notifyAll(), revisions.isOpen]).toEqual([true, false]);
    expect([told.size, state.calls]).toEqual([2, 2]);
    clock.mockRestore();
  });
});

describe("recent logins", () => {
  it("are known for as long as a session may be listed nowhere", () => {
    const recent = new RecentLogins();
    recent.note("credential/1", "a", 0);
    recent.note("credential/2", "b", 30_000);
    expect(recent.clientsOf("credential/1", unlistedAtMostMs - 1)).toEqual(["a"]);
    expect(recent.clientsOf("credential/1", unlistedAtMostMs)).toEqual([]);
    expect(recent.clientsOf("credential/2", 40_000, 5_000)).toEqual([]);
    expect([recent.has("credential/1", "a", 1), recent.has("credential/1", "b", 1)]).toEqual([true, false]);
  });

  it("have a maximum number, and one identity pushes out none of another's", () => {
    const recent = new RecentLogins();
    recent.note("credential/2", "b", 60_000);
    for (let index = 0; index < 20_000; index += 1) recent.note("credential/3", `c${index}`, 60_000);
    expect(recent.clientsOf("credential/3", 60_000)).toHaveLength(9_999);
    expect(recent.clientsOf("credential/2", 60_000)).toEqual(["b"]);
  });

  it("are the latest of each client, and not those that came to nothing", () => {
    const recent = new RecentLogins();
    recent.note("credential/1", "a", 0);
    recent.note("credential/1", "b", 1);
    recent.note("credential/1", "a", 100_000);
    recent.forget("credential/1", "b");
    recent.forget("credential/2", "b");
    recent.note("credential/2", "c", 150_000);
    expect(recent.clientsOf("credential/1", 150_000)).toEqual(["a"]);
  });
});
