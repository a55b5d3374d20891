// Messages of a shared subscription in a session, for the tests of where they go.

import { expect } from "vitest";
import type { Delivery, Message } from "../../../../src/core/message/message.ts";
import { delivery, type RequestOf, SessionHarness } from "../../../support/session-harness.ts";

export const sharedFilter = "$share/g/a";
export const shared = (payload: string, fields: Partial<Message> & Partial<Delivery> = {}) =>
  delivery(payload, { sharedFilter, ...fields });
export const window = (receiveMaximum: number) => ({ properties: { sessionExpiryInterval: 3600, receiveMaximum } });
export const volatile = { properties: { sessionExpiryInterval: 0 } };

/** The requests that stand open, without answering them. */
export function redistributions(h: SessionHarness): RequestOf<"redistribute">[] {
  return h.requests.map(({ request }) => request).filter((request) => request.type === "redistribute");
}

export const payloads = (h: SessionHarness) =>
  redistributions(h).map(({ message }) => new TextDecoder().decode(message.payload));

/** A durable session whose client, with a window of two, had `1` and `2`, and not yet `3`, when it was cut off. */
export function cutOff(): SessionHarness {
  const h = new SessionHarness();
  const client = h.subscribed(window(2));
  h.deliver(shared("1"), shared("2"), shared("3"));
  expect(client.heard()).toHaveLength(2);
  client.drop();
  return h;
}
