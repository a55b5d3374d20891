import type { DeviceSetup } from "./device-setup.ts";

export function snippetsFor(
  { brokerUrl, clientId, username, token }: DeviceSetup,
  gateway: { host: string; port: number },
) {
  return [
    {
      name: "mosquitto_pub",
      text: `mosquitto_pub -h ${gateway.host} -p ${gateway.port} -i ${clientId} -u ${username} -P ${token}`,
    },
    {
      name: "MQTT.js",
      text: `mqtt.connect("${brokerUrl}/${clientId}", { clientId: "${clientId}", username: "${username}", password: "${token}" });`,
    },
  ];
}
