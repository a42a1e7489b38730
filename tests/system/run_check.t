#!/bin/sh
# A required check that fails wakes the agent, with the real runner: the run's
# branch is tested, what the check said is in the next run's prompt, that run
# mends it, and the check of its head opens the gate.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'

attack_start alpha
(
	cd "$WORK" && mkdir .coffer && cat >.coffer/checks.yml <<-'Y'
	checks:
	  - name: test
	    test: |
	      echo "looking at $(cat work.txt)"
	      grep -q right work.txt || { echo 'expected-the-right-word'; exit 3; }
	Y
	git add .coffer && git commit -q -m Checks && git push -q origin main
) || tap_bail 'the check'
chown -R "$(stat -c %u "$HOME_DIR/db")" "$T/up"
coffer sync alpha --wait >"$T/sync" 2>&1 || tap_bail "$(cat "$T/sync")"
agent_does <<'A'
if grep -q expected-the-right-word "$COFFER_PROMPT"; then
	echo 'the right word' >work.txt
	cp "$COFFER_PROMPT" "$COFFER_OUT"
else
	echo 'a wrong word' >work.txt
	echo 'done, I think' >"$COFFER_OUT"
fi
A
runs() { coffer run list alpha --json; }
jobs() { api GET '/api/coffer/v1/ci/jobs?project=admin/alpha'; cat "$BODY"; }
cause() { api GET "/api/coffer/v1/events?after=$(($(runs | jq "$1(.id).event") - 1))&limit=1"; jq -r '.events[0].kind' "$BODY"; }
ended() { [ "$(runs | jq '[.[] | select(.state == "done")] | length')" -ge "$1" ]; }
show() {
	[ "$TAP_FAILED" -eq 0 ] && return
	{ runs; jobs; cat "$HOME_DIR"/log/agentd.log "$HOME_DIR"/log/runner.log; } 2>&1 | tail -80 | sed 's/^/# /'
}

attack_order alpha /fix
tap_ok 'a run, and one more' wait_for 60 ended 2
show
tap_is "$(cause min_by),$(cause max_by)" 'issue.opened,check.failed' 'the second by the check'
tap_is "$(runs | jq -r 'map(.branch) | unique | join(" ")')" "agent/fix-$ITEM" 'on the same branch'
passed() { [ "$(jobs | jq -r 'max_by(.id).exit_code')" = 0 ]; }
tap_ok 'whose head passes' wait_for 60 passed
tap_is "$(jobs | jq -r 'sort_by(.id) | map(.exit_code) | join(" ")')" '3 0' 'after the first one failed'
RID=$(runs | jq 'max_by(.id).id')
PULL=$(runs | jq 'max_by(.id).item')
PROMPT=$HOME_DIR/runs/$RID/record/prompt.md
tap_ok 'what it said is quoted' grep -q 'looking at a wrong word' "$PROMPT"
api GET "/api/coffer/v1/repos/admin/alpha/pulls/$PULL/gate"
tap_is "$(jq -r '.requirements[] | select(.id == "check:test") | .met' "$BODY")" true 'the gate wants no more of it'
coffer run inspect "$RID" >"$T/inspect" 2>&1
tap_is $? 0 'its record is whole'
still() { [ "$(runs | jq length)" = 2 ]; }
tap_ok 'a check that passes wakes nobody' still
show
tap_done
