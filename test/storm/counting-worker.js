// The Worker with its bindings wrapped: counts the calls from object to object, and tells at /calls. Runs in workerd, in
// front of the bundle, and in one isolate with it, so that one table serves all objects. Only as plain JavaScript, since
// nothing compiles it.

import * as broker from "./worker.js";

/** By "caller to binding.method". */
const calls = {};

function counted(stub, name) {
  return new Proxy(stub, {
    get(target, method) {
      if (typeof target[method] !== "function") return target[method];
      return (...parameters) => {
        const key = `${name}.${method}`;
        calls[key] = (calls[key] ?? 0) + 1;
        return target[method](...parameters);
      };
    },
  });
}

const environments = new Map();

/** One for each caller: settings are kept by environment. */
function environmentOf(env, caller) {
  const known = environments.get(caller);
  if (known !== undefined) return known;
  const wrapped = Object.fromEntries(
    Object.entries(env).map(([name, binding]) => {
      if (typeof binding?.getByName !== "function") return [name, binding];
      return [name, { getByName: (...ids) => counted(binding.getByName(...ids), `${caller} to ${name}`) }];
    }),
  );
  environments.set(caller, wrapped);
  return wrapped;
}

export default {
  fetch(request, env, context) {
    if (new URL(request.url).pathname === "/calls") return Response.json(calls);
    return broker.default.fetch(request, environmentOf(env, "WORKER"), context);
  },
};

export class SessionObject extends broker.SessionObject {
  constructor(context, env) {
    super(context, environmentOf(env, "SESSION"));
  }
}

export class TopicObject extends broker.TopicObject {
  constructor(context, env) {
    super(context, environmentOf(env, "TOPIC"));
  }
}

export { DirectoryObject } from "./worker.js";
