// How often a client may ask for something, over all of its connections: nothing holds back what it sends, and it would pile
// up before its object and the topics'. MQTT leaves it to the broker, and has a reason code for it.

import { ReasonCode } from "../../packet/reason-code.ts";
import { ProtocolError } from "../../protocol-error.ts";
import { TokenBucket } from "../../token-bucket.ts";

/** A client that was away may send what it has gathered at once: as much as in this many seconds. */
const burstSec = 5;

/** In memory only: a hibernation forgets it, and comes after a quiet time. */
export class ClientRate {
  private readonly bucket: TokenBucket;
  private readonly description: string;

  /** @param perSec 0 for no limit */
  constructor(perSec: number, what: string) {
    this.bucket = new TokenBucket(perSec * burstSec, burstSec);
    this.description = `more than ${perSec} ${what} a second`;
  }

  /** @throws {ProtocolError} 0x96 for one too many, which ends the connection */
  check(nowMs: number, count = 1): void {
    if (!this.bucket.take(nowMs, count)) throw new ProtocolError(ReasonCode.MessageRateTooHigh, this.description);
  }
}
