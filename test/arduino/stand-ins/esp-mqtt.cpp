// esp-mqtt's task and states, as read in its source, over the other stand-ins: connecting, waiting to be told to reconnect,
// events on a thread of its own. Its frames are not its own: test/broker/boards.test.ts has those.

#include <Arduino.h>
#include <WebSocketsClient.h>
#include <MQTTPubSubClient.h>
#include <atomic>
#include <memory>
#include <mutex>

#include "mqtt_client.h"

namespace {

enum class State { Init, Connected, WaitReconnect };
using Client = MQTTPubSub::PubSubClient<65536>;

const char *orEmpty(const char *text) { return text == nullptr ? "" : text; }

}  // namespace

struct esp_mqtt_client {
  String uri, clientId, username, password, willTopic, willMessage;
  int willQos, willRetain, keepAliveSec, bufferBytes;
  bool isCleanSession;
  esp_event_handler_t handler = nullptr;
  void *handlerArgument = nullptr;

  std::recursive_mutex lock;
  std::atomic<State> state{State::Init};
  std::atomic<bool> isReconnectAsked{false};
  WebSocketsClient webSocket;
  std::unique_ptr<Client> mqtt;

  void tell(esp_mqtt_event_id_t id, esp_mqtt_event_t event = {}) {
    event.event_id = id;
    event.client = this;
    if (handler != nullptr) handler(handlerArgument, "MQTT_EVENTS", id, &event);
  }

  void run() {
    for (;; delay(2)) {
      std::lock_guard<std::recursive_mutex> guard(lock);
      if (state == State::Init) connectNow();
      if (state == State::Connected && !mqtt->update()) abortConnection();
      if (state == State::WaitReconnect && isReconnectAsked.exchange(false)) state = State::Init;
    }
  }

  void connectNow() {
    if (!openWebSocket()) return fail(MQTT_ERROR_TYPE_TCP_TRANSPORT, MQTT_CONNECTION_ACCEPTED);
    mqtt.reset(new Client());
    mqtt->begin(webSocket);
    mqtt->setTimeout(5000);
    mqtt->setKeepAliveTimeout(keepAliveSec);
    mqtt->setCleanSession(isCleanSession);
    if (willTopic.length() > 0) mqtt->setWill(willTopic, willMessage, willRetain != 0, willQos);
    mqtt->subscribe([this](const char *topic, const char *payload, const size_t size) { onMessage(topic, payload, size); });
    if (!mqtt->connect(clientId, username, password)) {
      return fail(MQTT_ERROR_TYPE_CONNECTION_REFUSED, static_cast<esp_mqtt_connect_return_code_t>(mqtt->connackCode));
    }
    state = State::Connected;
    tell(MQTT_EVENT_CONNECTED);
  }

  bool openWebSocket() {
    char host[100], path[300];
    int port;
    if (sscanf(uri.c_str(), "ws://%99[^:]:%d%299s", host, &port, path) != 3) return false;
    webSocket.begin(host, port, path, "mqtt");
    webSocket.setReconnectInterval(0);
    webSocket.loop();
    return webSocket.isConnected();
  }

  /** What does not fit the buffer comes in pieces, of which the first alone has the topic. */
  void onMessage(const char *topic, const char *payload, size_t size) {
    const int total = size, topicBytes = strlen(topic);
    int offset = 0;
    do {
      esp_mqtt_event_t event = {};
      event.topic = offset == 0 ? const_cast<char *>(topic) : nullptr;
      event.topic_len = offset == 0 ? topicBytes : 0;
      event.data = const_cast<char *>(payload) + offset;
      event.data_len = min(total - offset, bufferBytes - event.topic_len - 8);
      event.total_data_len = total;
      event.current_data_offset = offset;
      tell(MQTT_EVENT_DATA, event);
      offset += event.data_len;
    } while (offset < total);
  }

  void fail(esp_mqtt_error_type_t type, esp_mqtt_connect_return_code_t code) {
    esp_mqtt_error_codes_t error = {ESP_FAIL, type, code};
    esp_mqtt_event_t event = {};
    event.error_handle = &error;
    tell(MQTT_EVENT_ERROR, event);
    abortConnection();
  }

  void abortConnection() {
    webSocket.disconnect();
    state = State::WaitReconnect;
    tell(MQTT_EVENT_DISCONNECTED);
  }
};

extern "C" {

esp_mqtt_client_handle_t esp_mqtt_client_init(const esp_mqtt_client_config_t *config) {
  auto *client = new esp_mqtt_client();
  client->uri = orEmpty(config->broker.address.uri);
  client->clientId = orEmpty(config->credentials.client_id);
  client->username = orEmpty(config->credentials.username);
  client->password = orEmpty(config->credentials.authentication.password);
  client->willTopic = orEmpty(config->session.last_will.topic);
  client->willMessage = orEmpty(config->session.last_will.msg);
  client->willQos = config->session.last_will.qos;
  client->willRetain = config->session.last_will.retain;
  client->keepAliveSec = config->session.keepalive == 0 ? 120 : config->session.keepalive;
  client->bufferBytes = config->buffer.size == 0 ? 1024 : config->buffer.size;
  client->isCleanSession = !config->session.disable_clean_session;
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
  std::lock_guard<std::recursive_mutex> guard(client->lock);
  return client->mqtt->subscribe(topic, qos, [](const char *, const size_t) {}) ? 1 : -1;
}

int esp_mqtt_client_publish(esp_mqtt_client_handle_t client, const char *topic, const char *data, int, int qos,
                            int retain) {
  std::lock_guard<std::recursive_mutex> guard(client->lock);
  return client->mqtt->publish(topic, data, retain != 0, qos) ? 1 : -1;
}

}  // extern "C"
