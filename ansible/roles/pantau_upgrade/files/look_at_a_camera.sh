#!/bin/sh
# Lets the agent in folder $2 look at one camera that works now. Where it sees nothing, the agent in folder $1, which runs, is
# asked too: a camera that admits nobody beside the one who watches says nothing about either.
# It prints what is wrong, or nothing.
config=/etc/pantau/agent.toml
camera=$("$1/bin/pantau-agent" status --json --config $config | "$1/bin/python" -c '
import json, sys
cameras = json.load(sys.stdin).get("cameras", [])
print(next((camera["camera"] for camera in cameras if camera["state"] == "ok"), ""))')
[ -n "$camera" ] || exit 0
look() {
  timeout 120 "$1/bin/pantau-agent" probe "$camera" --seconds 3 --config $config 2>&1
}
said=$(look "$2")
[ $? -gt 1 ] || exit 0
look "$1" >/dev/null
[ $? -gt 1 ] || echo "camera $camera, which the version that runs sees: $said" | tail -c 600
