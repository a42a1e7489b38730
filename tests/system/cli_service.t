#!/bin/sh
# coffer logs, open, top, unsetup and doctor beside a service without sandboxes.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

unset COFFER_TOKEN
COFFER_HOME=$T/home
export COFFER_HOME
down_on_exit() {
	coffer down >/dev/null 2>&1
	lib_on_exit
}
trap down_on_exit EXIT
check() { jq -r ".checks[] | select(.name == \"$1\") | .$2" "$T/out"; }

run logs
tap_is "$RC" 4 'no log yet'
run unsetup
tap_is "$RC" 4 'no home to remove'
mkdir -p "$T/mine" && echo x >"$T/mine/file"
run --home "$T/mine" unsetup --purge --yes
tap_is "$RC$(cat "$T/mine/file")" 4x 'a folder that setup did not make stays'
run doctor --no-sandbox --json
tap_is "$RC $(check home state)" '1 failed' 'doctor before setup'
tap_like "$(check home fix)" 'coffer --home * setup' 'has the fix'
run setup
run doctor --no-sandbox --json
tap_is "$(check home state) $(check cofferd state) $(check settings state)" 'ok failed ok' 'doctor before up'
tap_like "$(check cofferd fix)" 'coffer --home * up -d' 'has the fix'
run doctor
tap_is "$RC" 1 'something failed: 1'
tap_ok 'the sandbox is not tried, and that is said' out_has 'skipped  sandbox .*cofferd does not answer'
tap_ok 'a sum at its end' out_has '^[0-9]* checks, [0-9]* failed, [0-9]* warnings'
tap_ok 'setup without a terminal asks nothing' [ -z "$(grep '^listen' "$COFFER_HOME/coffer.conf")" ]
run setup --listen nowhere
tap_is "$RC" 1 'an address that is none'
run setup --listen 127.0.0.1:0
tap_is "$RC $(coffer config get server.listen)" '0 127.0.0.1:0' 'unattended: --listen'
printf 'nonsense\n127.0.0.1:4444\nno\n' |
    script -qec "$O/bin/coffer --home $T/asked setup" /dev/null >"$T/out"
tap_ok 'on a terminal it asks' out_has 'Address and port .*127.0.0.1:3000'
tap_ok 'again when the answer is wrong' out_has 'nonsense is not an address'
tap_is "$(coffer --home "$T/asked" config get server.listen)" 127.0.0.1:4444 'and keeps what was said'
tap_ok 'not started: what comes next' out_has "coffer --home $T/asked up -d"
tap_is "$(grep -c 'Address and port' "$T/out")" 2 'of a new one; and of one that is there nothing'
printf '\n\n' | script -qec "$O/bin/coffer --home $T/asked setup" /dev/null >"$T/out"
tap_not 'it is not asked again' out_has 'Address and port'
# Ctrl-D, then Ctrl-C, at its questions; what a shell has in the background ignores it.
at_question() # KEYS QUESTION HOME
{
	rm -f "$T/keys"
	mkfifo "$T/keys"
	script -qec "env --default-signal=INT $O/bin/coffer --home $3 setup" /dev/null <"$T/keys" >"$T/out" 2>&1 &
	at_pid=$!
	exec 9>"$T/keys"
	wait_for 10 out_has 'Address and port'
	if [ "$2" = Start ]; then
		printf '\r' >&9
		wait_for 10 out_has 'Start it'
	fi
	printf %b "$1" >&9
	wait "$at_pid"
	exec 9>&-
}
for question in Address Start; do
	for key in '\004' '\003'; do
		at_question "$key" "$question" "$T/left"
		tap_not "$key at the question $question leaves nothing" [ -e "$T/left" ]
	done
done
script -qec "$O/bin/coffer --home $T/quiet setup --yes" /dev/null >"$T/out" </dev/null
tap_not '--yes asks nothing there either' out_has 'Address and port'
run config set server.allow_file_upstream yes
run up -d --no-sandboxes
tap_is "$RC" 0 'up'
run doctor --json
tap_is "$(check cofferd state)" ok 'doctor: cofferd answers'
tap_is "$(check sandbox state) $(check sandbox what)" 'skipped not tried: no agentd here' 'no agentd: no sandbox is tried'
chmod 644 "$COFFER_HOME/secrets/admin.token"
run doctor --no-sandbox --json
tap_is "$RC $(check token state)" '1 failed' 'a token that others can read'
chmod 600 "$COFFER_HOME/secrets/admin.token"
COFFER_TOKEN=wrong run doctor --no-sandbox --json
tap_like "$(check cofferd state) $(check cofferd what)" 'failed *refuses the token of COFFER_TOKEN*' 'a token that is not valid'
printf '[server]\nfrob = 1\n' >>"$COFFER_HOME/coffer.conf"
run doctor --no-sandbox --json
tap_like "$(check settings state) $(check settings what)" 'failed *unknown key frob*' 'a setting that is wrong'
sed -i '$d' "$COFFER_HOME/coffer.conf"

run logs
tap_is "$RC" 0 'logs of all'
tap_ok 'each line says whose' out_has '^cofferd  [0-9-]*T[0-9:.]*Z cofferd info'
sorted() { sed 's/^[a-z]* *//' "$T/out" | grep -o '^[0-9-]*T[0-9:.]*Z' | sort -c; }
tap_ok 'by time' sorted
run logs cofferd
tap_ok 'of one: its lines alone' sh -c "! grep -v '^[0-9-]*T[0-9:.]*Z cofferd ' '$T/out'"
run logs cofferd -n 2
tap_is "$(wc -l <"$T/out")" 2 'the last two'
run logs cofferd --json -n 1
tap_is "$(jq -r .program "$T/out")" cofferd 'as JSON'
run logs acme
tap_is "$RC" 2 'a program that is none'
tap_ok 'leads to run logs' err_has 'coffer run logs ID'
LOG=$COFFER_HOME/log/router.log
printf '2020-01-01T00:00:00.000Z coffer-router info old\n%s coffer-router info new\nits second line\n' \
    "$(date -u +%FT%T.000Z)" >"$LOG"
run logs router --since 1h
tap_is "$(sed 's/.*info //' "$T/out" | tr '\n' ,)" 'new,its second line,' '--since'
coffer logs router -f >"$T/follow" 2>&1 &
PIDS="$PIDS $!"
tap_ok '-f begins with what was' wait_for 10 grep -q 'its second line' "$T/follow"
printf 'half' >>"$LOG"
printf ' and whole\n' >>"$LOG"
tap_ok 'what comes, by the line' wait_for 10 grep -qx 'half and whole' "$T/follow"
mv "$LOG" "$LOG.1"
printf 'of the next file\033[31m\n' >"$LOG"
tap_ok 'goes on with the next file' wait_for 10 grep -q 'of the next file' "$T/follow"
tap_ok 'and shows it escaped' grep -q 'file<U+001B>' "$T/follow"

URL=$(coffer open)
tap_like "$URL" 'http://127.0.0.1:*' 'open: the address'
tap_ok 'a page is there' curl -fsS -o /dev/null "$URL/-/sign-in"
run open acme/calc '#7'
tap_is "$(cat "$T/out")" "$URL/acme/calc/issues/7" 'of an issue'
run open acme/calc x
tap_is "$RC" 2 'of what is no number'
run top
tap_is "$RC" 0 'top'
tap_ok 'without projects says how to make one' out_has 'coffer create URL'
ADMIN=$(cat "$COFFER_HOME/secrets/admin.token")
TOKEN=$ADMIN
api POST /api/v1/user/repos '{"name":"calc"}'
run top
tap_ok 'top has the project' out_has '^[a-z]*/calc '
run top --json
tap_is "$(jq -r '.[0] | "\(.runs) \(.blocked) \(.memory)"' "$T/out")" '0 0 -1' 'as JSON'

HOME_DIR=$COFFER_HOME
make_upstream
TERM=xterm script -qec "$O/bin/coffer create $UPSTREAM --name slow --wait --timeout 2s" /dev/null >"$T/out" </dev/null
tap_ok 'on a terminal a line moves while something is waited for' out_has '/ starting the sandbox  [01] s'
tap_is "$(tail -n 1 "$T/out" | grep -c 'starting the sandbox')" 0 'and is taken away at the end'
run create "$UPSTREAM" --name slow2 --wait --timeout 1s
tap_is "$RC" 124 'elsewhere none does'
tap_not 'not a byte of it' err_has "$(printf '\033')"

run unsetup
tap_is "$RC" 3 'unsetup while it runs is refused'
tap_ok 'with what to do' err_has 'coffer --home .* down'
run down
run unsetup --dry-run
tap_ok '--dry-run removes nothing' [ -d "$COFFER_HOME/run" ]
run unsetup
tap_is "$RC" 0 'unsetup'
tap_not 'what up made is gone' [ -e "$COFFER_HOME/log" ]
run up -d --no-sandboxes
tap_is "$RC" 1 'up needs setup again'
tap_ok 'and says so' err_has 'coffer --home .* setup'
run setup
run up -d --no-sandboxes --listen 127.0.0.1:0
tap_is "$RC" 0 'setup and up go on with the data'
run top --json
tap_is "$(jq length "$T/out")" 3 'which is all there'
run down
run unsetup --purge
tap_is "$RC" 2 '--purge asks; no terminal here'
tap_ok 'nothing is removed' [ -s "$COFFER_HOME/instance" ]
run unsetup --purge --yes
tap_is "$RC" 0 '--purge --yes'
tap_not 'all is gone' [ -e "$COFFER_HOME" ]
run setup --listen 127.0.0.1:0 --start
tap_is "$RC" 0 'setup --start, from nothing'
tap_ok 'it is up' coffer status
run down
tap_is "$RC" 0 'and down'
tap_done
