// A change of what an identity may do reaches every session, whatever fails meanwhile.

import { describe, expect, it, vi } from "vitest";
import { fullAccess, noAccess } from "../../src/core/access/access-rules.ts";
import type { Revision } from "../../src/core/access/revision.ts";
import { RecentLogins } from "../../src/objects/recent-logins.ts";
import { Revisions, revisionMigration } from "../../src/objects/revisions.ts";
import { Schema } from "../../src/objects/schema.ts";
import { NodeSqlStorage } from "../support/node-sql-storage.ts";

function scene(clientIds: string[] = [], recent: string[] = []) {
  const sql = new NodeSqlStorage();
  const told: string[] = [];
  const state = { rules: fullAccess as Revision["rules"], isBroken: false, onTell: () => {} };
  const open = () =>
    new Revisions(new Schema(sql.storage, [{ revision: revisionMigration }]), {
      revisionOf: (_, mustLogInAgain) => ({ rules: state.rules, mustLogInAgain }),
      clientsOf: async (_, after, most) => clientIds.filter((clientId) => clientId > after).slice(0, most),
      recentClientsOf: () => recent,
      tell: async (clientId, identity, { rules, mustLogInAgain }) => {
        state.onTell();
        if (state.isBroken) throw new Error("out of reach");
        const what = rules === null ? "nobody" : rules === noAccess ? "nothing" : "everything";
        told.push(`${identity} ${clientId} ${what}${mustLogInAgain ? " again" : ""}`);
      },
    });
  return { told, state, open, revisions: open() };
}

describe("a revision", () => {
  it("is told to all sessions of its identity, also of those that nobody lists yet", async () => {
    const clientIds = Array.from({ length: 250 }, (_, index) => `c${String(index).padStart(3, "0")}`);
    const { told, revisions } = scene(clientIds, ["new"]);
    revisions.put("credential/1", false);
    expect(await revisions.tellAll()).toBe(true);
    expect(new Set(told)).toEqual(
      new Set([...clientIds, "new"].map((clientId) => `credential/1 ${clientId} everything`)),
    );
    told.length = 0;
    expect(await revisions.tellAll()).toBe(true);
    expect(told).toEqual([]);
  });

  it("is told again where a session could not be reached, also after a restart", async () => {
    const { told, state, open, revisions } = scene(["a"]);
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    state.isBroken = true;
    revisions.put("credential/1", true);
    expect(await revisions.tellAll()).toBe(false);
    state.isBroken = false;
    expect(await open().tellAll()).toBe(true);
    expect(told).toEqual(["credential/1 a everything again"]);
    logged.mockRestore();
  });

  it("that is overtaken by another is told as that, once more", async () => {
    const { told, state, revisions } = scene(["a"]);
    revisions.put("credential/1", false);
    state.onTell = () => {
      state.rules = null;
    };
    expect(await revisions.tellAll()).toBe(false);
    expect(await revisions.tellAll()).toBe(true);
    expect(told.at(-1)).toBe("credential/1 a nobody");
  });
});

describe("recent logins", () => {
  it("are known for a minute, and only so many", () => {
    const recent = new RecentLogins();
    recent.note("credential/1", "a", 0);
    recent.note("credential/2", "b", 30_000);
    expect(recent.clientsOf("credential/1", 59_999)).toEqual(["a"]);
    expect(recent.clientsOf("credential/1", 60_000)).toEqual([]);
    expect(recent.clientsOf("credential/2", 40_000, 5_000)).toEqual([]);
    for (let index = 0; index < 20_000; index += 1) recent.note("credential/3", `c${index}`, 60_000);
    expect(recent.clientsOf("credential/3", 60_000)).toHaveLength(10_000);
  });
});
