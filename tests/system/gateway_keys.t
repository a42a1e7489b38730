#!/bin/sh
# Where a provider's key comes from, and a client that is slow.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/gateway_lib.sh"

command -v perl >/dev/null || tap_skip_all 'no perl'
chmod 711 "$T"
coffer_home
printf '#!/bin/sh\necho asked >>%s/asked\nsleep 0.3\nprintf "%s\\n1\\n"\n' "$T" "$KEY" >"$T/helper"
printf '#!/bin/sh\necho "no %s" >&2\nexit 1\n' "$KEY" >"$T/broken"
chmod 755 "$T/helper" "$T/broken"
: >"$T/asked"
chmod 666 "$T/asked"
gateway_conf <<CONF
run_budget = 0
item_budget = 0
project_day_budget = 0
day_budget = 0
CONF
gateway_provider
gateway_files helper anthropic
printf 'key_command = %s\n' "$T/helper" >>"$HOME_DIR/gateway/providers/helper.conf"
gateway_prices
tap_not 'a command needs to be allowed' "$O/bin/coffer-gateway" --home "$HOME_DIR" -n
tap_like "$(cat "$T/tap.out")" '*helper.conf*key_commands = yes*' 'as it says'
sed -i '/^\[gateway\]/a key_commands = yes' "$HOME_DIR/coffer.conf"
gateway_files broken anthropic
printf 'key_command = %s\n' "$T/broken" >>"$HOME_DIR/gateway/providers/broken.conf"
gateway_files cred openai
printf 'key_credential = model\n' >>"$HOME_DIR/gateway/providers/cred.conf"
mkdir -m 755 "$T/creds"
printf 'sk-from-systemd-0123\n' >"$T/creds/model"
chmod 600 "$T/creds/model"
[ "$(id -u)" -ne 0 ] || chown 64104 "$T/creds/model"
gateway_files big anthropic
start_gateway env CREDENTIALS_DIRECTORY="$T/creds"
gateway_relay 7
BASE=$RELAY
grant 1 7 1
TOK=$TOKEN_NEW

# A command.
waits=
for i in 1 2 3 4 5; do
	curl -sS -o "$T/answer.$i" -H "x-api-key: $TOK" -d '{"model":"m"}' "$BASE/helper/v1/messages" &
	waits="$waits $!"
done
# shellcheck disable=SC2086 # a list
wait $waits
tap_is "$(cat "$T"/answer.* | grep -o hello | wc -l)" 5 'five at once get the key of a command'
tap_is "$(wc -l <"$T/asked")" 1 'which is asked once'
tap_ok 'and the provider gets it' grep -q "|x-api-key: $KEY|" "$T/up.log"
sleep 1
ask_path=helper/v1/messages ask "$TOK" m
tap_is "$STATUS,$(wc -l <"$T/asked")" 200,2 'when its time is over it is asked again'
ask_path=broken/v1/messages ask "$TOK" m
tap_is "$STATUS,$(field .error.code)" 503,no_key 'one that fails is no key'
tap_not 'and what it said is not in the log' grep -q "$KEY" "$T/gateway.log"
curl -sS -m 0.1 -H "x-api-key: $TOK" -d '{"model":"m"}' "$BASE/helper/v1/messages" >/dev/null 2>&1
sleep 1
curl -sS -m 0.1 -H "x-api-key: $TOK" -d '{"model":"m"}' "$BASE/helper/v1/messages" >/dev/null 2>&1
tap_ok 'a client that leaves meanwhile does no harm' control '{"op":"hello"}'

# A credential, and a file that changes.
http POST "$BASE/cred/v1/responses" -H "x-api-key: $TOK" -d '{"model":"m"}'
tap_is "$STATUS" 200 'a credential of systemd'
tap_ok 'is the key' grep -q '|Authorization: Bearer sk-from-systemd-0123|' "$T/up.log"
printf 'sk-another-0123456789\n' | "$O/bin/coffer-gateway" --home "$HOME_DIR" --set-key big
ask_path=big/v1/messages ask "$TOK" m
tap_ok 'a new key is used at once' grep -q '|x-api-key: sk-another-0123456789|' "$T/up.log"
printf '[provider]\nkind = openai\nurl = http://192.0.2.1:80\n' >"$HOME_DIR/gateway/providers/plain.conf"
tap_not 'a key does not go out in the clear' "$O/bin/coffer-gateway" --home "$HOME_DIR" -n
printf '[provider]\nkind = openai\nurl = http://127.elsewhere.example:80\n' >"$HOME_DIR/gateway/providers/plain.conf"
tap_not 'nor to what only begins like this machine' "$O/bin/coffer-gateway" --home "$HOME_DIR" -n
tap_not 'a file that is no good is not read again' control '{"op":"reload"}'
tap_like "$(field .error)" '*plain.conf*without encryption*' 'and says why'
rm "$HOME_DIR/gateway/providers/plain.conf"
ask_path=big/v1/messages ask "$TOK" m
tap_is "$STATUS" 200 'what was there still is'

# Providers and prices are read again while a stream is open.
curl -sSN -o "$T/open" -H "x-api-key: $TOK" -d '{"model":"slow-20"}' "$BASE/big/v1/messages" &
OPEN=$!
wait_for 10 grep -qs message_start "$T/open"
gateway_files later anthropic
rm "$HOME_DIR/gateway/providers/big.conf"
ask_path=later/v1/messages ask "$TOK" m
tap_is "$STATUS" 403 'a provider that came later is not there'
tap_ok 'until files are read again' control '{"op":"reload"}'
ask_path=later/v1/messages ask "$TOK" m
tap_is "$STATUS" 200 'then it is'
ask_path=big/v1/messages ask "$TOK" m
tap_is "$STATUS" 403 'and one that is gone is gone'
tap_ok 'what is open goes on' wait "$OPEN"
tap_is "$(grep -c piece "$T/open")" 20 'to its end'
gateway_files big anthropic
kill -HUP "$GATEWAY_PID"
big() { ask_path=big/v1/messages ask "$TOK" m && [ "$STATUS" = 200 ]; }
tap_ok 'SIGHUP does it, too' wait_for 10 big

# 64 MiB for somebody who does not read: the provider waits, not our memory.
rss() { awk '/^VmRSS/ { print $2 }' "/proc/$GATEWAY_PID/status"; }
before=$(rss)
curl -sS -o "$T/big" --limit-rate 200k -H "x-api-key: $TOK" -d '{"model":"big-65536"}' "$BASE/big/v1/messages" 2>/dev/null &
SLOW=$!
sleep 2
after=$(rss)
kill "$SLOW"
# A sanitizer keeps what was freed.
most=4096
[ "${V:-debug}" != asan ] || most=32768
tap_ok "a slow client holds up the provider (KiB: $before, $after)" test $((after - before)) -lt $most
ask_path=big/v1/messages ask "$TOK" big-65536
tap_is "$STATUS,$(wc -c <"$BODY" | awk '{ print int($1 / 1048576) }')" 200,64 'a fast one gets it all'
tap_done
