"""Home Assistant with paho-mqtt: a durable session, and all subscriptions in packets of 500 with each connection.

Usage: paho_home.py HOST PORT CLIENT_ID SUBSCRIPTIONS. Prints one line per event:
  connected
  granted CODES           how many SUBACK codes, and which
  retained COUNT          topics, per connection
  live TOPIC PAYLOAD
It reconnects by itself, and ends with its standard input.
"""

import sys
import threading

import paho.mqtt.client as mqtt

host, port, client_id, subscriptions = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
# paho-mqtt 2 wants to be told which form of callbacks it is to use.
callbacks = [mqtt.CallbackAPIVersion.VERSION1] if hasattr(mqtt, "CallbackAPIVersion") else []
client = mqtt.Client(*callbacks, client_id=client_id, clean_session=False)
client.reconnect_delay_set(1, 1)
filters = ["homeassistant/#"] + [f"home/{index}/state" for index in range(1, subscriptions)]
counts = {"granted": 0}
retained = set()
codes = set()
lock = threading.Lock()


def say(*words):
    print(*words, flush=True)


def on_connect(client, _userdata, _flags, code):
    with lock:
        counts["granted"] = 0
        codes.clear()
        retained.clear()
    say("connected", code)
    for start in range(0, len(filters), 500):
        client.subscribe([(topic, 1) for topic in filters[start : start + 500]])


def on_subscribe(client, _userdata, _mid, granted):
    counts["granted"] += len(granted)
    codes.update(granted)
    if counts["granted"] == len(filters):
        say("granted", counts["granted"], *sorted(codes))


def on_message(client, _userdata, message):
    if message.topic.startswith("home/"):
        say("live", message.topic, message.payload.decode())
        return
    if message.topic in retained:
        return
    retained.add(message.topic)
    if len(retained) % 100 == 0:
        say("retained", len(retained))


client.on_connect = on_connect
client.on_subscribe = on_subscribe
client.on_message = on_message
client.connect(host, port)
client.loop_start()
sys.stdin.read()
