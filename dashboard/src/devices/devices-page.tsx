// Devices: a list that the API searches, sorts and pages, one device on the right, and the form for a new one above.

import { useSignal } from "@preact/signals";
import { type Api, ApiFailure, lineOf } from "../api/api.ts";
import type { Device, DevicePage, MadeCredential } from "../api/resources.ts";
import { isAttended } from "../parts/attention.ts";
import { Fault } from "../parts/fault.tsx";
import { countText } from "../parts/formats.ts";
import { Pager } from "../parts/pager.tsx";
import { usePoll } from "../parts/poll.ts";
import { SearchField } from "../parts/search-field.tsx";
import { goTo, route } from "../route.ts";
import type { SignedIn } from "../sign-in.ts";
import { AddDevice } from "./add-device.tsx";
import { DeviceDetails } from "./device-details.tsx";
import { DeviceList, type Sort } from "./device-list.tsx";
import { presenceEveryMs, unattendedEveryMs } from "./device-state.ts";
import { NewDevice } from "./new-device.tsx";
import { revokeDevice } from "./revoke-device.ts";

const pageSize = 50;

type Query = { readonly search: string; readonly connected: string; readonly sort: Sort; readonly offset: number };
const everything: Query = { search: "", connected: "", sort: { by: "name", order: "asc" }, offset: 0 };

export function DevicesPage({ signedIn }: { signedIn: SignedIn }) {
  const { api, presence } = signedIn;
  const selected = route.value.page === "devices" ? route.value.selected : undefined;
  const query = useSignal(everything);
  const page = useSignal<DevicePage | undefined>(undefined);
  const chosen = useSignal<Device | undefined>(undefined);
  const made = useSignal<MadeCredential | undefined>(undefined);
  const fault = useSignal("");
  /** The device that was revoked, so that the page asks for it no more. */
  const revoked = useSignal<string | undefined>(undefined);
  const load = async () => {
    const asked = query.value;
    try {
      const answer = await api.call<DevicePage>("GET", `/devices?${parametersOf(asked)}`);
      const device = selected === revoked.value ? undefined : await deviceOf(api, selected, answer);
      if (asked !== query.value || selected !== selectedNow()) return;
      page.value = answer;
      chosen.value = device;
      fault.value = "";
      // The last devices of the last page may be gone.
      if (answer.items.length === 0 && asked.offset > 0) change({ offset: 0 });
    } catch (error) {
      fault.value = lineOf(error);
    }
  };
  const change = (changed: Partial<Query>) => {
    query.value = { ...query.value, offset: 0, ...changed };
  };
  usePoll(load, () => (isAttended() ? presenceEveryMs : unattendedEveryMs), [signedIn, query.value, selected]);
  const show = (credential: MadeCredential) => {
    made.value = credential;
    goTo("devices");
    window.scrollTo({ top: 0 });
    void load();
  };

  const revoke = async (device: Device) => {
    if (made.value?.id === device.id) made.value = undefined;
    revoked.value = device.id;
    try {
      await revokeDevice(api, device);
    } catch (error) {
      revoked.value = undefined;
      throw error;
    }
    goTo("devices");
  };

  const { search, connected, sort, offset } = query.value;
  const isAll = search === "" && connected === "";
  const device = chosen.value?.id === selected ? chosen.value : undefined;
  return (
    <div class="devices">
      {made.value === undefined ? (
        <AddDevice api={api} onMade={show} />
      ) : (
        <NewDevice
          key={made.value.token}
          credential={made.value}
          signedIn={signedIn}
          onDone={() => {
            made.value = undefined;
          }}
        />
      )}
      <div class={device === undefined ? "" : "split has-selected"}>
        <section class="card list" aria-label="Devices">
          <div class="bar">
            <SearchField
              label="Find devices"
              placeholder="Find a device"
              onSearch={(text) => change({ search: text })}
            />
            <label class="inline">
              <span>Show</span>
              <select value={connected} onChange={(event) => change({ connected: event.currentTarget.value })}>
                <option value="">all</option>
                <option value="true">connected</option>
                <option value="false">not connected</option>
              </select>
            </label>
            {page.value !== undefined && page.value.items.length < page.value.total && (
              <Pager
                text={rangeText(offset, page.value)}
                onPrevious={offset === 0 ? undefined : () => change({ offset: Math.max(0, offset - pageSize) })}
                onNext={offset + pageSize >= page.value.total ? undefined : () => change({ offset: offset + pageSize })}
              />
            )}
          </div>
          <Fault line={fault.value} />
          {page.value === undefined && fault.value === "" && <p class="nothing dim">Loading …</p>}
          {page.value?.items.length === 0 && (
            <p class="nothing dim">{isAll ? "None yet: add the first one above." : "No device matches."}</p>
          )}
          {page.value !== undefined && page.value.items.length > 0 && (
            <DeviceList
              devices={page.value.items}
              selected={selected}
              presence={presence}
              sort={sort}
              onSort={(changed) => change({ sort: changed })}
            />
          )}
        </section>
        {device !== undefined && (
          <div class="side">
            <DeviceDetails
              key={device.id}
              device={device}
              api={api}
              presence={presence}
              onChange={() => void load()}
              onNewToken={show}
              onRevoke={() => revoke(device)}
            />
          </div>
        )}
      </div>
    </div>
  );
}

function selectedNow(): string | undefined {
  return route.value.page === "devices" ? route.value.selected : undefined;
}

function parametersOf({ search, connected, sort, offset }: Query): string {
  return new URLSearchParams({
    limit: String(pageSize),
    offset: String(offset),
    sort: sort.by,
    order: sort.order,
    ...(search === "" ? {} : { search }),
    ...(connected === "" ? {} : { connected }),
  }).toString();
}

/** The selected device, which may be on another page of the list; `undefined` if there is none, or it is gone. */
async function deviceOf(api: Api, id: string | undefined, { items }: DevicePage): Promise<Device | undefined> {
  if (id === undefined) return undefined;
  const onPage = items.find((device) => device.id === id);
  if (onPage !== undefined) return onPage;
  try {
    return await api.call<Device>("GET", `/devices/${encodeURIComponent(id)}`);
  } catch (error) {
    if (error instanceof ApiFailure && error.code === "not-found") return undefined;
    throw error;
  }
}

function rangeText(offset: number, { items, total }: DevicePage): string {
  return `${countText(offset + 1)}–${countText(offset + items.length)} of ${countText(total)}`;
}
