// One device: what the broker knows about it, and what can be done with it.

import { useSignal } from "@preact/signals";
import { isDeviceName } from "../../../tools/device-setup/device-setup.ts";
import { type Api, lineOf } from "../api/api.ts";
import type { Device, MadeCredential } from "../api/resources.ts";
import { BackLink } from "../parts/back-link.tsx";
import { confirm } from "../parts/confirm.tsx";
import { Fact } from "../parts/facts.tsx";
import { Fault } from "../parts/fault.tsx";
import { dateText, plural } from "../parts/formats.ts";
import { hrefOf } from "../route.ts";
import { claimText, closedText, dotOf, refusalText, seenText } from "./device-state.ts";
import type { PresenceBoard } from "./presence.ts";

type DeviceDetailsProps = {
  readonly device: Device;
  readonly api: Api;
  readonly presence: PresenceBoard;
  readonly onChange: () => void;
  readonly onNewToken: (made: MadeCredential) => void;
  readonly onRevoke: () => Promise<void>;
};

export function DeviceDetails({ device, api, presence, onChange, onNewToken, onRevoke }: DeviceDetailsProps) {
  const { id, username, name, kind, enabled } = device;
  const label = name === "" ? username : name;
  const setEnabled = async (isEnabled: boolean) => {
    await api.call("PATCH", `/credentials/${id}`, { enabled: isEnabled });
    onChange();
  };
  return (
    <section class="card details" aria-label="Device">
      <div class="bar">
        <BackLink page="devices" list="devices" />
        <h2 class={`grow topic-name ${name === "" ? "mono" : ""}`}>{label}</h2>
      </div>
      <DeviceFacts device={device} presence={presence} />
      <NameForm key={name} device={device} api={api} onChange={onChange} />
      <div class="actions">
        {kind === "token" && (
          <button
            type="button"
            class="button"
            onClick={() =>
              confirm({
                question: `A new token for ${label}?`,
                consequence: "Its present token ends at once: the device is disconnected until it has the new one.",
                action: "Make a new token",
                act: async () => onNewToken(await api.call<MadeCredential>("POST", `/credentials/${id}/token`)),
              })
            }
          >
            New token
          </button>
        )}
        <button
          type="button"
          class="button"
          onClick={() =>
            enabled
              ? confirm({
                  question: `Switch ${label} off?`,
                  consequence:
                    "It is disconnected, its session ends, and it cannot connect until you switch it on again.",
                  action: "Switch off",
                  act: () => setEnabled(false),
                })
              : confirm({
                  question: `Switch ${label} on?`,
                  consequence: "It may connect again, with the token that it has.",
                  action: "Switch on",
                  act: () => setEnabled(true),
                })
          }
        >
          {enabled ? "Switch off" : "Switch on"}
        </button>
        <button
          type="button"
          class="button danger"
          onClick={() =>
            confirm({
              question: `Revoke ${label}?`,
              consequence:
                "It is disconnected, its session ends, and it cannot come back. What it has published as retained goes too.",
              action: "Revoke",
              act: onRevoke,
            })
          }
        >
          Revoke
        </button>
      </div>
    </section>
  );
}

function DeviceFacts({ device, presence }: { device: Device; presence: PresenceBoard }) {
  const { username, connected, lastSeen, kind, createdAt, expiresAt } = device;
  const nowMs = Date.now();
  const refusal = refusalText(device, nowMs);
  const claim = claimText(device, presence.of(username));
  const closed = closedText(device, nowMs);
  return (
    <dl class="fact-list">
      <Fact name="State">
        <span class={`dot ${dotOf(device)}`} />{" "}
        {connected > 0
          ? `connected${connected > 1 ? `, ${plural(connected, "client")}` : ""}`
          : lastSeen === null
            ? "never connected"
            : `not connected, last seen ${seenText(device, nowMs)} (${dateText(lastSeen)})`}
        {closed !== undefined && `, ${closed}`}
      </Fact>
      {refusal !== undefined && (
        <Fact name="Refused">
          <span class="refusal">{refusal}</span>
        </Fact>
      )}
      {claim !== undefined && (
        <Fact name="Status topic">
          <a class="mono" href={hrefOf("live", `devices/${username}/status`)}>
            devices/{username}/status
          </a>{" "}
          {claim}
        </Fact>
      )}
      <Fact name="Identifier">
        <span class="mono">{username}</span>
      </Fact>
      {isDeviceName(username) && (
        <Fact name="Readings">
          <a class="mono" href={hrefOf("live", `devices/${username}/telemetry`)}>
            devices/{username}/telemetry
          </a>
        </Fact>
      )}
      <Fact name="Connects with">{kind === "token" ? "a token" : kind}</Fact>
      <Fact name="Created">{dateText(createdAt)}</Fact>
      {expiresAt !== null && <Fact name="Expires">{dateText(expiresAt)}</Fact>}
    </dl>
  );
}

/** Changes the name that people see. The identifier stays. */
function NameForm({ device: { id, name }, api, onChange }: { device: Device; api: Api; onChange: () => void }) {
  const fault = useSignal("");
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const changed = String(new FormData(event.currentTarget as HTMLFormElement).get("name")).trim();
    try {
      await api.call("PATCH", `/credentials/${id}`, { name: changed });
      fault.value = "";
      onChange();
    } catch (error) {
      fault.value = lineOf(error);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <label>
        Name, for people
        <span class="bar">
          <input name="name" class="grow" maxLength={200} autocomplete="off" defaultValue={name} />
          <button type="submit" class="button">
            Rename
          </button>
        </span>
      </label>
      <Fault line={fault.value} />
    </form>
  );
}
