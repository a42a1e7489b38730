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
for p in 7 8 9 10 11; do
	gateway_relay "$p"
	eval "RELAY_$p=$RELAY"
done
BASE=$RELAY_7

n=0
ALL=
# begin RUN PROJECT: a request of that run whose body does not end; its pid in
# BEGUN.
begin()
{
	grant "$1" "$2" 1
	begin_base=$(eval "echo \$RELAY_$2")
	mkfifo "$T/body.$1"
	curl -sS -o "$T/answer.$1" -H "x-api-key: $TOKEN_NEW" -H 'Transfer-Encoding: chunked' -H 'Content-Type: application/json' \
	    -T "$T/body.$1" -X POST "$begin_base/anthropic/v1/messages" &
	BEGUN=$!
	ALL="$BEGUN $ALL"
	PIDS="$BEGUN $PIDS"
	sleep 60 >"$T/body.$1" &
	PIDS="$! $PIDS"
	eval "PIPE_$1=$!"
	n=$((n + 1))
	wait_for 10 open
}
open() { control '{"op":"hello"}' && [ "$(field .exchanges)" -ge "$n" ]; }

begin 1 7
FIRST=$TOKEN_NEW
ask "$FIRST" m
tap_is "$STATUS,$(field .error.type)" 503,overloaded_error 'one run has a part of the room'
grant 6 7 1
ask "$TOKEN_NEW" m
tap_is "$STATUS,$(field .error.type)" 503,overloaded_error 'and another of its project has no more'
begin 2 8
begin 3 9
begin 4 10
BASE=$RELAY_11
grant 5 11 1
ask "$TOKEN_NEW" m
tap_is "$STATUS,$(field .error.type)" 503,overloaded_error 'what is not there yet takes room'
head -c 1100000 /dev/zero >"$T/large"
http POST "$BASE/anthropic/v1/messages" -H "x-api-key: $TOKEN_NEW" --data-binary "@$T/large"
tap_is "$STATUS" 413 'what is too large is told so'
kill "$BEGUN"
again() { ask "$TOKEN_NEW" m && [ "$STATUS" = 200 ]; }
tap_ok 'and gives it back' wait_for 10 again

# ---- what does not come ----
# shellcheck disable=SC2086
kill $ALL 2>/dev/null
stop_pid "$GATEWAY_PID"
sed '/^max_bodies/a\
upload = 1s' "$HOME_DIR/coffer.conf" >"$T/conf.new" && cat "$T/conf.new" >"$HOME_DIR/coffer.conf"
start_gateway
BASE=$RELAY_7
n=0
begin 21 7
SLOW=$BEGUN
begin 22 8
grant 23 7 1
late() { ask "$TOKEN_NEW" m && [ "$STATUS" = 200 ]; }
ask "$TOKEN_NEW" m
tap_is "$STATUS" 503 'a body that does not come takes room'
tap_ok 'for some seconds' wait_for 10 late
# shellcheck disable=SC2154
kill "$PIPE_21"
wait "$SLOW"
tap_is "$(jq -r .error.code "$T/answer.21")" upload_timeout 'its client is told so'
is_over() { control '{"op":"hello"}' && [ "$(field .exchanges)" = 0 ]; }
tap_not 'one that does not end its body has not heard it' is_over
tap_ok 'and is cut' wait_for 20 is_over
tap_is "$(grep -c '"status":408' "$HOME_DIR/gateway/log/exchanges.jsonl")" 2 'both are on record'
tap_done
