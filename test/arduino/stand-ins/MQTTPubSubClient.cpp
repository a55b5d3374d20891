// What MQTTPubSubClient and lwmqtt do, as read in their sources. connect() waits for the WebSocket however long that takes. A
// method returns once the acknowledgement is there; after any error the library closes. Each packet that it receives, and the
// head of each that it sends, must fit the buffer. A PUBLISH leaves as two frames: head and payload.

#include <WebSocketsClient.h>
#include <MQTTPubSubClient.h>

using packets::Type;

namespace arduino {
namespace mqtt {

void BufferedClient::begin(ClientType &webSocket) {
  client = &webSocket;
  client->onEvent([this](WStype_t type, uint8_t *payload, size_t length) {
    if (type == WStype_BIN || type == WStype_TEXT) received.insert(received.end(), payload, payload + length);
  });
}

bool BufferedClient::connect(const String &client_id, const String &user, const String &pass) {
  while (!client->isConnected()) {
    client->loop();
    delay(10);
  }
  commandMs = millis();
  isPongPending = false;
  Bytes connack;
  lwmqtt_err_t error = send(packets::connectPacket({client_id, user, pass, keepAliveSec, cleanSession}, will.get()));
  if (error == LWMQTT_SUCCESS) error = cycleUntil(Type::Connack, connack);
  if (error == LWMQTT_SUCCESS && connack[1] != LWMQTT_CONNECTION_ACCEPTED) error = LWMQTT_CONNECTION_DENIED;
  return !isEnded(error) && (isAccepted = true);
}

bool BufferedClient::publish(const String &topic, const String &payload, const bool retained, int qos) {
  return publish(topic, (uint8_t *)payload.c_str(), payload.length(), retained, qos);
}

bool BufferedClient::publish(const String &topic, uint8_t *payload, const size_t length, const bool retained,
                             const uint8_t qos) {
  if (!isConnected()) return false;
  commandMs = millis();
  Bytes acknowledgement;
  lwmqtt_err_t error = send(packets::publishHead(qos > 0 ? nextPacketId() : 0, topic, length, retained, qos));
  if (error == LWMQTT_SUCCESS && length > 0 && !client->sendBIN(payload, length)) error = LWMQTT_NETWORK_FAILED_WRITE;
  if (error == LWMQTT_SUCCESS && qos > 0) error = cycleUntil(qos == 1 ? Type::Puback : Type::Pubcomp, acknowledgement);
  return !isEnded(error);
}

bool BufferedClient::subscribe(const String &topic, const uint8_t qos, const topic_callback_t &cb) {
  if (!isConnected()) return false;
  commandMs = millis();
  Bytes suback;
  lwmqtt_err_t error = send(packets::subscribePacket(nextPacketId(), topic, qos));
  if (error == LWMQTT_SUCCESS) error = cycleUntil(Type::Suback, suback);
  if (error == LWMQTT_SUCCESS && suback[2] == 0x80) error = LWMQTT_FAILED_SUBSCRIPTION;
  if (isEnded(error)) return false;
  callbacks[topic] = cb;
  return true;
}

bool BufferedClient::update() {
  if (!isConnected()) return false;
  client->loop();
  commandMs = millis();
  lwmqtt_err_t error = LWMQTT_SUCCESS;
  uint8_t type;
  Bytes body;
  const size_t available = received.size();
  for (size_t readBytes = 0; error == LWMQTT_SUCCESS && readBytes < available && isTimeLeft();)
    error = cycle(type, body, readBytes);
  if (error == LWMQTT_SUCCESS) error = keepAlive();
  return !isEnded(error);
}

bool BufferedClient::disconnect() {
  if (!isConnected()) return false;
  const bool isSent = send({0xe0, 0}) == LWMQTT_SUCCESS;
  isAccepted = false;
  client->disconnect();
  return isSent;
}

bool BufferedClient::isEnded(lwmqtt_err_t error) {
  lastError = error;
  if (error == LWMQTT_SUCCESS) return false;
  isAccepted = false;
  client->disconnect();
  return true;
}

uint16_t BufferedClient::nextPacketId() { return lastPacketId = lastPacketId == 65535 ? 1 : lastPacketId + 1; }

bool BufferedClient::isTimeLeft() const { return millis() - commandMs < timeoutMs; }

lwmqtt_err_t BufferedClient::send(const Bytes &bytes) {
  if (bytes.size() > bufferBytes) return LWMQTT_BUFFER_TOO_SHORT;
  if (!client->sendBIN(bytes.data(), bytes.size())) return LWMQTT_NETWORK_FAILED_WRITE;
  sentMs = millis();
  return LWMQTT_SUCCESS;
}

/** The next bytes. Bytes that have arrived stay readable after the connection is gone. */
lwmqtt_err_t BufferedClient::read(size_t length, Bytes &bytes) {
  while (isTimeLeft()) {
    client->loop();
    if (received.size() >= length) {
      bytes.assign(received.begin(), received.begin() + length);
      received.erase(received.begin(), received.begin() + length);
      return LWMQTT_SUCCESS;
    }
    delay(1);
    if (!client->isConnected()) return LWMQTT_NETWORK_FAILED_READ;
  }
  return LWMQTT_NETWORK_TIMEOUT;
}

/** Takes one packet and answers it. @param type 0 if none came in time, which is no error */
lwmqtt_err_t BufferedClient::cycle(uint8_t &type, Bytes &body, size_t &readBytes) {
  Bytes byte;
  type = 0;
  lwmqtt_err_t error = read(1, byte);
  if (error == LWMQTT_NETWORK_TIMEOUT) return LWMQTT_SUCCESS;
  if (error != LWMQTT_SUCCESS) return error;
  const uint8_t first = byte[0], kind = first & 0xf0;
  if (kind < Type::Connack || kind == Type::Subscribe || kind == 0xa0 || kind == Type::Pingreq || kind > Type::Pingresp)
    return LWMQTT_MISSING_OR_WRONG_PACKET;
  size_t rest = 0, headBytes = 1;
  do {
    if ((error = read(1, byte)) != LWMQTT_SUCCESS) return error;
    rest |= (byte[0] & 0x7f) << 7 * (headBytes++ - 1);
  } while (byte[0] & 0x80);
  if (headBytes + rest > bufferBytes) return LWMQTT_BUFFER_TOO_SHORT;
  body.clear();
  if (rest > 0 && (error = read(rest, body)) != LWMQTT_SUCCESS) return error;
  readBytes += headBytes + rest;
  type = kind;
  if (kind == Type::Pubrec) return send(packets::acknowledgement(Type::Pubrel, packets::packetIdIn(body)));
  if (kind == Type::Pubrel) return send(packets::acknowledgement(Type::Pubcomp, packets::packetIdIn(body)));
  if (kind == Type::Pingresp) isPongPending = false;
  if (kind != Type::Publish) return LWMQTT_SUCCESS;
  const packets::Message message = packets::messageIn(first, body);
  deliver(message);
  if (message.qos == 0) return LWMQTT_SUCCESS;
  return send(packets::acknowledgement(message.qos == 1 ? Type::Puback : Type::Pubrec, message.packetId));
}

lwmqtt_err_t BufferedClient::cycleUntil(Type wanted, Bytes &body) {
  size_t readBytes = 0;
  do {
    uint8_t type;
    const lwmqtt_err_t error = cycle(type, body, readBytes);
    if (error != LWMQTT_SUCCESS || type == wanted) return error;
  } while (isTimeLeft());
  return LWMQTT_MISSING_OR_WRONG_PACKET;
}

void BufferedClient::deliver(const packets::Message &message) {
  const char *payload = message.payload.empty() ? nullptr : message.payload.c_str();
  if (globalCallback) globalCallback(message.topic.c_str(), payload, message.payload.length());
  for (const auto &[topic, callback] : callbacks)
    if (topic == message.topic.c_str()) callback(payload, message.payload.length());
}

lwmqtt_err_t BufferedClient::keepAlive() {
  if (keepAliveSec == 0 || millis() - sentMs < keepAliveSec * 1000ul) return LWMQTT_SUCCESS;
  if (isPongPending) return LWMQTT_PONG_TIMEOUT;
  isPongPending = true;
  return send({Type::Pingreq, 0});
}

}  // namespace mqtt
}  // namespace arduino
