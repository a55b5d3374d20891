// How the objects are named and found: one place, so that namespaces and placement cannot be forgotten.

import { type ObjectPlace, watched } from "./unusable.ts";

/** The settings that say where objects are. */
export type Placement = {
  readonly topicEpoch: string;
  readonly jurisdiction: DurableObjectJurisdiction | undefined;
  readonly locationHint: DurableObjectLocationHint | undefined;
};

/** "namespace/clientId"; a namespace holds no slash, a client identifier may. */
export function sessionStub(env: Env, placement: Placement, namespace: string, clientId: string) {
  return stubOf(env.SESSION, placement, `${namespace}/${clientId}`, {
    object: "session",
    namespace,
    clientId,
  });
}

/** "namespace/epoch/shard" */
export function topicStub(env: Env, placement: Placement, namespace: string, shard: number) {
  return stubOf(env.TOPIC, placement, `${namespace}/${placement.topicEpoch}/${shard}`, {
    object: "topic",
    namespace,
    shard,
  });
}

export function directoryStub(env: Env, placement: Placement, namespace: string) {
  return stubOf(env.DIRECTORY, placement, namespace, { object: "directory", namespace });
}

export function accessStub(env: Env, placement: Placement, namespace: string) {
  return stubOf(env.ACCESS, placement, namespace, { object: "access", namespace });
}

/** The namespace and the rest of an object's name. */
export function splitName(name: string | undefined): { readonly namespace: string; readonly rest: string } {
  const slash = name?.indexOf("/") ?? -1;
  if (name === undefined || slash === -1) throw new Error("the object was not found by its name");
  return { namespace: name.slice(0, slash), rest: name.slice(slash + 1) };
}

function stubOf<T extends Rpc.DurableObjectBranded>(
  binding: DurableObjectNamespace<T>,
  { jurisdiction, locationHint }: Placement,
  name: string,
  place: ObjectPlace,
): DurableObjectStub<T> {
  const namespace = jurisdiction === undefined ? binding : binding.jurisdiction(jurisdiction);
  return watched(namespace.getByName(name, locationHint === undefined ? {} : { locationHint }), place);
}
