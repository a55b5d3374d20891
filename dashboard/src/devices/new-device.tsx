// What a device needs that was added just now: its token, this once, and programs that have it in them already.

import { type Signal, useSignal } from "@preact/signals";
import sketchTemplate from "../../../examples/arduino/DurableMqtt/DurableMqtt.ino?raw";
import roots from "../../../examples/arduino/DurableMqtt/roots.h?raw";
import { brokerUrlOf, type DeviceSetup } from "../../../tools/device-setup/device-setup.ts";
import { inOneFile, sketchFor } from "../../../tools/device-setup/sketch.ts";
import { snippetsFor } from "../../../tools/device-setup/snippets.ts";
import type { MadeCredential } from "../api/resources.ts";
import { summaryOfMessage } from "../live/message-content.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { Icon } from "../parts/icon.tsx";
import { Tabs } from "../parts/tabs.tsx";
import { hrefOf } from "../route.ts";
import type { Session } from "../session.ts";

const sketchInOneFile = inOneFile(sketchTemplate, { "roots.h": roots });

type NewDeviceProps = { credential: MadeCredential; session: Session; onDone: () => void };

export function NewDevice({ credential: { username, token }, session, onDone }: NewDeviceProps) {
  const brokerUrl = useSignal(brokerUrlOf(location.origin, session.namespace));
  const setup: DeviceSetup = { brokerUrl: brokerUrl.value, clientId: username, username, token };
  const programs = [
    { name: "Arduino", text: sketchFor(sketchInOneFile, setup) },
    ...snippetsFor(setup, gatewayOf(brokerUrl.value)),
  ];
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
        tabs={programs.map(({ name, text }) => ({
          name,
          content: () => <Program name={name} text={text} />,
        }))}
      />
      <FirstMessage deviceName={username} session={session} />
    </section>
  );
}

/** On a LAN the TCP gateway runs on the broker's machine, or on one that the reader puts here. */
function gatewayOf(brokerUrl: string) {
  return { host: new URL(brokerUrl).hostname, port: 1883 };
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

function Program({ name, text }: { name: string; text: string }) {
  return (
    <div class="program">
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
