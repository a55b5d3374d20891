// The bindings of wrangler.toml, typed in one place. Variables are read through settings.ts.

import type { AccessObject } from "./objects/access-object.ts";
import type { DirectoryObject } from "./objects/directory-object.ts";
import type { SessionObject } from "./objects/session-object.ts";
import type { TopicObject } from "./objects/topic-object.ts";

declare global {
  interface Env {
    readonly SESSION: DurableObjectNamespace<SessionObject>;
    readonly TOPIC: DurableObjectNamespace<TopicObject>;
    readonly DIRECTORY: DurableObjectNamespace<DirectoryObject>;
    readonly ACCESS: DurableObjectNamespace<AccessObject>;
    /** The dashboard's files; absent if none is served. */
    readonly ASSETS?: Fetcher;
    /** Absent if all clients have one address, as on this machine. */
    readonly CONNECT_RATE_LIMIT?: RateLimit;
  }
}
