// An ESP32 or ESP8266 on your own MQTT broker: tells that it is there, publishes a reading, switches its LED on command.
// Libraries (Library Manager): MQTTPubSubClient by hideakitai, WebSockets by Markus Sattler. Steps: examples/arduino/README.md.

// ---- Settings: everything that you change ---------------------------------------------------------------------------

#define MY_BROKER 1
#define HIVEMQ_PUBLIC 2     // broker.hivemq.com: a toy for all the world, everybody reads and writes everything
#define MOSQUITTO_PUBLIC 3  // test.mosquitto.org: the same

#define BROKER MY_BROKER

#define WIFI_SSID "my-wifi"
#define WIFI_PASSWORD "my-wifi-password"

#define MY_BROKER_HOST "durable-mqtt.example.workers.dev"
#define MY_BROKER_PORT 443
#define MY_BROKER_TLS 1  // 1: wss:// (also to the public brokers), 0: ws://, for a broker in your own network
#define MY_BROKER_PATH "/mqtt/" DEVICE_ID

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

#if MY_BROKER_TLS && !defined(ESP32) && !defined(ESP8266)
#error "TLS needs an ESP32 or ESP8266: choose the board under Tools, or set MY_BROKER_TLS to 0"
#endif

#include <Arduino.h>
#ifdef ESP8266
#include <ESP8266WiFi.h>
#else
#include <WiFi.h>
#endif
#include <WebSocketsClient.h>  // before MQTTPubSubClient.h, which looks whether it is there
#include <MQTTPubSubClient.h>
#include <memory>
#include <string.h>
#if MY_BROKER_TLS
#include <time.h>
#include "roots.h"  // whose certificates the board trusts
#endif

#ifndef LED_BUILTIN
#define LED_BUILTIN 2  // where most ESP32 boards have it
#endif
#ifdef ESP8266
const uint8_t LED_ON = LOW;  // it hangs between the pin and 3.3 V
#else
const uint8_t LED_ON = HIGH;
#endif

// Each message costs, and so does each ping: 60 s is the most that keeps Cloudflare from cutting an idle connection.
const uint16_t KEEP_ALIVE_SEC = 60;
const unsigned long READING_EVERY_MS = 30000;
const unsigned long FIRST_WAIT_MS = 1000;
const unsigned long LONGEST_WAIT_MS = 60000;
const unsigned long STABLE_MS = 60000;
const bool RETAINED = true;

// The longest packet, either way, in bytes: topic, payload and 8 more. The library's own 128 are soon too few.
using MqttClient = MQTTPubSub::PubSubClient<1024>;

// What MQTTPubSubClient does not tell: that an attempt to connect is over, and why the broker refused.
class WatchedWebSocket : public WebSocketsClient {
 public:
  bool hasEnded = false;
  int returnCode = 0;

 protected:
  void runCbEvent(WStype_t type, uint8_t *payload, size_t length) override {
    if (type == WStype_DISCONNECTED) hasEnded = true;
    if (type == WStype_BIN && length > 3 && payload[0] == 0x20) returnCode = payload[3];  // CONNACK
    WebSocketsClient::runCbEvent(type, payload, length);
  }
};

WatchedWebSocket webSocket;
std::unique_ptr<MqttClient> mqtt;
String clientId;
String topics;  // what all of its topics begin with

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
  digitalWrite(LED_BUILTIN, isOn ? LED_ON : !LED_ON);
  readingIsDue = true;  // loop() publishes it: the library cannot send while it hands over a message
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

// Put your sensor here. Retained: who subscribes later gets the last reading at once. QoS 1: sent until it is stored.
bool publishReading() {
  char json[128];
  snprintf(json, sizeof(json), "{\"uptimeSec\":%lu,\"rssiDbm\":%d,\"led\":%s}", (unsigned long)(millis() / 1000),
           (int)WiFi.RSSI(), ledIsOn ? "true" : "false");
  lastReadingMs = millis();
  readingIsDue = false;
  return mqtt->publish(topics + "/telemetry", json, RETAINED, 1);
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

// A certificate holds from one date to another, and a board wakes up in 1970.
bool setClock() {
#if MY_BROKER_TLS
  const time_t aDayIn2026 = 1767225600;
  if (time(nullptr) > aDayIn2026) return true;
  configTime(0, 0, "pool.ntp.org", "time.cloudflare.com");
  const unsigned long startMs = millis();
  while (time(nullptr) < aDayIn2026 && millis() - startMs < 15000) delay(100);
  if (time(nullptr) < aDayIn2026) Serial.println("Time: no answer by NTP (does the network let UDP port 123 through?)");
  return time(nullptr) > aDayIn2026;
#else
  return true;
#endif
}

// Called once: the library keeps the address. The subprotocol must be "mqtt", its own default is another.
void prepareWebSocket() {
#if MY_BROKER_TLS
  webSocket.beginSslWithCA(BROKER_HOST, BROKER_PORT, BROKER_PATH, ROOT_CERTIFICATES, "mqtt");
  // Insecure: the same without a check (the library then calls setInsecure). Whoever is between you and the broker can
  // read your token and play broker. Only to find out whether the certificates are what fails:
  // webSocket.beginSSL(BROKER_HOST, BROKER_PORT, BROKER_PATH, NULL, "mqtt");
#else
  webSocket.begin(BROKER_HOST, BROKER_PORT, BROKER_PATH, "mqtt");
#endif
}

bool openWebSocket() {
  Serial.println(String("WebSocket: connecting to " BROKER_HOST ":") + BROKER_PORT + BROKER_PATH);
  webSocket.setReconnectInterval(0);  // now ...
  webSocket.loop();
  webSocket.setReconnectInterval(LONGEST_WAIT_MS);  // ... and once: loop() below decides when to try again
  webSocket.hasEnded = false;                       // the connection before may have ended only now
  const unsigned long startMs = millis();
  while (!webSocket.isConnected() && !webSocket.hasEnded && millis() - startMs < 8000) {
    webSocket.loop();
    delay(10);
  }
  if (!webSocket.isConnected()) Serial.println("WebSocket: no connection (see the table of errors)");
  return webSocket.isConnected();
}

void nameDevice() {
#if BROKER == MY_BROKER
  clientId = DEVICE_ID;
  topics = "devices/" DEVICE_ID;
#else
  String address = WiFi.macAddress();  // no two boards have the same: nobody else uses these names
  address.replace(":", "");
  clientId = String(DEVICE_ID "-") + address;
  topics = String("durable-mqtt-example/") + clientId;
#endif
}

bool startSession() {
  mqtt.reset(new MqttClient());  // a used one may still hold half a packet of the connection before
  mqtt->begin(webSocket);
  mqtt->setKeepAliveTimeout(KEEP_ALIVE_SEC);
  mqtt->setTimeout(5000);
  mqtt->setCleanSession(true);  // false: commands at QoS 1 wait at the broker while the board is away
  mqtt->setWill(topics + "/status", "offline", RETAINED, 1);  // the broker publishes it when the board is lost
  mqtt->subscribe(onMessage);  // one handler for all topics, set first: commands that waited come at once
  webSocket.returnCode = 0;
#if BROKER == MY_BROKER
  const bool isAccepted = mqtt->connect(clientId, DEVICE_USERNAME, DEVICE_TOKEN);
#else
  const bool isAccepted = mqtt->connect(clientId);
#endif
  if (!isAccepted) {
    Serial.println(String("MQTT: refused, error ") + mqtt->getLastError() + ", return code " + webSocket.returnCode);
    return false;
  }
  // A session starts without subscriptions: subscribe after each connect. The handler is onMessage, above.
  if (!mqtt->subscribe(topics + "/command", 1, [](const char *, const size_t) {})) return false;
  if (!mqtt->publish(topics + "/status", "online", RETAINED, 1)) return false;
  Serial.println("MQTT: connected as " + clientId + ", topics " + topics + "/#");
  return publishReading();
}

bool connectToBroker() {
  if (!connectWifi() || !setClock() || !openWebSocket()) return false;
  nameDevice();
  return startSession();
}

// After a failure 1 s, then 2, 4, ... 60; with jitter, or all boards would knock at the same moment after an outage.
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
  pinMode(LED_BUILTIN, OUTPUT);
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
    Serial.println("MQTT: connection lost");
    waitForNextAttempt();
  } else if (millis() - changedMs >= waitMs) {
    if (connectToBroker()) {
      isConnected = true;
      changedMs = millis();
    } else {
      waitForNextAttempt();
    }
  }
  delay(10);
}
