// The address of a target, and how a client connects to it.

import { type Address, Connection } from "./connection.ts";

export type TargetAddress = Address & {
  /** `{clientId}` stands for the client identifier. */
  readonly path: string;
  /** Not true for the floor, which sends everything on unchanged. */
  readonly speaksMqtt: boolean;
  /** The broker's processes. */
  readonly pids: readonly number[];
};

export type ClientOptions = {
  readonly clientId: string;
  readonly isClean?: boolean;
  readonly keepAliveSec?: number;
  /** What the floor needs to know. */
  readonly query?: string;
};

/** Resolves after CONNACK. @throws {Error} if it does not come */
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
