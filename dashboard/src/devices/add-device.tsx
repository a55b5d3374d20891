// The form for a new device: a name for people, in any script, and the identifier for topics and addresses, which is
// derived from it.

import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import {
  arbitraryIdentifier,
  deviceIdentifierRule,
  identifierOf,
  isDeviceName,
  maximumNameCharacters,
  newDeviceCredential,
} from "../../../tools/device-setup/device-setup.ts";
import { type Api, ApiFailure, lineOf } from "../api/api.ts";
import type { MadeCredential } from "../api/resources.ts";
import { Fault } from "../parts/fault.tsx";
import { Icon } from "../parts/icon.tsx";

export function AddDevice({ api, onMade }: { api: Api; onMade: (made: MadeCredential) => void }) {
  const name = useSignal("");
  /** The identifier as typed; `undefined` while it follows the name. */
  const typed = useSignal<string | undefined>(undefined);
  const fault = useSignal("");
  const arbitrary = useMemo(() => arbitraryIdentifier(Math.random()), []);
  const proposed = name.value.trim() === "" ? "" : identifierOf(name.value) || arbitrary;
  const identifier = typed.value ?? proposed;
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    fault.value = faultIn(identifier);
    if (fault.value !== "") return;
    try {
      const body = newDeviceCredential(identifier, name.value.trim());
      onMade(await api.call<MadeCredential>("POST", "/credentials", body));
    } catch (error) {
      const isTaken = error instanceof ApiFailure && error.code === "username-taken";
      fault.value = isTaken
        ? `There is a device ${identifier} already. Give this one another identifier.`
        : lineOf(error);
    }
  };
  return (
    <section class="card add-device" aria-labelledby="add-title">
      <h2 id="add-title">Add a device</h2>
      <p class="dim">
        It gets a token of its own, and may use the topics below{" "}
        <code>devices/{identifier === "" ? "IDENTIFIER" : identifier}/</code>. You get its settings, as a sketch to
        paste or as lines to run.
      </p>
      <form class="bar new-name" onSubmit={(event) => void submit(event)}>
        <label class="grow">
          Name of the device
          <input
            value={name.value}
            placeholder="Kitchen"
            maxLength={maximumNameCharacters}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => {
              name.value = event.currentTarget.value;
            }}
          />
        </label>
        <label class="grow">
          Identifier, in topics
          <input
            class="mono"
            value={identifier}
            placeholder="kitchen"
            autocapitalize="none"
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => {
              const text = event.currentTarget.value;
              typed.value = text === "" ? undefined : text;
            }}
          />
        </label>
        <button type="submit" class="button primary">
          <Icon name="plus" />
          Add
        </button>
      </form>
      <Fault line={fault.value} />
    </section>
  );
}

/** Empty if there is none. */
function faultIn(identifier: string): string {
  if (identifier === "") return "Give the device a name.";
  return isDeviceName(identifier) ? "" : `${deviceIdentifierRule}.`;
}
