#!/bin/sh
# coffer fetch config: a reviewer is kept when it was asked and answered, with
# its key in a file of 0600 and nowhere else; at a terminal it is asked for.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

XDG_CONFIG_HOME=$T/xdg
export XDG_CONFIG_HOME
CONF=$T/xdg/coffer/reviewer.conf
STUB=$T/stub
mkdir "$STUB"
start "$T/stub.log" perl "$SYSTEM_DIR/review_stub.pl" "$STUB"
wait_for 10 test -s "$STUB/port" || tap_bail 'review_stub.pl'
MODEL=http://127.0.0.1:$(cat "$STUB/port")
tap_plan 38

config() { run fetch config "$@"; }
# config_key KEY OPTION...: the key on standard input
config_key()
{
	key=$1
	shift
	printf '%s\n' "$key" | coffer fetch config --key-file - "$@" \
	    >"$T/out" 2>"$T/err"
	RC=$?
}
config
tap_is "$RC $(cat "$T/out")" '0 no reviewer configured' 'there is none'
config --provider anthropic
tap_is "$RC" 2 'a provider without a model is a usage error'
config --provider nobody --model m --base-url "$MODEL/ok"
tap_is "$RC" 1 'a provider that is not known'
config --provider compatible --model m
tap_ok 'one that has no address of its own needs one' err_has -- --base-url
config --provider openai --model m
tap_ok 'one elsewhere needs a key' err_has 'openai needs a key'
config --provider anthropic --model m --base-url http://192.0.2.1
tap_is "$RC" 1 'a key does not go in the clear to another machine'
config_key key-of-the-test --provider anthropic --model stub \
    --base-url "$MODEL/key"
tap_is "$RC" 1 'a key that is refused'
tap_ok 'is said to be' err_has 'wrong key'
tap_not 'and is not kept' test -e "$CONF"
config_key key-of-the-test --provider anthropic --model stub \
    --base-url "$MODEL/garbage"
tap_is "$RC" 1 'a model that does not answer as it must is not kept'
config_key key-of-the-test --provider anthropic --model stub \
    --base-url "$MODEL/ok" --dry-run
tap_is "$RC $(cat "$STUB/count.ok" 2>/dev/null)" '0 ' '--dry-run asks nobody'
tap_not 'and keeps nothing' test -e "$CONF"
config_key key-of-the-test --provider anthropic --model stub \
    --base-url "$MODEL/ok/" --timeout 5s
tap_is "$RC $(cat "$T/out")" '0 stub reviews' 'one that answers is kept'
tap_is "$(cat "$STUB/count.ok")" x 'after it was asked, once'
tap_is "$(stat -c '%a' "$CONF")" 600 'in a file that is the owner'"'"'s alone'
tap_is "$(grep -c '^key = key-of-the-test$' "$CONF")" 1 'with the key'
tap_not 'that is shown nowhere' grep -q key-of-the-test "$T/out" "$T/err"
config --show
tap_ok '--show says which' out_has 'model     stub'
tap_not 'without the key' grep -q key-of-the-test "$T/out"
config --show --json
tap_is "$(jq -r '.reviewers[0] | [.provider, .model, .key, .timeout_ms] | join(" ")' "$T/out")" \
    'anthropic stub true 5000' 'for programs, too'
for m in noschema texts; do
	config --provider openai --model stub --base-url "$MODEL/$m/v1"
	tap_is "$RC" 0 "a server with less than schemas: $m"
done
tap_ok 'says how it answers' err_has 'by text'
config --second --provider ollama --model stub --base-url "$MODEL/ok"
tap_is "$RC $(grep -c '^reviewers = 2$' "$CONF") $(grep -c '^\[second\]$' "$CONF")" \
    '0 1 1' '--second adds one who must agree'
config --show
tap_ok 'and is shown' out_has 'both must agree'
tap_ok 'with what the server says of its context' sh -c \
    "tail -n 1 '$STUB/asked' | jq -e '.in.options.num_ctx == 9000'"
config --second --remove --yes
tap_is "$RC $(grep -c '^reviewers = 1$' "$CONF") $(grep -c second "$CONF")" \
    '0 1 0' '--second --remove takes it away'
config --remove
tap_is "$RC" 2 'without a terminal nothing is forgotten unasked'
tap_ok 'and it says how' grep -q -e '--yes' "$T/err"
config --remove --dry-run
tap_ok 'nor with --dry-run' test -e "$CONF"
config --remove --yes
tap_is "$RC" 0 '--remove forgets'
tap_not 'all of it' test -e "$CONF"
config --second --provider ollama --model stub --base-url "$MODEL/ok"
tap_is "$RC" 1 'a second without a first'

# At a terminal.
if command -v tmux >/dev/null; then
	TM="tmux -L coffer-config-$$ -f /dev/null"
	# shellcheck disable=SC2064
	trap "$TM kill-server 2>/dev/null; lib_on_exit" EXIT
	$TM new-session -d -s one -x 120 -y 40 \
	    "'$O/bin/coffer' fetch config; echo status-\$?; exec cat"
	screen() { $TM capture-pane -p -t one 2>/dev/null; }
	on_screen() { screen | grep -q -e "$1"; }
	type_in() { $TM send-keys -t one -l "$1" && $TM send-keys -t one Enter; }
	wait_for 10 on_screen 'by number or name'
	tap_ok 'it names the providers' on_screen ' 5  ollama'
	type_in anthropic
	wait_for 10 on_screen 'Address \[https://api.anthropic.com\]'
	type_in "$MODEL/ok"
	wait_for 10 on_screen 'Model:'
	type_in stub
	wait_for 10 on_screen 'API key'
	type_in key-of-the-test
	tap_ok 'asks and keeps' wait_for 10 on_screen status-0
	tap_not 'does not show the key' on_screen key-of-the-test
	tap_is "$(grep -c '^key = key-of-the-test$' "$CONF") $(stat -c %a "$CONF")" \
	    '1 600' 'and has it'
else
	for i in 1 2 3 4; do tap_skip "at a terminal, $i" 'no tmux'; done
fi
tap_is "$(jq -r .key "$STUB/asked" | sort -u | grep -c key-of-the-test)" 1 \
    'the key went to the server only'
tap_done
