"""One client of paho-mqtt: subscribes, publishes at every QoS, and prints what came back, a line each.

Usage: paho_round_trip.py HOST PORT VERSION TOPIC TRANSPORT, VERSION being 3, 4 or 5, TRANSPORT tcp or websockets
"""

import sys

import paho.mqtt.client as mqtt

host, port, version, topic, transport = sys.argv[1:]
# paho-mqtt 2 wants to be told which form of callbacks it is to use.
callbacks = [mqtt.CallbackAPIVersion.VERSION1] if hasattr(mqtt, "CallbackAPIVersion") else []
client = mqtt.Client(*callbacks, client_id=f"paho-{version}-{transport}", protocol=int(version), transport=transport)
client.ws_set_options(path="/mqtt")
received = 0


def on_connect(client, *_):
    client.subscribe(topic, qos=2)


def on_subscribe(client, *_):
    for qos in (0, 1, 2):
        client.publish(topic, f"at {qos}", qos=qos)


def on_message(client, _, message):
    global received
    print(message.topic, message.qos, message.payload.decode())
    received += 1
    if received == 3:
        client.disconnect()


client.on_connect = on_connect
client.on_subscribe = on_subscribe
client.on_message = on_message
client.connect(host, int(port))
client.loop_forever()
