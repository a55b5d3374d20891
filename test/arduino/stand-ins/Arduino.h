// A thin stand-in for the Arduino cores of ESP32 and ESP8266: what the sketches call, with the cores' signatures. Time is the
// machine's; what a pin shows is printed, for the test to read. What is not here does not compile, a typo for one.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <string>
#include <thread>

#define PROGMEM
#define HIGH 0x1
#define LOW 0x0
#define INPUT 0x01
#define OUTPUT 0x03
#ifdef ESP8266
#define LED_BUILTIN 2
#endif

using std::max;
using std::min;

class String {
  std::string text;

 public:
  String(const char *cstr = "") : text(cstr == nullptr ? "" : cstr) {}
  explicit String(int value) : text(std::to_string(value)) {}
  explicit String(unsigned int value) : text(std::to_string(value)) {}
  explicit String(long value) : text(std::to_string(value)) {}
  explicit String(unsigned long value) : text(std::to_string(value)) {}

  unsigned int length() const { return text.length(); }
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
  void begin(unsigned long) { setvbuf(stdout, nullptr, _IOLBF, 0); }
  size_t print(const String &text) { return printf("%s", text.c_str()); }
  size_t println(const String &text) { return printf("%s\n", text.c_str()); }
};
inline HardwareSerial Serial;

inline unsigned long micros() {
  using namespace std::chrono;
  static const auto start = steady_clock::now();
  return duration_cast<microseconds>(steady_clock::now() - start).count();
}
inline unsigned long millis() { return micros() / 1000; }
inline void delay(uint32_t ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

inline void randomSeed(unsigned long seed) { srandom(seed); }
inline long random(long below) { return below == 0 ? 0 : random() % below; }

inline void pinMode(uint8_t, uint8_t) {}
inline void digitalWrite(uint8_t pin, uint8_t value) { printf("pin %u is %s\n", pin, value == LOW ? "LOW" : "HIGH"); }

#ifdef ESP8266
inline void configTime(int, int, const char *, const char * = nullptr, const char * = nullptr) {}
#else
inline void configTime(long, int, const char *, const char * = nullptr, const char * = nullptr) {}
#endif

void setup();
void loop();
