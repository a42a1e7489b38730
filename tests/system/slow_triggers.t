#!/bin/sh
# agentd is killed at each step from an order to its answer, cofferd at any:
# each order comes about once.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/triggers_lib.sh"
triggers_on_exit() {
	stop_all
	"$O/bin/coffer-agentd" --home "$COFFER_HOME" --teardown >/dev/null 2>&1
	"$O/bin/coffer-router" --home "$COFFER_HOME" --teardown >/dev/null 2>&1
	coffer down >/dev/null 2>&1
	lib_on_exit
}
trap triggers_on_exit EXIT
run up -d --no-sandboxes --listen "127.0.0.1:$port"
start "$T/router.log" "$O/bin/coffer-router" --home "$COFFER_HOME"
wait_for 10 test -S "$COFFER_HOME/run/router.sock"
start_agentd() {
	start "$T/agentd.log" "$O/bin/coffer-agentd" --home "$COFFER_HOME"
	AGENTD_PID=$PID
}
start_agentd
URL=http://127.0.0.1:$port
ADMIN=$(cat "$COFFER_HOME/secrets/admin.token")
mkdir -p "$COFFER_HOME/agents"
cat >"$COFFER_HOME/agents/probe" <<'E'
#!/bin/sh
sed -n 's/^- Arguments: /did /p' "$COFFER_PROMPT" >"$COFFER_OUT"
E
chmod 755 "$COFFER_HOME/agents/probe"
run create "$UPSTREAM" --network none --disk 64M --wait --timeout 60s -- /opt/coffer/agents/probe
tap_is "$RC" 0 'a sandbox'
[ "$RC" = 0 ] || tap_bail 'no sandbox'
grep -q COFFER_FAIL_FILE "$O/bin/cofferd" || { tap_skip 'killed' 'no failure points in this build'; tap_done; exit; }
R=/api/v1/repos/admin/calc
api POST "$R/issues" '{"title":"T","body":""}'
say() { api POST "$R/issues/1/comments" "{\"body\":\"$1\"}"; }
said() { api GET "$R/issues/1/comments?limit=50"; field '.[].body' | grep -cF -- "$1"; }
is_said() { [ "$(said "$1")" -ge 1 ]; }
was_killed() { ! kill -0 "$AGENTD_PID" 2>/dev/null || grep -q '^State:	Z' "/proc/$AGENTD_PID/status"; }
cofferd_pid() { jq -r '.[] | select(.name == "cofferd").pid' "$COFFER_HOME/run/services.json"; }
again() {
	kill -9 "$(cofferd_pid)"
	start_agentd
}
N=0
for at in order_known orders_known; do
	N=$((N + 1))
	echo "$at" >"$T/fail"
	say "/plan number-$N"
	tap_ok "killed at $at" wait_for 60 was_killed
	again
	tap_ok 'the order comes about' wait_for 90 is_said "did number-$N"
done
N=$((N + 1))
echo answer_known >"$T/fail"
say "/word-$N"
tap_ok 'killed at answer_known' wait_for 60 was_killed
again
tap_ok 'the answer comes' wait_for 90 is_said "\`/word-$N\`"
say '/plan last'
tap_ok 'and what comes after them' wait_for 90 is_said 'did last'
for n in 1 2; do
	tap_is "$(said "did number-$n")" 1 'one answer to an order'
done
tap_is "$(said "\`/word-$N\`")" 1 'and to a question'
api GET '/api/coffer/v1/runs?project=admin/calc'
tap_is "$(field '[.[].state] | unique | join(" ")'),$(field length)" 'done,3' 'no run more'
tap_done
