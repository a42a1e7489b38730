#!/bin/sh
# coffer setup, up, status, down: the supervisor keeps cofferd running and
# leaves nothing behind.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

tap_plan 27
unset COFFER_TOKEN
COFFER_HOME=$T/home
export COFFER_HOME
up_on_exit() {
	coffer down >/dev/null 2>&1
	lib_on_exit
}
trap up_on_exit EXIT
service() { jq -r ".[] | select(.name == \"cofferd\") | .$1" "$COFFER_HOME/run/services.json"; }
alive() { [ -d "/proc/$1" ] && ! grep -q '^State:	Z' "/proc/$1/status"; }
gone() { ! alive "$1"; }
answers() { coffer status >/dev/null 2>&1; }

run up -d --no-sandboxes
tap_is "$RC" 1 'up before setup'
tap_ok 'names setup' err_has 'coffer --home .* setup'
run setup
tap_is "$RC" 0 'setup'
tap_ok 'says what comes next' out_has 'up -d'
tap_is "$(stat -c %a "$COFFER_HOME/secrets/admin.token")" 600 'the token is private'
cp "$COFFER_HOME/secrets/admin.token" "$T/token"
cp "$COFFER_HOME/instance" "$T/instance"
run setup
tap_is "$RC" 0 'setup again'
tap_ok 'keeps the token' cmp "$T/token" "$COFFER_HOME/secrets/admin.token"
tap_ok 'and the instance' cmp "$T/instance" "$COFFER_HOME/instance"
run status
tap_is "$RC" 5 'status while nothing runs: 5'
run up -d --no-sandboxes --listen 127.0.0.1:0
tap_is "$RC" 0 'up -d'
tap_ok 'says where' out_has '^ready at http://127.0.0.1:'
run status --json
tap_is "$RC $(jq -r '.services[0].state' "$T/out")" '0 up' 'status'
run up -d --no-sandboxes
tap_is "$RC" 1 'a second up is refused'
tap_ok 'and told why' err_has 'already up'
PID1=$(service pid)
kill -9 "$PID1"
tap_ok 'a cofferd that dies is started again' wait_for 20 sh -c \
    "p=\$(jq -r '.[0].pid' $COFFER_HOME/run/services.json); [ \"\$p\" != 0 ] && [ \"\$p\" != $PID1 ]"
tap_ok 'and answers' wait_for 20 answers
SUP=$(cat "$COFFER_HOME/run/coffer.pid")
PID2=$(service pid)
kill -9 "$SUP"
wait_for 5 gone "$SUP"
run up -d --no-sandboxes --listen 127.0.0.1:0
tap_is "$RC" 0 'up after a killed supervisor'
tap_ok 'ended what that had left' gone "$PID2"
PID3=$(service pid)
SUP=$(cat "$COFFER_HOME/run/coffer.pid")
run down
tap_is "$RC" 0 'down'
tap_ok 'cofferd is gone' gone "$PID3"
tap_ok 'the supervisor is gone' gone "$SUP"
run down
tap_is "$RC $(cat "$T/out")" '0 was not up' 'down again'

start "$T/fg.log" "$O/bin/coffer" up --no-sandboxes --listen 127.0.0.1:0
tap_ok 'up in the foreground' wait_for 20 answers
kill -INT "$PID"
wait "$PID"
tap_is $? 0 'ends at Ctrl-C'
echo 'nonsense = 1' >>"$COFFER_HOME/coffer.conf"
sed -i 's/^\[server\]/[server]\nnonsense = 1/' "$COFFER_HOME/coffer.conf"
run up -d --no-sandboxes --listen 127.0.0.1:0
tap_is "$RC" 1 'up of a cofferd that cannot start'
tap_ok 'shows its last words' err_has 'nonsense'
tap_ok 'and leaves no supervisor' wait_for 10 gone "$(cat "$COFFER_HOME/run/coffer.pid")"
tap_done
