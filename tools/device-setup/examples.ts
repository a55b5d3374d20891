// A device's settings in the examples of other languages than the sketches': constants at the head, as strings that mean the
// same in JavaScript, Python and YAML.

import type { DeviceSetup } from "./device-setup.ts";

/** Where clients without WebSocket connect, in their network. */
export type GatewayAddress = { readonly host: string; readonly port: number };

/** The local server's responses have it, with a `TcpPort`; those of a deployed broker do not. */
export const tcpPortHeader = "x-mqtt-tcp-port";

/** Where a local server takes MQTT over TCP itself; `none` if it was started without. */
export type TcpPort = number | "none";

/** Starts a local server anew, for other machines too, on the ports that it has. */
export function startLine(port: number, tcpPort: TcpPort | undefined): string {
  const flags = ["--host 0.0.0.0", "--require-credentials"];
  if (port !== usualPorts.webSocket) flags.push(`--port ${port}`);
  if (tcpPort === "none") flags.push("--no-tcp");
  else if (tcpPort !== undefined && tcpPort !== usualPorts.tcp) flags.push(`--tcp ${tcpPort}`);
  return `npm start -- ${flags.join(" ")}`;
}

/** The line that starts a gateway on this port. */
export function gatewayLine(brokerUrl: string, port: number): string {
  const flags = port === usualPorts.tcp ? [] : [`--listen ${port}`];
  return ["npx durable-mqtt gateway", ...flags, `--to ${brokerUrl}`].join(" ");
}

/** Of `npm start`. */
export const usualPorts = { webSocket: 8787, tcp: 1883 } as const;

/**
 * The whole example, with its settings filled in.
 * @param template the text of examples/node/device.mjs, examples/python/device.py or examples/esphome/kitchen.yaml
 * @param gateway only for the last of them
 */
export function exampleFor(template: string, setup: DeviceSetup, gateway?: GatewayAddress): string {
  const values = {
    BROKER_URL: setup.brokerUrl,
    DEVICE_ID: setup.clientId,
    DEVICE_USERNAME: setup.username,
    DEVICE_TOKEN: setup.token,
    ...(gateway === undefined ? {} : { GATEWAY_HOST: gateway.host, GATEWAY_PORT: String(gateway.port) }),
  };
  return template.replace(/^( *(?:const )?([A-Z_]+)(?: =|:) )"[^"\n]*"/gm, (line, start: string, name: string) =>
    name in values ? start + JSON.stringify(values[name as keyof typeof values]) : line,
  );
}

/** A line for a POSIX shell: a reading, retained, through the gateway. */
export function mosquittoLine({ clientId, username, token }: DeviceSetup, { host, port }: GatewayAddress): string {
  const options = ["-h", host, "-p", String(port), "-i", clientId, "-u", username, "-P", token];
  const message = ["-t", `devices/${clientId}/telemetry`, "-m", '{"temperature": 21.5}', "-q", "1", "-r"];
  return ["mosquitto_pub", ...options, ...message].map(shellWord).join(" ");
}

/**
 * A line for Tasmota's console. Its topics are below devices/NAME, which is what the device may use; the device takes the
 * settings and restarts.
 */
export function tasmotaLine({ clientId, username, token }: DeviceSetup, { host, port }: GatewayAddress): string {
  const commands = {
    MqttHost: host,
    MqttPort: port,
    MqttClient: clientId,
    MqttUser: username,
    MqttPassword: token,
    Topic: clientId,
    FullTopic: "devices/%topic%/%prefix%/",
  };
  return `Backlog ${Object.entries(commands)
    .map((command) => command.join(" "))
    .join("; ")}`;
}

export function shellWord(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
