// What a session counts: plain numbers in memory that grow with every packet. The directory is told when the connection
// ends, and earlier only if somebody asks. Packets that the Worker answers for a relayed client, PINGREQ and PINGRESP,
// do not come by.

/** How often each has happened. */
export type Counts = {
  /** CONNECT packets that were accepted. */
  connects: number;
  packetsReceived: number;
  packetsSent: number;
  /** PUBLISH packets. */
  messagesReceived: number;
  messagesSent: number;
  /** Messages that went nowhere: refused, expired, not allowed any more, or at QoS 0 to a client that was away. */
  messagesDropped: number;
  /** Bytes of the payloads of PUBLISH packets. */
  bytesReceived: number;
  bytesSent: number;
  /** Bytes of whole MQTT packets, of every type. */
  packetBytesReceived: number;
  packetBytesSent: number;
};

/** What was counted over one connection, up to now. Reporting it twice changes nothing. */
export type Account = {
  /** Names the connection among all of its session. */
  readonly connection: string;
  readonly counts: Readonly<Counts>;
};

export const noCounts: Readonly<Counts> = {
  connects: 0,
  packetsReceived: 0,
  packetsSent: 0,
  messagesReceived: 0,
  messagesSent: 0,
  messagesDropped: 0,
  bytesReceived: 0,
  bytesSent: 0,
  packetBytesReceived: 0,
  packetBytesSent: 0,
};

export const countNames = Object.keys(noCounts) as (keyof Counts)[];

export function sumOf(one: Readonly<Counts>, other: Readonly<Counts>): Counts {
  return mapCounts((name) => countIn(one, name) + countIn(other, name));
}

export function scaled(counts: Readonly<Counts>, factor: number): Counts {
  return mapCounts((name) => countIn(counts, name) * factor);
}

/** @param perUnit into how many parts a whole is divided */
export function rounded(counts: Readonly<Counts>, perUnit: number): Counts {
  return mapCounts((name) => Math.round(countIn(counts, name) * perUnit) / perUnit);
}

/** Counts that an earlier version has made, or stored, may lack some names. */
function countIn(counts: Readonly<Partial<Counts>>, name: keyof Counts): number {
  return counts[name] ?? 0;
}

/** What has been added since; nothing if `later` is in fact the earlier one. */
export function increaseOf(later: Readonly<Counts>, earlier: Readonly<Counts>): Counts {
  return mapCounts((name) => Math.max(0, countIn(later, name) - countIn(earlier, name)));
}

export function isZero(counts: Readonly<Counts>): boolean {
  return countNames.every((name) => countIn(counts, name) === 0);
}

function mapCounts(numberOf: (name: keyof Counts) => number): Counts {
  return Object.fromEntries(countNames.map((name) => [name, numberOf(name)])) as Counts;
}

export class Counters {
  /** Since the object started, or awoke. */
  readonly counts: Counts = { ...noCounts };
  /** What `counts` were when the last account was closed. */
  private closed: Readonly<Counts> = noCounts;
  /** Empty while there is none. */
  private connection = "";

  /** What happened since the last connection, as messages dropped meanwhile, counts as this one's. */
  open(connection: string): void {
    this.connection = connection;
  }

  /** What the connection has counted up to now. */
  get account(): Account {
    return { connection: this.connection, counts: increaseOf(this.counts, this.closed) };
  }

  /** The connection is over. @returns `undefined` if there was none, as after a crash */
  close(): Account | undefined {
    if (this.connection === "") return undefined;
    const { account } = this;
    this.closed = { ...this.counts };
    this.connection = "";
    return account;
  }

  /** After a hibernation. */
  restore({ connection, counts }: Account): void {
    this.connection = connection;
    Object.assign(this.counts, counts);
    this.closed = noCounts;
  }
}
