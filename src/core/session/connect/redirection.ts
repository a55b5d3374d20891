// A broker that sends its clients to another one. MQTT 5.0 section 4.11.

import { ReasonCode } from "../../packet/reason-code.ts";
import { ProtocolError } from "../../protocol-error.ts";

export type Redirection = {
  /** Where to: references with a space between them. */
  readonly serverReference: string;
  /** Whether the client should remember it. */
  readonly isPermanent: boolean;
};

/** @throws {ProtocolError} 0x9C or 0x9D for every CONNECT, whatever it says */
export function checkRedirection(redirection: Redirection | undefined): void {
  if (redirection === undefined) return;
  const { serverReference, isPermanent } = redirection;
  throw isPermanent
    ? new ProtocolError(ReasonCode.ServerMoved, "the server has moved", serverReference)
    : new ProtocolError(ReasonCode.UseAnotherServer, "use another server", serverReference);
}
