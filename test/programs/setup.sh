#!/usr/bin/env bash
# `npm run setup:tests`: installs what the tests run beside the broker, as far as it is missing: Debian's packages, and
# programs of npm's registry at the versions of the lockfile in `installed`. These go to a cache in the user's home, so
# that the package does not depend on them and another clone need not install them again.
set -euo pipefail
cd "$(dirname "$0")/installed"

missing=()
has() { command -v "$1" > /dev/null; }
# Real clients, a bridge and a real browser; a compiler for the sketches and for Paho's library; certificates for TLS.
has mosquitto_pub || missing+=(mosquitto-clients)
[ -x /usr/sbin/mosquitto ] || missing+=(mosquitto)
has chromium || missing+=(chromium)
has curl || missing+=(curl)
has g++ || missing+=(g++)
has openssl || missing+=(openssl)
# A network of a test's own.
has ip || [ -x /usr/sbin/ip ] || missing+=(iproute2)
[ -e /usr/include/MQTTClient.h ] || missing+=(libpaho-mqtt-dev)
/usr/bin/python3 -c 'import paho.mqtt.client' 2> /dev/null || missing+=(python3-paho-mqtt)
/usr/bin/python3 -c 'import prometheus_client' 2> /dev/null || missing+=(python3-prometheus-client)
if [ ${#missing[@]} -gt 0 ]; then
  if has apt-get; then
    root=()
    [ "$(id -u)" = 0 ] || root=(sudo)
    "${root[@]}" apt-get update -q
    "${root[@]}" apt-get install -qy --no-install-recommends "${missing[@]}"
  else
    echo "There is no apt-get here. Tests that need these packages of Debian are skipped: ${missing[*]}" >&2
  fi
fi

# test/programs/installed.ts finds the folder by the same name.
versions=$(sha256sum package-lock.json | cut -c 1-16)
cache=${XDG_CACHE_HOME:-~/.cache}/durable-mqtt/test-programs
if [ ! -d "$cache/$versions" ]; then
  mkdir -p "$cache"
  unfinished=$(mktemp -d "$cache/unfinished-XXXXXX")
  trap 'rm -rf "$unfinished"' EXIT
  cp package.json package-lock.json .npmrc "$unfinished"
  # Scripts of packages are not run: all that the tests use comes built.
  (cd "$unfinished" && npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error)
  # Somebody else may have finished meanwhile.
  mv -T "$unfinished" "$cache/$versions" 2> /dev/null || [ -d "$cache/$versions" ]
fi
echo "The tests' programs are in $cache/$versions"
