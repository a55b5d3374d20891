// esp-mqtt's task, states and events, as read in its source, over the stand-in of a WebSocket. It has a task of its
// own. SUBACK and PUBACK are events, and refusals do not close the connection. A loss is reported as ERROR, if there is
// an error, and then as DISCONNECTED. After that it waits for a call to reconnect. It does not make frames itself:
// test/broker/boards.test.ts has those.

#include <Arduino.h>
#include <WebSocketsClient.h>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <thread>

#include "mqtt-packets.h"
#include "mqtt_client.h"

using packets::Bytes;
using packets::Type;

namespace {

enum class State { Init, Connected, WaitReconnect };

const char *orEmpty(const char *text) { return text == nullptr ? "" : text; }

/** The transport: bytes that came, and how it ended. */
class Transport : public WebSocketsClient {
 public:
  std::string received;
  bool hasEnded = false;
  String reason;

  bool open(const String &uri, unsigned long networkTimeoutMs) {
    char host[100], path[300], scheme[4];
    int port;
    if (sscanf(uri.c_str(), "%3[ws]://%99[^:]:%d%299s", scheme, host, &port, path) != 4) return false;
    timeoutMs = networkTimeoutMs;
    if (strcmp(scheme, "wss") == 0) beginSslWithCA(host, port, path, "", "mqtt");
    else begin(host, port, path, "mqtt");
    received.clear();
    setReconnectInterval(0);
    loop();
    tlsError = _client.ssl == nullptr ? 0 : _client.ssl->error;
    setReconnectInterval(networkTimeoutMs);
    for (hasEnded = false; !isConnected() && !hasEnded; delay(1)) loop();
    return isConnected();
  }

  int tlsError = 0;

 protected:
  void runCbEvent(WStype_t type, uint8_t *payload, size_t length) override {
    if (type == WStype_BIN) received.append(reinterpret_cast<char *>(payload), length);
    if (type != WStype_DISCONNECTED) return;
    hasEnded = true;
    reason = String(reinterpret_cast<char *>(payload), length);
  }
};

}  // namespace

struct esp_mqtt_client {
  String uri;
  packets::Login login;
  packets::Will will;
  int bufferBytes, networkTimeoutMs;
  esp_event_handler_t handler = nullptr;
  void *handlerArgument = nullptr;

  std::recursive_mutex lock;
  std::atomic<State> state{State::Init};
  std::atomic<bool> isReconnectAsked{false};
  Transport transport;
  esp_mqtt_error_codes_t error = {};
  uint16_t lastPacketId = 0;
  unsigned long keepAliveMs = 0;
  bool isPongPending = false;

  void report(esp_mqtt_event_id_t id, esp_mqtt_event_t event = {}) {
    event.event_id = id;
    event.client = this;
    event.error_handle = &error;
    if (handler != nullptr) handler(handlerArgument, "MQTT_EVENTS", id, &event);
  }

  void run() {
    for (;; delay(2)) {
      const std::lock_guard<std::recursive_mutex> guard(lock);
      if (state == State::Init) connectNow();
      if (state == State::Connected) receive();
      if (state == State::Connected) keepAlive();
      if (state == State::WaitReconnect && isReconnectAsked.exchange(false)) state = State::Init;
    }
  }

  void connectNow() {
    report(MQTT_EVENT_BEFORE_CONNECT);
    if (!transport.open(uri, networkTimeoutMs)) {
      reportTransportError();
      return abortConnection();
    }
    send(packets::connectPacket(login, will.topic.length() > 0 ? &will : nullptr));
    uint8_t first;
    Bytes connack;
    const unsigned long startMs = millis();
    while (!takePacket(first, connack)) {
      if (transport.hasEnded) reportTransportError();
      if (transport.hasEnded || millis() - startMs > static_cast<unsigned long>(networkTimeoutMs)) return abortConnection();
      transport.loop();
      delay(1);
    }
    error = {};
    if (connack[1] != MQTT_CONNECTION_ACCEPTED) {
      error.error_type = MQTT_ERROR_TYPE_CONNECTION_REFUSED;
      error.connect_return_code = static_cast<esp_mqtt_connect_return_code_t>(connack[1]);
      report(MQTT_EVENT_ERROR);
      return abortConnection();
    }
    state = State::Connected;
    keepAliveMs = millis();
    isPongPending = false;
    report(MQTT_EVENT_CONNECTED);
  }

  void receive() {
    uint8_t first;
    Bytes body;
    transport.loop();
    while (state == State::Connected && takePacket(first, body)) handle(first, body);
    if (state != State::Connected || !transport.hasEnded) return;
    reportTransportError();
    abortConnection();
  }

  void handle(uint8_t first, const Bytes &body) {
    const uint8_t type = first & 0xf0;
    esp_mqtt_event_t event = {};
    if (type == Type::Suback) {
      error = {};
      if (body[2] >= 0x80) error.error_type = MQTT_ERROR_TYPE_SUBSCRIBE_FAILED;
      std::string codes(body.begin() + 2, body.end());
      event.msg_id = packets::packetIdIn(body);
      event.data = codes.data();
      event.data_len = event.total_data_len = codes.length();
      report(MQTT_EVENT_SUBSCRIBED, event);
    } else if (type == Type::Publish) {
      const packets::Message message = packets::messageIn(first, body);
      deliver(message);
      if (message.qos > 0) send(packets::acknowledgement(message.qos == 1 ? Type::Puback : Type::Pubrec, message.packetId));
    } else if (type == Type::Puback || type == Type::Pubcomp) {
      event.msg_id = packets::packetIdIn(body);
      report(MQTT_EVENT_PUBLISHED, event);
    } else if (type == Type::Pubrec) {
      send(packets::acknowledgement(Type::Pubrel, packets::packetIdIn(body)));
    } else if (type == Type::Pubrel) {
      send(packets::acknowledgement(Type::Pubcomp, packets::packetIdIn(body)));
    } else if (type == Type::Pingresp) {
      isPongPending = false;
      keepAliveMs = millis();
    }
  }

  /** What does not fit the buffer comes in pieces, of which the first alone has the topic. */
  void deliver(packets::Message message) {
    const int total = message.payload.length(), topicBytes = message.topic.length();
    int offset = 0;
    do {
      esp_mqtt_event_t event = {};
      event.topic = offset == 0 ? message.topic.data() : nullptr;
      event.topic_len = offset == 0 ? topicBytes : 0;
      event.data = total == 0 ? nullptr : message.payload.data() + offset;
      event.data_len = min(total - offset, bufferBytes - (offset == 0 ? topicBytes + 8 : 0));
      event.total_data_len = total;
      event.current_data_offset = offset;
      report(MQTT_EVENT_DATA, event);
      offset += event.data_len;
    } while (offset < total);
  }

  /** A ping after half the time, whatever else was sent; it has the other half to be answered. */
  void keepAlive() {
    const unsigned long idleMs = millis() - keepAliveMs, keepAliveTimeMs = login.keepAliveSec * 1000ul;
    if (isPongPending && idleMs >= keepAliveTimeMs) return abortConnection();
    if (isPongPending || idleMs < keepAliveTimeMs / 2) return;
    isPongPending = true;
    send({Type::Pingreq, 0});
  }

  /** @returns whether the transport took it */
  bool send(const Bytes &bytes) {
    const bool isSent = transport.sendBIN(bytes.data(), bytes.size());
    if (!isSent) reportTransportError();
    return isSent;
  }

  bool takePacket(uint8_t &first, Bytes &body) {
    const std::string &bytes = transport.received;
    size_t rest = 0, headBytes = 1;
    uint8_t byte;
    do {
      if (bytes.length() <= headBytes) return false;
      byte = bytes[headBytes];
      rest |= (byte & 0x7f) << 7 * (headBytes++ - 1);
    } while (byte & 0x80);
    if (bytes.length() < headBytes + rest) return false;
    first = bytes[0];
    body.assign(bytes.begin() + headBytes, bytes.begin() + headBytes + rest);
    transport.received.erase(0, headBytes + rest);
    return true;
  }

  /** A WebSocket that was not granted, or was closed in order, has no code. */
  void reportTransportError() {
    error = {};
    error.error_type = MQTT_ERROR_TYPE_TCP_TRANSPORT;
    if (transport.tlsError < -1) {
      error.esp_tls_last_esp_err = ESP_ERR_MBEDTLS_SSL_HANDSHAKE_FAILED;
      error.esp_tls_stack_err = -transport.tlsError;
    } else if (transport.reason == "TCP connection cleanup") {
      error.esp_tls_last_esp_err = ESP_ERR_ESP_TLS_FAILED_CONNECT_TO_HOST;
      error.esp_transport_sock_errno = ECONNREFUSED;
    } else if (transport.reason == "Connection lost") {
      error.esp_tls_last_esp_err = ESP_ERR_ESP_TLS_TCP_CLOSED_FIN;
    }
    report(MQTT_EVENT_ERROR);
  }

  void abortConnection() {
    transport.disconnect();
    state = State::WaitReconnect;
    isPongPending = false;
    report(MQTT_EVENT_DISCONNECTED);
  }
};

extern "C" {

const char *esp_err_to_name(esp_err_t code) {
  switch (code) {
    case ESP_OK: return "ESP_OK";
    case ESP_ERR_ESP_TLS_FAILED_CONNECT_TO_HOST: return "ESP_ERR_ESP_TLS_FAILED_CONNECT_TO_HOST";
    case ESP_ERR_ESP_TLS_TCP_CLOSED_FIN: return "ESP_ERR_ESP_TLS_TCP_CLOSED_FIN";
    case ESP_ERR_MBEDTLS_SSL_HANDSHAKE_FAILED: return "ESP_ERR_MBEDTLS_SSL_HANDSHAKE_FAILED";
    default: return "UNKNOWN ERROR";
  }
}

esp_mqtt_client_handle_t esp_mqtt_client_init(const esp_mqtt_client_config_t *config) {
  auto *client = new esp_mqtt_client();
  const auto &session = config->session;
  client->uri = orEmpty(config->broker.address.uri);
  client->login.clientId = orEmpty(config->credentials.client_id);
  client->login.username = orEmpty(config->credentials.username);
  client->login.password = orEmpty(config->credentials.authentication.password);
  client->login.keepAliveSec = session.keepalive == 0 ? 120 : session.keepalive;
  client->login.isCleanSession = !session.disable_clean_session;
  client->will.topic = orEmpty(session.last_will.topic);
  client->will.payload = orEmpty(session.last_will.msg);
  client->will.qos = session.last_will.qos;
  client->will.isRetained = session.last_will.retain != 0;
  client->bufferBytes = config->buffer.size == 0 ? 1024 : config->buffer.size;
  client->networkTimeoutMs = config->network.timeout_ms == 0 ? 10000 : config->network.timeout_ms;
  return client;
}

esp_err_t esp_mqtt_client_register_event(esp_mqtt_client_handle_t client, esp_mqtt_event_id_t,
                                         esp_event_handler_t handler, void *argument) {
  client->handler = handler;
  client->handlerArgument = argument;
  return ESP_OK;
}

esp_err_t esp_mqtt_client_start(esp_mqtt_client_handle_t client) {
  std::thread([client] { client->run(); }).detach();
  return ESP_OK;
}

esp_err_t esp_mqtt_client_reconnect(esp_mqtt_client_handle_t client) {
  if (client->state != State::WaitReconnect) return ESP_FAIL;
  client->isReconnectAsked = true;
  return ESP_OK;
}

int esp_mqtt_client_subscribe_single(esp_mqtt_client_handle_t client, const char *topic, int qos) {
  const std::lock_guard<std::recursive_mutex> guard(client->lock);
  if (client->state != State::Connected) return -1;
  const uint16_t packetId = ++client->lastPacketId;
  return client->send(packets::subscribePacket(packetId, topic, qos)) ? packetId : -1;
}

/** Sent, not acknowledged; the outbox, which would send it again later, is left out. */
int esp_mqtt_client_publish(esp_mqtt_client_handle_t client, const char *topic, const char *data, int len, int qos,
                            int retain) {
  const std::lock_guard<std::recursive_mutex> guard(client->lock);
  const uint16_t packetId = qos > 0 ? ++client->lastPacketId : 0;
  if (client->state != State::Connected) return qos > 0 ? packetId : -1;
  const size_t length = len > 0 || data == nullptr ? len : strlen(data);
  Bytes bytes = packets::publishHead(packetId, topic, length, retain != 0, qos);
  bytes.insert(bytes.end(), data, data + length);
  if (client->send(bytes)) return packetId;
  client->abortConnection();
  return -1;
}

}  // extern "C"
