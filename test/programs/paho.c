// One device on Paho's C library: says that it is online with a Will behind it, publishes a reading, and prints the
// commands that come, a line each. It ends with the command "end".
//
// Usage: paho SERVER_URI USERNAME PASSWORD CLIENT_ID VERSION, SERVER_URI in Paho's form (tcp://HOST:PORT,
// ws://HOST:PORT/mqtt), VERSION 4 or 5

#include <MQTTClient.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int qos = 1;
static const int waitMs = 10000;

static void check(const char *what, int code) {
  if (code >= 0 && code < 0x80) return;
  printf("%s: %d\n", what, code);
  exit(1);
}

static void publish(MQTTClient client, int version, const char *topic, const char *payload, int retained) {
  MQTTClient_message message = MQTTClient_message_initializer;
  message.payload = (void *)payload;
  message.payloadlen = strlen(payload);
  message.qos = qos;
  message.retained = retained;
  MQTTClient_deliveryToken token;
  if (version == MQTTVERSION_5) {
    MQTTResponse response = MQTTClient_publishMessage5(client, topic, &message, &token);
    check("publish", response.reasonCode);
    MQTTResponse_free(response);
  } else {
    check("publish", MQTTClient_publishMessage(client, topic, &message, &token));
  }
  check("acknowledgement", MQTTClient_waitForCompletion(client, token, waitMs));
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  const char *clientId = argv[4];
  const int version = atoi(argv[5]);
  const int is5 = version == MQTTVERSION_5;
  char status[128], telemetry[128], command[128];
  snprintf(status, sizeof status, "devices/%s/status", clientId);
  snprintf(telemetry, sizeof telemetry, "devices/%s/telemetry", clientId);
  snprintf(command, sizeof command, "devices/%s/command", clientId);
  setvbuf(stdout, NULL, _IOLBF, 0);

  MQTTClient client;
  MQTTClient_createOptions create = MQTTClient_createOptions_initializer;
  create.MQTTVersion = version;
  check("create", MQTTClient_createWithOptions(&client, argv[1], clientId, MQTTCLIENT_PERSISTENCE_NONE, NULL, &create));

  MQTTClient_connectOptions plain = MQTTClient_connectOptions_initializer;
  MQTTClient_connectOptions plain5 = MQTTClient_connectOptions_initializer5;
  MQTTClient_connectOptions options = is5 ? plain5 : plain;
  MQTTClient_willOptions will = MQTTClient_willOptions_initializer;
  will.topicName = status;
  will.message = "offline";
  will.qos = qos;
  options.will = &will;
  options.MQTTVersion = version;
  options.keepAliveInterval = 30;
  options.username = argv[2];
  options.password = argv[3];
  if (is5) {
    MQTTResponse response = MQTTClient_connect5(client, &options, NULL, NULL);
    check("connect", response.reasonCode);
    MQTTResponse_free(response);
    response = MQTTClient_subscribe5(client, command, qos, NULL, NULL);
    check("subscribe", response.reasonCode);
    MQTTResponse_free(response);
  } else {
    check("connect", MQTTClient_connect(client, &options));
    check("subscribe", MQTTClient_subscribe(client, command, qos));
  }
  publish(client, version, status, "online", 0);
  publish(client, version, telemetry, "{\"temperature\":21.5}", 0);
  printf("connected\n");

  for (int ended = 0; !ended;) {
    char *topic = NULL;
    int topicBytes;
    MQTTClient_message *message = NULL;
    check("receive", MQTTClient_receive(client, &topic, &topicBytes, &message, waitMs));
    if (message == NULL) continue;
    printf("%s %.*s at QoS %d\n", topic, message->payloadlen, (char *)message->payload, message->qos);
    ended = message->payloadlen == 3 && memcmp(message->payload, "end", 3) == 0;
    MQTTClient_freeMessage(&message);
    MQTTClient_free(topic);
  }
  if (is5) check("disconnect", MQTTClient_disconnect5(client, waitMs, MQTTREASONCODE_SUCCESS, NULL));
  else check("disconnect", MQTTClient_disconnect(client, waitMs));
  MQTTClient_destroy(&client);
  return 0;
}
