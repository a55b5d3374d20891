// ESP-IDF's error codes, with the names that esp_err_to_name has for them.

#pragma once

typedef int esp_err_t;

#define ESP_OK 0
#define ESP_FAIL -1
#define ESP_ERR_ESP_TLS_CANNOT_RESOLVE_HOSTNAME 0x8001
#define ESP_ERR_ESP_TLS_FAILED_CONNECT_TO_HOST 0x8004
#define ESP_ERR_ESP_TLS_TCP_CLOSED_FIN 0x8008
#define ESP_ERR_MBEDTLS_SSL_HANDSHAKE_FAILED 0x801a

extern "C" const char *esp_err_to_name(esp_err_t code);
