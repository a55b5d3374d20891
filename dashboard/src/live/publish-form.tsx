import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { lineOf } from "../api/api.ts";
import type { Connection } from "../broker/connection.ts";
import { clockText } from "../parts/formats.ts";
import { emptyFields, filledFields, type PropertyFields, propertiesOfFields } from "./property-fields.ts";
import { PropertyInputs } from "./property-inputs.tsx";
import { faultOfTopic } from "./topic-match.ts";

type Outcome = { readonly isGood: boolean; readonly line: string };

/** @param topic the topic that the form begins with */
export function PublishForm({ connection, topic }: { connection: Connection; topic: string }) {
  const chosenTopic = useSignal(topic);
  const properties = useSignal<PropertyFields>(emptyFields);
  const hasOpenProperties = useSignal(false);
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
    outcome.value = await publish(connection, fields, properties.value);
  };
  const filled = filledFields(properties.value);
  return (
    <section class="card publish" aria-labelledby="publish-title">
      <form onSubmit={(event) => void submit(event)}>
        <div class="bar">
          <h2 id="publish-title">Publish</h2>
          <input
            name="topic"
            class="mono grow"
            aria-label="Topic"
            value={chosenTopic.value}
            placeholder="to a topic: devices/kitchen/command"
            autocapitalize="none"
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => {
              chosenTopic.value = event.currentTarget.value;
            }}
          />
        </div>
        <textarea
          name="payload"
          class="mono"
          aria-label="Payload"
          rows={2}
          placeholder='Payload: {"led": true}'
          spellcheck={false}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
          }}
        />
        {hasOpenProperties.value && <PropertyInputs fields={properties} />}
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
          <button
            type="button"
            class="button small"
            aria-expanded={hasOpenProperties.value}
            onClick={() => {
              hasOpenProperties.value = !hasOpenProperties.value;
            }}
          >
            {filled === 0 ? "MQTT 5 properties" : `MQTT 5 properties (${filled})`}
          </button>
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

async function publish(connection: Connection, fields: FormData, propertyFields: PropertyFields): Promise<Outcome> {
  const topic = String(fields.get("topic"));
  const fault = faultOfTopic(topic);
  if (fault !== undefined) return { isGood: false, line: fault };
  try {
    await connection.publish({
      topic,
      payload: String(fields.get("payload")),
      qos: Number(fields.get("qos")) as 0 | 1 | 2,
      isRetained: fields.get("retain") !== null,
      properties: propertiesOfFields(propertyFields),
    });
    return { isGood: true, line: `Published at ${clockText(Date.now())}.` };
  } catch (error) {
    return { isGood: false, line: lineOf(error) };
  }
}
