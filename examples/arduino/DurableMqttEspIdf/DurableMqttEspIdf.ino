// The same as DurableMqtt, for the ESP32 only. It uses what the core brings along: the MQTT client of ESP-IDF
// (esp-mqtt) and its bundle of root certificates. You install no library, but the core ("esp32 by Espressif Systems")
// must be 3.0 or later.

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

#include <WiFi.h>
#include <mqtt_client.h>
#if MY_BROKER_TLS
#include <esp_crt_bundle.h>
#include <time.h>
#endif

#ifndef LED_BUILTIN
#define LED_BUILTIN 2  // where most boards have it
#endif

const uint8_t LED_ON = HIGH;  // LOW if yours is lit when it should not be

const int KEEP_ALIVE_SEC = 60;  // esp-mqtt pings at half of it; each ping costs
const int BUFFER_BYTES = 1024;  // a longer message comes in pieces, and is ignored below; what it sends may be longer
const unsigned long READING_EVERY_MS = 30000;
const unsigned long FIRST_WAIT_MS = 1000, LONGEST_WAIT_MS = 60000, LONGEST_WAIT_AFTER_LOSS_MS = 8000, STABLE_MS = 10000;
const bool IS_MY_BROKER = BROKER == MY_BROKER;
const int RETAINED = 1;

esp_mqtt_client_handle_t mqtt = nullptr;
String clientId;
String topics;  // what all of its topics begin with

// esp-mqtt runs in a task of its own and calls onEvent there. These variables pass what happened to loop().
enum State { WAITING, CONNECTING, CONNECTED, LOST };
volatile State state = WAITING;
volatile bool ledIsOn = false;
volatile bool readingIsDue = false;
volatile bool hasConnected = false;

unsigned long lastReadingMs = 0;
unsigned long waitingSinceMs = 0;
unsigned long waitMs = 0;
unsigned long nextWaitMs = FIRST_WAIT_MS;

// ---- What it does ---------------------------------------------------------------------------------------------------

void setLed(bool isOn) {
  ledIsOn = isOn;
  digitalWrite(LED_PIN, isOn ? LED_ON : !LED_ON);
  readingIsDue = true;
}

// A command: {"led": true}, {"led": false}, on or off.
void onCommand(const String &command) {
  Serial.println("Command: " + command);
  const bool isOn = command.indexOf("true") >= 0 || command == "on";
  const bool isOff = command.indexOf("false") >= 0 || command == "off";
  if (isOn != isOff) setLed(isOn);
}

// Put your sensor here. Retained: later subscribers get the last reading at once. QoS 1: sent until it is stored.
void publishReading() {
  char json[128];
  snprintf(json, sizeof(json), "{\"uptimeSec\":%lu,\"rssiDbm\":%d,\"led\":%s}", (unsigned long)(millis() / 1000),
           (int)WiFi.RSSI(), ledIsOn ? "true" : "false");
  lastReadingMs = millis();
  readingIsDue = false;
  if (esp_mqtt_client_publish(mqtt, (topics + "/telemetry").c_str(), json, 0, 1, RETAINED) < 0) {
    Serial.println("MQTT: a reading could not be sent");
  }
}

// ---- What went wrong, in words --------------------------------------------------------------------------------------

String cause;  // for the next end of a connection; only onEvent uses it

const char *const REFUSALS[] = {"", "this version of MQTT", "DEVICE_ID does not fit MY_BROKER_PATH, or is too long",
                                "not available now, or too many attempts", "wrong username or token",
                                "the rules do not allow this DEVICE_ID, or the topic of its Will"};

String whyNot(const esp_mqtt_error_codes_t &error) {
  const int code = error.connect_return_code, esp = error.esp_tls_last_esp_err, tls = error.esp_tls_stack_err;
  if (error.error_type == MQTT_ERROR_TYPE_CONNECTION_REFUSED) {
    return String("refused: ") + REFUSALS[code % 6] + ", return code " + code;
  }
  if (esp == 0 && tls == 0 && error.esp_transport_sock_errno == 0) {
    return state == CONNECTED ? "the broker closed it: another board with this DEVICE_ID, or disconnected by hand"
                              : "the WebSocket was refused, or not answered (see the core's log)";
  }
  String words = esp == 0 ? "network" : esp_err_to_name(esp);
  if (tls != 0) words += String(", TLS error 0x") + String(abs(tls), HEX);
  if (error.esp_tls_cert_verify_flags != 0) words += ", the certificate is not accepted";
  if (error.esp_transport_sock_errno != 0) words += String(", ") + strerror(error.esp_transport_sock_errno);
  return words;
}

// ---- MQTT -----------------------------------------------------------------------------------------------------------

void onConnected() {
  // A session starts without subscriptions: subscribe after each connect. onSubscribed gets the answer.
  esp_mqtt_client_subscribe(mqtt, (topics + "/command").c_str(), 1);
  esp_mqtt_client_publish(mqtt, (topics + "/status").c_str(), "online", 0, 1, RETAINED);
  cause = "no answer to a ping";  // unless an error is reported
  readingIsDue = true;
  hasConnected = true;
  state = CONNECTED;
}

void onSubscribed(bool isRefused) {
  if (isRefused) Serial.println("MQTT: the broker refused the subscription: the rules do not allow it");
  Serial.println("MQTT: connected as " + clientId + ", topics " + topics + "/#");
}

void onData(const esp_mqtt_event_t &event) {
  if (event.data_len < event.total_data_len) {  // it subscribes to nothing else than commands
    if (event.current_data_offset == 0) Serial.println("Command: longer than the buffer, ignored");
    return;
  }
  String command;
  for (int i = 0; i < event.data_len; i++) command += event.data[i];
  onCommand(command);
}

void onEvent(void *, esp_event_base_t, int32_t id, void *data) {
  const esp_mqtt_event_handle_t event = static_cast<esp_mqtt_event_handle_t>(data);
  if (id == MQTT_EVENT_BEFORE_CONNECT) cause = "no answer within 10 s";  // unless an error is reported
  if (id == MQTT_EVENT_CONNECTED) onConnected();
  if (id == MQTT_EVENT_SUBSCRIBED) onSubscribed(event->error_handle->error_type == MQTT_ERROR_TYPE_SUBSCRIBE_FAILED);
  if (id == MQTT_EVENT_DATA) onData(*event);
  if (id == MQTT_EVENT_ERROR) cause = whyNot(*event->error_handle);
  if (id == MQTT_EVENT_DISCONNECTED) {  // also after an attempt that failed
    Serial.println((state == CONNECTED ? "MQTT: connection lost: " : "MQTT: not connected: ") + cause);
    state = LOST;
  }
}

void nameDevice() {
  String address = WiFi.macAddress();  // no two boards have the same: nobody else uses this name on a public broker
  address.replace(":", "");
  clientId = IS_MY_BROKER ? String(DEVICE_ID) : String(DEVICE_ID "-") + address;
  topics = String(IS_MY_BROKER ? "devices/" : "durable-mqtt-example/") + clientId;
}

// esp-mqtt copies all strings, and asks for the subprotocol "mqtt" by itself.
void startMqtt() {
  nameDevice();
  const String scheme = MY_BROKER_TLS ? "wss://" : "ws://";
  const String uri = scheme + BROKER_HOST + ":" + BROKER_PORT + BROKER_PATH;
  const String status = topics + "/status";
  esp_mqtt_client_config_t config = {};
  config.broker.address.uri = uri.c_str();
#if MY_BROKER_TLS
  // Without this line esp-mqtt checks no certificate, and anybody between you and the broker could read your token.
  config.broker.verification.crt_bundle_attach = esp_crt_bundle_attach;
#endif
  config.credentials.client_id = clientId.c_str();
  if (IS_MY_BROKER) {
    config.credentials.username = DEVICE_USERNAME;
    config.credentials.authentication.password = DEVICE_TOKEN;
  }
  config.session.keepalive = KEEP_ALIVE_SEC;
  config.session.disable_clean_session = false;  // true: commands at QoS 1 wait at the broker while the board is away
  config.session.last_will.topic = status.c_str();  // the broker publishes it when the board is lost
  config.session.last_will.msg = "offline";
  config.session.last_will.qos = 1;
  config.session.last_will.retain = RETAINED;
  config.network.disable_auto_reconnect = true;  // its own is every 10 s, without jitter: loop() decides
  config.buffer.size = BUFFER_BYTES;
  mqtt = esp_mqtt_client_init(&config);
  esp_mqtt_client_register_event(mqtt, MQTT_EVENT_ANY, onEvent, nullptr);
  Serial.println("MQTT: connecting to " + uri);
  esp_mqtt_client_start(mqtt);
}

// ---- Connecting -----------------------------------------------------------------------------------------------------

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

// onEvent gets the answer.
bool startConnecting() {
  if (!connectWifi() || !setClock()) return false;
  state = CONNECTING;
  if (mqtt != nullptr) return esp_mqtt_client_reconnect(mqtt) == ESP_OK;
  startMqtt();
  return true;
}

// After a failure 1 s, then 2, 4, ... 60; after a loss at most 8. With jitter, or all boards would try at the same
// moment.
void waitForNextAttempt() {
  state = WAITING;
  if (hasConnected) nextWaitMs = min(nextWaitMs, LONGEST_WAIT_AFTER_LOSS_MS);
  hasConnected = false;
  waitingSinceMs = millis();
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
}

void loop() {
  static unsigned long connectedMs = 0;
  if (state == LOST) waitForNextAttempt();
  if (state == WAITING && millis() - waitingSinceMs >= waitMs && !startConnecting()) waitForNextAttempt();
  if (state != CONNECTED) connectedMs = millis();
  if (millis() - connectedMs > STABLE_MS) nextWaitMs = FIRST_WAIT_MS;
  if (state == CONNECTED && (readingIsDue || millis() - lastReadingMs > READING_EVERY_MS)) publishReading();
  delay(10);
}
