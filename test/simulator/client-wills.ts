// The Wills of a client's connections, and what should become of each, as far as the client can know.

import type { Profile, WillWish } from "./client-packets.ts";
import type { WillRecord } from "./history.ts";
import type { World } from "./world.ts";

export class ClientWills {
  readonly #world: World;
  readonly #profile: Profile;
  #count = 0;
  /** The Will of the last connection, which is cancelled if the session is resumed in time. */
  #delayed: WillRecord | undefined;

  constructor(world: World, profile: Profile) {
    this.#world = world;
    this.#profile = profile;
  }

  make({ qos, delaySec, retain }: WillWish): WillRecord {
    this.#count += 1;
    const { namespace, clientId, version } = this.#profile;
    const will: WillRecord = {
      payload: `will of ${namespace}/${clientId} ${this.#count}`,
      clientId,
      topicName: `w/${clientId}`,
      qos,
      delaySec: version === 5 ? delaySec : 0,
      retain,
      sentAt: this.#world.historyOf(this.#profile.namespace).moment,
      mayBeRefused: this.#world.mayRefuse,
      isSet: false,
      fate: "may",
    };
    this.#world.historyOf(this.#profile.namespace).wills.push(will);
    return will;
  }

  /** Its connection is gone without a DISCONNECT 0x00: published, unless the client is back within the delay. */
  onLost(will: WillRecord): void {
    const isDelayed = will.delaySec > 0 && this.#profile.expirySec > 0;
    will.fate = isDelayed ? "may" : "must";
    if (isDelayed) this.#delayed = will;
  }

  onConnect(isClean: boolean): void {
    if (isClean) this.onSessionOver();
    this.#delayed = undefined;
  }

  /** Nobody comes back to it: the delay ends. */
  onSessionOver(): void {
    if (this.#delayed !== undefined) this.#delayed.fate = "must";
    this.#delayed = undefined;
  }
}
