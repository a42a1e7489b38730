#!/bin/sh
# Runs that a person asks for without an issue, in a project: coffer run start
# PROJECT TEXT, end to end, and over a kill of agentd.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'

attack_start alpha
row() { coffer run list alpha --json | jq "max_by(.id)" >"$T/run.json"; RID=$(jq -r .id "$T/run.json"); }
ran() { jq -r ".$1" "$T/run.json"; }

agent_does <<'A'
{
	cat "$COFFER_PROMPT"
	echo "foo=$FOO access=$COFFER_ACCESS network=$(grep -c : /proc/net/dev)"
} | tee "$COFFER_OUT"
echo new >new.txt 2>/dev/null || echo 'cannot write'
A
FOO=value-of-the-caller OTHER=not-to-be-seen coffer run start alpha 'Make new.txt
and say so' --env FOO --wait -o "$T/patch" --record "$T/record.tar" >"$T/out" 2>"$T/err"
tap_is $? 0 'a run without an issue'
row
tap_is "$(ran state),$(ran item),$(ran access)" 'done,null,write' 'is done'
tap_ok 'its answer is shown' grep -q 'access=write' "$T/out"
tap_ok 'the task is its order' grep -q '^      Make new.txt' "$T/out"
tap_not 'there is no item to speak of' grep -q 'The item' "$T/out"
tap_ok 'its patch is there' grep -q '^+new$' "$T/patch"
coffer pr show alpha "$(ran pull)" --json >"$T/pull.json" 2>&1
tap_ok 'and a pull request called as the task' grep -q '"Make new.txt"' "$T/pull.json"
coffer run logs "$RID" >"$T/log"
tap_not 'the caller'"'"'s value is masked where it is kept' grep -rqs value-of-the-caller "$HOME_DIR/runs" "$T/record.tar"
tap_not 'and in its answer' grep -q value-of-the-caller "$T/out"
tap_ok 'it had it' grep -q 'foo=\*\*\*\*' "$T/out"
tap_ok 'the record is whole' coffer run replay "$RID"
tap_not 'nothing of it stays' test -e "$HOME_DIR/runs/$RID/env"
coffer run start alpha 'Again' --env NOT_SET_HERE >"$T/out" 2>&1
tap_is "$?,$(grep -c 'NOT_SET_HERE' "$T/out")" 1,1 'a name that is not set is told'

coffer run start alpha 'Look' --access read --network off --budget 0.25 --wait >"$T/out" 2>"$T/err"
tap_is $? 0 'one that may only read'
row
tap_is "$(ran branch),$(ran pull)" null,null 'has no branch'
tap_ok 'its tree cannot be written' grep -q 'tree is read-only' "$T/out"
tap_ok 'and it has loopback alone' grep -q 'access=read network=1' "$T/out"

policy() { jq -r ".$1" "$HOME_DIR/runs/$RID/record/policy.json"; }
tap_is "$(policy access),$(policy network),$(policy budget_micros)" read,off,250000 'its record says how far it might go'
tap_ok 'the list has it without an item' sh -c "'$O/bin/coffer' run list alpha | grep -q \"^$RID *done *task *- \""

# ---- how it fails ----
agent_does <<'A'
echo no >&2
exit 3
A
coffer run start alpha 'Fail' --wait >"$T/out" 2>"$T/err"
tap_is "$?,$(grep -c 'status 3' "$T/err")" 30,1 'one that fails says so by its code'
coffer run start alpha 'Do' --command nosuch --access read --wait >"$T/out" 2>"$T/err"
tap_is "$?,$(grep -c 'no command is called /nosuch' "$T/err")" 30,1 'a command that is not there'
coffer run start alpha 'Do' --command look --access write --wait >"$T/out" 2>"$T/err"
tap_is "$?,$(grep -c 'has access read at most' "$T/err")" 30,1 'a command says how far its runs may go'
coffer run start alpha 'Do' --agent nosuch --wait >"$T/out" 2>"$T/err"
tap_is "$?,$(grep -c 'no agent is called nosuch' "$T/err")" 30,1 'an agent that is not there'
DISABLE_AUTOUPDATER=0 coffer run start alpha 'Do' --agent claude --env DISABLE_AUTOUPDATER --wait >"$T/out" 2>"$T/err"
tap_is "$?,$(grep -c 'the run has a DISABLE_AUTOUPDATER of its own' "$T/err")" 30,1 'what an agent is told by its adapter is not another'"'"'s to say'
env_files() { find "$HOME_DIR/secrets/runs" -type f | sort; }
env_files >"$T/files"
FOO=value-of-the-caller coffer run start alpha 'Do' --network open --base nowhere --env FOO >"$T/out" 2>&1
tap_is "$?,$(grep -c 'no branch nowhere' "$T/out")" 1,1 'a base that is not there'
tap_is "$(env_files)" "$(cat "$T/files")" 'leaves no environment behind'
agent_does <<'A'
sleep 600
A
coffer run start alpha 'Sleep' --wall 2s --wait >"$T/out" 2>"$T/err"
tap_is $? 124 'one that is out of time'

# ---- agentd is killed ----
agentd_pid() { jq -r '.. | objects | select(.name? == "agentd") | .pid' "$HOME_DIR/run/services.json"; }
agentd_is_new() { P=$(agentd_pid) && [ -n "$P" ] && [ "$P" != "$OLD" ] && [ "$P" -gt 0 ] 2>/dev/null && kill -0 "$P"; }
agent_does <<'A'
echo begun
until [ -e /work/tree/go ]; do sleep 0.1; done
rm /work/tree/go
echo "foo=$FOO" >"$COFFER_OUT"
A
coffer run start alpha 'Wait' --access scratch --env FOO --json >/dev/null 2>&1
FOO=value-of-the-caller coffer run start alpha 'Wait' --access scratch --env FOO --json >"$T/asked"
RID=$(jq -r .id "$T/asked")
wait_for 30 attack_says begun
window() { coffer exec alpha -- tmux list-windows -a 2>/dev/null | grep -q ": run-$RID\b"; }
no_window() { ! window; }
tap_ok 'it has a window in the session' wait_for 20 window
in_tree() { touch "$HOME_DIR/sandboxes/1/ws/runs/$RID/tree/$1"; }
wait_for 10 in_tree made-meanwhile
coffer status alpha --diff >"$T/diff" 2>"$T/err" </dev/null
tap_is "$?,$(grep -c "^# run $RID (scratch)" "$T/diff"),$(grep -c '^+++ b/\|^diff --git a/made-meanwhile' "$T/diff")" 0,1,1 'coffer status --diff shows what the run changed so far'
rm "$HOME_DIR/sandboxes/1/ws/runs/$RID/tree/made-meanwhile"
OLD=$(agentd_pid)
kill -9 "$OLD"
tap_ok 'agentd is killed in the midst' wait_for 30 agentd_is_new
go() { touch "$HOME_DIR/sandboxes/1/ws/runs/$RID/tree/go"; }
wait_for 10 go
attack_end
tap_is "$(attack_state)" 'done' 'the run goes on'
tap_ok 'with its environment, masked' grep -q 'foo=\*\*\*\*' "$T/run.json"
clean() { [ ! -e "$HOME_DIR/runs/$RID/env" ] && [ ! -e "$HOME_DIR/runs/$RID/token" ]; }
tap_ok 'which goes with it' wait_for 20 clean
tap_ok 'as does its window' wait_for 20 no_window

# ---- the clones of a session, looked at from outside ----
coffer exec alpha -- sh -c 'cd /work && git tree one >/dev/null 2>&1 && cd one && echo changed >>README.md && echo fresh >untracked.txt && touch /tmp/mark && git config core.fsmonitor "touch /tmp/fsmonitor-ran" && ls .git/objects | wc -l' >"$T/before" 2>&1
coffer status alpha --diff >"$T/diff" 2>&1 </dev/null
tap_is $? 0 'coffer status --diff'
tap_ok 'names the clone' grep -q '^# /work/one' "$T/diff"
tap_ok 'shows what changed' grep -q '^+changed' "$T/diff"
tap_ok 'and what git does not know yet' grep -q '^+fresh' "$T/diff"
tap_is "$(coffer exec alpha -- sh -c 'cd /work/one && git -c core.fsmonitor= status --porcelain untracked.txt' 2>/dev/null)" '?? untracked.txt' 'and leaves the index as it is'
tap_not 'nothing of it ran on the host' test -e /tmp/fsmonitor-ran
[ "$TAP_FAILED" -eq 0 ] || sed 's/^/# /' "$T/diff" "$T/before" "$T/err"
tap_done
