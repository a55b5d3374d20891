// How the objects are named and found: one place, so that namespaces and placement cannot be forgotten.

import type { AccessObject } from "../objects/access-object.ts";
import type { DirectoryObject } from "../objects/directory-object.ts";
import type { SessionObject } from "../objects/session-object.ts";
import type { TopicObject } from "../objects/topic-object.ts";
import type { Settings } from "../settings/settings.ts";
import { type ObjectPlace, watched } from "./unusable.ts";

/** "namespace/clientId"; a namespace holds no slash, a client identifier may. */
export function sessionStub(env: Env, settings: Settings, namespace: string, clientId: string) {
  return stubOf<SessionObject>(env.SESSION, settings, `${namespace}/${clientId}`, {
    object: "session",
    namespace,
    clientId,
  });
}

/** "namespace/epoch/shard" */
export function topicStub(env: Env, settings: Settings, namespace: string, shard: number) {
  return stubOf<TopicObject>(env.TOPIC, settings, `${namespace}/${settings.topicEpoch}/${shard}`, {
    object: "topic",
    namespace,
    shard,
  });
}

export function directoryStub(env: Env, settings: Settings, namespace: string) {
  return stubOf<DirectoryObject>(env.DIRECTORY, settings, namespace, { object: "directory", namespace });
}

export function accessStub(env: Env, settings: Settings, namespace: string) {
  return stubOf<AccessObject>(env.ACCESS, settings, namespace, { object: "access", namespace });
}

/** The namespace and the rest of an object's name. */
export function splitName(name: string | undefined): { readonly namespace: string; readonly rest: string } {
  const slash = name?.indexOf("/") ?? -1;
  if (name === undefined || slash === -1) throw new Error("the object was not found by its name");
  return { namespace: name.slice(0, slash), rest: name.slice(slash + 1) };
}

function stubOf<T extends Rpc.DurableObjectBranded>(
  binding: DurableObjectNamespace<T>,
  { jurisdiction, locationHint }: Settings,
  name: string,
  place: ObjectPlace,
): DurableObjectStub<T> {
  const namespace = jurisdiction === undefined ? binding : binding.jurisdiction(jurisdiction);
  return watched(namespace.getByName(name, locationHint === undefined ? {} : { locationHint }), place);
}
