#!/bin/sh
# The model gateway: who gets in, what passes, what it costs, what is written.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/gateway_lib.sh"

command -v perl >/dev/null || tap_skip_all 'no perl'
coffer_home
gateway_conf <<CONF
run_budget = 1
stall = 2s
max_body = 1M
CONF
gateway_provider
gateway_files anthropic anthropic
gateway_files openai openai
gateway_prices
tap_ok 'the configuration is good' "$O/bin/coffer-gateway" --home "$HOME_DIR" -n
start_gateway
tap_is "$(field '.providers[] | select(.name == "anthropic") | .ready')" true 'a provider with a key is ready'
gateway_relay 7
BASE=$RELAY
gateway_relay 8
OTHER=$RELAY

# The one that runs, and what it is.
if [ "$(id -u)" -eq 0 ]; then
	tap_is "$(awk '/^Uid/ { print $2, $3 }' "/proc/$GATEWAY_PID/status")" '64104 64104' 'it runs as a user of its own'
	tap_is "$(awk '/^(CapPrm|CapEff|CapBnd|CapAmb)/ { print $2 }' "/proc/$GATEWAY_PID/status" | sort -u)" 0000000000000000 'without a capability'
	tap_is "$(awk '/^(Seccomp|NoNewPrivs):/ { print $2 }' "/proc/$GATEWAY_PID/status" | tr '\n' ' ')" '1 2 ' 'with a seccomp filter'
	tap_is "$(stat -c '%a %u %g' "$HOME_DIR/run/gateway")" '2710 64104 64102' 'its door is the router'"'"'s to pass'
	tap_is "$(stat -c '%a %u' "$HOME_DIR/gateway/keys/anthropic")" '600 64104' 'a key is its own'
	tap_not 'nobody else gives it orders' setpriv --reuid 12345 --clear-groups \
	    perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Peer => $ARGV[0]) or exit 1' "$HOME_DIR/run/gateway/control.sock"
fi

# Who gets in.
grant 1 7 3
TOK=$TOKEN_NEW
tap_like "$TOK" 'sk-coffer-*' 'a token'
ask "$TOK" m
tap_is "$STATUS,$(field .text)" 200,hello 'it asks a model'
ask wrong m
tap_is "$STATUS,$(field .error.type)" 401,authentication_error 'a wrong one is refused'
ask_base=$OTHER ask "$TOK" m
tap_is "$STATUS,$(field .error.code)" 403,foreign_token 'so is one in another sandbox'
ask_path=openai/v1/chat/completions ask wrong m
tap_is "$STATUS,$(field .error.type)" 401,invalid_token 'in the shape that its client reads'
http POST "$BASE/anthropic/v1/messages" -H "Authorization: Bearer $TOK" -d '{"model":"m"}'
tap_is "$STATUS" 200 'as a bearer too'

# What passes.
: >"$T/up.log"
for p in /anthropic/v1/files /anthropic/v1/messages/batches /anthropic/v1/messages/ /anthropic//v1/messages \
    /anthropic/v1/%6dessages /anthropic/v1/organizations /openai/v1/messages /nobody/v1/messages /v1/messages '/anthropic/v1/messages?a=%2e'; do
	http POST "$BASE$p" --path-as-is -H "x-api-key: $TOK" -d '{"model":"m"}'
	[ "$STATUS" = 403 ] || echo "$STATUS $p"
done >"$T/odd"
http DELETE "$BASE/anthropic/v1/messages" -H "x-api-key: $TOK"
[ "$STATUS" = 403 ] || echo "$STATUS DELETE" >>"$T/odd"
tap_is "$(cat "$T/odd")" '' 'other paths and methods are refused'
tap_is "$(cat "$T/up.log")" '' 'and nothing of them is heard'
http GET "$BASE/anthropic/v1/models" -H "x-api-key: $TOK"
tap_is "$STATUS" 200 'the models are told'
http POST "$BASE/anthropic/v1/messages/count_tokens" -H "x-api-key: $TOK" -d '{"model":"m"}'
tap_is "$STATUS,$(field .input_tokens)" 200,7 'tokens are counted'
for p in openai/v1/chat/completions openai/v1/responses; do
	http POST "$BASE/$p" -H "x-api-key: $TOK" -d '{"model":"m"}'
	tap_is "$STATUS,$(field .text)" 200,hello "$p passes"
done
: >"$T/up.log"
ask "$TOK" m -H 'Cookie: a=b' -H "AUTHORIZATION: Bearer $TOK" -H 'Authorization: Bearer second' \
    -H 'Proxy-Authorization: Basic x' -H 'X-Forwarded-For: 1.2.3.4' -H 'anthropic-beta: one, context-1m-2025-08-07, two' -H 'anthropic-version: 2023-06-01'
tap_like "$(cat "$T/up.log")" "*|x-api-key: $KEY|*" 'the provider gets the key'
tap_like "$(cat "$T/up.log")" '*|anthropic-beta: one,two|*' 'and the headers that matter, without a beta of other prices'
tap_not 'and nothing else of who asked' grep -qiE "authorization|cookie|forwarded|$TOK" "$T/up.log"
ask_more=',"mcp_servers":[{"url":"http://x"}]' ask "$TOK" m
tap_is "$STATUS,$(field .error.type)" 403,permission_error 'servers that the provider would call are refused'
ask_path=openai/v1/chat/completions ask_more=',"models":["dear"]' ask "$TOK" m
tap_is "$STATUS,$(field .error.code)" 403,not_allowed 'so are other models'
ask_path=openai/v1/responses ask "$TOK" m
tap_is "$STATUS,$(field .error.code)" 400,invalid_request 'and a limit that this request does not have'
ask_more=',"tools":[{"type":"web_fetch_20250910","name":"web_fetch"}]' ask "$TOK" m
tap_is "$STATUS,$(field .error.type)" 403,permission_error 'a sandbox that may not reach the web has no provider do it'
grant 9 7 9 '"web":true'
ask_more=',"tools":[{"type":"web_fetch_20250910","name":"web_fetch"}]' ask "$TOKEN_NEW" m
tap_is "$STATUS" 200 'one that may can'
fetches() { ask_more=',"tools":[{"type":"web_fetch_20250910","name":"web_fetch"}]' ask "$TOKEN_NEW" m; }
control '{"op":"web","project":7,"web":false}'
fetches
tap_is "$STATUS" 403 'until its project may not any more'
grant 9 7 9 '"web":true'
fetches
tap_is "$STATUS" 403 'nor with a new token'
control '{"op":"web","project":7,"web":true}'
fetches
tap_is "$STATUS" 200 'and may again'
grant 9 7 9 '"web":true,"shut":true'
fetches
tap_is "$STATUS" 403 'a token may come with the order'
control '{"op":"web","project":7,"web":true}'
tap_not 'an order without a project is refused' control '{"op":"web","web":true}'
http POST "$BASE/anthropic/v1/messages" -H "x-api-key: $TOKEN_NEW" \
    -d '{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64"}}]}]}'
tap_is "$(tail -n 1 "$HOME_DIR/gateway/log/exchanges.jsonl" | jq .reserved_micros)" 200010 'an image is reserved for as all that the model takes'
http POST "$BASE/anthropic/v1/messages" -H "x-api-key: $TOK" -d '{"model":"m","max_tokens":1,"max_tokens":100000}'
tap_is "$STATUS,$(field .error.type)" 400,invalid_request_error 'so is a limit that is there twice'
head -c 1100000 /dev/zero | tr '\0' ' ' >"$T/large"
http POST "$BASE/anthropic/v1/messages" -H "x-api-key: $TOK" --data-binary "@$T/large"
tap_is "$STATUS" 413 'and a body that is too large'

# The key does not come back.
ask "$TOK" echo
tap_like "$STATUS,$(cat "$T/curl.err")" '200,curl: (18)*' 'a reply with the key in it is cut'
tap_not 'before the key' grep -q "$KEY" "$BODY"
ask "$TOK" split
tap_not 'in pieces neither' grep -q 'sk-real' "$BODY"
ask "$TOK" status-402
tap_is "$STATUS" 502 'nor in an error'
tap_not 'of which nothing passes' grep -q sk-real "$BODY"

# Errors of the provider.
ask "$TOK" status-429 -D "$HEADERS"
tap_is "$STATUS,$(field .error.message)" 429,scripted 'an error passes as it is'
tap_ok 'with when to try again' grep -qi '^retry-after: 3' "$HEADERS"
ask "$TOK" status-401
tap_is "$STATUS,$(field .error.code)" 403,key_refused 'but not one of the key'
ask "$TOK" hang
tap_is "$STATUS,$(field .error.type)" 504,timeout_error 'silence ends'
ask "$TOK" cut
tap_is "$STATUS" 200 'a stream that breaks'
tap_like "$(cat "$T/curl.err")" '*curl: (18)*' 'breaks for the client, too'

# A stream passes as it comes.
grant 2 7 3
TOK2=$TOKEN_NEW
ask "$TOK2" slow-8 -N -w '%{http_code}%{stderr}%{time_starttransfer} %{time_total}'
tap_ok 'the first byte long before the last' awk '{ exit !($1 < 0.5 && $2 > 0.7) }' "$T/curl.err"
tap_is "$(grep -c piece "$BODY")" 8 'all of it'
perl "$SYSTEM_DIR/gateway_provider.pl" "$T/up2.port" "$T/up2.log" &
PIDS="$! $PIDS"
wait_for 10 test -s "$T/up2.port"
curl -sS -o "$T/direct" -d '{"model":"m","stream":true}' "http://127.0.0.1:$(cat "$T/up2.port")/v1/messages"
ask_more=',"stream":true' ask "$TOK2" m
tap_ok 'byte for byte' cmp "$T/direct" "$BODY"
ask "$TOK2" big-900
tap_is "$(field '.text | length')" "$((900 * 1024))" 'a large reply is whole'

# What it cost: 1000 in for 1, 50 out for 10 dollars the million.
tap_is "$(spent run '"run":2')" 4500 'what the provider tells is what it costs'
grant 3 7 4
ask "$TOKEN_NEW" nousage
tap_ok 'what it does not tell costs as it was reserved' test "$(spent run '"run":3')" -ge 10000
grant 4 7 4
http POST "$BASE/anthropic/v1/messages" -H "x-api-key: $TOKEN_NEW" -d '{"model":"think","max_tokens":50000}' -m 1
wait_for 5 sh -c "tail -n 1 '$HOME_DIR/gateway/log/exchanges.jsonl' | grep -q client_left"
S=$(spent run '"run":4')
tap_ok 'a client that leaves pays for what the model may have thought until then' test "$S" -gt 8000 -a "$S" -lt 501000
ask "$TOKEN_NEW" status-500
tap_is "$(spent run '"run":4')" "$S" 'an error costs nothing'
LAST=$(tail -n 1 "$HOME_DIR/gateway/log/exchanges.jsonl")
tap_is "$(printf '%s' "$LAST" | jq -r '[.run, .project, .item, .provider, .model, .status, .result] | join(" ")')" \
    '4 7 4 anthropic status-500 500 upstream_error' 'each exchange is a line'

# Nothing of a secret or of what was said is anywhere.
ask_more=',"system":"a-most-private-thing"' ask "$TOK2" m
tap_not 'no key, token or content in the logs' grep -rqE "$KEY|$TOK|$TOK2|a-most-private-thing" \
    "$T/gateway.log" "$HOME_DIR/gateway/log" "$HOME_DIR/gateway/journal"
tap_not 'nor in its arguments or environment' grep -qE "$KEY|$TOK" "/proc/$GATEWAY_PID/cmdline" "/proc/$GATEWAY_PID/environ"
tap_ok 'a run that ends' control '{"op":"revoke","run":2}'
tap_is "$(field .spent)" 6000 'tells what it cost'
ask "$TOK2" m
tap_is "$STATUS" 401 'and its token with it'
chmod 644 "$HOME_DIR/gateway/keys/openai"
http POST "$BASE/openai/v1/responses" -H "x-api-key: $TOK" -d '{"model":"m"}'
tap_is "$STATUS,$(field .error.code)" 503,no_key 'a key that others can read is not used'

# A run that ends in the middle.
grant 5 7 5
curl -sSN -o "$T/open" -H "x-api-key: $TOKEN_NEW" -d '{"model":"think","max_tokens":1000}' "$BASE/anthropic/v1/messages" 2>/dev/null &
OPEN=$!
wait_for 10 grep -qs message_start "$T/open"
tap_ok 'a run that ends in the middle' control '{"op":"revoke","run":5}'
tap_is "$(field '.reserved, (.spent > 1000)' | tr '\n' ' ')" '0 true ' 'tells all that it cost'
wait "$OPEN"
tap_is "$(spent run '"run":5')" 0 'and is forgotten'
tap_ok 'but not what its issue cost' test "$(spent item '"project":7,"item":5')" -gt 1000
revoked() { tail -n 1 "$HOME_DIR/gateway/log/exchanges.jsonl" | grep -q '"result":"revoked"'; }
tap_ok 'and its exchange is a line' wait_for 5 revoked

# Its figures are those of the exchanges that it has written down.
figures() {
	control '{"op":"hello"}' || return 1
	jq -S '.figures | {results, micros}' "$BODY" >"$T/figures"
}
figures
grant 9 7 9
STATUS=$(curl -sS -o /dev/null -w '%{http_code}' -H "x-api-key: $TOKEN_NEW" -d '{"model":"m","max_tokens":1000,"messages":[]}' "$BASE/anthropic/v1/messages")
more() {
	cp "$T/figures" "$T/before"
	figures && ! cmp -s "$T/before" "$T/figures"
}
cp "$T/figures" "$T/first"
tap_ok 'an exchange more is one more in its figures' wait_for 10 more
tap_is "$(jq -s '([.[1].results[]] | add) - ([.[0].results[]] | add)' "$T/first" "$T/figures")" 1 'by how it ended'
COST=$(tail -n 1 "$HOME_DIR/gateway/log/exchanges.jsonl" | jq '.cost // .cost_micros')
tap_is "$(jq -s '.[1].micros - .[0].micros' "$T/first" "$T/figures")" "$COST" 'with what it cost'

stop_pid "$GATEWAY_PID"
tap_is "$?" 0 'it ends when told to'
start_gateway
kill -KILL "$(cat "/proc/$GATEWAY_PID/task/$GATEWAY_PID/children")"
wait "$GATEWAY_PID"
tap_is "$?" 1 'with nothing to put its journal on the disk it ends, to be started anew'
tap_done
