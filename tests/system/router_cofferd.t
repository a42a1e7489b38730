#!/bin/sh
# The door with the real cofferd behind it: a sandbox reaches it by the name
# `coffer`, and a token that is not a run's is worth nothing there.
# shellcheck disable=SC2119
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/router_lib.sh"
coffer_home
start_cofferd
router_start
wire_project 7
mode 7 none >/dev/null

tap_like "$(p7 http 10.214.0.1 /api/v1/version | head -n 1)" 'HTTP/1.1 [24]*' \
    'cofferd answers through the door'
tap_is "$(p7 http 10.214.0.1 /api/v1/user "$ADMIN" | awk 'NR == 1 { print $2 }')" \
    401 "the admin's token is refused there"
api GET /api/v1/user
tap_is "$STATUS" 200 'where it is taken at the listener'
stop_cofferd
tap_like "$(p7 http 10.214.0.1 /x)" '*502 Bad Gateway*cofferd is not reachable*' \
    'without cofferd the answer says so'
start_cofferd
tap_like "$(p7 http 10.214.0.1 /api/v1/version | head -n 1)" 'HTTP/1.1 [24]*' \
    'and cofferd is reached again when it is back'
tap_done
