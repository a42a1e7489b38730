#!/bin/sh
# The room that requests have in the gateway's memory, before they are there.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/gateway_lib.sh"

command -v perl >/dev/null || tap_skip_all 'no perl'
coffer_home
gateway_conf <<CONF
max_body = 1M
max_bodies = 4M
CONF
gateway_provider
gateway_files anthropic anthropic
gateway_prices
start_gateway
gateway_relay 7
BASE=$RELAY

# begin RUN: a request of that run whose body does not end; its pid in BEGUN.
begin()
{
	grant "$1" 7 1
	mkfifo "$T/body.$1"
	curl -sS -o "$T/answer.$1" -H "x-api-key: $TOKEN_NEW" -H 'Transfer-Encoding: chunked' -H 'Content-Type: application/json' \
	    -T "$T/body.$1" -X POST "$BASE/anthropic/v1/messages" &
	BEGUN=$!
	PIDS="$BEGUN $PIDS"
	sleep 60 >"$T/body.$1" &
	PIDS="$! $PIDS"
	eval "PIPE_$1=$!"
	n=$1
	wait_for 10 open
}
open() { control '{"op":"hello"}' && [ "$(field .exchanges)" -ge "$n" ]; }

begin 1
FIRST=$TOKEN_NEW
ask "$FIRST" m
tap_is "$STATUS,$(field .error.type)" 503,overloaded_error 'one run has a part of the room'
begin 2
begin 3
begin 4
grant 5 7 1
ask "$TOKEN_NEW" m
tap_is "$STATUS,$(field .error.type)" 503,overloaded_error 'what is not there yet takes room'
head -c 1100000 /dev/zero >"$T/large"
http POST "$BASE/anthropic/v1/messages" -H "x-api-key: $TOKEN_NEW" --data-binary "@$T/large"
tap_is "$STATUS" 413 'what is too large is told so'
kill "$BEGUN"
again() { ask "$TOKEN_NEW" m && [ "$STATUS" = 200 ]; }
tap_ok 'and gives it back' wait_for 10 again
tap_done
