// When a message arrived and, if the broker may have kept it before, when it was published.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Retained } from "../api/resources.ts";
import { clockText, dateText } from "../parts/formats.ts";
import type { SignedIn } from "../sign-in.ts";
import { mayBeOlder } from "./retained-age.ts";
import type { Message } from "./topic-tree.ts";

/** The answer is kept for each message, because it does not change. `null` if the broker cannot say. */
const publishedAt = new WeakMap<Message, string | null>();

type MessageTimeProps = {
  readonly message: Message;
  readonly history: readonly Message[];
  readonly signedIn: SignedIn;
};

export function MessageTime({ message, history, signedIn: { api } }: MessageTimeProps) {
  const answers = useSignal(0);
  const isKept = mayBeOlder(message, history);
  const isLast = history.at(-1) === message;
  useEffect(() => {
    if (!isKept || !isLast || publishedAt.has(message)) return;
    // If another message has come since, the answer may be about that one.
    let isCurrent = true;
    publishedAt.set(message, null);
    api.call<Retained>("POST", "/retained/read", { topic: message.topic }).then(
      ({ retainedAt }) => {
        if (isCurrent) publishedAt.set(message, retainedAt ?? null);
        answers.value++;
      },
      () => {},
    );
    return () => {
      isCurrent = false;
    };
  }, [message, isKept && isLast]);
  const at = publishedAt.get(message) ?? undefined;
  answers.value;
  return (
    <span>
      {at !== undefined && (
        <>
          published <time dateTime={at}>{publishedText(at, message.atMs)}</time>,{" "}
        </>
      )}
      received <time dateTime={new Date(message.atMs).toISOString()}>{clockText(message.atMs)}</time>
      {isKept && at === undefined && ", may have been published earlier"}
    </span>
  );
}

/** Leaves out the day if it is the day of arrival. */
function publishedText(at: string, receivedAtMs: number): string {
  const isSameDay = new Date(at).toDateString() === new Date(receivedAtMs).toDateString();
  return isSameDay ? clockText(Date.parse(at)) : dateText(at);
}
