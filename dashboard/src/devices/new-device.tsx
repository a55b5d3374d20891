// What a new device needs: its token, shown this once, and programs that contain it.

import { useSignal } from "@preact/signals";
import { brokerUrlOf, type DeviceSetup } from "../../../tools/device-setup/device-setup.ts";
import type { GatewayAddress } from "../../../tools/device-setup/examples.ts";
import type { Device, MadeCredential } from "../api/resources.ts";
import { summaryOfMessage } from "../live/message-content.ts";
import { isAttended } from "../parts/attention.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { Icon } from "../parts/icon.tsx";
import { usePoll } from "../parts/poll.ts";
import { Tabs } from "../parts/tabs.tsx";
import { hrefOf } from "../route.ts";
import type { SignedIn } from "../sign-in.ts";
import { BrokerField, GatewayField, type GatewayFieldProps, usualGateway } from "./addresses.tsx";
import { dotOf, presenceEveryMs, refusalText, seenText, unattendedEveryMs } from "./device-state.ts";
import { type Program, programsFor } from "./programs.ts";

type NewDeviceProps = { credential: MadeCredential; signedIn: SignedIn; onDone: () => void };

export function NewDevice({ credential, signedIn, onDone }: NewDeviceProps) {
  const { username, name, token } = credential;
  const brokerUrl = useSignal(brokerUrlOf(location.origin, signedIn.namespace));
  const setup: DeviceSetup = { brokerUrl: brokerUrl.value, clientId: username, username, token };
  const ownGateway = useSignal<GatewayAddress | undefined>(undefined);
  const gateway = ownGateway.value ?? usualGateway(brokerUrl.value, signedIn.api.tcpPort);
  const changeGateway = (address: GatewayAddress) => {
    ownGateway.value = address;
  };
  return (
    <section class="card new-device" aria-labelledby="new-title">
      <div class="bar">
        <h2 id="new-title" class="grow">
          {name !== "" && `${name}, `}
          <span class="mono">{username}</span>
          {name !== "" && ","} may connect
        </h2>
        <button type="button" class="button" onClick={onDone}>
          Done
        </button>
      </div>
      <label class="token">
        Token: shown this once, copy it now
        <span class="bar">
          <output class="mono grow" aria-label="Token">
            {token}
          </output>
          <CopyButton text={token} what="the token" />
        </span>
      </label>
      <BrokerField brokerUrl={brokerUrl} tcpPort={signedIn.api.tcpPort} />
      <Tabs
        label="Programs for the device"
        tabs={programsFor(setup, gateway).map((program) => ({
          name: program.name,
          content: () => (
            <ProgramText program={program} brokerUrl={brokerUrl.value} gateway={gateway} onGateway={changeGateway} />
          ),
        }))}
      />
      <FirstMessage credential={credential} signedIn={signedIn} />
    </section>
  );
}

function ProgramText({
  program: { name, text, isOverTcp },
  ...gatewayProps
}: { program: Program } & GatewayFieldProps) {
  return (
    <div class="program">
      {isOverTcp && <GatewayField {...gatewayProps} />}
      {text !== undefined && (
        <>
          <CopyButton text={text} what={`for ${name}`} />
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard must reach what scrolls. */}
          <pre tabIndex={0}>{text}</pre>
        </>
      )}
    </div>
  );
}

/** Whether the device has connected, or why not. Somebody who has just set up a board waits for this. */
function FirstMessage({ credential, signedIn: { api, feed } }: { credential: MadeCredential; signedIn: SignedIn }) {
  const device = useSignal<Device>({ ...credential, connected: 0, lastSeen: null, lastRefused: null });
  const load = async () => {
    // The list of devices shows more about a failure.
    const answer = await api.call<Device>("GET", `/devices/${credential.id}`).catch(() => undefined);
    if (answer !== undefined) device.value = answer;
  };
  usePoll(load, () => (isAttended() ? presenceEveryMs : unattendedEveryMs), [credential.id]);
  feed.drawing.value;
  const { username, name } = credential;
  const label = name === "" ? username : name;
  const telemetry = `devices/${username}/telemetry`;
  const last = feed.tree.node(telemetry)?.history.at(-1);
  const dot = dotOf(device.value);
  const nowMs = Date.now();
  const refusal = refusalText(device.value, nowMs);
  const words = {
    online: `${label} is connected.`,
    offline: `${label} was connected ${seenText(device.value, nowMs)}, and has gone.`,
    unknown: `Waiting for ${label} …`,
  };
  return (
    <p class={`first-message ${dot}`} role="status">
      <span class={`dot ${dot}`} aria-hidden="true" />
      <span>{refusal === undefined ? words[dot] : `${label} was ${refusal}.`}</span>
      {last !== undefined && (
        <a class="first-reading" href={hrefOf("live", telemetry)}>
          <span class="mono clip">{summaryOfMessage(last)}</span>
          <Icon name="open" />
        </a>
      )}
    </p>
  );
}
