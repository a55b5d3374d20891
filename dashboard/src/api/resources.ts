// The parts of the API's answers that the dashboard uses. /api/v1/openapi.json has the rest. These types are written by
// hand: a field that changes in src/api has to be changed here too.

export type Client = {
  readonly clientId: string;
  readonly connected: boolean;
  readonly protocolVersion: 3 | 4 | 5;
  readonly identity: string;
  /** The username and name of its credential; null if it has none. */
  readonly username: string | null;
  readonly name: string | null;
  readonly address: string | null;
  readonly queuedMessages: number;
  readonly since: string;
};

export type Subscription = {
  readonly topicFilter: string;
  readonly qos: 0 | 1 | 2;
  readonly noLocal: boolean;
  readonly shared: boolean;
};

export type Counters = {
  readonly packetsReceived: number;
  readonly packetsSent: number;
  readonly messagesReceived: number;
  readonly messagesSent: number;
  readonly messagesDropped: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
};

export type Session = {
  readonly clientId: string;
  readonly identity: string;
  readonly username: string;
  readonly connected: boolean;
  readonly connection: {
    readonly protocolVersion: 3 | 4 | 5;
    readonly since: string;
    readonly keepAliveSec: number;
    readonly address: "native" | "relayed";
    readonly clientAddress: string | null;
  } | null;
  readonly disconnectedSince: string | null;
  readonly expirySec: number;
  readonly expiresAt: string | null;
  readonly queue: { readonly messages: number; readonly bytes: number };
  readonly inFlightMessages: number;
  readonly incomingMessages: number;
  readonly counters: Counters;
  readonly subscriptions: readonly Subscription[];
};

export type Stats = {
  readonly since: string;
  readonly clients: { readonly connected: number; readonly sleeping: number; readonly connects: number };
  readonly counters: Counters;
  /** Messages per second. */
  readonly rates?: Readonly<Record<keyof Counters, number>>;
  readonly subscriptions: number;
  readonly retained: { readonly messages: number; readonly bytes: number };
  /** Missing in the answer of an older version. */
  readonly sharedLimits?: readonly SharedLimit[];
};

/** The parts of a retained message that the dashboard uses. */
export type Retained = {
  /** Missing in the answer of an older version. */
  readonly retainedAt?: string | null;
};

/** A limit that all clients share. */
export type SharedLimit = {
  /** The variable that sets it. */
  readonly setting: string;
  readonly used: number;
  readonly maximum: number;
  /** The holders with the largest amounts, largest first; null for what an older version has stored. */
  readonly largest: readonly { readonly holder: string | null; readonly amount: number }[];
};

export type Credential = {
  readonly id: string;
  /** The holder that its clients' messages count for. */
  readonly identity: string;
  readonly username: string;
  readonly name: string;
  readonly kind: "token" | "password" | "certificate" | "scram";
  readonly enabled: boolean;
  readonly expiresAt: string | null;
  readonly createdAt: string;
};

export type RefusalReason =
  | "wrong-secret"
  | "disabled"
  | "expired"
  | "client-identifier"
  | "session-of-another"
  | "maximum-clients"
  | "too-many-logins";

/** A credential, with what the broker knows about its clients. */
export type Device = Credential & {
  /** How many clients are connected. */
  readonly connected: number;
  readonly lastSeen: string | null;
  readonly lastRefused: { readonly at: string; readonly reason: RefusalReason } | null;
};

export type DevicePage = { readonly items: readonly Device[]; readonly total: number };

/** `token` is shown only this once. */
export type MadeCredential = Credential & { readonly token: string };
