import type { ReasonCode } from "./packet/reason-code.ts";

/**
 * The peer broke the protocol: the connection ends with this reason code (MQTT 5.0 section 4.13). A mistake of
 * our own is an `Error` of another kind, and restarts the object.
 */
export class ProtocolError extends Error {
  readonly reasonCode: ReasonCode;

  /** @param message one plain line for the client's Reason String */
  constructor(reasonCode: ReasonCode, message: string) {
    super(message);
    this.name = "ProtocolError";
    this.reasonCode = reasonCode;
  }
}
