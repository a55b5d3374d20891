import type { Signal } from "@preact/signals";
import { Icon } from "../parts/icon.tsx";
import type { PropertyFields, UserProperty } from "./property-fields.ts";

type TextField = "contentType" | "responseTopic" | "correlationData" | "expirySec";

/** The inputs for the MQTT 5 properties of a message to publish. */
export function PropertyInputs({ fields }: { fields: Signal<PropertyFields> }) {
  const set = (changed: Partial<PropertyFields>) => {
    fields.value = { ...fields.value, ...changed };
  };
  const text = (name: TextField, label: string, placeholder: string) => (
    <label>
      {label}
      <input
        class="mono"
        value={fields.value[name]}
        placeholder={placeholder}
        inputMode={name === "expirySec" ? "numeric" : "text"}
        autocapitalize="none"
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => set({ [name]: event.currentTarget.value })}
      />
    </label>
  );
  const { userProperties, isCorrelationHex, isPayloadText } = fields.value;
  const setUser = (index: number, changed: Partial<UserProperty>) =>
    set({ userProperties: userProperties.map((one, at) => (at === index ? { ...one, ...changed } : one)) });
  return (
    <fieldset class="property-inputs">
      <legend class="unseen">MQTT 5 properties</legend>
      {text("contentType", "Content type", "application/json")}
      {text("expirySec", "Message expiry, in seconds", "never")}
      {text("responseTopic", "Response topic", "devices/kitchen/answer")}
      {text("correlationData", "Correlation data", isCorrelationHex ? "01 a2 ff" : "request-1")}
      <label class="inline check">
        <input
          type="checkbox"
          checked={isPayloadText}
          onChange={(event) => set({ isPayloadText: event.currentTarget.checked })}
        />
        <span>Mark the payload as UTF-8</span>
      </label>
      <label class="inline check">
        <input
          type="checkbox"
          checked={isCorrelationHex}
          onChange={(event) => set({ isCorrelationHex: event.currentTarget.checked })}
        />
        <span>Correlation data is in hex</span>
      </label>
      {userProperties.map(({ name, value }, index) => (
        <div class="bar whole" key={String(index)}>
          <input
            class="mono grow"
            aria-label={`Name of user property ${index + 1}`}
            placeholder="name"
            value={name}
            autocapitalize="none"
            spellcheck={false}
            onInput={(event) => setUser(index, { name: event.currentTarget.value })}
          />
          <input
            class="mono grow"
            aria-label={`Value of user property ${index + 1}`}
            placeholder="value"
            value={value}
            autocapitalize="none"
            spellcheck={false}
            onInput={(event) => setUser(index, { value: event.currentTarget.value })}
          />
          <button
            type="button"
            class="button quiet"
            aria-label={`Remove user property ${index + 1}`}
            onClick={() => set({ userProperties: userProperties.filter((_, at) => at !== index) })}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
      <div class="whole">
        <button
          type="button"
          class="button small"
          onClick={() => set({ userProperties: [...userProperties, { name: "", value: "" }] })}
        >
          <Icon name="plus" />
          Add a user property
        </button>
      </div>
    </fieldset>
  );
}
