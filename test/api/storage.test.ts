// Whoever only looks leaves nothing behind.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { adminToken, apiOf, operationsOf } from "../support/api.ts";
import { startBroker } from "../support/broker.ts";
import { objectsIn } from "../support/stored-objects.ts";

const folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A body for operations that take one. */
const bodies: Readonly<Record<string, object>> = {
  "/publish": { topic: "a", payload: "x", qos: 1 },
  "/clients/read": { clientId: "nobody" },
  "/clients/disconnect": { clientId: "nobody" },
  "/clients/delete": { clientId: "nobody" },
  "/retained/list": {},
  "/retained/read": { topic: "nothing" },
  "/retained/delete": { topic: "nothing" },
};

it("a question about what is not there, or an attempt to end it, stores nothing in any object", async () => {
  const broker = await startBroker({ variables: { ADMIN_TOKEN: adminToken }, dataDir: folder });
  const asked = new Set<string>();
  for (const namespace of ["default", "another"]) {
    for (const { method, path } of await operationsOf(broker)) {
      if (["POST /credentials", "POST /tokens"].includes(`${method} ${path}`)) continue;
      const body = method === "PATCH" ? { name: "x" } : bodies[path];
      const { status } = await apiOf(broker, { namespace }).call(method, path, body);
      expect([200, 404], `${method} ${path}`).toContain(status);
      asked.add(method);
    }
  }
  expect([...asked].toSorted()).toEqual(["DELETE", "GET", "PATCH", "POST"]);
  await broker.close();
  const touched = (await objectsIn(folder)).filter((object) => /Object: /.test(object));
  // Two sessions, a topic, the directory and the access object of each namespace.
  expect(touched).toHaveLength(10);
  expect(touched.filter((object) => !object.endsWith("Object: "))).toEqual([]);
});
