// What an Arduino core does with a sketch, on this machine. What is written to the serial monitor and what a pin shows
// goes to standard output. Time is the machine's, and jumps forward when the test says so. A line "skip N" on standard
// input moves the board's clock by N milliseconds, and ends each wait that is over by then.

#include <Arduino.h>
#include <WiFi.h>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

HardwareSerial Serial;
WiFiClass WiFi;

namespace {

using Clock = std::chrono::steady_clock;
const Clock::time_point start = Clock::now();
std::mutex mutex;
std::condition_variable onSkip;
std::chrono::microseconds skipped{0};

void obeyTest() {
  unsigned long ms;
  while (scanf(" skip %lu", &ms) == 1) {
    const std::lock_guard<std::mutex> guard(mutex);
    skipped += std::chrono::milliseconds(ms);
    onSkip.notify_all();
  }
}

}  // namespace

unsigned long micros() {
  const std::lock_guard<std::mutex> guard(mutex);
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start + skipped).count();
}
unsigned long millis() { return micros() / 1000; }

void delay(uint32_t ms) {
  std::unique_lock<std::mutex> lock(mutex);
  const auto end = Clock::now() + skipped + std::chrono::milliseconds(ms);
  while (Clock::now() + skipped < end) onSkip.wait_until(lock, end - skipped);
}

String::String(int value, unsigned char base) {
  char digits[40];
  snprintf(digits, sizeof(digits), base == HEX ? "%x" : "%d", value);
  text = digits;
}

void HardwareSerial::begin(unsigned long) { setvbuf(stdout, nullptr, _IOLBF, 0); }
size_t HardwareSerial::print(const String &text) { return printf("%s", text.c_str()); }
size_t HardwareSerial::println(const String &text) { return printf("%s\n", text.c_str()); }

void randomSeed(unsigned long seed) { srandom(seed); }
long random(long below) { return below == 0 ? 0 : random() % below; }

void pinMode(uint8_t, uint8_t) {}
void digitalWrite(uint8_t pin, uint8_t value) { printf("pin %u is %s\n", pin, value == LOW ? "LOW" : "HIGH"); }

void configTime(long, int, const char *, const char *, const char *) {}

int main() {
  std::thread(obeyTest).detach();
  setup();
  for (;;) loop();
}
