// The Worker with a count of every event, call, row, alarm and timer around it, which GET /counts returns. Runs in
// workerd in front of the bundle, in the same isolate, so that one table serves all objects.

import { env as settings } from "cloudflare:workers";
import { setWorldTimeout } from "./clock.js";
import { atWork, countStorage, countsOf, during, increase, meterOf, namespaceOf, readCounts } from "./meter.js";
import * as broker from "./worker.js";

/**
 * How long a call takes to reach its object. On one machine it would take no time, and whatever waits for it would look
 * too good.
 */
const callMs = Number(settings.COUNTING_CALL_MS ?? 0);

const meterKey = Symbol("meter");

function counted(Broker, binding) {
  const Counted = class extends Broker {
    // biome-ignore lint/correctness/noUnreachableSuper: it is called, as the first thing
    constructor(context, env) {
      const meter = meterOf(binding, context.id.name);
      meter.counts.starts += 1;
      countStorage(context.storage, meter);
      atWork.run(meter, () => super(context, environmentOf(env, binding)));
      this[meterKey] = meter;
    }
  };
  for (const method of ["alarm", "webSocketMessage", "webSocketClose", "webSocketError"]) watch(Counted, method);
  return Counted;
}

/** Counts the calls of a method as events of its object. */
function watch({ prototype }, method) {
  const act = prototype[method];
  if (act === undefined || Object.hasOwn(prototype, method)) return;
  prototype[method] = function (...parameters) {
    const meter = this[meterKey];
    increase(meter.counts.events, method);
    return atWork.run(meter, () => during(meter, () => act.apply(this, parameters)));
  };
}

export const SessionObject = counted(broker.SessionObject, "SESSION");
export const TopicObject = counted(broker.TopicObject, "TOPIC");
export const DirectoryObject = counted(broker.DirectoryObject, "DIRECTORY");

const classes = { SESSION: SessionObject, TOPIC: TopicObject, DIRECTORY: DirectoryObject };

const environments = new Map();

/** One environment per caller, because the broker keeps its settings by environment. */
function environmentOf(env, caller) {
  const known = environments.get(caller);
  if (known !== undefined) return known;
  const wrapped = Object.fromEntries(
    Object.entries(env).map(([binding, value]) => {
      if (typeof value?.getByName !== "function") return [binding, value];
      const getByName = (name, ...options) => countedStub(value.getByName(name, ...options), caller, binding, name);
      return [binding, { getByName }];
    }),
  );
  environments.set(caller, wrapped);
  return wrapped;
}

function countedStub(stub, caller, binding, name) {
  const { calls } = countsOf(namespaceOf(name));
  return new Proxy(stub, {
    get(target, method) {
      if (typeof target[method] !== "function") return target[method];
      return (...parameters) => {
        increase(calls, `${caller} to ${binding}.${method}`);
        watch(classes[binding], method);
        const call = () => target[method](...parameters);
        const late = callMs === 0 ? call : () => later(call);
        const meter = atWork.getStore();
        return meter === undefined ? late() : during(meter, late);
      };
    },
  });
}

/** Calls keep their order, because timers of one length do. */
function later(call) {
  return new Promise((resolve) => setWorldTimeout(resolve, callMs)).then(call);
}

export default {
  async fetch(request, env, context) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/counts") return Response.json(readCounts(searchParams.get("namespace") ?? "default"));
    countsOf(/^\/ns\/([^/]+)/.exec(pathname)?.[1] ?? "default").workerRequests += 1;
    return broker.default.fetch(request, environmentOf(env, "WORKER"), context);
  },
};
