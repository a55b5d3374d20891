// A page that is an MQTT client: it shows what is published below home/, and publishes.

import mqtt from "mqtt";

const state = document.querySelector("#state");
const messages = document.querySelector("#messages");
let client;

document.querySelector("#connect").addEventListener("submit", (event) => {
  event.preventDefault();
  const { brokerUrl, username, token } = Object.fromEntries(new FormData(event.target));
  client?.end();
  client = connect(brokerUrl, username === "" ? {} : { username, password: token });
});

document.querySelector("#publish").addEventListener("submit", (event) => {
  event.preventDefault();
  const { topic, message } = Object.fromEntries(new FormData(event.target));
  client?.publish(topic, message, { qos: 1 });
});

function connect(brokerUrl, credential) {
  // Each tab is a client of its own: two clients with one identifier would disconnect each other.
  const clientId = `page-${Math.random().toString(36).slice(2)}`;
  const connection = mqtt.connect(`${brokerUrl}/${clientId}`, {
    clientId,
    protocolVersion: 5,
    ...credential,
    reconnectPeriod: 3_000,
    // Without this, it would give up after one refusal, even if the broker was only busy.
    reconnectOnConnackError: true,
  });
  let refusal;
  connection.on("connect", () => {
    state.textContent = "connected";
    connection.subscribe("home/#", { qos: 1 });
  });
  connection.on("close", async () => {
    const wasConnected = state.textContent === "connected";
    state.textContent = wasConnected ? "not connected" : (refusal ?? (await whyRefused(brokerUrl)));
  });
  connection.on("error", ({ message }) => {
    // After "Connection refused" by CONNACK; other errors name no reason.
    refusal = /^Connection refused/.test(message) ? message : undefined;
  });
  connection.on("message", (topic, payload) => {
    const item = document.createElement("li");
    // textContent, never innerHTML: everybody who may publish can write into this page.
    item.textContent = `${topic} ${payload}`;
    messages.prepend(item);
  });
  return connection;
}

/** A browser does not tell a page why its WebSocket was refused. A plain request to the same address gets the reason. */
async function whyRefused(brokerUrl) {
  try {
    const answer = await fetch(brokerUrl.replace(/^ws/, "http"));
    const mayUpgrade = answer.status === 426;
    return mayUpgrade ? "not connected" : `HTTP ${answer.status}: ${await answer.text()}`;
  } catch {
    return "the broker does not answer";
  }
}
