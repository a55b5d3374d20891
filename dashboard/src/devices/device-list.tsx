// The lines of the Devices page, and their headings, which sort them.

import type { Device } from "../api/resources.ts";
import { dateText } from "../parts/formats.ts";
import { hrefOf } from "../route.ts";
import { claimText, closedText, dotOf, refusalText, seenText } from "./device-state.ts";
import type { PresenceBoard } from "./presence.ts";

export type Sort = { readonly by: "name" | "lastSeen" | "created"; readonly order: "asc" | "desc" };

type DeviceListProps = {
  readonly devices: readonly Device[];
  readonly selected: string | undefined;
  readonly presence: PresenceBoard;
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
};

export function DeviceList({ devices, selected, presence, sort, onSort }: DeviceListProps) {
  const nowMs = Date.now();
  return (
    <>
      <div class="device-heads dim small-text">
        <SortButton text="Device" by="name" sort={sort} onSort={onSort} />
        <SortButton text="Last seen" by="lastSeen" sort={sort} onSort={onSort} />
        <SortButton text="Created" by="created" sort={sort} onSort={onSort} />
      </div>
      <ul class="lines device-lines" aria-label="Devices">
        {devices.map((device) => (
          <li key={device.id}>
            <DeviceLine
              device={device}
              isSelected={device.id === selected}
              claim={claimText(device, presence.of(device.username))}
              nowMs={nowMs}
            />
          </li>
        ))}
      </ul>
    </>
  );
}

type DeviceLineProps = {
  readonly device: Device;
  readonly isSelected: boolean;
  readonly claim: string | undefined;
  readonly nowMs: number;
};

function DeviceLine({ device, isSelected, claim, nowMs }: DeviceLineProps) {
  const { id, username, name, createdAt } = device;
  const refusal = refusalText(device, nowMs);
  const closed = closedText(device, nowMs);
  return (
    <a href={hrefOf("devices", id)} aria-current={isSelected ? "true" : undefined}>
      <span class={`dot ${dotOf(device)}`} aria-hidden="true" />
      <span class="device-name">
        {name === "" ? (
          <span class="mono clip">{username}</span>
        ) : (
          <>
            <span class="clip">{name}</span>
            <span class="mono clip dim small-text">{username}</span>
          </>
        )}
      </span>
      <span class={`seen ${dotOf(device)}`}>{seenText(device, nowMs)}</span>
      <span class="added dim">{dateText(createdAt)}</span>
      {(refusal ?? closed ?? claim) !== undefined && (
        <span class="device-notes small-text">
          {closed !== undefined && <span class="badge">{closed}</span>}
          {claim !== undefined && <span class="badge retained">{claim}</span>}
          {refusal !== undefined && <span class="refusal">{refusal}</span>}
        </span>
      )}
    </a>
  );
}

type SortButtonProps = {
  readonly text: string;
  readonly by: Sort["by"];
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
};

/** A second click reverses the order. */
function SortButton({ text, by, sort, onSort }: SortButtonProps) {
  const isChosen = sort.by === by;
  const first = by === "name" ? "asc" : "desc";
  const other = sort.order === "asc" ? "desc" : "asc";
  return (
    <button
      type="button"
      class={by}
      aria-pressed={isChosen}
      title={isChosen ? "In the other order" : `Sort by ${text.toLowerCase()}`}
      onClick={() => onSort({ by, order: isChosen ? other : first })}
    >
      {text}
      {isChosen && <span aria-hidden="true">{sort.order === "asc" ? " ↑" : " ↓"}</span>}
    </button>
  );
}
