// The addresses at which a device reaches the broker and the TCP gateway. The page knows only how it reached the broker
// itself.

import { type Signal, useSignal } from "@preact/signals";
import { brokerUrlIn } from "../../../tools/device-setup/device-setup.ts";
import {
  type GatewayAddress,
  gatewayLine,
  startLine,
  type TcpPort,
  usualPorts,
} from "../../../tools/device-setup/examples.ts";
import { Fault } from "../parts/fault.tsx";

type BrokerFieldProps = { brokerUrl: Signal<string>; tcpPort: TcpPort | undefined };

export function BrokerField({ brokerUrl, tcpPort }: BrokerFieldProps) {
  const { hostname, port } = new URL(brokerUrl.value);
  const isLocal = /^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
  const take = (text: string) => {
    const url = /^[a-z]+:/i.test(text) ? brokerUrlIn(text) : undefined;
    if (url !== undefined) brokerUrl.value = url;
    return url !== undefined;
  };
  return (
    <>
      <AddressField
        label="The broker's address, as the device reaches it"
        value={brokerUrl.value}
        example={isLocal ? "ws://192.168.1.20:8787/mqtt" : "wss://mqtt.example.org/mqtt"}
        take={take}
      />
      {isLocal && (
        <p class="notice">
          Only programs on this machine reach {hostname}. For a board, start the broker with{" "}
          <code>{startLine(Number(port || 80), tcpPort)}</code> and give this machine's address in the LAN here.
        </p>
      )}
    </>
  );
}

/** A local server takes TCP itself; for a deployed one the gateway runs somewhere in the device's network. */
export function usualGateway(brokerUrl: string, tcpPort: TcpPort | undefined): GatewayAddress | undefined {
  if (tcpPort === "none") return undefined;
  const { protocol, hostname } = new URL(brokerUrl);
  return { host: protocol === "ws:" ? hostname : "192.168.1.10", port: tcpPort ?? usualPorts.tcp };
}

export type GatewayFieldProps = {
  brokerUrl: string;
  /** `undefined` if the broker was started without TCP, and no other gateway is named yet. */
  gateway: GatewayAddress | undefined;
  onGateway: (address: GatewayAddress) => void;
};

export function GatewayField({ brokerUrl, gateway, onGateway }: GatewayFieldProps) {
  const take = (text: string) => {
    const address = gatewayIn(text);
    if (address !== undefined) onGateway(address);
    return address !== undefined;
  };
  return (
    <>
      <AddressField
        label="The TCP gateway, as the device reaches it"
        value={gateway === undefined ? "" : `${gateway.host}:${gateway.port}`}
        example="192.168.1.10:1883"
        take={take}
      />
      {gateway === undefined ? (
        <p class="notice">
          This speaks MQTT over TCP, which the broker does not take: it was started with <code>--no-tcp</code>. Start it
          without that, or run this on a machine in the device's network and give its address here:{" "}
          <code>{gatewayLine(brokerUrl, usualPorts.tcp)}</code>
        </p>
      ) : (
        <p class="dim">
          This speaks MQTT over TCP. A broker that was started with <code>npm start</code> takes that itself; for a
          deployed one run this on a machine in the device's network:{" "}
          <code>{gatewayLine(brokerUrl, gateway.port)}</code>
        </p>
      )}
    </>
  );
}

/** @returns `undefined` for what is none */
function gatewayIn(text: string): GatewayAddress | undefined {
  if (!/^([\w.-]+|\[[\da-f:]+\])(:\d+)?$/i.test(text) || !URL.canParse(`tcp://${text}`)) return undefined;
  const { hostname, port } = new URL(`tcp://${text}`);
  return port === "0" ? undefined : { host: hostname, port: Number(port || usualPorts.tcp) };
}

type AddressFieldProps = {
  label: string;
  value: string;
  example: string;
  /** @returns whether the text is such an address */
  take: (text: string) => boolean;
};

function AddressField({ label, value, example, take }: AddressFieldProps) {
  /**
   * The text while it is being typed, or when it is not an address. Without it, each answer of the broker would undo
   * the typing.
   */
  const typed = useSignal<string | undefined>(undefined);
  const isWrong = useSignal(false);
  return (
    <>
      <label>
        {label}
        <input
          class="mono"
          value={typed.value ?? value}
          autocapitalize="none"
          autocomplete="off"
          spellcheck={false}
          onInput={({ currentTarget }) => {
            typed.value = currentTarget.value;
          }}
          onChange={({ currentTarget }) => {
            const text = currentTarget.value.trim();
            isWrong.value = !take(text);
            typed.value = isWrong.value ? text : undefined;
          }}
        />
      </label>
      <Fault line={isWrong.value ? `Give an address such as ${example}.` : undefined} />
    </>
  );
}
