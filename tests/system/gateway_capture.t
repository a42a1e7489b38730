#!/bin/sh
# What is said is kept where that is asked for: masked, bounded, nobody else's.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/gateway_lib.sh"

command -v perl >/dev/null || tap_skip_all 'no perl'
coffer_home
gateway_conf </dev/null
gateway_provider
gateway_files anthropic anthropic
gateway_prices
start_gateway
gateway_relay 7
BASE=$RELAY
grant 1 7 1
ask "$TOKEN_NEW" m
tap_not 'by default nothing is' test -e "$HOME_DIR/gateway/content"
stop_pid "$GATEWAY_PID"
printf 'capture = yes\ncapture_runs = 2\n' >>"$HOME_DIR/coffer.conf"
start_gateway

# has N FOLDER: so many files
has() { [ "$(find "$2" -type f | wc -l)" -eq "$1" ]; }
secret=ghp_0123456789abcdefghijABCDEFGHIJ012345
grant 2 7 1
ask_more=",\"system\":\"a thing and $secret and $TOKEN_NEW\"" ask "$TOKEN_NEW" m
F=$HOME_DIR/gateway/content/run-2
two() { has 2 "$F"; }
tap_ok 'asked for, a request and its reply are' wait_for 10 two
tap_is "$(stat -c '%a' "$F" "$F"/* | tr '\n' ' ')" '700 600 600 ' 'for nobody else'
tap_ok 'with what was said' grep -q 'a thing and' "$F"/*-request.json
tap_ok 'and answered' grep -q '"text":"hello"' "$F"/*-reply.txt
tap_not 'without keys and tokens' grep -qE "$secret|$TOKEN_NEW|$KEY" "$F"/*
tap_ok 'of which the places are seen' grep -qF ' and ********' "$F"/*-request.json
ask_more=',"stream":true' ask "$TOKEN_NEW" m
four() { has 4 "$F"; }
wait_for 10 four
# shellcheck disable=SC2012 # plain names
tap_ok 'a stream as it came' grep -q message_stop "$F/$(ls "$F" | tail -n 2 | head -n 1)"
ask "$TOKEN_NEW" status-429
six() { has 6 "$F"; }
wait_for 10 six
tap_ok 'and an error' grep -q scripted -r "$F"
ask "$TOKEN_NEW" big-6000
eight() { has 8 "$F"; }
wait_for 10 eight
tap_is "$(find "$F" -size +1M -printf '%s\n')" 4194304 'of a long one the beginning'
for n in 3 4; do
	grant $n 7 1
	ask "$TOKEN_NEW" m
	there() { has 2 "$HOME_DIR/gateway/content/run-$n"; }
	wait_for 10 there
done
tap_is "$(ls "$HOME_DIR/gateway/content")" "run-3
run-4" 'of the last runs alone'
tap_done
