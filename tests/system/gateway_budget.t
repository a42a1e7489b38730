#!/bin/sh
# The model gateway's budgets: reserved before, settled after, kept over a kill.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/gateway_lib.sh"

command -v perl >/dev/null || tap_skip_all 'no perl'
coffer_home
gateway_conf <<CONF
run_budget = 0.05
item_budget = 0.10
project_day_budget = 0.15
freeze_hold = 20s
CONF
gateway_provider
gateway_files anthropic anthropic
gateway_files openai openai
gateway_files local openai
printf 'free = yes\nno_key = yes\n' >>"$HOME_DIR/gateway/providers/local.conf"
gateway_prices
start_gateway
gateway_relay 7
BASE=$RELAY

# An exchange reserves 10,000 for its output and some for its input, and costs
# 1500: a run has room for 28 one after the other, four at once.
grant 1 7 1
TOK=$TOKEN_NEW
i=0
STATUS=200
while [ "$STATUS" = 200 ] && [ $i -lt 60 ]; do
	ask "$TOK" m
	i=$((i + 1))
done
tap_is "$STATUS,$(field .error.type),$(field .error.code)" 403,permission_error,budget_exceeded 'a budget ends'
tap_like "$(field .error.message)" '*of this run is used up*of 0.05 dollars*' 'and says which'
tap_is "$i" 28 'when the next might go over it'
tap_ok 'it is not over it' test "$(spent run '"run":1')" -le 50000
tap_is "$(spent item '"project":7,"item":1')" "$(spent run '"run":1')" 'its issue has the same'
http POST "$BASE/openai/v1/responses" -H "x-api-key: $TOK" -d '{"model":"m","max_output_tokens":1000}'
tap_is "$STATUS,$(field .error.type)" 403,budget_exceeded 'every provider refuses'
ask_path=local/v1/chat/completions ask "$TOK" m
tap_is "$STATUS" 200 'but one that is free'
: >"$T/up.log"
ask "$TOK" m
tap_is "$(cat "$T/up.log")" '' 'nothing of a refused one is sent'
control '{"op":"limit","scope":"run","run":1,"micros":70000}'
ask "$TOK" m
tap_is "$STATUS" 200 'it can be raised'
control '{"op":"revoke","run":1}'

# Twenty at once.
grant 2 7 1
: >"$T/up.log"
: >"$T/codes"
i=0
waits=
while [ $i -lt 20 ]; do
	curl -sS -o /dev/null -w '%{http_code}\n' -H "x-api-key: $TOKEN_NEW" -H 'Content-Type: application/json' \
	    -d '{"model":"slow-5","max_tokens":1000}' "$BASE/anthropic/v1/messages" >>"$T/codes" 2>/dev/null &
	waits="$waits $!"
	i=$((i + 1))
done
# shellcheck disable=SC2086 # a list
wait $waits
tap_is "$(sort "$T/codes" | uniq -c | awk '{ print $1 "x" $2 }' | tr '\n' ' ')" '4x200 16x429 ' 'no more at once than there is money for'
tap_is "$(wc -l <"$T/up.log")" 4 'reach the provider'
ask "$TOKEN_NEW" m
tap_is "$STATUS" 200 'the next one after them does'

# The issue's and the project's limits hold over runs.
for n in 3 4 5 6; do
	grant $n 7 1
	i=0
	STATUS=200
	while [ "$STATUS" = 200 ] && [ $i -lt 60 ]; do
		ask "$TOKEN_NEW" m
		i=$((i + 1))
	done
done
tap_like "$(field .error.message)" '*of this item is used up*' 'an issue has an end over its runs'
grant 7 7 2
while [ "$(ask "$TOKEN_NEW" m; echo "$STATUS")" = 200 ]; do :; done
ask "$TOKEN_NEW" m
grant 8 7 3
while [ "$(ask "$TOKEN_NEW" m; echo "$STATUS")" = 200 ]; do :; done
ask "$TOKEN_NEW" m
tap_like "$(field .error.message)" '*of this project_day is used up*' 'a project has one in a day'
tap_ok 'which is not passed' test "$(spent project_day '"project":7')" -le 150000

# Killed between reserve and settle.
control '{"op":"limit","scope":"project_day","project":7,"micros":10000000}'
control '{"op":"limit","scope":"item","project":7,"item":9,"micros":10000000}'
grant 20 7 9
TOK=$TOKEN_NEW
ask "$TOK" m
curl -sS -o /dev/null -m 20 -H "x-api-key: $TOK" -d '{"model":"slow-50","max_tokens":1000}' "$BASE/anthropic/v1/messages" 2>/dev/null &
CURL=$!
reserved() { control '{"op":"usage","scope":"run","run":20}' && [ "$(field .reserved)" -gt 0 ]; }
wait_for 5 reserved
control '{"op":"usage","scope":"run","run":20}'
tap_is "$(field .spent),$(field '.reserved > 10000')" 1500,true 'while one is under way it is reserved'
kill -KILL "$GATEWAY_PID"
wait "$CURL" 2>/dev/null
start_gateway
tap_ok 'killed, what was reserved is spent' test "$(spent run '"run":20')" -gt 11500
S=$(spent run '"run":20')
tap_ok 'and it says so' grep -q 'unsettled exchanges=1' "$T/gateway.log"
ask "$TOK" m
tap_is "$STATUS" 200 'the token is still good'
tap_is "$(spent run '"run":20')" $((S + 1500)) 'and it goes on from there'
for at in gateway_reserve gateway_settle; do
	stop_pid "$GATEWAY_PID"
	B=$S
	start_gateway env COFFER_FAIL=$at
	ask "$TOK" m
	[ "$STATUS" = 000 ] || [ $at = gateway_settle ] || tap_bail "no fail point: $STATUS"
	wait_for 5 sh -c "! kill -0 $GATEWAY_PID 2>/dev/null || grep -q ^State:.Z /proc/$GATEWAY_PID/status"
	start_gateway
	S=$(spent run '"run":20')
	tap_ok "killed at $at, it is spent in full" test "$S" -gt $((B + 10000))
done

# Its journal.
stop_pid "$GATEWAY_PID"
J=$HOME_DIR/gateway/journal
cp "$J" "$T/journal"
printf '1234567' >>"$J"
start_gateway
tap_is "$(spent run '"run":20')" "$S" 'a torn end is dropped'
stop_pid "$GATEWAY_PID"
sed -i '2s/[0-9]$/x/' "$J"
tap_not 'a damaged middle is not guessed' timeout 5 "$O/bin/coffer-gateway" --home "$HOME_DIR"
tap_like "$(cat "$T/tap.out")" '*journal:2: damaged*' 'and is named'
cp "$T/journal" "$J"
[ "$(id -u)" -ne 0 ] || chown 64104 "$J"
start_gateway

# Frozen.
control '{"op":"freeze","scope":"run","run":20}'
ask "$TOK" m -m 1
tap_is "$STATUS" 000 'a frozen run waits'
(sleep 1; control '{"op":"thaw","scope":"run","run":20}') &
ask "$TOK" m -m 15
tap_is "$STATUS" 200 'and goes on when it is thawed'
control '{"op":"freeze","scope":"all"}'
stop_pid "$GATEWAY_PID"
sed -i 's/^freeze_hold.*/freeze_hold = 200ms\nat_limit = freeze/' "$HOME_DIR/coffer.conf"
start_gateway
ask "$TOK" m
tap_is "$STATUS,$(field .error.code)" 403,frozen 'it stays frozen over a restart, and ends after a time'
control '{"op":"thaw","scope":"all"}'
control '{"op":"limit","scope":"run","run":20,"micros":1}'
ask "$TOK" m
tap_is "$STATUS,$(field .error.code)" 403,frozen 'with at_limit = freeze a run at its limit'
control '{"op":"usage","scope":"run","run":20}'
tap_is "$(field .frozen)" true 'is frozen'
tap_done
