// A device on a page, with Paho's JavaScript library: shows the commands that come, a line each.

/* global Paho */

/** @returns a promise of "connected", once it has subscribed and said that it is online, or of the library's error */
globalThis.connectDevice = ({ uri, clientId, ...login }) =>
  new Promise((resolve) => {
    const client = new Paho.Client(uri, clientId);
    client.onMessageArrived = ({ destinationName, payloadString }) => {
      document.body.append(`${destinationName} ${payloadString}\n`);
    };
    const willMessage = new Paho.Message("offline");
    willMessage.destinationName = `devices/${clientId}/status`;
    willMessage.qos = 1;
    const onSuccess = () => {
      client.send(`devices/${clientId}/status`, "online", 1, false);
      resolve("connected");
    };
    client.connect({
      ...login,
      willMessage,
      onFailure: ({ errorMessage }) => resolve(errorMessage),
      onSuccess: () => client.subscribe(`devices/${clientId}/command`, { qos: 1, onSuccess }),
    });
  });
