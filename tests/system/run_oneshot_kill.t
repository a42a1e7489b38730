#!/bin/bash
# coffer run start --repo while agentd and cofferd are killed, the folder
# changes, a signal comes.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'

. "$SYSTEM_DIR/oneshot_lib.sh"

oneshot_id() { RID=$(coffer status --json | jq -r '.. | objects | .full_name? // empty' | grep oneshot | head -n 1); [ -n "$RID" ] &&
	RID=$(coffer run list "$RID" --json | jq -r '[.[].id] | max // empty') && [ -n "$RID" ]; }
oneshot_works() { oneshot_id && coffer run logs "$RID" 2>/dev/null | grep -q begun; }
agentd_pid() { jq -r '.. | objects | select(.name? == "agentd") | .pid' "$HOME_DIR/run/services.json"; }
begin() { wait_for 60 gone || return; "$O/bin/coffer" run start --repo "$SRC" "$@" >"$T/out" 2>"$T/err" & BG=$!; wait_for 60 oneshot_works; }
let_go() { for d in "$HOME_DIR"/sandboxes/*/ws/runs/"$RID"/tree; do touch "$d/go"; done; }

lease() { api PUT "/api/coffer/v1/projects/$FULL/lease" "$1"; echo "$STATUS"; }

begin -- sh -c 'echo begun; until [ -e go ]; do sleep 0.1; done; rm go; echo three >>a.txt'
kill -9 "$(agentd_pid)"
let_go
wait "$BG"
tap_is "$?,$(grep -c '^+three' "$T/out")" 0,1 'agentd is killed, the run goes on'
show
begin -- sh -c 'echo begun; until [ -e go ]; do sleep 0.1; done; rm go; echo four >>a.txt'
kill -9 "$(jq -r '.. | objects | select(.name? == "cofferd") | .pid' "$HOME_DIR/run/services.json")"
let_go
wait "$BG"
tap_is "$?,$(grep -c '^+four' "$T/out")" 0,1 'so it does when cofferd is'
show
wait_for 60 gone
"$O/bin/coffer" run start --repo "$SRC" --json -- sh -c 'echo once >>a.txt' >"$T/out" 2>"$T/err" &
BG=$!
wait_for 60 oneshot_id
kill -9 "$(agentd_pid)"
wait "$BG"
tap_is "$?,$(jq -r '.run.state, .run.attempt, .patch.bytes > 0' "$T/out" | tr '\n' ' ')" '0,done 1 true ' 'agentd is killed before it begins'
show
begin -- sh -c 'echo begun; until [ -e go ]; do sleep 0.1; done; rm go'
printf 'meanwhile\n' >>"$SRC/a.txt"
let_go
wait "$BG"
tap_is "$?,$(grep -c 'a.txt' "$T/err")" 80,1 'the folder changed meanwhile'
begin -- sh -c 'echo begun; sleep 600'
kill -TERM "$BG"
wait "$BG"
tap_is $? 1 'a signal'
tap_ok 'cancels it' grep -q 'cancelled' "$T/err"
tap_ok 'and takes it all away' wait_for 60 gone
begin -- sh -c "echo begun; : mark-$$; sleep 600"
kill -9 "$BG"
wait "$BG" 2>/dev/null
FULL=$(coffer status --json | jq -r '.. | objects | .full_name? // empty' | grep oneshot)
tap_is "$(lease '{"seconds":86401}') $(lease '{}') $(as "$(make_user eve)" lease '{"seconds":0}')" '422 422 404' 'how long one is wanted is said by its owner'
tap_is "$(lease '{"seconds":1}')" 204 'nobody does once the CLI is killed outright'
tap_ok 'so it goes, and with it what ran there' wait_for 60 gone
left() { pgrep -f "begun; : mark-$$" >"$T/left"; }
tap_not 'to the last process' left
tap_not 'nothing ran on the host' test -e "$T/mark"
show
tap_done
