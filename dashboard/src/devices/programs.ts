// Programs for a device: the project's tested examples with the device's settings filled in.

import sketch from "../../../examples/arduino/DurableMqtt/DurableMqtt.ino?raw";
import roots from "../../../examples/arduino/DurableMqtt/roots.h?raw";
import esphome from "../../../examples/esphome/kitchen.yaml?raw";
import node from "../../../examples/node/device.mjs?raw";
import python from "../../../examples/python/device.py?raw";
import type { DeviceSetup } from "../../../tools/device-setup/device-setup.ts";
import { exampleFor, type GatewayAddress, mosquittoLine, tasmotaLine } from "../../../tools/device-setup/examples.ts";
import { inOneFile, sketchFor } from "../../../tools/device-setup/sketch.ts";

export type Program = {
  readonly name: string;
  /** `undefined` while the address of the gateway that it needs is unknown. */
  readonly text: string | undefined;
  /** It needs the TCP gateway. */
  readonly isOverTcp: boolean;
};

const sketchInOneFile = inOneFile(sketch, { "roots.h": roots });

export function programsFor(setup: DeviceSetup, gateway: GatewayAddress | undefined): Program[] {
  const overTcp = (name: string, textFor: (gateway: GatewayAddress) => string): Program => ({
    name,
    text: gateway === undefined ? undefined : textFor(gateway),
    isOverTcp: true,
  });
  return [
    { name: "Arduino", text: sketchFor(sketchInOneFile, setup), isOverTcp: false },
    { name: "MQTT.js", text: exampleFor(node, setup), isOverTcp: false },
    { name: "Python", text: exampleFor(python, setup), isOverTcp: false },
    overTcp("mosquitto_pub", (address) => mosquittoLine(setup, address)),
    overTcp("ESPHome", (address) => exampleFor(esphome, setup, address)),
    overTcp("Tasmota", (address) => tasmotaLine(setup, address)),
  ];
}
