import { useSignal } from "@preact/signals";
import { deviceNameRule, isDeviceName, newDeviceCredential } from "../../../tools/device-setup/device-setup.ts";
import { type Api, lineOf } from "../api/api.ts";
import type { MadeCredential } from "../api/resources.ts";
import { Icon } from "../parts/icon.tsx";

export function AddDevice({ api, onMade }: { api: Api; onMade: (made: MadeCredential) => void }) {
  const fault = useSignal("");
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget as HTMLFormElement).get("name")).trim();
    fault.value = isDeviceName(name) ? "" : `${deviceNameRule}.`;
    if (fault.value !== "") return;
    try {
      onMade(await api.call<MadeCredential>("POST", "/credentials", newDeviceCredential(name)));
    } catch (error) {
      fault.value = lineOf(error);
    }
  };
  return (
    <section class="card add-device" aria-labelledby="add-title">
      <h2 id="add-title">Add a device</h2>
      <p class="dim">
        It gets a token of its own, and may use the topics below <code>devices/NAME/</code>. You get its settings, as a
        sketch to paste or as lines to run.
      </p>
      <form class="bar" onSubmit={(event) => void submit(event)}>
        <input
          name="name"
          class="grow mono"
          aria-label="Name of the device"
          placeholder="kitchen"
          autocapitalize="none"
          autocomplete="off"
          spellcheck={false}
        />
        <button type="submit" class="button primary">
          <Icon name="plus" />
          Add
        </button>
      </form>
      {fault.value !== "" && (
        <p class="notice bad" role="alert">
          {fault.value}
        </p>
      )}
    </section>
  );
}
