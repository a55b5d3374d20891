// A stand-in for Links2004/arduinoWebSockets 2.7.1 and later on ESP32 and ESP8266: its signatures here, its behaviour over
// plain TCP in WebSocketsClient.cpp. TLS always fails, after the TCP connection is there.

#pragma once
#define WEBSOCKETS_H_  // MQTTPubSubClient.h looks for it

#include <Arduino.h>

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

/** The cores' TLS client: what it says of its last failure. */
class WiFiClientSecure {
 public:
  /** 0: no failure; -1: there was no TCP connection either. */
  int error = 0;
#ifdef ESP8266
  int getLastSSLError(char *dest = NULL, size_t len = 0);
#else
  int lastError(char *buf, const size_t size);
#endif
};

typedef struct {
  WiFiClientSecure *ssl = nullptr;
} WSclient_t;

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

  virtual ~WebSocketsClient();

  void begin(const char *host, uint16_t port, const char *url = "/", const char *protocol = "arduino");
  void begin(String host, uint16_t port, String url = "/", String protocol = "arduino");

#ifdef ESP8266
  void beginSSL(const char *host, uint16_t port, const char *url = "/", const uint8_t *fingerprint = NULL,
                const char *protocol = "arduino");
  void beginSslWithCA(const char *host, uint16_t port, const char *url = "/", BearSSL::X509List *CA_cert = NULL,
                      const char *protocol = "arduino");
#else
  void beginSSL(const char *host, uint16_t port, const char *url = "/", const char *fingerprint = "",
                const char *protocol = "arduino");
  void beginSslWithBundle(const char *host, uint16_t port, const char *url = "/", const uint8_t *CA_bundle = NULL,
                          size_t CA_bundle_size = 0, const char *protocol = "arduino");
#endif
  void beginSslWithCA(const char *host, uint16_t port, const char *url = "/", const char *CA_cert = NULL,
                      const char *protocol = "arduino");

  void onEvent(WebSocketClientEvent cbEvent) { event = cbEvent; }
  void setReconnectInterval(unsigned long time) { reconnectIntervalMs = time; }
  bool isConnected(void) { return status == Status::Connected; }

  void loop(void);
  bool sendBIN(uint8_t *payload, size_t length, bool headerToPayload = false);
  bool sendBIN(const uint8_t *payload, size_t length);
  void disconnect(void);

 protected:
  WSclient_t _client;

  virtual void runCbEvent(WStype_t type, uint8_t *payload, size_t length) {
    if (event) event(type, payload, length);
  }

  /** How long it waits for a connection, the head of the reply, and the rest of a frame. */
  unsigned long timeoutMs = 5000;

 private:
  enum class Status { NotConnected, Header, Connected };

  std::string host, url, protocol, key;
  uint16_t port = 0;
  bool isSecure = false;
  WebSocketClientEvent event;
  unsigned long reconnectIntervalMs = 500, failedMs = 0, headerSentMs = 0;

  Status status = Status::NotConnected;
  bool hasTcp = false;  // also after a connect that failed, until the next loop() cleans up
  int descriptor = -1;
  std::unique_ptr<WiFiClientSecure> ssl;

  int httpCode = 0;
  bool isUpgrade = false, isWebSocket = true;
  std::string accept;

  void beginSecure(const char *host, uint16_t port, const char *url, const char *protocol);
  bool clientIsConnected();
  void clientDisconnect(const std::string &reason = "");
  void clientDisconnect(uint16_t code);
  bool openTcp();
  bool tcpIsConnected();
  int tcpAvailable();
  bool read(uint8_t *bytes, size_t length);
  bool write(const std::string &bytes);
  void handleClientData();
  void sendHeader();
  void handleHeader(std::string line);
  void handleFrame();
  bool sendFrame(uint8_t opcode, const uint8_t *payload, size_t length);
};
