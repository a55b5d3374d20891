// Fills a device's settings into the examples for Node.js, Python and ESPHome: constants at the head, as strings that
// mean the same in JavaScript, Python and YAML.

import type { DeviceSetup } from "./device-setup.ts";

/** The address where clients without WebSocket connect, in their own network. */
export type GatewayAddress = { readonly host: string; readonly port: number };

/** The header, with a `TcpPort`, that only the local server's responses have. */
export const tcpPortHeader = "x-mqtt-tcp-port";

/** The port on which a local server takes MQTT over TCP; `none` if it was started without. */
export type TcpPort = number | "none";

/** The command that restarts a local server for other machines too, on the ports that it has. */
export function startLine(port: number, tcpPort: TcpPort | undefined): string {
  const flags = ["--host 0.0.0.0", "--require-credentials"];
  if (port !== usualPorts.webSocket) flags.push(`--port ${port}`);
  if (tcpPort === "none") flags.push("--no-tcp");
  else if (tcpPort !== undefined && tcpPort !== usualPorts.tcp) flags.push(`--tcp ${tcpPort}`);
  return `npm start -- ${flags.join(" ")}`;
}

/** The command that starts a gateway on this port. */
export function gatewayLine(brokerUrl: string, port: number): string {
  const flags = port === usualPorts.tcp ? [] : [`--listen ${port}`];
  return ["npx durable-mqtt gateway", ...flags, `--to ${brokerUrl}`].join(" ");
}

/** The usual one of `npm start`. */
export const usualPorts = { webSocket: 8787, tcp: 1883 } as const;

/**
 * The whole example with its settings filled in.
 * @param template the text of examples/node/device.mjs, examples/python/device.py or examples/esphome/kitchen.yaml
 * @param gateway needed for ESPHome only
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

/** A shell command that publishes a reading, retained, through the gateway. */
export function mosquittoLine({ clientId, username, token }: DeviceSetup, { host, port }: GatewayAddress): string {
  const options = ["-h", host, "-p", String(port), "-i", clientId, "-u", username, "-P", token];
  const message = ["-t", `devices/${clientId}/telemetry`, "-m", '{"temperature": 21.5}', "-q", "1", "-r"];
  return ["mosquitto_pub", ...options, ...message].map(shellWord).join(" ");
}

/**
 * A line for Tasmota's console: the device takes the settings and restarts. Its topics are below devices/NAME, which it
 * may use.
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
