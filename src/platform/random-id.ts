const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** A fresh identifier: ten characters that any MQTT client identifier may have [MQTT-3.1.3-5], 59 bits. */
export function randomId(): string {
  let id = "";
  for (const byte of crypto.getRandomValues(new Uint8Array(10))) id += characters[byte % characters.length];
  return id;
}
