// What a device needs that was added just now: its token, this once, and programs that have it in them already.

import { type Signal, useSignal } from "@preact/signals";
import { brokerUrlOf, type DeviceSetup } from "../../../tools/device-setup/device-setup.ts";
import type { GatewayAddress } from "../../../tools/device-setup/examples.ts";
import type { MadeCredential } from "../api/resources.ts";
import { summaryOfMessage } from "../live/message-content.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { Icon } from "../parts/icon.tsx";
import { Tabs } from "../parts/tabs.tsx";
import { hrefOf } from "../route.ts";
import type { Session } from "../session.ts";
import { type Program, programsFor } from "./programs.ts";

type NewDeviceProps = { credential: MadeCredential; session: Session; onDone: () => void };

export function NewDevice({ credential: { username, token }, session, onDone }: NewDeviceProps) {
  const brokerUrl = useSignal(brokerUrlOf(location.origin, session.namespace));
  const setup: DeviceSetup = { brokerUrl: brokerUrl.value, clientId: username, username, token };
  const ownGateway = useSignal<GatewayAddress | undefined>(undefined);
  const gateway = ownGateway.value ?? usualGateway(brokerUrl.value);
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
      <BrokerAddress brokerUrl={brokerUrl} />
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

/** A local server takes TCP itself; for a deployed one the gateway runs somewhere in the device's network. */
function usualGateway(brokerUrl: string): GatewayAddress {
  const { protocol, hostname } = new URL(brokerUrl);
  return { host: protocol === "ws:" ? hostname : "192.168.1.10", port: 1883 };
}

function BrokerAddress({ brokerUrl }: { brokerUrl: Signal<string> }) {
  const typed = useSignal(brokerUrl.value);
  const fault = useSignal("");
  const isLocal = /^(localhost|127\.[\d.]+|\[::1\])$/.test(new URL(brokerUrl.value).hostname);
  const change = (text: string) => {
    typed.value = text;
    const isAddress = URL.canParse(text) && /^wss?:$/.test(new URL(text).protocol);
    fault.value = isAddress ? "" : "Give an address such as wss://mqtt.example.org/mqtt.";
    if (isAddress) brokerUrl.value = text.replace(/\/+$/, "");
  };
  return (
    <>
      <label>
        The broker's address, as the device reaches it
        <input
          class="mono"
          value={typed.value}
          autocapitalize="none"
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => change(event.currentTarget.value.trim())}
        />
      </label>
      {fault.value !== "" && (
        <p class="notice bad" role="alert">
          {fault.value}
        </p>
      )}
      {isLocal && (
        <p class="notice">
          Only programs on this machine reach {new URL(brokerUrl.value).hostname}. For a board, start the broker with{" "}
          <code>npm start -- --host 0.0.0.0 --require-credentials</code> and give this machine's address in the LAN
          here.
        </p>
      )}
    </>
  );
}

type GatewayProps = { brokerUrl: string; gateway: GatewayAddress; onGateway: (address: GatewayAddress) => void };

function ProgramText({ program: { name, text, isOverTcp }, ...gatewayProps }: { program: Program } & GatewayProps) {
  return (
    <div class="program">
      {isOverTcp && <GatewayField {...gatewayProps} />}
      <CopyButton text={text} what={`for ${name}`} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is to be reached with the keyboard. */}
      <pre tabIndex={0}>{text}</pre>
    </div>
  );
}

function GatewayField({ brokerUrl, gateway: { host, port }, onGateway }: GatewayProps) {
  const fault = useSignal("");
  const change = (text: string) => {
    const address = gatewayIn(text);
    fault.value = address === undefined ? "Give an address such as 192.168.1.10:1883." : "";
    if (address !== undefined) onGateway(address);
  };
  return (
    <>
      <label>
        The TCP gateway, as the device reaches it
        <input
          class="mono"
          value={`${host}:${port}`}
          autocapitalize="none"
          autocomplete="off"
          spellcheck={false}
          onChange={(event) => change(event.currentTarget.value.trim())}
        />
      </label>
      {fault.value !== "" && (
        <p class="notice bad" role="alert">
          {fault.value}
        </p>
      )}
      <p class="dim">
        This speaks MQTT over TCP. A broker that was started with <code>npm start</code> takes that itself; for a
        deployed one run this on a machine in the device's network:{" "}
        <code>npx durable-mqtt gateway --to {brokerUrl}</code>
      </p>
    </>
  );
}

/** @returns `undefined` for what is none */
function gatewayIn(text: string): GatewayAddress | undefined {
  if (!/^([\w.-]+|\[[\da-f:]+\])(:\d+)?$/i.test(text) || !URL.canParse(`tcp://${text}`)) return undefined;
  const { hostname, port } = new URL(`tcp://${text}`);
  return port === "0" ? undefined : { host: hostname, port: Number(port || 1883) };
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
    unknown: `Waiting for ${deviceName} …`,
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
