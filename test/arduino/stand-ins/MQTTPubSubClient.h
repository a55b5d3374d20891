// A stand-in for hideakitai/MQTTPubSubClient 0.3.2: its signatures here; what it and its lwmqtt do over a WebSocket is in
// MQTTPubSubClient.cpp.

#pragma once

#include <Arduino.h>
#include <deque>
#include <map>

#include "mqtt-packets.h"

#ifndef WEBSOCKETS_H_
#error "include WebSocketsClient.h before MQTTPubSubClient.h"
#endif

typedef enum {
  LWMQTT_SUCCESS = 0,
  LWMQTT_BUFFER_TOO_SHORT = -1,
  LWMQTT_NETWORK_TIMEOUT = -4,
  LWMQTT_NETWORK_FAILED_READ = -5,
  LWMQTT_NETWORK_FAILED_WRITE = -6,
  LWMQTT_MISSING_OR_WRONG_PACKET = -9,
  LWMQTT_CONNECTION_DENIED = -10,
  LWMQTT_FAILED_SUBSCRIPTION = -11,
  LWMQTT_PONG_TIMEOUT = -13,
} lwmqtt_err_t;

typedef enum { LWMQTT_CONNECTION_ACCEPTED = 0, LWMQTT_NOT_AUTHORIZED = 5, LWMQTT_UNKNOWN_RETURN_CODE = 6 } lwmqtt_return_code_t;

namespace arduino {
namespace mqtt {

using ClientType = WebSocketsClient;

/** All of PubSubClient but the size of its two buffers. */
class BufferedClient {
 public:
  using global_callback_t = std::function<void(const char *, const char *, const size_t)>;
  using topic_callback_t = std::function<void(const char *, const size_t)>;

  void begin(ClientType &webSocket);
  bool connect(const String &client_id, const String &user = "", const String &pass = "");
  bool publish(const String &topic, const String &payload, const bool retained = false, int qos = 0);
  bool publish(const String &topic, uint8_t *payload, const size_t length, const bool retained = false,
               const uint8_t qos = 0);
  void subscribe(const global_callback_t &cb) { globalCallback = cb; }
  bool subscribe(const String &topic, const topic_callback_t &cb) { return subscribe(topic, 0, cb); }
  bool subscribe(const String &topic, const uint8_t qos, const topic_callback_t &cb);
  bool update();
  bool disconnect();

  void setWill(const String &topic, const String &payload = "", const bool retained = false, const uint8_t qos = 0) {
    will = std::make_unique<packets::Will>(packets::Will{topic, payload, retained, qos});
  }
  void setKeepAliveTimeout(const uint16_t sec) { keepAliveSec = sec; }
  void setCleanSession(const bool b) { cleanSession = b; }
  void setTimeout(const uint32_t ms) { timeoutMs = ms; }
  bool isConnected() const { return client->isConnected() && isAccepted; }
  lwmqtt_err_t getLastError() const { return lastError; }
  /** Never written since lwmqtt 0.9: the library forgets to. */
  lwmqtt_return_code_t getReturnCode() const { return LWMQTT_CONNECTION_ACCEPTED; }

 protected:
  explicit BufferedClient(size_t bufferBytes) : bufferBytes(bufferBytes) {}

 private:
  using Bytes = packets::Bytes;

  const size_t bufferBytes;
  ClientType *client = nullptr;
  std::deque<uint8_t> received;
  global_callback_t globalCallback;
  std::map<String, topic_callback_t> callbacks;
  std::unique_ptr<packets::Will> will;
  bool cleanSession = true, isAccepted = false, isPongPending = false;
  uint16_t keepAliveSec = 100, lastPacketId = 1;
  uint32_t timeoutMs = 1000;
  unsigned long sentMs = 0, commandMs = 0;
  lwmqtt_err_t lastError = LWMQTT_SUCCESS;

  bool isEnded(lwmqtt_err_t error);
  uint16_t nextPacketId();
  bool isTimeLeft() const;
  lwmqtt_err_t send(const Bytes &bytes);
  lwmqtt_err_t read(size_t length, Bytes &bytes);
  lwmqtt_err_t cycle(uint8_t &type, Bytes &body, size_t &readBytes);
  lwmqtt_err_t cycleUntil(packets::Type type, Bytes &body);
  void deliver(const packets::Message &message);
  lwmqtt_err_t keepAlive();
};

template <size_t BUFFER_SIZE, size_t CALLBACK_SIZE = 16>
class PubSubClient : public BufferedClient {
 public:
  PubSubClient() : BufferedClient(BUFFER_SIZE) {}
};

}  // namespace mqtt
}  // namespace arduino

namespace MQTTPubSub = arduino::mqtt;
using MQTTPubSubClient = arduino::mqtt::PubSubClient<128>;
