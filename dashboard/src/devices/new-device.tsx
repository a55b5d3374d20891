// What a device needs that was added just now: its token, this once, and programs that have it in them already.

import { useSignal } from "@preact/signals";
import { brokerUrlOf, type DeviceSetup } from "../../../tools/device-setup/device-setup.ts";
import type { GatewayAddress } from "../../../tools/device-setup/examples.ts";
import type { MadeCredential } from "../api/resources.ts";
import { summaryOfMessage } from "../live/message-content.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { Icon } from "../parts/icon.tsx";
import { Tabs } from "../parts/tabs.tsx";
import { hrefOf } from "../route.ts";
import type { Session } from "../session.ts";
import { BrokerField, GatewayField, type GatewayFieldProps, usualGateway } from "./addresses.tsx";
import { type Program, programsFor } from "./programs.ts";

type NewDeviceProps = { credential: MadeCredential; session: Session; onDone: () => void };

export function NewDevice({ credential: { username, token }, session, onDone }: NewDeviceProps) {
  const brokerUrl = useSignal(brokerUrlOf(location.origin, session.namespace));
  const setup: DeviceSetup = { brokerUrl: brokerUrl.value, clientId: username, username, token };
  const ownGateway = useSignal<GatewayAddress | undefined>(undefined);
  const gateway = ownGateway.value ?? usualGateway(brokerUrl.value, session.api.tcpPort);
  const changeGateway = (address: GatewayAddress) => {
    ownGateway.value = address;
  };
  return (
    <section class="card new-device" aria-labelledby="new-title">
      <div class="bar">
        <h2 id="new-title" class="grow">
          <span class="mono">{username}</span> may connect
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
      <BrokerField brokerUrl={brokerUrl} />
      <Tabs
        label="Programs for the device"
        tabs={programsFor(setup, gateway).map((program) => ({
          name: program.name,
          content: () => (
            <ProgramText program={program} brokerUrl={brokerUrl.value} gateway={gateway} onGateway={changeGateway} />
          ),
        }))}
      />
      <FirstMessage deviceName={username} session={session} />
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
      <CopyButton text={text} what={`for ${name}`} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is to be reached with the keyboard. */}
      <pre tabIndex={0}>{text}</pre>
    </div>
  );
}

/** Whether it has come: what somebody who has just set up a board waits for. */
function FirstMessage({ deviceName, session: { feed, presence } }: { deviceName: string; session: Session }) {
  feed.drawing.value;
  const telemetry = `devices/${deviceName}/telemetry`;
  const last = feed.tree.node(telemetry)?.history.at(-1);
  const here = presence.of(deviceName);
  const words = {
    online: `${deviceName} is online.`,
    offline: `${deviceName} was here, and has gone.`,
    unknown: last === undefined ? `Waiting for ${deviceName} …` : `${deviceName} has sent a reading.`,
  };
  return (
    <p class={`first-message ${here}`} role="status">
      <span class={`dot ${here}`} aria-hidden="true" />
      <span>{words[here]}</span>
      {last !== undefined && (
        <a href={hrefOf("live", telemetry)}>
          <span class="mono clip">{summaryOfMessage(last)}</span>
          <Icon name="open" />
        </a>
      )}
    </p>
  );
}
