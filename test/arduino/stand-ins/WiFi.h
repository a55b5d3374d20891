// The cores' WiFi object, on a machine that is connected already.

#pragma once

#include <Arduino.h>

typedef enum { WL_IDLE_STATUS = 0, WL_NO_SSID_AVAIL = 1, WL_CONNECTED = 3, WL_DISCONNECTED = 6 } wl_status_t;
typedef enum { WIFI_OFF = 0, WIFI_STA = 1, WIFI_AP = 2 } WiFiMode_t;

class WiFiClass {
 public:
  bool mode(WiFiMode_t) { return true; }
  wl_status_t begin(const char *, const char * = nullptr) { return WL_CONNECTED; }
  bool disconnect(bool = false) { return true; }
  wl_status_t status() { return WL_CONNECTED; }
  String macAddress() { return "02:00:5E:10:00:01"; }
  int8_t RSSI() { return -60; }
};
extern WiFiClass WiFi;
