import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { lineOf } from "../api/api.ts";
import type { Connection } from "../broker/connection.ts";
import { clockText } from "../parts/formats.ts";
import { faultOfTopic } from "./topic-match.ts";

type Outcome = { readonly isGood: boolean; readonly line: string };

/** @param topic that is looked at, to begin with */
export function PublishForm({ connection, topic }: { connection: Connection; topic: string }) {
  const chosenTopic = useSignal(topic);
  const outcome = useSignal<Outcome | undefined>(undefined);
  useEffect(() => {
    if (topic !== "") chosenTopic.value = topic;
  }, [topic]);
  useSignalEffect(() => {
    chosenTopic.value;
    outcome.value = undefined;
  });
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    outcome.value = await publish(connection, fields);
  };
  return (
    <section class="card publish" aria-labelledby="publish-title">
      <h2 id="publish-title">Publish</h2>
      <form onSubmit={(event) => void submit(event)}>
        <label>
          Topic
          <input
            name="topic"
            class="mono"
            value={chosenTopic.value}
            placeholder="devices/kitchen/command"
            autocapitalize="none"
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => {
              chosenTopic.value = event.currentTarget.value;
            }}
          />
        </label>
        <label>
          Payload
          <textarea
            name="payload"
            class="mono"
            rows={3}
            placeholder='{"led": true}'
            spellcheck={false}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
            }}
          />
        </label>
        <div class="bar">
          <label class="inline">
            <span>QoS</span>
            <select name="qos">
              <option>0</option>
              <option selected>1</option>
              <option>2</option>
            </select>
          </label>
          <label class="inline check">
            <input type="checkbox" name="retain" />
            <span>Retain</span>
          </label>
          <span class="grow" />
          <button type="submit" class="button primary" disabled={connection.state.value.name !== "connected"}>
            Publish
          </button>
        </div>
        <p class={`outcome ${outcome.value?.isGood === false ? "bad" : ""}`} role="status">
          {outcome.value?.line}
        </p>
      </form>
    </section>
  );
}

async function publish(connection: Connection, fields: FormData): Promise<Outcome> {
  const topic = String(fields.get("topic"));
  const fault = faultOfTopic(topic);
  if (fault !== undefined) return { isGood: false, line: fault };
  try {
    await connection.publish({
      topic,
      payload: String(fields.get("payload")),
      qos: Number(fields.get("qos")) as 0 | 1 | 2,
      isRetained: fields.get("retain") !== null,
    });
    return { isGood: true, line: `Published at ${clockText(Date.now())}.` };
  } catch (error) {
    return { isGood: false, line: lineOf(error) };
  }
}
