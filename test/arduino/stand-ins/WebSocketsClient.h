// A stand-in for Links2004/arduinoWebSockets 2.6 on ESP32 and ESP8266: its signatures, and its behaviour over plain TCP as
// read in its source. TLS is there to be compiled only. Like the library it hands over whole binary frames, tells of
// fragments without keeping them, and closes with 1009 what is over 15 KiB.

#pragma once
#define WEBSOCKETS_H_  // MQTTPubSubClient.h looks for it

#include <Arduino.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#define WEBSOCKETS_MAX_DATA_SIZE (15 * 1024)

typedef enum {
  WStype_ERROR,
  WStype_DISCONNECTED,
  WStype_CONNECTED,
  WStype_TEXT,
  WStype_BIN,
  WStype_FRAGMENT_TEXT_START,
  WStype_FRAGMENT_BIN_START,
  WStype_FRAGMENT,
  WStype_FRAGMENT_FIN,
  WStype_PING,
  WStype_PONG,
} WStype_t;

#ifdef ESP8266
namespace BearSSL {
class X509List {
 public:
  explicit X509List(const char *) {}
};
}  // namespace BearSSL
#endif

class WebSocketsClient {
 public:
  typedef std::function<void(WStype_t type, uint8_t *payload, size_t length)> WebSocketClientEvent;

  virtual ~WebSocketsClient() { disconnect(); }

  void begin(const char *host, uint16_t port, const char *url = "/", const char *protocol = "arduino") {
    this->host = host;
    this->port = port;
    this->url = url;
    this->protocol = protocol;
    isSecure = false;
  }
  void begin(String host, uint16_t port, String url = "/", String protocol = "arduino") {
    begin(host.c_str(), port, url.c_str(), protocol.c_str());
  }

#ifdef ESP8266
  void beginSSL(const char *host, uint16_t port, const char *url = "/", const uint8_t *fingerprint = NULL,
                const char *protocol = "arduino") {
    (void)fingerprint;
    beginSecure(host, port, url, protocol);
  }
  void beginSslWithCA(const char *host, uint16_t port, const char *url = "/", BearSSL::X509List *CA_cert = NULL,
                      const char *protocol = "arduino") {
    (void)CA_cert;
    beginSecure(host, port, url, protocol);
  }
#endif
#ifdef ESP32
  void beginSSL(const char *host, uint16_t port, const char *url = "/", const char *fingerprint = "",
                const char *protocol = "arduino") {
    (void)fingerprint;
    beginSecure(host, port, url, protocol);
  }
  void beginSslWithBundle(const char *host, uint16_t port, const char *url = "/", const uint8_t *CA_bundle = NULL,
                          size_t CA_bundle_size = 0, const char *protocol = "arduino") {
    (void)CA_bundle, (void)CA_bundle_size;
    beginSecure(host, port, url, protocol);
  }
#endif
#if defined(ESP32) || defined(ESP8266)
  void beginSslWithCA(const char *host, uint16_t port, const char *url = "/", const char *CA_cert = NULL,
                      const char *protocol = "arduino") {
    (void)CA_cert;
    beginSecure(host, port, url, protocol);
  }
#endif

  void onEvent(WebSocketClientEvent cbEvent) { event = cbEvent; }
  void setReconnectInterval(unsigned long time) { reconnectIntervalMs = time; }
  bool isConnected(void) { return isOpen; }

  void loop(void) {
    if (port == 0) return;
    if (hasToTell) {
      hasToTell = false;
      tell(WStype_DISCONNECTED);
    }
    if (descriptor < 0) {
      if (millis() - failedMs < reconnectIntervalMs) return;
      if (isSecure || !connectTcp() || !shakeHands()) drop();
      return;
    }
    receive();
  }

  bool sendBIN(uint8_t *payload, size_t length, bool headerToPayload = false) {
    (void)headerToPayload;
    return isOpen && sendFrame(0x2, payload, length);
  }
  bool sendBIN(const uint8_t *payload, size_t length) { return sendBIN(const_cast<uint8_t *>(payload), length); }

  void disconnect(void) {
    if (!isOpen) return;
    sendClose(1000);
    drop();
  }

 protected:
  virtual void runCbEvent(WStype_t type, uint8_t *payload, size_t length) {
    if (event) event(type, payload, length);
  }

 private:
  std::string host, url, protocol, unread;
  uint16_t port = 0;
  /** An attempt that failed, or a connection that ended, is told with the next loop(). */
  bool isSecure = false, isOpen = false, hasToTell = false;
  int descriptor = -1;
  unsigned long reconnectIntervalMs = 500, failedMs = 0;
  WebSocketClientEvent event;

  void beginSecure(const char *host, uint16_t port, const char *url, const char *protocol) {
    begin(host, port, url, protocol);
    isSecure = true;
  }

  void tell(WStype_t type, uint8_t *payload = nullptr, size_t length = 0) {
    runCbEvent(type, payload, length);
  }

  void drop() {
    if (descriptor >= 0) close(descriptor);
    descriptor = -1;
    isOpen = false;
    unread.clear();
    failedMs = millis();
    hasToTell = true;
  }

  bool connectTcp() {
    addrinfo hints = {}, *found = nullptr;
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return false;
    descriptor = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
    const bool isConnected = connect(descriptor, found->ai_addr, found->ai_addrlen) == 0;
    freeaddrinfo(found);
    const int noDelay = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &noDelay, sizeof(noDelay));
    return isConnected;
  }

  /** The reply must be 101, and say `Connection: Upgrade` and nothing more in that header. */
  bool shakeHands() {
    std::string request = "GET " + url + " HTTP/1.1\r\nHost: " + host + ":" + std::to_string(port) +
                          "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    if (!protocol.empty()) request += "Sec-WebSocket-Protocol: " + protocol + "\r\n";
    request += "Origin: file://\r\nUser-Agent: arduino-WebSocket-Client\r\n\r\n";
    if (!write(request)) return false;
    std::string reply;
    for (char byte; reply.find("\r\n\r\n") == std::string::npos; reply += byte)
      if (recv(descriptor, &byte, 1, 0) != 1) return false;
    for (char &letter : reply) letter = tolower(letter);
    isOpen = reply.rfind("http/1.1 101 ", 0) == 0 && reply.find("\r\nconnection: upgrade\r\n") != std::string::npos &&
             reply.find("\r\nupgrade: websocket\r\n") != std::string::npos;
    if (!isOpen) return false;
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
    tell(WStype_CONNECTED);
    return true;
  }

  void receive() {
    char bytes[4096];
    const ssize_t length = recv(descriptor, bytes, sizeof(bytes), 0);
    if (length == 0 || (length < 0 && errno != EAGAIN)) return drop();
    if (length > 0) unread.append(bytes, length);
    while (isOpen && takeFrame()) continue;
  }

  bool takeFrame() {
    if (unread.length() < 2) return false;
    const auto byte = [this](size_t at) { return static_cast<uint8_t>(unread[at]); };
    const bool isLast = byte(0) & 0x80;
    const uint8_t opcode = byte(0) & 0x0f;
    size_t length = byte(1), headBytes = length < 126 ? 2 : length == 126 ? 4 : 10;
    if (unread.length() < headBytes) return false;
    if (headBytes > 2) length = 0;
    for (size_t at = 2; at < headBytes; at++) length = length << 8 | byte(at);
    if (length > WEBSOCKETS_MAX_DATA_SIZE) {
      sendClose(1009);
      drop();
      return false;
    }
    if (unread.length() < headBytes + length) return false;
    std::string payload = unread.substr(headBytes, length);
    unread.erase(0, headBytes + length);
    handle(opcode, isLast, payload);
    return true;
  }

  void handle(uint8_t opcode, bool isLast, std::string &payload) {
    uint8_t *bytes = reinterpret_cast<uint8_t *>(payload.data());
    if (opcode == 0x0) return tell(isLast ? WStype_FRAGMENT_FIN : WStype_FRAGMENT, bytes, payload.length());
    if (opcode == 0x1) return tell(isLast ? WStype_TEXT : WStype_FRAGMENT_TEXT_START, bytes, payload.length());
    if (opcode == 0x2) return tell(isLast ? WStype_BIN : WStype_FRAGMENT_BIN_START, bytes, payload.length());
    if (opcode == 0x9) sendFrame(0xa, bytes, payload.length());
    if (opcode == 0x8) {
      sendClose(1000);
      drop();
    }
  }

  void sendClose(uint16_t code) {
    uint8_t payload[] = {static_cast<uint8_t>(code >> 8), static_cast<uint8_t>(code)};
    sendFrame(0x8, payload, sizeof(payload));
  }

  bool sendFrame(uint8_t opcode, const uint8_t *payload, size_t length) {
    std::string frame(1, static_cast<char>(0x80 | opcode));
    if (length < 126) frame += static_cast<char>(0x80 | length);
    else frame.append({static_cast<char>(0x80 | 126), static_cast<char>(length >> 8), static_cast<char>(length)});
    const uint8_t mask[] = {0x12, 0x34, 0x56, 0x78};
    for (const uint8_t byte : mask) frame += static_cast<char>(byte);
    for (size_t at = 0; at < length; at++) frame += static_cast<char>(payload[at] ^ mask[at % 4]);
    return write(frame);
  }

  bool write(const std::string &bytes) {
    return send(descriptor, bytes.data(), bytes.length(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.length());
  }
};
