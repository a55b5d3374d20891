// What a broker's objects have stored, as its data folder shows it once it has ended.

import { readdir } from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

/** `SessionObject: record, subscriptions`, for every object that was touched, and alarms if any is set. */
export async function objectsIn(folder: string): Promise<string[]> {
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".sqlite"));
  return files.flatMap((file) => {
    const className = path.dirname(file).replace("durable-mqtt-", "");
    const database = new DatabaseSync(path.join(folder, file), { readOnly: true });
    try {
      if (path.basename(file) === "metadata.sqlite") {
        const alarms = database.prepare("SELECT 1 FROM _cf_ALARM").all();
        return alarms.map(() => `${className}: alarm`);
      }
      const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
      return [`${className}: ${tables.map(({ name }) => name).join(", ")}`];
    } finally {
      database.close();
    }
  });
}
