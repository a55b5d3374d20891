import type { ReasonCode } from "./packet/reason-code.ts";

/**
 * The peer broke the protocol: the connection ends with this reason code (MQTT 5.0 section 4.13). A bug is an `Error` of
 * another kind, and restarts the object.
 */
export class ProtocolError extends Error {
  readonly reasonCode: ReasonCode;
  readonly serverReference: string | undefined;

  /**
   * @param message one plain line for the client's Reason String
   * @param serverReference with 0x9C and 0x9D: where the client should go instead
   */
  constructor(reasonCode: ReasonCode, message: string, serverReference?: string) {
    super(message);
    this.name = "ProtocolError";
    this.reasonCode = reasonCode;
    this.serverReference = serverReference;
  }
}
