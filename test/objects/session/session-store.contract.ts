// What every session store has to do: the real one, and the one in memory that the session's tests use.

import { describe, expect, it } from "vitest";
import { fullAccess } from "../../../src/core/access/access-rules.ts";
import type { Grant } from "../../../src/core/access/grant.ts";
import type { Delivery } from "../../../src/core/message/message.ts";
import type { SessionRecord, SessionStore, StoredWill } from "../../../src/core/session/session-store.ts";

/** A store, and what an object that starts again finds. */
export type OpenedStore = { store: SessionStore & { deleteAll(): Promise<void> }; reopen: () => SessionStore };

const grant: Grant = { identity: "credential/7", username: "ä", rules: fullAccess, endsAtMs: 1_900_000_000_000 };

const record: SessionRecord = {
  generation: "generation1",
  expirySec: 0xffff_ffff,
  layout: "1/4",
  client: { state: "away", sinceMs: 1_800_000_000_123 },
  sentThrough: 70_000,
  admission: { grant, shownSha256: "c2hhMjU2", learnedAtMs: 1_800_000_000_100 },
};

const will: StoredWill = {
  id: "w1",
  will: {
    topicName: "state/ä",
    payload: Uint8Array.of(0, 1, 255),
    qos: 2,
    retain: true,
    delaySec: 0xffff_ffff,
    messageExpirySec: 60,
    properties: Uint8Array.of(1, 1),
  },
  grant,
  stage: "held",
};

const subscription = {
  topicFilter: "$share/g/a/+",
  qos: 2,
  noLocal: true,
  retainAsPublished: true,
  subscriptionIdentifier: 268_435_455,
} as const;

export const delivery: Delivery = {
  message: {
    id: "0kexample-generation1-1",
    topicName: "a/b",
    qos: 2,
    retain: true,
    expiresAtMs: 1_800_000_000_000,
    properties: Uint8Array.of(1, 1),
    payload: Uint8Array.of(0, 255),
  },
  qos: 1,
  retain: false,
  subscriptionIdentifiers: [1, 2],
  sharedFilter: "$share/g/a/+",
};

export function sessionStoreContract(name: string, open: () => OpenedStore): void {
  /** Runs `put`, and has `check` look at the store itself and at the reopened one. */
  function writes(put: (store: SessionStore) => void, check: (store: SessionStore) => void): void {
    const { store, reopen } = open();
    put(store);
    check(store);
    check(reopen());
  }

  describe(`${name} session store`, () => {
    it("is empty at first", () => {
      const { store } = open();
      expect(store.readRecord()).toBeUndefined();
      expect(store.readSnapshot()).toBeUndefined();
      expect(store.readOutgoing(1)).toBeUndefined();
      expect([store.wills(), store.subscriptions(), store.outgoing(), store.incoming()]).toEqual([[], [], [], []]);
    });

    it("keeps one record, the last", () => {
      const connected: SessionRecord = { ...record, generation: "old", client: { state: "connected" } };
      for (const [first, last] of [
        [connected, record],
        [record, connected],
      ] as const) {
        const put = (store: SessionStore) => {
          store.putRecord(first);
          store.putRecord(last);
        };
        writes(put, (store) => expect(store.readRecord()).toEqual(last));
      }
    });

    it("keeps a Will at every stage, and replaces it by its id", () => {
      const due: StoredWill = { ...will, stage: "due", dueAtMs: 1_800_000_000_000, messageId: "0kexample" };
      const delayed: StoredWill = { ...due, id: "w3", stage: "delayed" };
      const plain = { ...will, id: "w2", will: { ...will.will, qos: 0, retain: false, messageExpirySec: undefined } };
      const put = (store: SessionStore) => {
        for (const each of [will, plain as StoredWill, delayed, due]) store.putWill(each);
      };
      writes(put, (store) => expect(byId(store.wills())).toEqual([due, plain, delayed]));
    });

    it("forgets a Will", () => {
      const put = (store: SessionStore) => {
        store.putWill(will);
        store.putWill({ ...will, id: "w2" });
        store.deleteWill("w1");
      };
      writes(put, (store) => expect(store.wills()).toEqual([{ ...will, id: "w2" }]));
    });

    it("keeps subscriptions by their filter", () => {
      const other = { ...subscription, topicFilter: "a", qos: 0, noLocal: false, retainAsPublished: false } as const;
      const put = (store: SessionStore) => {
        for (const topicFilter of [subscription.topicFilter, "gone"]) {
          store.putSubscription({ ...subscription, topicFilter, qos: 1 });
        }
        store.putSubscription({ ...other, subscriptionIdentifier: 0 });
        store.putSubscription(subscription);
        store.deleteSubscription("gone");
        store.deleteSubscription("never there");
      };
      writes(put, (store) => {
        expect(store.subscriptions()).toHaveLength(2);
        expect(store.subscriptions()).toContainEqual(subscription);
        expect(store.subscriptions()).toContainEqual({ ...other, subscriptionIdentifier: 0 });
      });
    });

    it("keeps outgoing messages in the order of their sequence, whatever the order of writing", () => {
      const indexes = [9, 70_000, 10].map(
        (sequence) =>
          ({ sequence, qos: 1, isReleased: false, bytes: 70, expiresAtMs: 0, isShared: sequence === 9 }) as const,
      );
      const put = (store: SessionStore) => {
        for (const index of indexes) store.putOutgoing([{ index, delivery }]);
        store.deleteOutgoing(10);
      };
      writes(put, (store) => {
        expect(store.outgoing()).toEqual([indexes[0], indexes[1]]);
        expect(store.readOutgoing(70_000)).toEqual(delivery);
        expect(store.readOutgoing(10)).toBeUndefined();
      });
    });

    it("keeps messages that come together, of both kinds, and what is left of them once the rest is deleted", () => {
      const messages = [5, 6, 7, 9, 10, 11].map((sequence) => {
        const qos = sequence === 7 ? 2 : 1;
        const expiresAtMs = sequence === 6 ? 1_800_000_000_000 : 0;
        const index = { sequence, qos, isReleased: false, bytes: 70, expiresAtMs, isShared: sequence === 9 } as const;
        const message = { ...delivery.message, topicName: `t/${sequence}` };
        return { index, delivery: { ...delivery, message } };
      });
      const put = (store: SessionStore) => {
        store.putOutgoing(messages);
        for (const sequence of [5, 10, 11]) store.deleteOutgoing(sequence);
        store.settleOutgoing();
        expect(store.isUnsettled).toBe(false);
      };
      const left = messages.filter(({ index: { sequence } }) => [6, 7, 9].includes(sequence));
      writes(put, (store) => {
        expect(store.outgoing()).toEqual(left.map(({ index }) => index));
        expect([6, 7, 9].map((sequence) => store.readOutgoing(sequence))).toEqual(left.map((one) => one.delivery));
        expect(store.readOutgoing(5)).toBeUndefined();
      });
    });

    it("drops the content of an outgoing message that is released, or was when it was written", () => {
      const index = { sequence: 1, qos: 2, isReleased: false, bytes: 70, expiresAtMs: 0, isShared: false } as const;
      const put = (store: SessionStore) => {
        store.putOutgoing([{ index, delivery }]);
        store.releaseOutgoing(1);
        store.releaseOutgoing(3);
        store.putOutgoing([{ index: { ...index, sequence: 2, isReleased: true }, delivery: undefined }]);
      };
      writes(put, (store) => {
        const released = { ...index, isReleased: true };
        expect(store.outgoing()).toEqual([released, { ...released, sequence: 2 }]);
        expect([store.readOutgoing(1), store.readOutgoing(2)]).toEqual([undefined, undefined]);
      });
    });

    it("keeps only an outgoing message's own fields, however much more the caller has", () => {
      const index = {
        sequence: 1,
        qos: 1,
        isReleased: false,
        bytes: 70,
        expiresAtMs: 1_800_000_000_000,
        isShared: false,
      } as const;
      const more = { ...index, isInFlight: true } as typeof index;
      const put = (store: SessionStore) => store.putOutgoing([{ index: more, delivery }]);
      writes(put, (store) => expect(store.outgoing()).toEqual([index]));
    });

    it("keeps the packet identifiers of incoming messages, and whether they were received", () => {
      const put = (store: SessionStore) => {
        store.putIncoming({ packetId: 1, messageId: "old", isReceived: false });
        store.putIncoming(b);
        store.putIncoming({ packetId: 2, messageId: "c", isReceived: false });
        store.putIncoming(a);
        store.deleteIncoming(2);
      };
      const a = { packetId: 1, messageId: "a", isReceived: true };
      const b = { packetId: 65_535, messageId: "b", isReceived: false };
      writes(put, (store) => {
        expect(store.incoming().sort((one, other) => one.packetId - other.packetId)).toEqual([a, b]);
      });
    });

    it("recognises a message it remembers, and forgets those before an id", () => {
      const { store, reopen } = open();
      expect([store.remembersMessage("1-a"), store.rememberMessage("1-a")]).toEqual([false, true]);
      expect(store.rememberMessage("2-a")).toBe(true);
      expect([store.rememberMessage("1-a"), reopen().rememberMessage("2-a")]).toEqual([false, false]);
      expect([store.remembersMessage("1-a"), reopen().remembersMessage("3-a")]).toEqual([true, false]);
      store.forgetMessagesBefore("2");
      expect([store.rememberMessage("1-a"), store.rememberMessage("2-a")]).toEqual([true, false]);
    });

    it("keeps one snapshot, the last", () => {
      const put = (store: SessionStore) => {
        store.putSnapshot("{}");
        store.putSnapshot('{"ä":1}');
      };
      writes(put, (store) => expect(store.readSnapshot()).toBe('{"ä":1}'));
    });

    it("keeps a snapshot that is larger than a row may be, and nothing of it beside the next", () => {
      // Each has three bytes: parts may end within a character.
      const large = "\u20ac".repeat(1_100_000);
      writes(
        (store) => store.putSnapshot(large),
        (store) => expect(store.readSnapshot() === large).toBe(true),
      );
      const put = (store: SessionStore) => {
        store.putSnapshot(large);
        store.putSnapshot("{}");
      };
      writes(put, (store) => expect(store.readSnapshot()).toBe("{}"));
    });

    it("writes all that belongs together, or nothing of it", () => {
      const { store, reopen } = open();
      expect(store.atomically(() => store.rememberMessage("1-a"))).toBe(true);
      const broken = () => {
        fill(store);
        store.deleteIncoming(1);
        throw new Error("the disk is full");
      };
      expect(() => store.atomically(broken)).toThrow("the disk is full");
      for (const each of [store, reopen()]) {
        expect([each.readRecord(), each.readSnapshot()]).toEqual([undefined, undefined]);
        expect([each.wills(), each.subscriptions(), each.outgoing(), each.incoming()]).toEqual([[], [], [], []]);
      }
      expect([store.rememberMessage("1-a"), store.rememberMessage("2-a")]).toEqual([false, true]);
    });

    it("clears everything but the Wills", () => {
      writes(
        (store) => {
          fill(store);
          store.clear();
        },
        (store) => {
          expect([store.readRecord(), store.readSnapshot()]).toEqual([undefined, undefined]);
          expect([store.subscriptions(), store.outgoing(), store.incoming()]).toEqual([[], [], []]);
          expect(store.wills()).toEqual([will]);
          expect(store.rememberMessage("1-a")).toBe(true);
          store.clear();
        },
      );
    });

    it("deletes everything, and can be written to again", async () => {
      const { store, reopen } = open();
      fill(store);
      await store.deleteAll();
      expect([store.readRecord(), store.wills(), reopen().wills()]).toEqual([undefined, [], []]);
      store.putRecord(record);
      expect(reopen().readRecord()).toEqual(record);
    });
  });
}

/** Something of everything. */
function fill(store: SessionStore): void {
  store.putRecord(record);
  store.putWill(will);
  store.putSubscription(subscription);
  const index = { sequence: 1, qos: 1, isReleased: false, bytes: 70, expiresAtMs: 0, isShared: false } as const;
  store.putOutgoing([{ index, delivery }]);
  store.putIncoming({ packetId: 1, messageId: "a", isReceived: false });
  store.rememberMessage("1-a");
  store.rememberMessage("2-a");
  store.putSnapshot("{}");
}

function byId(wills: StoredWill[]): StoredWill[] {
  return wills.sort((one, other) => (one.id < other.id ? -1 : 1));
}
