// A stand-in for hideakitai/MQTTPubSubClient 0.3: its signatures, and what its lwmqtt sends and does over a WebSocket, as
// read in their sources. MQTT 3.1.1; a PUBLISH goes out as two frames, header and payload; what does not fit the buffer
// ends the connection; a method returns when the acknowledgement is there, or closes.

#pragma once

#include <Arduino.h>
#include <deque>
#include <map>
#include <vector>

#ifndef WEBSOCKETS_H_
#error "include WebSocketsClient.h before MQTTPubSubClient.h"
#endif

typedef enum {
  LWMQTT_SUCCESS = 0,
  LWMQTT_BUFFER_TOO_SHORT = -1,
  LWMQTT_NETWORK_TIMEOUT = -4,
  LWMQTT_NETWORK_FAILED_READ = -5,
  LWMQTT_NETWORK_FAILED_WRITE = -6,
  LWMQTT_CONNECTION_DENIED = -10,
  LWMQTT_FAILED_SUBSCRIPTION = -11,
  LWMQTT_PONG_TIMEOUT = -13,
} lwmqtt_err_t;

typedef enum { LWMQTT_CONNECTION_ACCEPTED = 0, LWMQTT_NOT_AUTHORIZED = 5, LWMQTT_UNKNOWN_RETURN_CODE = 6 } lwmqtt_return_code_t;

namespace arduino {
namespace mqtt {

using ClientType = WebSocketsClient;

template <size_t BUFFER_SIZE, size_t CALLBACK_SIZE = 16>
class PubSubClient {
 public:
  using global_callback_t = std::function<void(const char *, const char *, const size_t)>;
  using topic_callback_t = std::function<void(const char *, const size_t)>;

  void begin(ClientType &webSocket) {
    client = &webSocket;
    client->onEvent([this](WStype_t type, uint8_t *payload, size_t length) {
      if (type == WStype_BIN || type == WStype_TEXT) received.insert(received.end(), payload, payload + length);
    });
  }

  bool connect(const String &client_id, const String &user = "", const String &pass = "") {
    uint8_t flags = cleanSession ? 0x02 : 0;
    if (hasWill) flags |= 0x04 | willQos << 3 | (willRetained ? 0x20 : 0);
    if (user.length() > 0) flags |= pass.length() > 0 ? 0xc0 : 0x80;
    Bytes body;
    addText(body, "MQTT");
    body.insert(body.end(), {4, flags, high(keepAliveSec), low(keepAliveSec)});
    addText(body, client_id);
    if (hasWill) addText(body, willTopic), addText(body, willPayload);
    if (user.length() > 0) addText(body, user);
    if (user.length() > 0 && pass.length() > 0) addText(body, pass);
    Bytes connack;
    if (!exchange(packet(0x10, body), 0x20, connack)) return closed();
    connackCode = connack[1];
    if (connackCode != LWMQTT_CONNECTION_ACCEPTED) return closed(LWMQTT_CONNECTION_DENIED);
    return isAccepted = true;
  }

  bool publish(const String &topic, const String &payload, const bool retained = false, int qos = 0) {
    return publish(topic, (uint8_t *)payload.c_str(), payload.length(), retained, qos);
  }
  bool publish(const String &topic, uint8_t *payload, const size_t length, const bool retained = false,
               const uint8_t qos = 0) {
    if (!isConnected()) return false;
    Bytes head;
    addText(head, topic);
    if (qos > 0) addPacketId(head);
    const Bytes header = packet(0x30 | qos << 1 | (retained ? 1 : 0), head, length);
    if (header.size() + length > BUFFER_SIZE) return closed(LWMQTT_BUFFER_TOO_SHORT);
    if (!write(header) || (length > 0 && !write(Bytes(payload, payload + length)))) return closed();
    Bytes puback;
    return qos == 0 || waitFor(0x40, puback) || closed();
  }

  void subscribe(const global_callback_t &cb) { globalCallback = cb; }
  bool subscribe(const String &topic, const topic_callback_t &cb) { return subscribe(topic, 0, cb); }
  bool subscribe(const String &topic, const uint8_t qos, const topic_callback_t &cb) {
    if (!isConnected()) return false;
    Bytes body, suback;
    addPacketId(body);
    addText(body, topic);
    body.push_back(qos);
    if (!exchange(packet(0x82, body), 0x90, suback)) return closed();
    if (suback[2] == 0x80) return closed(LWMQTT_FAILED_SUBSCRIPTION);
    callbacks[topic] = cb;
    return true;
  }

  bool update() {
    if (!isConnected()) return false;
    client->loop();
    Bytes ignored;
    while (!received.empty())
      if (!takePacket(ignored)) return closed();
    return keepAlive() || closed();
  }

  void setWill(const String &topic, const String &payload = "", const bool retained = false, const uint8_t qos = 0) {
    hasWill = true;
    willTopic = topic;
    willPayload = payload;
    willRetained = retained;
    willQos = qos;
  }
  void setKeepAliveTimeout(const uint16_t sec) { keepAliveSec = sec; }
  void setCleanSession(const bool b) { cleanSession = b; }
  void setTimeout(const uint32_t ms) { timeoutMs = ms; }
  bool isConnected() const { return client->isConnected() && isAccepted; }
  bool disconnect() {
    if (!isConnected()) return false;
    write({0xe0, 0});
    closed();
    return true;
  }
  lwmqtt_err_t getLastError() const { return lastError; }
  /** Never written since lwmqtt 0.9: the library forgets to. */
  lwmqtt_return_code_t getReturnCode() const { return LWMQTT_CONNECTION_ACCEPTED; }
  /** For the stand-in of esp-mqtt, which is made of this. */
  uint8_t connackCode = 0;

 private:
  using Bytes = std::vector<uint8_t>;

  ClientType *client = nullptr;
  std::deque<uint8_t> received;
  global_callback_t globalCallback;
  std::map<String, topic_callback_t> callbacks;
  bool hasWill = false, willRetained = false, cleanSession = true, isAccepted = false, isPongPending = false;
  String willTopic, willPayload;
  uint8_t willQos = 0;
  uint16_t keepAliveSec = 100, lastPacketId = 1;
  uint32_t timeoutMs = 1000;
  unsigned long sentMs = 0;
  lwmqtt_err_t lastError = LWMQTT_SUCCESS;

  static uint8_t high(uint16_t number) { return number >> 8; }
  static uint8_t low(uint16_t number) { return number & 0xff; }
  static void addText(Bytes &bytes, const String &text) {
    bytes.insert(bytes.end(), {high(text.length()), low(text.length())});
    bytes.insert(bytes.end(), text.c_str(), text.c_str() + text.length());
  }
  void addPacketId(Bytes &bytes) {
    lastPacketId = lastPacketId == 65535 ? 1 : lastPacketId + 1;
    bytes.insert(bytes.end(), {high(lastPacketId), low(lastPacketId)});
  }
  static Bytes packet(uint8_t first, const Bytes &body, size_t payloadBytes = 0) {
    Bytes bytes = {first};
    size_t rest = body.size() + payloadBytes;
    do bytes.push_back((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    while ((rest >>= 7) > 0);
    bytes.insert(bytes.end(), body.begin(), body.end());
    return bytes;
  }

  bool failed(lwmqtt_err_t error) {
    lastError = error;
    return false;
  }
  bool closed() {
    isAccepted = false;
    client->disconnect();
    return false;
  }
  bool closed(lwmqtt_err_t error) { return failed(error), closed(); }

  bool write(const Bytes &bytes) {
    if (bytes.size() > BUFFER_SIZE) return failed(LWMQTT_BUFFER_TOO_SHORT);
    sentMs = millis();
    return client->sendBIN(bytes.data(), bytes.size()) || failed(LWMQTT_NETWORK_FAILED_WRITE);
  }

  bool exchange(const Bytes &request, uint8_t answer, Bytes &body) { return write(request) && waitFor(answer, body); }

  bool waitFor(uint8_t type, Bytes &body) {
    const unsigned long startMs = millis();
    while (millis() - startMs < timeoutMs) {
      client->loop();
      if (received.empty()) {
        if (!client->isConnected()) return failed(LWMQTT_NETWORK_FAILED_READ);
        delay(1);
        continue;
      }
      const uint8_t first = received.front();
      if (!takePacket(body)) return false;
      if ((first & 0xf0) == type) return true;
    }
    return failed(LWMQTT_NETWORK_TIMEOUT);
  }

  /** The next bytes, within the timeout; here they need not come with the frame that began the packet. */
  bool read(size_t length, Bytes &bytes) {
    const unsigned long startMs = millis();
    while (received.size() < length) {
      client->loop();
      if (!client->isConnected()) return failed(LWMQTT_NETWORK_FAILED_READ);
      if (millis() - startMs >= timeoutMs) return failed(LWMQTT_NETWORK_TIMEOUT);
      delay(1);
    }
    bytes.assign(received.begin(), received.begin() + length);
    received.erase(received.begin(), received.begin() + length);
    return true;
  }

  bool takePacket(Bytes &body) {
    Bytes first, length;
    if (!read(1, first)) return false;
    size_t rest = 0, headBytes = 1;
    do {
      if (!read(1, length)) return false;
      rest |= (length[0] & 0x7f) << 7 * (headBytes - 1);
      headBytes++;
    } while (length[0] & 0x80);
    if (headBytes + rest > BUFFER_SIZE) return failed(LWMQTT_BUFFER_TOO_SHORT);
    if (!read(rest, body)) return false;
    if ((first[0] & 0xf0) == 0xd0) isPongPending = false;
    return (first[0] & 0xf0) != 0x30 || onPublish(first[0], body);
  }

  bool onPublish(uint8_t first, const Bytes &body) {
    const uint8_t qos = first >> 1 & 3;
    const size_t topicEnd = 2 + (body[0] << 8 | body[1]), payloadStart = topicEnd + (qos > 0 ? 2 : 0);
    const std::string topic(body.begin() + 2, body.begin() + topicEnd);
    const std::string payload(body.begin() + payloadStart, body.end());
    const char *bytes = payload.empty() ? nullptr : payload.c_str();
    if (globalCallback) globalCallback(topic.c_str(), bytes, payload.length());
    for (const auto &[filter, callback] : callbacks)
      if (filter == topic.c_str()) callback(bytes, payload.length());
    return qos == 0 || write({0x40, 2, body[topicEnd], body[topicEnd + 1]});
  }

  bool keepAlive() {
    if (keepAliveSec == 0 || millis() - sentMs < keepAliveSec * 1000ul) return true;
    if (isPongPending) return failed(LWMQTT_PONG_TIMEOUT);
    isPongPending = true;
    return write({0xc0, 0});
  }
};

}  // namespace mqtt
}  // namespace arduino

namespace MQTTPubSub = arduino::mqtt;
using MQTTPubSubClient = arduino::mqtt::PubSubClient<128>;
