// Programs for a device, with its settings in them: the examples that the project tests, filled in.

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
  readonly text: string;
  /** It needs the TCP gateway. */
  readonly isOverTcp: boolean;
};

const sketchInOneFile = inOneFile(sketch, { "roots.h": roots });

export function programsFor(setup: DeviceSetup, gateway: GatewayAddress): Program[] {
  return [
    { name: "Arduino", text: sketchFor(sketchInOneFile, setup), isOverTcp: false },
    { name: "MQTT.js", text: exampleFor(node, setup, gateway), isOverTcp: false },
    { name: "Python", text: exampleFor(python, setup, gateway), isOverTcp: false },
    { name: "mosquitto_pub", text: mosquittoLine(setup, gateway), isOverTcp: true },
    { name: "ESPHome", text: exampleFor(esphome, setup, gateway), isOverTcp: true },
    { name: "Tasmota", text: tasmotaLine(setup, gateway), isOverTcp: true },
  ];
}
