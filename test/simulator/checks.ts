// Compares what the broker has promised with what clients did and received. Everything here is judged at the end, when
// faults have stopped and everything owed has had time to arrive.

import type { QoS } from "../../src/core/message/message.ts";
import type { History, Life, Publication, Receipt, Subscription } from "./history.ts";

/** @returns one line for each broken promise */
export function checkMessages(history: History): string[] {
  const groups = sharedGroups(history);
  return [
    ...strange(history),
    ...history.lives.flatMap((life) => [
      ...missing(history, life),
      ...doubled(history, life),
      ...disordered(history, life),
    ]),
    ...groups.flatMap((group) => checkGroup(history, group)),
  ];
}

/** Finds messages that nobody has published here: nothing crosses from one namespace to another. */
function strange({ lives, publications, wills }: History): string[] {
  const ofWills = new Set(wills.map(({ payload }) => payload));
  return lives.flatMap((life) =>
    life.receipts
      .filter(({ payload }) => payload !== "" && !publications.has(payload) && !ofWills.has(payload))
      .map(({ payload, topicName }) => `${nameOf(life)} got ${payload} (${topicName}), which nobody published here`),
  );
}

/** Finds what a remaining session was promised and did not get: QoS 1 at least once, QoS 2 exactly once. */
function missing(history: History, life: Life): string[] {
  if (!isLasting(life)) return [];
  const got = new Set(life.receipts.map(({ payload }) => payload));
  return [...history.publications.values()]
    .filter((publication) => isPromised(publication) && !got.has(publication.payload))
    .filter((publication) => grantedQos(life.subscriptions.filter(isPlain), publication) > 0)
    .map((publication) => `${nameOf(life)} never got ${describe(publication)}, which was acknowledged`);
}

function doubled(history: History, life: Life): string[] {
  return payloadsOf(life.receipts, (receipt) => receipt.qos === 2).flatMap(([payload, count]) => {
    const publication = history.publications.get(payload);
    if (publication === undefined || publication.retain || publication.mayBeRefused) return [];
    if (isSharedBelowQos2(history, publication.topicName)) return [];
    const most = waysTo(life, publication.topicName);
    return count > most ? [`${nameOf(life)} got ${describe(publication)} ${count} times at QoS 2`] : [];
  });
}

/** What one member of a shared subscription got at a lower QoS may go to another a second time. */
function isSharedBelowQos2({ lives }: History, topicName: string): boolean {
  return lives.some(({ asked }) =>
    [...asked].some(([topicFilter, qos]) => {
      return !isPlain({ topicFilter }) && qos < 2 && matches(filterOf(topicFilter), topicName);
    }),
  );
}

/** Each shared subscription delivers on its own; all others do together. */
function waysTo({ asked }: Life, topicName: string): number {
  const plain = (filter: string) => isPlain({ topicFilter: filter });
  const matching = [...asked.keys()].filter((filter) => matches(plain(filter) ? filter : filterOf(filter), topicName));
  const shared = matching.filter((filter) => !plain(filter)).length;
  return Math.max(1, matching.some(plain) ? shared + 1 : shared);
}

/**
 * What one client publishes to one topic at one QoS comes in order, repeats aside [MQTT-4.6.0-5]. A client that
 * subscribes during repeats may have missed the first of them.
 */
function disordered(history: History, life: Life): string[] {
  const last = new Map<string, Publication>();
  const seen = new Set<string>();
  const wrong: string[] = [];
  for (const { payload, qos } of life.receipts) {
    const publication = history.publications.get(payload);
    // At QoS 0 a client that is away misses messages, which are not sent again.
    if (qos === 0 && publication?.qos !== 0) continue;
    if (publication === undefined || isShared(publication.topicName) || seen.has(payload)) continue;
    if (publication.mayExpire || publication.mayBeRefused) continue;
    seen.add(payload);
    if (!isCovered(life, publication, qos)) continue;
    const stream = `${publication.publisher} ${publication.topicName} ${publication.qos} ${qos}`;
    const before = last.get(stream);
    if (before !== undefined && before.number > publication.number) {
      wrong.push(`${nameOf(life)} got ${describe(publication)} after ${before.payload}`);
    }
    last.set(stream, publication);
  }
  return wrong;
}

/** From its first PUBLISH to its acknowledgement, one subscription was there that has it delivered at this QoS. */
function isCovered({ subscriptions }: Life, { topicName, sentAt, answeredAt }: Publication, qos: QoS): boolean {
  return subscriptions.some(({ topicFilter, qos: granted, from, to }) => {
    const isThroughout = from < sentAt && (answeredAt < to || to === Infinity);
    return isThroughout && granted >= qos && matches(topicFilter, topicName);
  });
}

/** All that have asked for a shared subscription, each with what it was granted of it, in order. */
type Group = {
  readonly topicFilter: string;
  readonly members: readonly { life: Life; subscriptions: readonly Subscription[] }[];
};

function sharedGroups({ lives }: History): Group[] {
  const all = lives.flatMap((life) => life.subscriptions).filter((subscription) => !isPlain(subscription));
  return [...new Set(all.map(({ topicFilter }) => topicFilter))].map((topicFilter) => {
    const members = lives.map((life) => {
      const subscriptions = life.subscriptions.filter((subscription) => subscription.topicFilter === topicFilter);
      return { life, subscriptions };
    });
    // A client that never received SUBACK may be a member too.
    return { topicFilter, members: members.filter(({ life }) => life.asked.has(topicFilter)) };
  });
}

/** A group whose members all stay: one of them gets each message. */
function checkGroup(history: History, { topicFilter, members }: Group): string[] {
  const stays = ({ to, isRenewed }: Subscription) => to === Number.POSITIVE_INFINITY || isRenewed;
  const isStable = members.every(({ life, subscriptions }) => isLasting(life) && subscriptions.every(stays));
  if (!isStable) return [];
  const since = Math.max(...members.map(({ subscriptions }) => subscriptions[0]?.from ?? Number.POSITIVE_INFINITY));
  // A member may hold it at a QoS that it has requested, without having received SUBACK.
  const lowestQos = Math.min(...members.map(({ life }) => life.asked.get(topicFilter) ?? 0));
  const filter = filterOf(topicFilter);
  const receipts = payloadsOf(
    members.flatMap(({ life }) => life.receipts),
    () => true,
  );
  const counts = new Map(receipts);
  return [...history.publications.values()]
    .filter((each) => isPromised(each) && each.sentAt > since && matches(filter, each.topicName))
    .filter((each) => each.qos <= lowestQos)
    .flatMap((each) => {
      const count = counts.get(each.payload) ?? 0;
      if (count === 0) return [`${topicFilter} never got ${describe(each)}, which was acknowledged`];
      return each.qos === 2 && count > 1 && !each.mayBeRefused
        ? [`${topicFilter} got ${describe(each)} ${count} times`]
        : [];
    });
}

/** The Wills of lost connections are published, those of clients that have left are not [MQTT-3.1.2-8]. */
export function checkWills(history: History): string[] {
  return history.wills.flatMap((will) => {
    const { payload, fate, isSet, qos, retain } = will;
    return history.lives.flatMap((life) => {
      const count = life.receipts.filter((receipt) => receipt.payload === payload).length;
      if (fate === "must not" && count > 0) return [`${nameOf(life)} got ${payload}, which had been discarded`];
      if (!isLasting(life) || will.mayBeRefused) return [];
      // When it was published nobody but the broker knows.
      const lasting = life.subscriptions.filter(
        (subscription) => isPlain(subscription) && subscription.to === Infinity,
      );
      const granted = grantedQos(lasting, { ...will, answeredAt: will.sentAt });
      if (fate === "must" && isSet && count === 0 && granted > 0) return [`${nameOf(life)} never got ${payload}`];
      return qos === 2 && granted === 2 && !retain && count > 1
        ? [`${nameOf(life)} got ${payload} ${count} times`]
        : [];
    });
  });
}

/**
 * For each topic and publisher, the retained message is the last one acknowledged, or a later one.
 * @param retained what a new subscriber gets: payload by topic name
 */
export function checkRetained(history: History, retained: ReadonlyMap<string, string>): string[] {
  const topicNames = new Set<string>();
  for (const { retain, topicName } of history.publications.values()) if (retain) topicNames.add(topicName);
  return [...topicNames].flatMap((topicName) => {
    const all = [...history.publications.values()].filter((each) => each.retain && each.topicName === topicName);
    const last = all.findLastIndex(({ state, qos }) => state === "acknowledged" && qos > 0);
    const possible = all.slice(Math.max(0, last)).map(({ isEmpty, payload }) => (isEmpty ? undefined : payload));
    if (last === -1) possible.push(undefined);
    const found = retained.get(topicName);
    if (possible.includes(found)) return [];
    return [
      `${topicName} retains ${found ?? "nothing"}, and not ${possible.map((each) => each ?? "nothing").join(" or ")}`,
    ];
  });
}

/** A filter against a topic name. Section 4.7, written a second time on purpose. */
export function matches(topicFilter: string, topicName: string): boolean {
  const levels = topicName.split("/");
  const wanted = topicFilter.split("/");
  const hash = wanted.indexOf("#");
  if (hash === -1 ? wanted.length !== levels.length : levels.length < hash) return false;
  const fixed = hash === -1 ? wanted : wanted.slice(0, hash);
  return fixed.every((level, index) => level === "+" || level === levels[index]);
}

function isPromised({ state, qos, mayExpire, isEmpty, isBinding }: Publication): boolean {
  return state === "acknowledged" && qos > 0 && isBinding && !mayExpire && !isEmpty;
}

/** The QoS at which a life is promised a message; 0 for not at all. */
function grantedQos(
  subscriptions: readonly Subscription[],
  { topicName, qos, sentAt, answeredAt }: Pick<Publication, "topicName" | "qos" | "sentAt" | "answeredAt">,
): QoS {
  const granted = subscriptions
    .filter((each) => each.from < sentAt && answeredAt < each.to && matches(each.topicFilter, topicName))
    .map((each) => Math.min(each.qos, qos));
  return Math.max(0, ...granted) as QoS;
}

function payloadsOf(receipts: readonly Receipt[], isCounted: (receipt: Receipt) => boolean): [string, number][] {
  const counts = new Map<string, number>();
  for (const receipt of receipts) {
    if (isCounted(receipt)) counts.set(receipt.payload, (counts.get(receipt.payload) ?? 0) + 1);
  }
  return [...counts];
}

function isLasting(life: Life): boolean {
  return life.isDurable && life.endedAt === Number.POSITIVE_INFINITY;
}

/** The name and the filter in `$share/{name}/{filter}`. */
export function filterOf(sharedFilter: string): string {
  return sharedFilter.split("/").slice(2).join("/");
}

function isPlain({ topicFilter }: Pick<Subscription, "topicFilter">): boolean {
  return !topicFilter.startsWith("$share/");
}

/** Topics that only shared subscriptions are made for. */
function isShared(topicName: string): boolean {
  return topicName.startsWith("s/");
}

function nameOf({ clientId, number }: Life): string {
  return `${clientId} (life ${number})`;
}

function describe({ payload, topicName, qos }: Publication): string {
  return `${payload} (${topicName}, QoS ${qos})`;
}
