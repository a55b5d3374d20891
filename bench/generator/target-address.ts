// Where a target listens, and how a client gets there.

import { type Address, Connection } from "./connection.ts";

export type TargetAddress = Address & {
  /** With `{clientId}` where the client identifier goes. */
  readonly path: string;
  /** Not of the floor: there everything that one sends goes to others as it is. */
  readonly speaksMqtt: boolean;
  /** The broker's processes. */
  readonly pids: readonly number[];
};

export type ClientOptions = {
  readonly clientId: string;
  readonly isClean?: boolean;
  readonly keepAliveSec?: number;
  /** What the floor has to know. */
  readonly query?: string;
};

/** Resolves after CONNACK. @throws {Error} when it does not come */
export async function openClient(target: TargetAddress, options: ClientOptions): Promise<Connection> {
  const { clientId, isClean = true, keepAliveSec = 0, query = "" } = options;
  const path = target.path.replace("{clientId}", clientId);
  const connection = await Connection.open(target, target.speaksMqtt ? path : `${path}?${query}`);
  if (target.speaksMqtt) await connection.connect(clientId, isClean, keepAliveSec);
  return connection;
}

export function ofEach<T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => make(index)));
}
