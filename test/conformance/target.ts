// Whom the conversations are held with: our own broker, started on free ports, or any other by URL, which `npm run
// conformance -- URL…` hands over in the environment. Conversations ask for nothing but MQTT; those that need a broker
// with certain settings, or a WebSocket, are skipped if that is missing, and their titles say what they need.

import { afterAll, describe } from "vitest";
import { useBroker } from "../support/broker.ts";
import { endConversations } from "../support/conversation.ts";

/** What a conversation needs to know of the broker. */
export type Target = {
  /** Where conversations are held: `tcp://…`, or `ws://…` where only that was given. */
  readonly url: string;
  /** For the rules on WebSocket frames: every address at which this client may connect. Empty if none was given. */
  webSocketUrls(clientId: string): readonly string[];
};

const { BROKER_TCP, BROKER_WS } = process.env;

/** Whether the broker was given by URL: its settings are its own. */
export const isGiven = BROKER_TCP !== undefined || BROKER_WS !== undefined;

/** One broker for all conversations of a file. */
export function useTarget(): Target {
  if (!isGiven) return ours({});
  afterAll(endConversations);
  const webSocketUrls = BROKER_WS === undefined ? [] : [BROKER_WS];
  return { url: BROKER_TCP ?? BROKER_WS ?? "", webSocketUrls: () => webSocketUrls };
}

/** Conversations with a broker of ours that has these settings; with another they cannot be held. */
export function withSettings(variables: Record<string, string>, conversations: (target: Target) => void): void {
  const names = Object.entries(variables).map(([name, value]) => (value.length > 20 ? name : `${name}=${value}`));
  describe.skipIf(isGiven)(`with ${names.join(", ")}`, () => conversations(ours(variables)));
}

/** `describe` for what only WebSocket has. */
export const describeWebSocket = describe.skipIf(isGiven && BROKER_WS === undefined);

function ours(variables: Record<string, string>): Target {
  const broker = useBroker({ variables });
  return {
    get url() {
      return broker.tcp;
    },
    webSocketUrls: (clientId) => [broker.ws, broker.wsNative(clientId)],
  };
}
