// What an Arduino core does with a sketch.

#include <Arduino.h>

int main() {
  setup();
  for (;;) loop();
}
