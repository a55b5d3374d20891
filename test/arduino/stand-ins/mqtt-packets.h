// MQTT 3.1.1 packets as both stand-ins of MQTT clients send them.

#pragma once

#include <Arduino.h>
#include <vector>

namespace packets {

using Bytes = std::vector<uint8_t>;

enum Type : uint8_t {
  Connect = 0x10,
  Connack = 0x20,
  Publish = 0x30,
  Puback = 0x40,
  Pubrec = 0x50,
  Pubrel = 0x60,
  Pubcomp = 0x70,
  Subscribe = 0x80,
  Suback = 0x90,
  Unsuback = 0xb0,
  Pingreq = 0xc0,
  Pingresp = 0xd0,
};

struct Will {
  String topic, payload;
  bool isRetained = false;
  uint8_t qos = 0;
};

struct Login {
  String clientId, username, password;
  uint16_t keepAliveSec;
  bool isCleanSession;
};

inline void addNumber(Bytes &bytes, uint16_t number) {
  bytes.push_back(number >> 8);
  bytes.push_back(number & 0xff);
}

inline void addText(Bytes &bytes, const String &text) {
  addNumber(bytes, text.length());
  bytes.insert(bytes.end(), text.c_str(), text.c_str() + text.length());
}

/** @param payloadBytes what comes after the body */
inline Bytes packet(uint8_t first, const Bytes &body, size_t payloadBytes = 0) {
  Bytes bytes = {first};
  size_t rest = body.size() + payloadBytes;
  do bytes.push_back((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
  while ((rest >>= 7) > 0);
  bytes.insert(bytes.end(), body.begin(), body.end());
  return bytes;
}

inline Bytes connectPacket(const Login &login, const Will *will) {
  const bool hasUsername = login.username.length() > 0, hasPassword = hasUsername && login.password.length() > 0;
  uint8_t flags = (login.isCleanSession ? 0x02 : 0) | (hasUsername ? 0x80 : 0) | (hasPassword ? 0x40 : 0);
  if (will != nullptr) flags |= 0x04 | will->qos << 3 | (will->isRetained ? 0x20 : 0);
  Bytes body;
  addText(body, "MQTT");
  body.insert(body.end(), {4, flags});
  addNumber(body, login.keepAliveSec);
  addText(body, login.clientId);
  if (will != nullptr) addText(body, will->topic), addText(body, will->payload);
  if (hasUsername) addText(body, login.username);
  if (hasPassword) addText(body, login.password);
  return packet(Connect, body);
}

inline Bytes acknowledgement(Type type, uint16_t packetId) {
  Bytes body;
  addNumber(body, packetId);
  return packet(type | (type == Pubrel ? 0x02 : 0), body);
}

inline Bytes subscribePacket(uint16_t packetId, const String &filter, uint8_t qos) {
  Bytes body;
  addNumber(body, packetId);
  addText(body, filter);
  body.push_back(qos);
  return packet(Subscribe | 0x02, body);
}

/** A PUBLISH without its payload. */
inline Bytes publishHead(uint16_t packetId, const String &topic, size_t payloadBytes, bool isRetained, uint8_t qos) {
  Bytes body;
  addText(body, topic);
  if (qos > 0) addNumber(body, packetId);
  return packet(Publish | qos << 1 | (isRetained ? 1 : 0), body, payloadBytes);
}

struct Message {
  std::string topic, payload;
  uint8_t qos;
  uint16_t packetId;
};

/** @param body of a PUBLISH that is well made */
inline Message messageIn(uint8_t first, const Bytes &body) {
  const uint8_t qos = first >> 1 & 3;
  const size_t topicEnd = 2 + (body[0] << 8 | body[1]), payloadStart = topicEnd + (qos > 0 ? 2 : 0);
  const uint16_t packetId = qos > 0 ? body[topicEnd] << 8 | body[topicEnd + 1] : 0;
  return {std::string(body.begin() + 2, body.begin() + topicEnd), std::string(body.begin() + payloadStart, body.end()),
          qos, packetId};
}

inline uint16_t packetIdIn(const Bytes &body) { return body[0] << 8 | body[1]; }

}  // namespace packets
