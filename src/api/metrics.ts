// GET /metrics, for Prometheus: at its usual address, and under the API's as well. It is text, so it is not in the
// API's document.

import { prometheusTextOf } from "../metrics/prometheus.ts";
import { directoryStub } from "../platform/stubs.ts";
import { brokerVersion } from "../platform/version.ts";
import { requires } from "./authorization.ts";
import type { Api } from "./context.ts";

export function addMetrics(api: Api): void {
  api.get("/metrics", requires("stats:read"), async (context) => {
    const { env, settings, namespace } = context.env;
    const stats = await directoryStub(env, settings, namespace).stats();
    const text = prometheusTextOf(stats, brokerVersion);
    return context.body(text, 200, { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" });
  });
}
