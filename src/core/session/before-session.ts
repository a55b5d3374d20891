// What can be said of a CONNECT before its session is touched, and without asking anybody: on /mqtt the Worker has it in its
// hands, and a client that is refused here leaves no trace. The session checks the same again. MQTT 5.0 section 3.1.4.

import type { ClientFacts } from "../access/login-attempt.ts";
import type { ConnectPacket } from "../packet/packet.ts";
import { checkAnonymous } from "./admission.ts";
import { checkConnect, expectConnackFits } from "./connecting.ts";
import type { SessionSettings } from "./context.ts";

/**
 * @param settings of the session that the client would get
 * @throws {ProtocolError} with the reason code of CONNACK
 */
export function checkBeforeSession(connect: ConnectPacket, facts: ClientFacts, settings: SessionSettings): void {
  checkConnect(connect, settings);
  // The rest depends on what an exchange of AUTH packets proves.
  if (connect.authenticationMethod !== undefined) return;
  expectConnackFits(connect, undefined, settings);
  checkAnonymous(connect, facts, settings);
}
