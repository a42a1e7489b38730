#!/bin/sh
# coffer model and coffer budget: keys and money, by root on the host.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/gateway_lib.sh"
. "$(dirname "$0")/cli_lib.sh"

command -v perl >/dev/null || tap_skip_all 'no perl'
coffer_home
start_cofferd
make_project
OWNER_REPO=$PROJECT
PROJECT=$PROJECT_ID
COFFER_HOME=$HOME_DIR
COFFER_TOKEN=$ADMIN
export COFFER_HOME COFFER_TOKEN
run model list
tap_is "$RC" 5 'without a gateway nobody answers'
gateway_conf </dev/null
gateway_provider
gateway_files anthropic anthropic
gateway_prices
start_gateway
gateway_relay "$PROJECT"
BASE=$RELAY

run model list
tap_is "$RC" 0 'the providers are listed'
tap_ok 'with who has a key' out_has '^anthropic  *anthropic  *ready'
tap_ok 'and who has none' out_has '^openai  *openai  *missing'
run model list --json
tap_is "$(jq -r '.[] | select(.name == "openai") | .ready' "$T/out")" false 'for programs too'
# is OF: what the gateway says of that setting
is() { control '{"op":"settings"}' && jq -c --arg of "$1" '.settings[] | select(.of == $of) | .is' "$BODY"; }
tap_is "$(is 'provider anthropic' | jq -r '[.kind, .url, .key, .written_ms > 0] | join(" ")')" "anthropic http://127.0.0.1:$UP_PORT file true" 'its settings are told for the audit log'
tap_is "$(is 'key anthropic')" "{\"written_ms\":$(date -d "$(stat -c %y "$HOME_DIR/gateway/keys/anthropic")" +%s%3N)}" 'of a key when it was written'
tap_is "$(is 'key openai')$(is 'provider openai')" '' 'what nobody set is none'
tap_is "$(is prices | jq -r .own_sha256)" "$(sha256sum <"$HOME_DIR/gateway/prices" | cut -d ' ' -f 1)" 'the prices'
tap_is "$(is defaults | jq -c '[.run, .all, .key_commands]')" '[20000000,0,false]' 'and the limits of coffer.conf'
printf 'sk-another-0123456789\n' >"$T/key"
"$O/bin/coffer" model key openai <"$T/key" >"$T/out" 2>"$T/err"
tap_is "$?" 0 'a key is given on standard input'
tap_not 'and not shown' grep -q sk-another "$T/out" "$T/err"
run model list
tap_ok 'and there' out_has '^openai  *openai  *ready'
[ "$(id -u)" -ne 0 ] ||
    tap_is "$(stat -c '%a %u' "$HOME_DIR/gateway/keys/openai")" '600 64104' 'for the gateway alone'
"$O/bin/coffer" model key openai </dev/null >"$T/out" 2>&1
tap_is "$?" 1 'an empty one is none'
run model key openai --remove
tap_is "$RC" 2 'that it is taken away is asked; no terminal here'
run model list
tap_ok 'so it stays' out_has '^openai  *openai  *ready'
run model key openai --remove --yes
tap_is "$RC" 0 'it is taken away'
run model list
tap_ok 'and gone' out_has '^openai  *openai  *missing'
run model key ../x --remove --yes
tap_is "$RC" 2 'only of a provider'
gateway_files later anthropic
run model reload --json
tap_is "$RC $(jq -c . "$T/out")" '0 {"reloaded":true}' 'providers are read again'
run model list
tap_ok 'a new provider is there after a reload' out_has '^later '
printf 'x\n' >"$HOME_DIR/gateway/providers/bad.conf"
run model reload
tap_ok 'a bad one is named' err_has 'bad.conf'
rm "$HOME_DIR/gateway/providers/bad.conf"

grant 41 "$PROJECT" 3
ask "$TOKEN_NEW" m
run budget show --run 41
tap_ok 'what a run cost' out_has '^run 41  *0.001500 '
run budget show "$OWNER_REPO" --item 3
tap_ok 'and its issue' out_has "^$OWNER_REPO#3  *0.001500  *-  *50.00 "
run budget show "$OWNER_REPO" --today
tap_ok 'and its project today' out_has "^$OWNER_REPO, today  *0.001500  *-  *100.00 "
run budget show
tap_ok 'and everything' out_has '^everything  *0.001500  *-  *none '
run budget set "$OWNER_REPO" 12.50
tap_ok 'a limit is set' out_has "^$OWNER_REPO  *0.001500  *-  *12.50 "
control "{\"op\":\"usage\",\"scope\":\"project\",\"project\":$PROJECT}"
tap_is "$(field .limit)" 12500000 'at the gateway'
tap_is "$(is "budget project $PROJECT")" '{"micros":12500000,"frozen":false}' 'and among its settings'
run budget set "$OWNER_REPO" default
tap_is "$(is "budget project $PROJECT")" '' 'and not any more'
tap_ok 'and taken back' out_has "^$OWNER_REPO  *0.001500  *-  *none "
run budget set --run 41 0.000001
ask "$TOKEN_NEW" m
tap_is "$STATUS,$(field .error.code)" 403,budget_exceeded 'a run can be stopped by it'
run budget set --run 41 5
run budget freeze --run 41
tap_ok 'and frozen' out_has '^run 41 .* frozen'
tap_is "$(is 'budget run 41')" '{"micros":5000000,"frozen":true}' 'which its settings say'
run budget thaw --run 41
ask "$TOKEN_NEW" m
tap_is "$STATUS" 200 'and let go on'
run budget set --run 41 dollars
tap_is "$RC" 2 'what is no money is refused'
run budget show --run 41 --today
tap_is "$RC" 1 'and so is what is no one budget'
run budget show nobody/nothing
tap_is "$RC" 4 'a project that is not there'
run --dry-run budget freeze
tap_ok 'a dry run says what it would do' out_has '"op":"freeze","scope":"all"'
ask "$TOKEN_NEW" m
tap_is "$STATUS" 200 'and does not'
if [ "$(id -u)" -eq 0 ]; then
	chmod 711 "$T" "$HOME_DIR"
	setpriv --reuid 12345 --regid 12345 --clear-groups "$O/bin/coffer" --home "$HOME_DIR" budget show >"$T/out" 2>"$T/err"
	tap_is "$?" 3 'nobody else may'
	tap_ok 'and is told so' err_has 'only root'
fi
tap_done
