// Closing a WebSocket with a code and a reason that may be sent. RFC 6455 section 7.4.

import { utf8Bytes } from "../core/bytes.ts";
import { CloseCode } from "../core/session/effect.ts";

/** The most that a Close frame holds. A character takes three bytes at most. */
const maximumReasonBytes = 123;
/** The code that a WebSocket reports for a connection that ended without a Close frame. */
export const lostCode = 1006;
/** Codes that a WebSocket reports for a close without a code or a lost connection. Programs may not send them. */
const unsendableCodes = [1004, 1005, lostCode];

export function closeWebSocket(webSocket: WebSocket, code: number, reason: string): void {
  // A failed WebSocket keeps its connection when it is closed. In CLOSING it may wait for the answer to a Close frame.
  if (webSocket.readyState === WebSocket.CLOSED) return;
  const isSendable = code >= 1000 && code <= 1013 && !unsendableCodes.includes(code);
  const shortReason = utf8Bytes(reason) <= maximumReasonBytes ? reason : reason.slice(0, maximumReasonBytes / 3);
  webSocket.close(isSendable ? code : CloseCode.Normal, shortReason);
}
