// Checks a CONNECT before its session is touched, and without asking another object. On /mqtt the Worker reads the CONNECT
// itself, so a client that is refused here leaves no trace. The session checks the same again. MQTT 5.0 section 3.1.4.

import type { ClientFacts } from "../../access/login-attempt.ts";
import type { ConnectPacket } from "../../packet/packet.ts";
import type { SessionSettings } from "../context.ts";
import { checkAnonymous } from "./admission.ts";
import { checkConnect, expectConnackFits } from "./connecting.ts";

/**
 * @param settings the settings of the session that the client would get
 * @throws {ProtocolError} with the reason code of CONNACK
 */
export function checkBeforeSession(connect: ConnectPacket, facts: ClientFacts, settings: SessionSettings): void {
  checkConnect(connect, settings);
  // With an authentication method, the rest depends on what the exchange of AUTH packets proves.
  if (connect.authenticationMethod !== undefined) return;
  expectConnackFits(connect, undefined, settings);
  checkAnonymous(connect, facts, settings);
}
