#!/bin/sh
# CI against who would write his own verdict: an agent's own checks, verdicts of
# other pull requests, of other bases and of checks that are others by now.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
C=/api/coffer/v1
K=$C/projects/$PROJECT/checks
SOCK=$HOME_DIR/run/front/cofferd.sock
ROUTER=$(stat -c %u "$HOME_DIR/run/front")
[ "$(id -u)" -ne 0 ] || ROUTER=64102

met() { jq -r ".requirements[] | select(.id == \"$1\") | .met" "$BODY"; }
why() { jq -r ".requirements[] | select(.id == \"$1\") | .why" "$BODY"; }
gate() { api GET "$C/repos/$PROJECT/pulls/$N/gate"; }
runner() { as "$RUNNER" api "$@"; }
status() { as "$RUNNER" api POST "$R/statuses/$1" "{\"state\":\"$2\",\"context\":\"$3\"}"; }
propose() # HEAD BASE
{
	api POST "$R/pulls" "{\"title\":\"$1 to $2\",\"head\":\"$1\",\"base\":\"$2\"}"
	N=$(field .number)
}
jobs_of() # NUMBER: name and state of each
{
	api GET "$C/ci/jobs?project=$PROJECT&pull=$1&limit=50"
	jq -r '[.[] | "\(.name) \(.state)"] | sort | join(", ")' "$BODY"
}
take()
{
	runner POST "$C/ci/poll?wait=10" '{"slots":50}'
	[ "$STATUS" = 200 ] || { JOB='{}'; return 1; }
	JOB=$(cat "$BODY")
}
job() { printf '%s' "$JOB" | jq -r "$1"; }
end_job() # STATE EXIT
{
	runner POST "$C/ci/jobs/$(job .id)/result" \
	    "{\"lease\":\"$(job .lease)\",\"state\":\"$1\",\"phase\":\"test\",\"exit_code\":$2,\"why\":\"exit status $2\"}"
}
put_checks() { api PUT "$K" "$(jq -n --arg t "$1" '{text: $t}')"; }
network_of() { take; job '.check.network | "\(.setup) \(.test)"'; }

api PATCH "$C/projects/$PROJECT" '{"settings":{"approvals":0}}'

# ---- an agent's own checks ----
push_branch agent/weak .coffer/checks.yml 'checks:
  - {name: test, setup: id, test: "true", network: {setup: web, test: web}, memory: 64G}'
git_as "$ADMIN" -C "$WORK" fetch -q "$URL/$PROJECT.git" refs/heads/agent/weak
( cd "$WORK" && git checkout -q --detach FETCH_HEAD && echo x >x.txt && git add x.txt && git commit -q -m x &&
    git_as "$ADMIN" push -q "$URL/$PROJECT.git" +HEAD:refs/heads/agent/x ) 2>"$T/push.err"
X=$(git -C "$WORK" rev-parse HEAD)
api POST "$C/projects/$PROJECT/session-token"
SESSION=$(field .token)
tap_like "$(perl "$SYSTEM_DIR/front.pl" "$SOCK" "$ROUTER" "$PROJECT_ID" POST "$R/pulls" "$SESSION" \
    '{"title":"x","head":"agent/x","base":"agent/weak"}' 2>&1 | tr -d '\r' | tr '\n' ' ')" \
    'HTTP*403*base: an agent may not propose to a branch under agent/*' 'a session proposes nothing to a branch of its own'
propose agent/x agent/weak
tap_is "$STATUS" 201 'a person may'
tap_is "$(jobs_of "$N")" '' 'but no job is made of what the agent wrote'
gate
tap_is "$(met check:test)" false 'a required check without a job has no verdict'
status "$X" success ci/test
gate
tap_is "$(met check:test)" false 'nor has it that of another pull request with its head'

# ---- how far a check reaches ----
put_checks 'checks:
  - {name: test, setup: id, test: make check, network: {setup: web, test: locked}}'
push_branch net net.txt 1
propose net main
tap_is "$(network_of)" 'web locked' 'a check has the network that it asks for'
end_job passed 0
for mode in locked off; do
	api PATCH "$C/projects/$PROJECT" "{\"settings\":{\"network\":\"$mode\"}}"
	push_branch "net-$mode" net.txt "$mode"
	propose "net-$mode" main
	network_of
	end_job passed 0
done >"$T/modes"
tap_is "$(tr '\n' ',' <"$T/modes")" 'locked locked,off off,' 'and no more than its project'
api PATCH "$C/projects/$PROJECT" '{"settings":{"network":"web"}}'
api PATCH "$C/projects/$PROJECT/network" '{"lockdown":true}'
tap_is "$STATUS" 200 'a project is locked down'
push_branch net-down net.txt down
propose net-down main
tap_is "$(network_of)" 'off off' 'its checks with it'
end_job passed 0
api PATCH "$C/projects/$PROJECT/network" '{"lockdown":false}'

# ---- checks that are changed ----
api POST "$R/branches" '{"new_branch_name":"side","old_branch_name":"main"}'
push_branch aside aside.txt 1
propose aside side
take
end_job passed 0
gate
tap_is "$(met check:test),$(field .open)" true,true 'a pull request to another branch is checked'
put_checks 'checks:
  - {name: test, test: make more}'
gate
tap_is "$(met check:test)" false 'what passed before the check was changed is no verdict'
while take && [ "$(job .pull)" != "$N" ]; do end_job passed 0; done
tap_is "$(job .pull),$(job .check.test)" "$N,make more" 'and it is queued again, whatever its base is'
end_job passed 0
gate
tap_is "$(met check:test)" true 'until that has passed'

# ---- protections ----
api DELETE "$K"
push_branch prot prot.txt 1
HEAD=$SHA
propose prot main
api POST "$R/branch_protections" '{"rule_name":"main","enable_status_check":true,"status_check_contexts":[]}'
status "$HEAD" success ci/anything
gate
tap_is "$(met statuses),$(why statuses)" 'false,any context on the head: no verdict yet' 'a verdict of no job of its own is none'
api PATCH "$R/branch_protections/main" '{"status_check_contexts":["ci/*"]}'
gate
tap_is "$(met statuses)" false 'nor by a pattern'
put_checks 'checks:
  - {name: unit, test: make check}'
gate
tap_is "$(met statuses)" false 'its own job has none yet'
while take && [ "$(job .pull)" != "$N" ]; do end_job passed 0; done
end_job passed 0
gate
tap_is "$(met statuses),$(met check:unit)" true,true 'its own job has'
api DELETE "$K"

# ---- another base ----
push_branch two .coffer/checks.yml 'new_tests: required
checks: [{name: a, test: make a}, {name: b, test: make b}]'
push_branch one .coffer/checks.yml 'new_tests: required
checks: [{name: a, test: make a}]'
push_branch mid mid.txt mid
( cd "$WORK" && git_as "$ADMIN" fetch -q "$URL/$PROJECT.git" refs/heads/mid && git checkout -q --detach FETCH_HEAD &&
    mkdir -p tests && echo 'def test_p(): assert f()' >tests/test_p.py && echo 'f = 1' >code.py &&
    git add tests code.py && git commit -q -m p &&
    git_as "$ADMIN" push -q "$URL/$PROJECT.git" +HEAD:refs/heads/proof ) 2>"$T/push.err"
propose proof two
run_jobs() # 'N N N' 'NAME=STATE,EXIT...': as many jobs of it; others pass
{
	for _ in $1; do
		while take && [ "$(job .pull)" != "$N" ]; do end_job passed 0; done
		[ "$(job .id)" != null ] || break
		verdict=passed,0
		for x in $2; do
			[ "${x%%=*}" != "$(job .name)" ] || verdict=${x#*=}
		done
		end_job "${verdict%,*}" "${verdict#*,}"
	done
}
run_jobs '1 2 3 4' 'b@base=failed,1'
gate
tap_is "$(met check:a),$(met check:b),$(met check:new-tests)" true,true,true 'a check of the base fails with the new tests'
retarget() { api PATCH "$R/pulls/$N" "{\"base\":\"$1\"}"; gate; }
retarget one
tap_is "$(met check:a),$(met check:b),$(met check:new-tests)" true,,false 'a base without that check has not been shown anything'
tap_like "$(jobs_of "$N")" '*b@base superseded*' 'its part is none of this base'
retarget two
run_jobs 1 'b@base=failed,1'
gate
tap_is "$(met check:new-tests)" true 'which it is again with the other'
api POST "$R/issues/$N/comments" '{"body":"/test-pr-bug \"python -m pytest tests/test_p.py\" --required"}'
BUG=test-pr-bug-$(field .id)
run_jobs '1 2' "$BUG@base=failed,1"
gate
tap_is "$(met "check:$BUG")" true 'a reproduction fails on the base and passes here'
retarget mid
tap_is "$(met "check:$BUG")" false 'of another base it says nothing'
run_jobs '1 2' ''
gate
tap_is "$(met "check:$BUG")" false 'which passes it'
tap_like "$(why "check:$BUG")" '*failure*' 'so that nothing was reproduced'

# ---- closed and opened again ----
api POST "$R/issues/$N/comments" '{"body":"/test-pr \"make slow\" --required"}'
ORDER=test-pr-$(field .id)
api PATCH "$R/pulls/$N" '{"state":"closed"}'
tap_like "$(jobs_of "$N")" "*$ORDER superseded*" 'what is ordered of one that is closed is not run'
api PATCH "$R/pulls/$N" '{"state":"open"}'
run_jobs '1 2 3 4 5' ''
gate
tap_is "$(met "check:$ORDER")" true 'it is when that is opened again'
tap_done
