// Rules that no conversation with the broker can show, and the argument for each. Some have a unit test as well, whose
// title cites the number.

import type { Argument } from "./coverage.ts";

export const unprovable: Readonly<Record<string, Argument>> = {
  "MQTT-3.3.2-10":
    "It asks something of the client alone. The broker's part, to stay within the client's maximum, is MQTT-3.3.2-11.",
};
