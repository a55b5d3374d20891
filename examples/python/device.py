# A device in Python: says that it is online, publishes a reading, takes commands. Save it as device.py.

import json
import random
import ssl
import time
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt  # pip install paho-mqtt

# "Add a device" in the dashboard shows this with your values. These are for a broker on this machine, open to all.
BROKER_URL = "ws://127.0.0.1:8787/mqtt"
DEVICE_ID = "kitchen"
DEVICE_USERNAME = "kitchen"
DEVICE_TOKEN = ""

READING_EVERY_SEC = 30
STARTED_SEC = time.monotonic()
TOPICS = "devices/" + DEVICE_ID


def publish_reading():
    reading = {"temperature": round(20 + random.random(), 2), "uptimeSec": round(time.monotonic() - STARTED_SEC)}
    client.publish(TOPICS + "/telemetry", json.dumps(reading), qos=1, retain=True)


def on_connect(client, userdata, flags, reason_code, properties):
    if reason_code != 0:
        print("refused:", reason_code, flush=True)
        return
    print("connected as", DEVICE_ID + ", topics", TOPICS + "/#", flush=True)
    client.subscribe(TOPICS + "/command", qos=1)
    client.publish(TOPICS + "/status", "online", qos=1, retain=True)
    publish_reading()


def on_message(client, userdata, message):
    print(message.topic, message.payload.decode(errors="replace"), flush=True)


settings = {"client_id": DEVICE_ID, "transport": "websockets", "protocol": mqtt.MQTTv5}
if hasattr(mqtt, "CallbackAPIVersion"):  # paho-mqtt 2; Debian 12 has 1.6
    settings["callback_api_version"] = mqtt.CallbackAPIVersion.VERSION2
client = mqtt.Client(**settings)
client.on_connect = on_connect
client.on_message = on_message
# The broker publishes it when the connection is lost.
client.will_set(TOPICS + "/status", "offline", qos=1, retain=True)
if DEVICE_TOKEN != "":
    client.username_pw_set(DEVICE_USERNAME, DEVICE_TOKEN)

broker = urlsplit(BROKER_URL)
client.ws_set_options(path=broker.path + "/" + DEVICE_ID)
if broker.scheme == "wss":
    client.tls_set(cert_reqs=ssl.CERT_REQUIRED)
client.reconnect_delay_set(min_delay=1, max_delay=60)
client.connect_async(broker.hostname, broker.port or (443 if broker.scheme == "wss" else 80), keepalive=60)
client.loop_start()
while True:
    time.sleep(READING_EVERY_SEC)
    if client.is_connected():
        publish_reading()
