// Why Mosquitto behaves differently from a conversation's title. mosquitto.json lists these conversations.

import type { Difference } from "./render.ts";

/** MQTT 5.0 section 4.13: the broker should send the reason, but need not. */
const closesSilently: Difference[] = [
  {
    titles:
      /^a refusal of (bytes that are left over|Receive Maximum 0|a wildcard in the Will Topic|an empty Will Topic)|^CONNECT that is not as section 3\.1 says/,
    whose: "open",
    why: "It closes the connection without a CONNACK that says why.",
  },
  {
    titles:
      /which only a server has or nobody|^from the client PUB\w+ for a PUB|^AUTH with |^a second CONNECT of version 5|^a client with Keep Alive 1 of version 5/,
    whose: "open",
    why: "It closes the connection without a DISCONNECT that says why.",
  },
  {
    titles:
      /^DISCONNECT from the server gives its reason|^a client that is connected already of version 5 is told 0x8E/,
    whose: "theirs",
    why: "It closes a connection that is taken over, but no DISCONNECT with 0x8E arrives there.",
  },
  {
    titles: /^reserved flags of DISCONNECT/,
    whose: "theirs",
    why: "It closes the connection without the DISCONNECT that this rule asks for.",
  },
];

const notStrict: Difference[] = [
  {
    titles: /^reserved flags of PUB|^PINGREQ with a reserved flag/,
    whose: "theirs",
    why: "It does not look at the reserved flags of acknowledgements and of PINGREQ.",
  },
  {
    titles: /^bytes after the end of a packet|^Remaining Length that is longer|^PINGREQ with a body/,
    whose: "theirs",
    why: "It does not see that bytes are left over at the end of PINGREQ and of acknowledgements.",
  },
  {
    titles: /^Remaining Length (in more bytes than it needs|of a CONNECT in five bytes)/,
    whose: "theirs",
    why: "It takes a Remaining Length in more bytes than it needs.",
  },
  {
    titles: /^packet types that only a server sends/,
    whose: "theirs",
    why: "It takes SUBACK, UNSUBACK and PINGRESP from a client, as if it were a bridge.",
  },
  {
    titles: /Response Topic that is no topic name/,
    whose: "theirs",
    why: "It forwards a Response Topic without looking at it: empty, or with wildcards.",
  },
  {
    titles: /Will that is not the UTF-8 it says has|payload that is not the UTF-8 it says to be/,
    whose: "open",
    why: "It does not check a payload against its Payload Format Indicator, which a server may.",
  },
  {
    titles: /^out of range Payload Format Indicator/,
    whose: "theirs",
    why: "It forwards any value of the Payload Format Indicator, which has two.",
  },
  {
    titles: /^out of range Subscription Identifier 0|^Subscription Options with|^no topic filter in/,
    whose: "theirs",
    why: "It says 0x81. The standard calls it a Protocol Error, 0x82.",
  },
  {
    titles: /Subscription Identifier is for a server to send/,
    whose: "theirs",
    why: "It takes a PUBLISH with a Subscription Identifier.",
  },
  {
    titles: /Authentication Data without Authentication Method/,
    whose: "theirs",
    why: "It takes Authentication Data without an Authentication Method.",
  },
  { titles: /DUP at QoS 0 are refused/, whose: "theirs", why: "It takes a QoS 0 message with DUP." },
  {
    titles: /^the filter of a shared subscription/,
    whose: "theirs",
    why: "It takes a filter that begins with $share/ and has no share name, or no filter, as an ordinary one.",
  },
  {
    titles: /^No Local on a shared subscription/,
    whose: "theirs",
    why: "It takes No Local on a shared subscription.",
  },
  {
    titles: /^in version 3 |in a User Name is malformed in version 3/,
    whose: "open",
    why: "MQTT 3.1 has no such rule: it takes SUBSCRIBE without a filter, and a user name that is cut short as none.",
  },
  {
    titles: /^over WebSocket a text frame ends the connection after CONNECT/,
    whose: "theirs",
    why: "It takes no notice of a text frame.",
  },
];

const delivery: Difference[] = [
  {
    titles: /^the client's Maximum Packet Size at QoS/,
    whose: "theirs",
    why: "It drops a message that is too large, but counts it as in flight for good: with Receive Maximum 1 nothing comes after that.",
  },
  {
    titles: /^the client's Maximum Packet Size is what a PUBLISH/,
    whose: "theirs",
    why: "It sends a PUBLISH that is one byte over the client's Maximum Packet Size.",
  },
  {
    titles: /^the client's Maximum Packet Size holds for the answer/,
    whose: "theirs",
    why: "It looks at the client's Maximum Packet Size for PUBLISH, not for SUBACK and UNSUBACK.",
  },
  {
    titles: /^a message with an expiry interval of 0/,
    whose: "theirs",
    why: "A retained message with a Message Expiry Interval of 0 goes to later subscribers, as if it had none.",
  },
  {
    titles: /^a message that has expired does not go to a client whose Receive Maximum/,
    whose: "theirs",
    why: "The expired message is not sent, but the one that waits behind it does not come either.",
  },
  {
    titles: /^overlapping subscriptions of version/,
    whose: "theirs",
    why: "A 3.x client gets one copy, and at QoS 0, though one of the subscriptions was granted QoS 1.",
  },
  {
    titles: /^at QoS 2 from the client a repeat with/,
    whose: "theirs",
    why: "It closes the connection of a client that repeats a QoS 2 PUBLISH within one connection.",
  },
  {
    titles: /^at QoS 2 (from the client a repeated PUBREL|to the client a PUBREC for nothing)/,
    whose: "open",
    why: "It does not say 0x92 for a packet identifier that it does not know.",
  },
  {
    titles: /^the broker's Receive Maximum may be used up/,
    whose: "theirs",
    why: "It answers one message too many with PUBREC 0x97; the standard has DISCONNECT 0x93 for it.",
  },
  {
    titles: /^a client's Receive Maximum is that of its connection/,
    whose: "theirs",
    why: "After a reconnect everything in flight is sent again at once, though the new Receive Maximum is smaller.",
  },
  {
    titles: /^a shared subscription gets no retained messages/,
    whose: "theirs",
    why: "It sends retained messages to a shared subscription.",
  },
  {
    titles: /^SUBSCRIBE replaces the options/,
    whose: "theirs",
    why: "A SUBSCRIBE to the same filter without No Local leaves No Local as it was.",
  },
  {
    titles: /^SUBACK (stays within|of 3\.1\.1 has)/,
    whose: "open",
    why: "It ends the connection for a filter with more levels than it takes. Ours refuses the filter.",
  },
];

const wills: Difference[] = [
  {
    titles: /^DISCONNECT from the client with reason code \d+ is accepted/,
    whose: "theirs",
    why: "It publishes no Will after a DISCONNECT with a reason code of 0x80 or above.",
  },
  {
    titles: /^the Will Delay Interval (is cut short at once|does not count)/,
    whose: "theirs",
    why: "It waits for the whole Will Delay Interval, though the session has ended with its connection.",
  },
  {
    titles: /^the Will Delay Interval is cut short by a/,
    whose: "theirs",
    why: "It does not publish the Will when a Clean Start ends the session before the delay has passed.",
  },
  {
    titles: /^the Will is published when a version \d client breaks/,
    whose: "theirs",
    why: "It publishes no Will when the connection ends because of a second CONNECT.",
  },
];

export const mosquittoDifferences: readonly Difference[] = [...closesSilently, ...notStrict, ...delivery, ...wills];
