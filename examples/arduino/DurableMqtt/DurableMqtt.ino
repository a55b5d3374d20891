// An ESP32 or ESP8266 on your own MQTT broker: says that it is online, publishes a reading, switches its LED on
// command. Libraries: MQTTPubSubClient by hideakitai, WebSockets by Markus Sattler. Steps and errors:
// examples/arduino/README.md.

// ---- Settings: everything that you change ---------------------------------------------------------------------------

#define MY_BROKER 1
#define HIVEMQ_PUBLIC 2     // broker.hivemq.com: public, everybody reads and writes everything
#define MOSQUITTO_PUBLIC 3  // test.mosquitto.org: the same

#define BROKER MY_BROKER

#define WIFI_SSID "my-wifi"
#define WIFI_PASSWORD "my-wifi-password"

#define MY_BROKER_HOST "durable-mqtt.example.workers.dev"
#define MY_BROKER_PORT 443
#define MY_BROKER_TLS 1  // 1: wss:// (also to the public brokers), 0: ws://, for a broker in your own network
#define MY_BROKER_PATH "/mqtt/" DEVICE_ID

#define LED_PIN LED_BUILTIN  // or the number of a pin: the README has which LED is on which board

#define DEVICE_ID "my-device"  // letters, digits, - and _; two boards never share one
#define DEVICE_USERNAME "my-device"
#define DEVICE_TOKEN "the token that the dashboard showed"

// ---- What follows from them -----------------------------------------------------------------------------------------

#if BROKER == HIVEMQ_PUBLIC
#define BROKER_HOST "broker.hivemq.com"
#define BROKER_PORT (MY_BROKER_TLS ? 8884 : 8000)
#define BROKER_PATH "/mqtt"
#elif BROKER == MOSQUITTO_PUBLIC
#define BROKER_HOST "test.mosquitto.org"
#define BROKER_PORT (MY_BROKER_TLS ? 8081 : 8080)
#define BROKER_PATH "/mqtt"
#else
#define BROKER_HOST MY_BROKER_HOST
#define BROKER_PORT MY_BROKER_PORT
#define BROKER_PATH MY_BROKER_PATH
#endif

#include <Arduino.h>
#ifdef ESP8266
#include <ESP8266WiFi.h>
#else
#include <WiFi.h>
#endif
#include <WebSocketsClient.h>  // before MQTTPubSubClient.h, which checks for it
#include <MQTTPubSubClient.h>
#include <memory>
#if MY_BROKER_TLS
#include <time.h>
#include "roots.h"  // whose certificates the board trusts
#endif

#ifndef LED_BUILTIN
#define LED_BUILTIN 2  // where most ESP32 boards have it
#endif
#ifdef ESP8266
const uint8_t LED_ON = LOW;  // the LED is between the pin and 3.3 V
#else
const uint8_t LED_ON = HIGH;  // LOW if yours is lit when it should not be
#endif

// Each message costs, and so does each ping: 60 s is the most that keeps Cloudflare from cutting an idle connection.
const uint16_t KEEP_ALIVE_SEC = 60;
const unsigned long READING_EVERY_MS = 30000;
const unsigned long FIRST_WAIT_MS = 1000, LONGEST_WAIT_MS = 60000, LONGEST_WAIT_AFTER_LOSS_MS = 8000, STABLE_MS = 10000;
const bool IS_MY_BROKER = BROKER == MY_BROKER;
const bool RETAINED = true;

// The longest message that it can receive, in bytes: topic, payload and 8 more. (The library's own 128 are soon too
// few.) What it publishes may be longer: only the topic must fit.
using MqttClient = MQTTPubSub::PubSubClient<1024>;

// What MQTTPubSubClient does not report: the end of the connection and its reason, and the code of a refusal.
class WatchedWebSocket : public WebSocketsClient {
 public:
  bool hasEnded = false;
  String reason;  // from the library, since its version 2.7.1; empty if the other side closed the connection in order
  int returnCode = 0;

  String tlsError() {
    char words[100] = "";
    if (_client.ssl == nullptr) return words;
#ifdef ESP8266
    return _client.ssl->getLastSSLError(words, sizeof(words)) == 0 ? "" : words;
#else
    return _client.ssl->lastError(words, sizeof(words)) < -1 ? words : "";  // -1: there is no TCP connection either
#endif
  }

 protected:
  void runCbEvent(WStype_t type, uint8_t *payload, size_t length) override {
    if (type == WStype_DISCONNECTED) hasEnded = true;
    if (type == WStype_DISCONNECTED) reason = length > 0 ? String((const char *)payload, length) : String();
    if (type == WStype_BIN && length > 3 && payload[0] == 0x20) returnCode = payload[3];  // CONNACK
    WebSocketsClient::runCbEvent(type, payload, length);
  }
};

WatchedWebSocket webSocket;
std::unique_ptr<MqttClient> mqtt;
String clientId, topics;  // all of its topics begin with "topics"
bool ledIsOn = false;
bool readingIsDue = false;
unsigned long lastReadingMs = 0;
bool isConnected = false;
unsigned long changedMs = 0;  // when it connected, or lost the connection, or failed to connect
unsigned long waitMs = 0;     // from then until the next attempt
unsigned long nextWaitMs = FIRST_WAIT_MS;

// ---- What it does ---------------------------------------------------------------------------------------------------

void setLed(bool isOn) {
  ledIsOn = isOn;
  digitalWrite(LED_PIN, isOn ? LED_ON : !LED_ON);
  readingIsDue = true;  // loop() publishes it: the library cannot send while it delivers a message
}

// A command: {"led": true}, {"led": false}, on or off.
void onMessage(const char *topic, const char *payload, const size_t size) {
  if (size == 0) return;  // there is no payload to look at then
  Serial.println(String("Message: ") + topic + " " + payload);
  if (topics + "/command" != topic) return;
  const bool isOn = strstr(payload, "true") != nullptr || strcmp(payload, "on") == 0;
  const bool isOff = strstr(payload, "false") != nullptr || strcmp(payload, "off") == 0;
  if (isOn != isOff) setLed(isOn);
}

// Put your sensor here. Retained: later subscribers get the last reading at once. QoS 1: sent until it is stored.
bool publishReading() {
  char json[128];
  snprintf(json, sizeof(json), "{\"uptimeSec\":%lu,\"rssiDbm\":%d,\"led\":%s}", (unsigned long)(millis() / 1000),
           (int)WiFi.RSSI(), ledIsOn ? "true" : "false");
  lastReadingMs = millis();
  readingIsDue = false;
  return mqtt->publish(topics + "/telemetry", json, RETAINED, 1);
}

// ---- What went wrong, in words --------------------------------------------------------------------------------------

const char *const REFUSALS[] = {"", "this version of MQTT", "DEVICE_ID does not fit MY_BROKER_PATH, or is too long",
                                "not available now, or too many attempts", "wrong username or token",
                                "the rules do not allow this DEVICE_ID, or the topic of its Will"};

// Why the last call of the library failed, or why the connection is gone although no call failed.
String whyNot() {
  const int error = mqtt->getLastError(), code = webSocket.returnCode;
  String ended = webSocket.reason;
  if (ended == "") ended = "the broker closed it: another board with this DEVICE_ID, or disconnected by hand";
  if (error == LWMQTT_SUCCESS) return ended;
  String words = "see lwmqtt.h";
  if (error == LWMQTT_CONNECTION_DENIED) words = String("refused: ") + REFUSALS[code % 6] + ", return code " + code;
  if (error == LWMQTT_BUFFER_TOO_SHORT) words = "a message is longer than the buffer, see MqttClient";
  if (error == LWMQTT_MISSING_OR_WRONG_PACKET || error == LWMQTT_NETWORK_TIMEOUT) words = "no answer within 5 s";
  if (error == LWMQTT_NETWORK_FAILED_READ || error == LWMQTT_NETWORK_FAILED_WRITE) words = "the connection ended: " + ended;
  if (error == LWMQTT_FAILED_SUBSCRIPTION) words = "the broker refused the subscription: the rules do not allow it";
  if (error == LWMQTT_PONG_TIMEOUT) words = "no answer to a ping";
  return words + " (error " + error + ")";
}

// ---- Connecting: Wi-Fi, the time, the WebSocket, MQTT ---------------------------------------------------------------

bool connectWifi() {
  if (WiFi.status() == WL_CONNECTED) return true;
  Serial.println("Wi-Fi: connecting to " WIFI_SSID);
  WiFi.disconnect();
  WiFi.begin(WIFI_SSID, WIFI_PASSWORD);
  const unsigned long startMs = millis();
  while (WiFi.status() != WL_CONNECTED && millis() - startMs < 15000) delay(100);
  if (WiFi.status() != WL_CONNECTED) Serial.println("Wi-Fi: not there, or the password is wrong");
  return WiFi.status() == WL_CONNECTED;
}

// A certificate is valid between two dates, and a board wakes up in 1970.
bool setClock() {
#if MY_BROKER_TLS
  const time_t aDayIn2026 = 1767225600;
  const unsigned long startMs = millis();
  if (time(nullptr) < aDayIn2026) configTime(0, 0, "pool.ntp.org", "time.cloudflare.com");
  while (time(nullptr) < aDayIn2026 && millis() - startMs < 15000) delay(100);
  if (time(nullptr) < aDayIn2026) Serial.println("Time: no answer by NTP (does the network let UDP port 123 through?)");
  if (time(nullptr) < aDayIn2026) return false;
#endif
  return true;
}

// Called once: the library keeps the address. The subprotocol must be "mqtt", its own default is another.
void prepareWebSocket() {
#if MY_BROKER_TLS
  webSocket.beginSslWithCA(BROKER_HOST, BROKER_PORT, BROKER_PATH, ROOT_CERTIFICATES, "mqtt");
  // Insecure: the same without a check (the library then calls setInsecure). Anybody between you and the broker could
  // read your token and pretend to be the broker. Use it only to find out whether the certificates are the problem:
  // webSocket.beginSSL(BROKER_HOST, BROKER_PORT, BROKER_PATH, NULL, "mqtt");
#else
  webSocket.begin(BROKER_HOST, BROKER_PORT, BROKER_PATH, "mqtt");
#endif
}

bool openWebSocket() {
  Serial.println(String("WebSocket: connecting to " BROKER_HOST ":") + BROKER_PORT + BROKER_PATH);
  webSocket.setReconnectInterval(0);  // now ...
  webSocket.loop();
  const String tlsError = webSocket.tlsError();     // gone with the next loop()
  webSocket.setReconnectInterval(LONGEST_WAIT_MS);  // ... and once: loop() below decides when to try again
  webSocket.hasEnded = false;                       // the connection before may have ended only now
  webSocket.reason = "";
  const unsigned long startMs = millis();
  while (!webSocket.isConnected() && !webSocket.hasEnded && millis() - startMs < 8000) {
    webSocket.loop();
    delay(10);
  }
  if (webSocket.isConnected()) return true;
  String why = webSocket.reason == "" ? String("see the table of errors") : webSocket.reason;
  if (why == "TCP connection cleanup") why = "nobody answers at this address and port (switched off, or a firewall?)";
  if (tlsError != "") why = "TLS: " + tlsError;
  Serial.println("WebSocket: no connection: " + why);
  return false;
}

void nameDevice() {
  String address = WiFi.macAddress();  // no two boards have the same: nobody else uses this name on a public broker
  address.replace(":", "");
  clientId = IS_MY_BROKER ? String(DEVICE_ID) : String(DEVICE_ID "-") + address;
  topics = String(IS_MY_BROKER ? "devices/" : "durable-mqtt-example/") + clientId;
}

bool startSession() {
  nameDevice();
  mqtt.reset(new MqttClient());  // a used one may still hold half a packet of the connection before
  mqtt->begin(webSocket);
  mqtt->setKeepAliveTimeout(KEEP_ALIVE_SEC);
  mqtt->setTimeout(5000);
  mqtt->setCleanSession(true);  // false: commands at QoS 1 wait at the broker while the board is away
  mqtt->setWill(topics + "/status", "offline", RETAINED, 1);  // the broker publishes it when the board is lost
  mqtt->subscribe(onMessage);  // one handler for all topics, set first: commands that waited come at once
  webSocket.returnCode = 0;
  // A session starts without subscriptions: subscribe after each connect. The handler is onMessage, above.
  if (!mqtt->connect(clientId, IS_MY_BROKER ? DEVICE_USERNAME : "", IS_MY_BROKER ? DEVICE_TOKEN : "") ||
      !mqtt->subscribe(topics + "/command", 1, [](const char *, const size_t) {}) ||
      !mqtt->publish(topics + "/status", "online", RETAINED, 1) || !publishReading()) {
    Serial.println("MQTT: not connected: " + whyNot());
    return false;
  }
  Serial.println("MQTT: connected as " + clientId + ", topics " + topics + "/#");
  return true;
}

// After a failure 1 s, then 2, 4, ... 60; after a loss at most 8. With jitter, or all boards would try at the same
// moment.
void waitForNextAttempt() {
  isConnected = false;
  changedMs = millis();
  waitMs = nextWaitMs / 2 + random(nextWaitMs / 2);
  nextWaitMs = min(nextWaitMs * 2, LONGEST_WAIT_MS);
  Serial.println(String("Next attempt to connect in ") + waitMs + " ms");
}

// ---- Arduino --------------------------------------------------------------------------------------------------------

void setup() {
  Serial.begin(115200);
  pinMode(LED_PIN, OUTPUT);
  setLed(false);
  WiFi.mode(WIFI_STA);
  prepareWebSocket();
  unsigned long seed = micros();  // the library's own seed is the same on all boards that wake up together
  for (const char *letter = DEVICE_ID; *letter != '\0'; letter++) seed = seed * 31 + *letter;
  randomSeed(seed);
}

void loop() {
  if (mqtt && mqtt->update()) {  // connected: takes messages, sends pings
    if (millis() - changedMs > STABLE_MS) nextWaitMs = FIRST_WAIT_MS;
    if (readingIsDue || millis() - lastReadingMs > READING_EVERY_MS) publishReading();
  } else if (isConnected) {
    Serial.println("MQTT: connection lost: " + whyNot());
    waitForNextAttempt();
  } else if (millis() - changedMs >= waitMs) {
    isConnected = connectWifi() && setClock() && openWebSocket() && startSession();
    if (!isConnected) return waitForNextAttempt();
    changedMs = millis();
    nextWaitMs = min(nextWaitMs, LONGEST_WAIT_AFTER_LOSS_MS);
  }
  delay(10);
}
