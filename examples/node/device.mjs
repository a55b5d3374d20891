// A device in Node.js: says that it is online, publishes a reading, takes commands. Save it as device.mjs.

import mqtt from "mqtt"; // npm install mqtt@5

// "Add a device" in the dashboard shows this with your values. These are for a broker on this machine, open to all.
const BROKER_URL = "ws://127.0.0.1:8787/mqtt";
const DEVICE_ID = "kitchen";
const DEVICE_USERNAME = "kitchen";
const DEVICE_TOKEN = "";

const READING_EVERY_MS = 30_000;
const topics = `devices/${DEVICE_ID}`;
const stored = { qos: 1, retain: true };
const credential = DEVICE_TOKEN === "" ? {} : { username: DEVICE_USERNAME, password: DEVICE_TOKEN };

const client = mqtt.connect(`${BROKER_URL}/${DEVICE_ID}`, {
  clientId: DEVICE_ID,
  ...credential,
  keepalive: 60,
  reconnectPeriod: 3_000,
  // Without this, it would give up after one refusal, even if the broker was only busy.
  reconnectOnConnackError: true,
  // The broker publishes it when the connection is lost.
  will: { topic: `${topics}/status`, payload: "offline", ...stored },
});

function publishReading() {
  const reading = { temperature: Number((20 + Math.random()).toFixed(2)), uptimeSec: Math.round(process.uptime()) };
  client.publish(`${topics}/telemetry`, JSON.stringify(reading), stored);
}

client.on("connect", () => {
  console.log(`connected as ${DEVICE_ID}, topics ${topics}/#`);
  client.subscribe(`${topics}/command`, { qos: 1 });
  client.publish(`${topics}/status`, "online", stored);
  publishReading();
});
client.on("message", (topic, payload) => console.log(`${topic} ${payload}`));
client.on("error", (error) => console.error(error.message));
client.on("close", () => console.log("not connected"));

// Without a connection a reading is skipped: the next one will be newer.
setInterval(() => client.connected && publishReading(), READING_EVERY_MS);
