#!/bin/sh
# CI jobs: queued for a head, leased, reported, judged.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
C=/api/coffer/v1

met() { jq -r ".requirements[] | select(.id == \"$1\") | .met" "$BODY"; }
runner() { as "$RUNNER" api "$@"; }
kinds()
{
	api GET "$C/events?after=0&limit=1000"
	jq -r "[.events[] | select(.kind | startswith(\"check.\")) | .kind] | join(\" \")" "$BODY"
}

# An invitation makes a runner, once.
register()
{
	as "$ADMIN" api POST "$C/ci/runners" "{\"name\":\"$1\",\"labels\":[\"fast\"]}"
	INVITE=$(field .token)
	as '' api POST "$C/ci/register" "{\"token\":\"$INVITE\",\"version\":\"t\"}"
	field .secret >"$T/$1.secret"
}
secret() { cat "$T/$1.secret"; }

runner POST "$C/ci/poll" '{"slots":1}'
tap_is "$STATUS" 204 'there is no job'
api PATCH "$C/projects/$PROJECT" '{"settings":{"approvals":0}}'
push_branch checks .coffer/checks.yml 'checks:
  - name: test
    test: make check
  - name: slow
    test: sleep 9
    required: false'
api POST "$R/pulls" '{"title":"Checks","head":"checks","base":"main"}'
P=$(field .number)
api GET "$C/ci/jobs?project=$PROJECT"
tap_is "$(field length)" 0 'checks of a pull request itself do not count'
api POST "$R/pulls/$P/merge" '{"Do":"merge"}'
tap_is "$STATUS" 200 'they count once they are merged'

# The agent's pull request.
api POST "$R/issues" '{"title":"Work","body":"/fix"}'
ISSUE=$(field .number)
api GET "$C/events?after=0&limit=1000"
EV=$(jq '[.events[] | select(.kind == "issue.opened")][-1].seq' "$BODY")
as "$AGENTD" api POST "$C/runs" "{\"event\":$EV,\"project\":$PROJECT_ID,\"item\":$ISSUE,\"command\":\"fix\",\"access\":\"write\",\"agent\":\"command\",\"network\":\"none\",\"wall_s\":60}"
RUN=$(field .id)
push_branch "agent/fix-$ISSUE" w.txt one
poll()
{
	register "$1"
	printf 'header = "Authorization: Bearer %s"\n' "$(secret "$1")" >"$T/$1.rc"
	start "$T/$1.json" curl -sS -K "$T/$1.rc" -X POST \
	    -H 'Content-Type: application/json' -d '{"slots":1,"held":[]}' \
	    "$URL$C/ci/poll?wait=20"
}
poll r1
A=$PID
poll r2
B=$PID
poll r3
D=$PID
sleep 0.3
as "$AGENTD" api POST "$C/runs/$RUN/finish" '{"state":"done","message":"done"}'
N=$(field .pull)
two_jobs() { [ "$(cat "$T"/r?.json | jq -r .id | grep -c .)" = 2 ]; }
wait_for 10 two_jobs
tap_is "$(cat "$T"/r1.json "$T"/r2.json "$T"/r3.json | jq -r .name | sort | tr '\n' ' ')" \
    'slow test ' 'two of three waiting runners get one job each'
JOB=$(cat "$T"/r?.json | jq -c 'select(.name == "test")')
SLOW=$(cat "$T"/r?.json | jq -c 'select(.name == "slow")')
job() { printf '%s' "$JOB" | jq -r "$1"; }
ID=$(job .id)
LEASE=$(job .lease)
MINE=$(secret "$(job .runner.name)")
OTHERS=$(secret "$(printf '%s' "$SLOW" | jq -r .runner.name)")
mine() { as "$MINE" api "$@"; }
tap_is "$(job .sha),$(job .state),$(job .attempt),$(job .check.test),$(job .check.network.test)" \
    "$SHA,running,1,make check,off" 'the job says what to do'
stop_pid "$A"; stop_pid "$B"; stop_pid "$D"

api GET "$C/repos/$PROJECT/pulls/$N/gate"
tap_is "$(field .open),$(met check:test)" false,false 'the gate waits for the check'
tap_is "$(met check:slow)" '' 'and not for one that is not required'
mine POST "$C/ci/jobs/$ID/heartbeat" "{\"lease\":\"$LEASE\"}"
tap_is "$STATUS,$(field .cancel)" 200,false 'a heartbeat'
as "$OTHERS" api POST "$C/ci/jobs/$ID/heartbeat" "{\"lease\":\"$LEASE\"}"
tap_is "$STATUS" 409 'the lease is no use to another runner'
runner POST "$C/ci/jobs/$ID/heartbeat" "{\"lease\":\"$LEASE\"}"
tap_is "$STATUS" 409 'nor to that of the host'
mine POST "$C/ci/jobs/$ID/heartbeat" '{"lease":"00000000000000000000000000000000"}'
tap_is "$STATUS" 409 'a stale lease is refused'
as "$ADMIN" api GET "$C/ci/jobs/$ID"
tap_is "$(field .lease)" null 'readers do not see the lease'

http_t=$MINE
http GET "$C/ci/jobs/$ID/tree.tar" -H "X-Coffer-Lease: $LEASE"
cp "$BODY" "$T/tree.tar"
tap_is "$STATUS,$(tar tf "$T/tree.tar" 2>/dev/null | sort | tr '\n' ' ')" \
    '200,.coffer/ .coffer/checks.yml a.txt w.txt ' 'the tree without git metadata'
http_t=$MINE
http GET "$C/ci/jobs/$ID/tree.tar" -H 'X-Coffer-Lease: 00'
tap_is "$STATUS" 409 'not without the lease'
printf 'line 1\nassert failed\n' >"$T/part"
http_t=$MINE
http PATCH "$C/ci/jobs/$ID/log" -H "X-Coffer-Lease: $LEASE" \
    -H 'Content-Range: bytes 0-20/*' --data-binary "@$T/part"
tap_is "$STATUS,$(field .next)" 202,21 'the log is taken'
http_t=$MINE
http PATCH "$C/ci/jobs/$ID/log" -H "X-Coffer-Lease: $LEASE" \
    -H 'Content-Range: bytes 0-20/*' --data-binary "@$T/part"
tap_is "$STATUS,$(field .next)" 416,21 'a part that comes again is told where it ends'
http_t=
api GET "$C/ci/jobs/$ID/log"
tap_is "$(tail -n 1 "$BODY")" 'assert failed' 'and read'

RESULT="{\"lease\":\"$LEASE\",\"state\":\"failed\",\"phase\":\"test\",\"exit_code\":1,\"why\":\"exit 1\"}"
mine POST "$C/ci/jobs/$ID/result" '{"lease":"00000000000000000000000000000000","state":"passed"}'
tap_is "$STATUS" 409 'no result without the lease'
as "$OTHERS" api POST "$C/ci/jobs/$ID/result" "{\"lease\":\"$LEASE\",\"state\":\"passed\"}"
tap_is "$STATUS" 409 "nor with another's"
mine POST "$C/ci/jobs/$ID/result" "{\"lease\":\"$LEASE\",\"state\":\"superseded\"}"
tap_is "$STATUS" 422 'only a result is a result'
mine POST "$C/ci/jobs/$ID/result" "$RESULT"
tap_is "$STATUS,$(field .state)" 200,failed 'the result is taken'
mine POST "$C/ci/jobs/$ID/result" "$RESULT"
tap_is "$STATUS" 200 'a repeat is fine'
mine POST "$C/ci/jobs/$ID/result" "{\"lease\":\"$LEASE\",\"state\":\"passed\",\"phase\":\"test\",\"exit_code\":0}"
tap_is "$STATUS" 409 'another is not'
http_t=$MINE
http GET "$C/ci/jobs/$ID/tree.tar" -H "X-Coffer-Lease: $LEASE"
tap_is "$STATUS" 409 'what has ended is not fetched any more'
http_t=$MINE
http PATCH "$C/ci/jobs/$ID/log" -H "X-Coffer-Lease: $LEASE" -H 'Content-Range: bytes 21-22/*' --data-binary xx
tap_is "$STATUS" 409 'nor is its log written'
http_t=
api GET "$R/commits/$SHA/statuses"
tap_is "$(field '[.[] | select(.context == "ci/test") | .status] | join(" ")')" \
    'failure pending pending' 'it is a status of the commit'
tap_is "$(field '[.[] | select(.context == "ci/test")][0].creator.login')" \
    "runner-$(job .runner.name)" 'of the runner'
tap_is "$(kinds)" \
    'check.queued check.queued check.started check.started check.finished check.failed' 'and events'
tap_like "$(jq -r '[.events[] | select(.kind == "check.failed")][0].data.tail' "$BODY")" \
    '*assert failed*' 'the agent is told with the end of the log'
api GET "$C/repos/$PROJECT/pulls/$N/gate"
tap_is "$(met check:test)" false 'the gate stays shut'
# As the check by that name of another pull request with this head would.
runner POST "$R/statuses/$SHA" '{"state":"success","context":"ci/test"}'
tap_is "$STATUS" 201 'ci says of the head what it wants'
api GET "$C/repos/$PROJECT/pulls/$N/gate"
tap_is "$(met check:test)" false 'the gate asks the own job too'

# What a failed check woke waits.
api GET "$C/events?after=0&limit=1000"
FAILED=$(field '[.events[] | select(.kind == "check.failed")][0].seq')
as "$AGENTD" api POST "$C/runs" "{\"event\":$FAILED,\"project\":$PROJECT_ID,\"item\":$N,\"command\":\"fix\",\"access\":\"write\"}"
WAKE=$(field .id)
tap_is "$STATUS,$(field .verdict)" 201,taken 'a failed check wakes the agent'

# A new head supersedes what runs.
SID=$(printf '%s' "$SLOW" | jq -r .id)
SLEASE=$(printf '%s' "$SLOW" | jq -r .lease)
push_branch "agent/fix-$ISSUE" w.txt two
superseded()
{
	api GET "$C/ci/jobs/$SID"
	[ "$(field .state)" = superseded ]
}
tap_ok 'a job of an older head is superseded' wait_for 10 superseded
as "$AGENTD" api PATCH "$C/runs/$WAKE" '{"from":"queued","state":"preparing"}'
tap_is "$STATUS,$(field .state),$(field .why)" '200,cancelled,the branch moved on' \
    'and so is a run that it woke'
as "$AGENTD" api POST "$C/runs/$WAKE/finish" '{"state":"cancelled","why":"x","message":""}'
tap_is "$STATUS,$(field .comment)" 200,null 'without a word'
as "$OTHERS" api POST "$C/ci/jobs/$SID/heartbeat" "{\"lease\":\"$SLEASE\"}"
tap_is "$STATUS,$(field .cancel)" 200,true 'and its runner told to stop'
while :; do
	runner POST "$C/ci/poll?wait=1" '{"slots":1}'
	[ "$STATUS" = 200 ] || break
	runner POST "$C/ci/jobs/$(field .id)/result" \
	    "{\"lease\":\"$(field .lease)\",\"state\":\"passed\",\"phase\":\"test\",\"exit_code\":0}"
done
api GET "$C/repos/$PROJECT/pulls/$N/gate"
tap_is "$(field .open),$(met check:test)" true,true 'passed on the new head: the gate opens'
api POST "$R/pulls/$N/merge" "{\"Do\":\"merge\",\"head_commit_id\":\"$SHA\"}"
tap_is "$STATUS" 200 'and it merges'
api GET "$R/issues/$ISSUE"
tap_is "$(field .state)" closed 'which closes the issue'

# A wrong file.
push_branch bad .coffer/checks.yml 'checks: [{name: test}]'
api POST "$R/pulls" '{"title":"Bad","head":"bad","base":"main"}'
B=$(field .number)
runner POST "$C/ci/poll?wait=5" '{}'
runner POST "$C/ci/jobs/$(field .id)/result" \
    "{\"lease\":\"$(field .lease)\",\"state\":\"passed\",\"phase\":\"test\",\"exit_code\":0}"
runner POST "$C/ci/poll" '{}'
runner POST "$C/ci/jobs/$(field .id)/result" \
    "{\"lease\":\"$(field .lease)\",\"state\":\"passed\",\"phase\":\"test\",\"exit_code\":0}"
api POST "$R/pulls/$B/merge" '{"Do":"merge"}'
tap_is "$STATUS" 200 'a wrong checks file may be merged by who insists'
push_branch next n.txt n
api POST "$R/pulls" '{"title":"Next","head":"next","base":"main"}'
api GET "$C/repos/$PROJECT/pulls/$(field .number)/gate"
tap_is "$(met checks)" false 'after which the gate is shut'
tap_like "$(jq -r '.requirements[] | select(.id == "checks") | .why' "$BODY")" '*line 1*' 'and names the line'
tap_done
