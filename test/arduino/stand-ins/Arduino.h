// A thin stand-in for the Arduino cores of ESP32 and ESP8266: what the sketches call, with the cores' signatures. What is not
// here does not compile, for instance a typo. host.cpp has the bodies and says what time it is on the board.

#ifndef ARDUINO_STAND_IN_H
#define ARDUINO_STAND_IN_H

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#define PROGMEM
#define HIGH 0x1
#define LOW 0x0
#define INPUT 0x01
#define OUTPUT 0x03
#define DEC 10
#define HEX 16
#ifdef ESP8266
#define LED_BUILTIN 2
#endif

using std::max;
using std::min;

class String {
  std::string text;

 public:
  String(const char *cstr = "") : text(cstr == nullptr ? "" : cstr) {}
  String(const char *cstr, unsigned int length) : text(cstr, length) {}
  explicit String(int value) : text(std::to_string(value)) {}
  explicit String(unsigned int value) : text(std::to_string(value)) {}
  explicit String(long value) : text(std::to_string(value)) {}
  explicit String(unsigned long value) : text(std::to_string(value)) {}
  explicit String(int value, unsigned char base);

  unsigned int length() const { return text.length(); }
  bool isEmpty() const { return text.empty(); }
  const char *c_str() const { return text.c_str(); }
  void replace(const String &find, const String &by) {
    for (size_t at = 0; (at = text.find(find.text, at)) != std::string::npos; at += by.text.length())
      text.replace(at, find.text.length(), by.text);
  }
  String &operator+=(const String &other) {
    text += other.text;
    return *this;
  }
  int indexOf(const String &find) const {
    const size_t at = text.find(find.text);
    return at == std::string::npos ? -1 : static_cast<int>(at);
  }
  String &operator+=(char letter) {
    text += letter;
    return *this;
  }
  bool operator==(const String &other) const { return text == other.text; }
  bool operator==(const char *other) const { return text == other; }
  bool operator!=(const String &other) const { return text != other.text; }
  bool operator!=(const char *other) const { return text != other; }
  bool operator<(const String &other) const { return text < other.text; }
};

inline String operator+(String left, const String &right) { return left += right; }
inline String operator+(String left, const char *right) { return left += String(right); }
inline String operator+(String left, int right) { return left += String(right); }
inline String operator+(String left, unsigned int right) { return left += String(right); }
inline String operator+(String left, long right) { return left += String(right); }
inline String operator+(String left, unsigned long right) { return left += String(right); }

class HardwareSerial {
 public:
  void begin(unsigned long baud);
  size_t print(const String &text);
  size_t println(const String &text);
};
extern HardwareSerial Serial;

unsigned long micros();
unsigned long millis();
void delay(uint32_t ms);

void randomSeed(unsigned long seed);
long random(long below);

void pinMode(uint8_t pin, uint8_t mode);
void digitalWrite(uint8_t pin, uint8_t value);

#ifdef ESP8266
void configTime(int timezoneSec, int daylightOffsetSec, const char *server1, const char *server2 = nullptr,
                const char *server3 = nullptr);
#else
void configTime(long gmtOffsetSec, int daylightOffsetSec, const char *server1, const char *server2 = nullptr,
                const char *server3 = nullptr);
#endif

void setup();
void loop();

#endif
