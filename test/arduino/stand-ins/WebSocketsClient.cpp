// What arduinoWebSockets does, as read in its source and its users' logs: loop() opens the connection, or reads one line of
// the reply's head, or one frame. It reports whole binary frames, PING and PONG, and parts of messages without keeping them. A
// connection that ends is reported at once, with the reason as text if the library has one: not for a Close frame, nor when
// the library itself closes.

#include <WebSocketsClient.h>
#include <arpa/inet.h>
#include <cerrno>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

std::string base64(const std::string &bytes) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t at = 0; at < bytes.length(); at += 3) {
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; i++) bits = bits << 8 | (at + i < bytes.length() ? static_cast<uint8_t>(bytes[at + i]) : 0);
    for (size_t i = 0; i < 4; i++) text += at + i > bytes.length() ? '=' : letters[bits >> (18 - 6 * i) & 63];
  }
  return text;
}

uint32_t rotated(uint32_t word, int bits) { return word << bits | word >> (32 - bits); }

/** FIPS 180-4, section 6.1. */
std::string sha1(std::string message) {
  const uint64_t messageBits = message.length() * 8;
  message += '\x80';
  while (message.length() % 64 != 56) message += '\0';
  for (int shift = 56; shift >= 0; shift -= 8) message += static_cast<char>(messageBits >> shift);
  uint32_t hash[] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  for (size_t block = 0; block < message.length(); block += 64) {
    uint32_t schedule[80];
    for (int t = 0; t < 80; t++) {
      if (t >= 16) {
        schedule[t] = rotated(schedule[t - 3] ^ schedule[t - 8] ^ schedule[t - 14] ^ schedule[t - 16], 1);
        continue;
      }
      schedule[t] = 0;
      for (int i = 0; i < 4; i++) schedule[t] = schedule[t] << 8 | static_cast<uint8_t>(message[block + t * 4 + i]);
    }
    uint32_t a = hash[0], b = hash[1], c = hash[2], d = hash[3], e = hash[4];
    for (int t = 0; t < 80; t++) {
      const uint32_t mixed = t < 20   ? ((b & c) | (~b & d)) + 0x5a827999
                             : t < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                             : t < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                                      : (b ^ c ^ d) + 0xca62c1d6;
      const uint32_t next = rotated(a, 5) + mixed + e + schedule[t];
      e = d, d = c, c = rotated(b, 30), b = a, a = next;
    }
    hash[0] += a, hash[1] += b, hash[2] += c, hash[3] += d, hash[4] += e;
  }
  std::string bytes;
  for (const uint32_t word : hash)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(word >> shift);
  return bytes;
}

std::string lower(std::string text) {
  for (char &letter : text) letter = tolower(letter);
  return text;
}

const char *tlsWords(int error) {
  return error == -1 ? "ERROR - Generic error"
                     : "X509 - Certificate verification failed, e.g. CRL, CA or signature check failed";
}

}  // namespace

#ifdef ESP8266
int WiFiClientSecure::getLastSSLError(char *dest, size_t len) {
  if (error != 0 && dest != NULL) snprintf(dest, len, "%s", tlsWords(error));
  return error;
}
#else
int WiFiClientSecure::lastError(char *buf, const size_t size) {
  snprintf(buf, size, "%s", error == 0 ? "" : tlsWords(error));
  return error;
}
#endif

WebSocketsClient::~WebSocketsClient() { disconnect(); }

void WebSocketsClient::begin(const char *host, uint16_t port, const char *url, const char *protocol) {
  this->host = host;
  this->port = port;
  this->url = url;
  this->protocol = protocol;
  isSecure = false;
  failedMs = 0;
}
void WebSocketsClient::begin(String host, uint16_t port, String url, String protocol) {
  begin(host.c_str(), port, url.c_str(), protocol.c_str());
}
void WebSocketsClient::beginSecure(const char *host, uint16_t port, const char *url, const char *protocol) {
  begin(host, port, url, protocol);
  isSecure = true;
}

#ifdef ESP8266
void WebSocketsClient::beginSSL(const char *host, uint16_t port, const char *url, const uint8_t *, const char *protocol) {
  beginSecure(host, port, url, protocol);
}
void WebSocketsClient::beginSslWithCA(const char *host, uint16_t port, const char *url, BearSSL::X509List *,
                                      const char *protocol) {
  beginSecure(host, port, url, protocol);
}
#else
void WebSocketsClient::beginSSL(const char *host, uint16_t port, const char *url, const char *, const char *protocol) {
  beginSecure(host, port, url, protocol);
}
void WebSocketsClient::beginSslWithBundle(const char *host, uint16_t port, const char *url, const uint8_t *, size_t,
                                          const char *protocol) {
  beginSecure(host, port, url, protocol);
}
#endif
void WebSocketsClient::beginSslWithCA(const char *host, uint16_t port, const char *url, const char *,
                                      const char *protocol) {
  beginSecure(host, port, url, protocol);
}

void WebSocketsClient::loop(void) {
  if (port == 0) return;
  if (clientIsConnected()) return handleClientData();
  if (millis() - failedMs < reconnectIntervalMs) return;
  if (openTcp()) {
    status = Status::Header;
    sendHeader();
  } else {
    failedMs = millis();
  }
}

bool WebSocketsClient::sendBIN(uint8_t *payload, size_t length, bool) {
  return clientIsConnected() && sendFrame(0x2, payload, length);
}
bool WebSocketsClient::sendBIN(const uint8_t *payload, size_t length) {
  return sendBIN(const_cast<uint8_t *>(payload), length);
}

void WebSocketsClient::disconnect(void) {
  if (clientIsConnected()) clientDisconnect(1000);
}

bool WebSocketsClient::clientIsConnected() {
  if (!hasTcp) return false;
  if (status == Status::NotConnected) clientDisconnect("TCP connection cleanup");
  else if (!tcpIsConnected()) clientDisconnect("Connection lost");
  return hasTcp;
}

void WebSocketsClient::clientDisconnect(const std::string &reason) {
  const bool isNews = hasTcp;
  if (descriptor >= 0) close(descriptor);
  descriptor = -1;
  hasTcp = false;
  ssl.reset();
  _client.ssl = nullptr;
  httpCode = 0;
  isUpgrade = isWebSocket = false;
  accept.clear();
  status = Status::NotConnected;
  failedMs = millis();
  std::string text = reason;
  if (isNews) runCbEvent(WStype_DISCONNECTED, text.empty() ? NULL : reinterpret_cast<uint8_t *>(text.data()), text.length());
}

void WebSocketsClient::clientDisconnect(uint16_t code) {
  const uint8_t payload[] = {static_cast<uint8_t>(code >> 8), static_cast<uint8_t>(code)};
  if (status == Status::Connected) sendFrame(0x8, payload, sizeof(payload));
  clientDisconnect();
}

bool WebSocketsClient::openTcp() {
  hasTcp = true;
  if (isSecure) {
    ssl = std::make_unique<WiFiClientSecure>();
    ssl->error = -1;
    _client.ssl = ssl.get();
  }
  addrinfo hints = {}, *found = nullptr;
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return false;
  descriptor = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
  fcntl(descriptor, F_SETFL, O_NONBLOCK);
  connect(descriptor, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  const int noDelay = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &noDelay, sizeof(noDelay));
  const unsigned long startMs = millis();
  pollfd writable = {descriptor, POLLOUT, 0};
  while (poll(&writable, 1, 1) == 0)
    if (millis() - startMs >= timeoutMs) return false;
  int error = 0;
  socklen_t length = sizeof(error);
  getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error == 0 && isSecure) ssl->error = -0x2700;
  return error == 0 && !isSecure;
}

/** Like the cores': while there is something to read, it is connected. */
bool WebSocketsClient::tcpIsConnected() {
  char byte;
  const ssize_t length = recv(descriptor, &byte, 1, MSG_PEEK);
  return length > 0 || (length < 0 && errno == EAGAIN);
}

int WebSocketsClient::tcpAvailable() {
  char bytes[4096];
  return recv(descriptor, bytes, sizeof(bytes), MSG_PEEK);
}

bool WebSocketsClient::read(uint8_t *bytes, size_t length) {
  unsigned long lastMs = millis();
  while (length > 0) {
    if (!tcpIsConnected() || millis() - lastMs > timeoutMs) return false;
    const ssize_t got = recv(descriptor, bytes, length, 0);
    if (got <= 0) {
      delay(1);
      continue;
    }
    lastMs = millis();
    bytes += got;
    length -= got;
  }
  return true;
}

bool WebSocketsClient::write(const std::string &bytes) {
  const unsigned long startMs = millis();
  for (size_t sent = 0; sent < bytes.length();) {
    const ssize_t some = send(descriptor, bytes.data() + sent, bytes.length() - sent, MSG_NOSIGNAL);
    if (some > 0) sent += some;
    else if (errno != EAGAIN || millis() - startMs > timeoutMs) return false;
    else delay(1);
  }
  return true;
}

void WebSocketsClient::handleClientData() {
  if (status == Status::Header && headerSentMs + timeoutMs < millis()) return clientDisconnect("Header response timeout");
  if (tcpAvailable() <= 0) return;
  if (status == Status::Connected) return handleFrame();
  std::string line;
  for (uint8_t byte; read(&byte, 1) && byte != '\n';) line += static_cast<char>(byte);
  handleHeader(line);
}

void WebSocketsClient::sendHeader() {
  std::string keyBytes;
  for (int i = 0; i < 16; i++) keyBytes += static_cast<char>(random(0xff));
  key = base64(keyBytes);
  std::string request = "GET " + url + " HTTP/1.1\r\nHost: " + host + ":" + std::to_string(port) +
                        "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: " +
                        key + "\r\n";
  if (!protocol.empty()) request += "Sec-WebSocket-Protocol: " + protocol + "\r\n";
  request += "Origin: file://\r\nUser-Agent: arduino-WebSocket-Client\r\n\r\n";
  write(request);
  headerSentMs = millis();
}

/** Connection must be "Upgrade" and nothing more. */
void WebSocketsClient::handleHeader(std::string line) {
  while (!line.empty() && isspace(static_cast<uint8_t>(line.back()))) line.pop_back();
  if (!line.empty()) {
    if (line.rfind("HTTP/1.", 0) == 0) httpCode = atoi(line.c_str() + 9);
    const size_t colon = line.find(':');
    if (colon == std::string::npos) return;
    const std::string name = lower(line.substr(0, colon));
    const std::string value = line.substr(line[colon + 1] == ' ' ? colon + 2 : colon + 1);
    if (name == "connection" && lower(value) == "upgrade") isUpgrade = true;
    if (name == "upgrade" && lower(value) == "websocket") isWebSocket = true;
    if (name == "sec-websocket-accept") accept = value;
    if (name == "sec-websocket-protocol") protocol = value;
    return;
  }
  if (isUpgrade && isWebSocket && httpCode != 101) return clientDisconnect("HTTP " + std::to_string(httpCode));
  if (!isUpgrade || !isWebSocket || accept != base64(sha1(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))) {
    write("This is a webSocket client!");
    const std::string code = httpCode == 0 ? "" : " - HTTP " + std::to_string(httpCode);
    return clientDisconnect("WebSocket handshake failed" + code);
  }
  status = Status::Connected;
  runCbEvent(WStype_CONNECTED, reinterpret_cast<uint8_t *>(url.data()), url.length());
}

void WebSocketsClient::handleFrame() {
  uint8_t head[10];
  if (!read(head, 2)) return clientDisconnect(1002);
  const bool isLast = head[0] & 0x80;
  const uint8_t opcode = head[0] & 0x0f;
  size_t length = head[1] & 0x7f;
  if (length >= 126) {
    const size_t lengthBytes = length == 126 ? 2 : 8;
    if (!read(head + 2, lengthBytes)) return clientDisconnect(1002);
    length = 0;
    for (size_t at = 2; at < 2 + lengthBytes; at++) length = length << 8 | head[at];
  }
  if (length > WEBSOCKETS_MAX_DATA_SIZE) return clientDisconnect(1009);
  std::string payload(length, '\0');
  uint8_t *bytes = reinterpret_cast<uint8_t *>(payload.data());
  if (!read(bytes, length)) return clientDisconnect(1002);
  switch (opcode) {
    case 0x0: return runCbEvent(isLast ? WStype_FRAGMENT_FIN : WStype_FRAGMENT, bytes, length);
    case 0x1: return runCbEvent(isLast ? WStype_TEXT : WStype_FRAGMENT_TEXT_START, bytes, length);
    case 0x2: return runCbEvent(isLast ? WStype_BIN : WStype_FRAGMENT_BIN_START, bytes, length);
    case 0x8: return clientDisconnect(1000);
    case 0x9: sendFrame(0xa, bytes, length); return runCbEvent(WStype_PING, bytes, length);
    case 0xa: return runCbEvent(WStype_PONG, bytes, length);
    default: return clientDisconnect(1002);
  }
}

/** Short frames are masked at random, others with zeros. */
bool WebSocketsClient::sendFrame(uint8_t opcode, const uint8_t *payload, size_t length) {
  if (status != Status::Connected || !tcpIsConnected()) return false;
  std::string frame(1, static_cast<char>(0x80 | opcode));
  const int lengthBytes = length < 126 ? 0 : length < 0xffff ? 2 : 8;
  frame += static_cast<char>(0x80 | (lengthBytes == 0 ? length : lengthBytes == 2 ? 126 : 127));
  for (int at = lengthBytes - 1; at >= 0; at--) frame += static_cast<char>(static_cast<uint64_t>(length) >> 8 * at);
  uint8_t mask[4] = {};
  if (length > 0 && length < 1400)
    for (uint8_t &byte : mask) byte = random(0xff);
  for (const uint8_t byte : mask) frame += static_cast<char>(byte);
  for (size_t at = 0; at < length; at++) frame += static_cast<char>(payload[at] ^ mask[at % 4]);
  return write(frame);
}
