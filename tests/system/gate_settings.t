#!/bin/sh
# The gate's settings: an admin's, each change told with what was there before;
# and verdicts of others, which neither open nor shut it.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/gate_lib.sh"

DORA=$(make_user dora)
api PUT "$R/collaborators/dora" '{"permission":"admin"}'
P=$C/projects/$PROJECT
# told KIND FILTER: of the newest event of that kind
told()
{
	api GET "$C/events?after=0&limit=1000"
	field "[.events[] | select(.kind == \"$1\")][-1] | $2"
}

# ---- the project's settings ----
for what in '"approvals":0' '"current":true' '"conversations":false'; do
	as "$BOB" api PATCH "$P" "{\"settings\":{$what}}"
	printf '%s ' "$STATUS"
done >"$T/codes"
tap_is "$(cat "$T/codes")" '403 403 403 ' 'a maintainer changes none of the settings that decide the gate'
tap_like "$(field .message)" '*settings.conversations*an admin of the project changes it*' 'and is told which, and who does'
api GET "$P"
tap_is "$(field '.settings | "\(.approvals) \(.current) \(.conversations)"')" '1 false true' 'they are as they were'
as "$BOB" api PATCH "$P" '{"settings":{"approvals":1,"max_retries":3}}'
tap_is "$STATUS $(field .settings.max_retries)" '200 3' 'who sends them back as they are changes the rest'
as "$DORA" api PATCH "$P" '{"settings":{"approvals":2,"current":true}}'
tap_is "$STATUS" 200 'an admin of the project changes them'
tap_is "$(told project.updated '"\(.actor.login) \(.data | tojson)"')" \
    'dora {"gate":{"approvals":{"old":1,"new":2},"current":{"old":false,"new":true}}}' 'the event has the old and the new values'
api PATCH "$P" '{"settings":{"approvals":1,"current":false}}'
as "$BOB" api PATCH "$P" '{"settings":{"max_retries":2}}'
tap_is "$(told project.updated '.data | tojson')" '{}' 'what does not touch the gate says nothing of it'
COFFER_URL=$URL COFFER_TOKEN=$BOB "$O/bin/coffer" settings "$PROJECT" approvals=0 >"$T/out" 2>&1
tap_is $? 3 'coffer settings is refused'
tap_like "$(cat "$T/out")" '*an admin of the project changes it*' 'and says who may'

# ---- its checks ----
as "$BOB" api PUT "$P/checks" '{"text":"checks: []"}'
tap_is "$STATUS" 403 'a maintainer gives the project no checks of its own'
tap_like "$(field .message)" '*an admin of the project changes them*' 'and is told who does'
as "$BOB" api DELETE "$P/checks"
tap_is "$STATUS" 403 'nor takes them away'
CHECKS='checks:
  - name: test
    test: make check
'
as "$DORA" api PUT "$P/checks" "$(jq -n --arg t "$CHECKS" '{text: $t}')"
tap_is "$STATUS" 200 'an admin does'
tap_is "$(told project.updated '.data.gate.checks | "\(.old) \(.new | contains("make check"))"')" 'null true' 'and the event has both texts'

# ---- protections ----
as "$BOB" api POST "$R/branch_protections" '{"rule_name":"main"}'
tap_is "$STATUS" 403 'a maintainer protects no branch'
as "$DORA" api POST "$R/branch_protections" '{"rule_name":"main","required_approvals":2,"protected_file_patterns":"a;b"}'
tap_is "$(told protection.changed '.data | "\(.what) \(.changes.required_approvals | tojson)"')" 'created {"old":null,"new":2}' 'an admin does, and it is told'
as "$BOB" api PATCH "$R/branch_protections/main" '{"required_approvals":0}'
tap_is "$STATUS" 403 'a maintainer changes no protection'
as "$DORA" api PATCH "$R/branch_protections/main" '{"required_approvals":1,"protected_file_patterns":"a","enable_status_check":true,"status_check_contexts":["lint"]}'
tap_is "$(told protection.changed '.data.changes | tojson')" \
    '{"enable_status_check":{"old":false,"new":true},"required_approvals":{"old":2,"new":1},"status_check_contexts":{"old":[],"new":["lint"]},"protected_file_patterns":{"old":"a;b","new":"a"}}' 'an edit is told field by field'
as "$BOB" api DELETE "$R/branch_protections/main"
tap_is "$STATUS" 403 'nor takes it away'
as "$DORA" api DELETE "$R/branch_protections/main"
tap_is "$(told protection.changed '.data | "\(.what) \(.rule) \(.changes.required_approvals | tojson)"')" 'deleted main {"old":1,"new":null}' 'and what is deleted is told, too'

# ---- verdicts of another ----
push_branch twin-a twin.txt x
git_as "$ADMIN" -C "$WORK" push -q "$URL/$PROJECT.git" "$SHA:refs/heads/twin-b" 2>"$T/push.err"
propose twin-a
A=$N
propose twin-b
B=$N
tap_ok 'two pull requests have the same head' test "$A" -lt "$B"
as "$RUNNER" api POST "$C/ci/poll" '{"slots":2}'
tap_is "$(field .pull)" "$A" 'the first has a job'
done_job "$(field .id)" "$(field .lease)" passed,0
as "$RUNNER" api POST "$C/ci/poll" '{"slots":2}'
N=$A
LEASE=$(field .lease)
JOB=$(field .id)
tap_is "$(field .pull)" "$B" 'and so has the second'
gate
tap_is "$(met check:test)" true 'what the second has not said does not shut the first'
N=$B
gate
tap_is "$(met check:test)" false 'and the verdict of the first does not open the second'
done_job "$JOB" "$LEASE" failed,1
gate
tap_is "$(met check:test)" false 'the second failed'
N=$A
gate
tap_is "$(met check:test),$(why check:test)" 'true,ci/test on the head: success' 'which does not shut the first'
api POST "$R/branch_protections" '{"rule_name":"main","enable_status_check":true,"status_check_contexts":["ci/*"]}'
gate
tap_is "$(met statuses)" true 'nor does it by the patterns of a protection'
N=$B
gate
tap_is "$(met statuses)" false 'which want of the second what it has not'
review "$BOB" APPROVED
review "$CAT" APPROVED
merge "$BOB"
tap_is "$STATUS" 405 'the second does not merge'

# ---- statuses that somebody writes ----
push_branch agent/own own.txt x
propose agent/own
as "$RUNNER" api POST "$C/ci/poll" '{"slots":2}'
JOB=$(field .id)
LEASE=$(field .lease)
for who in "$ADMIN" "$DORA" "$BOB" "$EVE" "$AGENTD"; do
	for state in success skipped; do
		status "$who" "$SHA" "$state" ci/test
		printf '%s ' "$STATUS"
	done
done >"$T/codes"
tap_is "$(tr ' ' '\n' <"$T/codes" | sort | uniq -c | tr -s ' \n' ' ')" ' 10 403 ' 'nobody but a runner writes a status of ci/test'
status "$RUNNER" "$SHA" success ci/test
gate
tap_is "$STATUS $(met check:test),$(met statuses)" '200 false,false' 'that of a runner by hand meets neither the check nor the protection'
done_job "$JOB" "$LEASE" failed,1
status "$RUNNER" "$SHA" success ci/test
gate
tap_is "$(met check:test),$(met statuses)" 'false,false' 'nor does one after the job has failed'

tap_done
