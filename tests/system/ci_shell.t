#!/bin/sh
# The protocol of runners as a shell script speaks it (docs/runner.sh): two
# that race, cofferd killed in between, cancel, pause and removal.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/ci_lib.sh"

SCRIPT=$(cd "$(dirname "$0")/../.." && pwd)/docs/runner.sh
ci_start
shell_register()
{
	as "$ADMIN" api POST "$C/ci/runners" "{\"name\":\"$1\"}"
	field .token >"$T/$1.token"
	sh "$SCRIPT" register "$URL" "$T/$1.rc" <"$T/$1.token"
}
runners() { as "$ADMIN" api GET "$C/ci/runners"; }
state() { runners; field ".[] | select(.name == \"$1\") | .state"; }

ci_checks <<'CHECKS'
checks:
  - {name: c1, test: cat a.txt}
  - {name: c2, test: "printf '%s' \"$PPID\"; exit 3"}
  - {name: c3, setup: "exit 4", network: {setup: "off"}, test: "true"}
  - {name: c4, timeout: 1s, test: sleep 60}
  - {name: c5, test: "head -c 2500000 /dev/zero | tr '\\0' y"}
  - {name: c6, test: "true"}
  - {name: c7, test: "true"}
  - {name: c8, test: "true"}
CHECKS
tap_ok 'a runner registers' shell_register a
tap_ok 'and another' shell_register b
tap_is "$(stat -c %a "$T/a.rc")" 600 'its secret is its own'
tap_not sh "$SCRIPT" register "$URL" "$T/c.rc" <"$T/a.token"
http GET "$C/ci/runners"
tap_is "$STATUS" 401 'nobody sees who runs checks but an admin'
printf 'not a token\n' | sh "$SCRIPT" register "$URL" "$T/c.rc" 2>"$T/err"
tap_like "$(cat "$T/err")" '*ask an admin for another*' 'a wrong token is told'
A_SECRET=$(sed -n 's/.*Bearer \([0-9a-f]*\).*/\1/p' "$T/a.rc")
http_t=$A_SECRET
http GET "/api/v1/user"
tap_is "$STATUS" 403 "a runner's token does what runners do and nothing else"
tap_not sh -c "git -c http.extraHeader='Authorization: Bearer $A_SECRET' ls-remote '$URL/$PROJECT.git' 2>/dev/null"

start "$T/a.log" sh "$SCRIPT" run "$URL" "$T/a.rc"
start "$T/b.log" sh "$SCRIPT" run "$URL" "$T/b.rc"
ci_pull race
tap_ok 'all jobs end' wait_for 60 ci_ended "$PULL"
tap_is "$(jq -r 'sort_by(.name) | map("\(.name) \(.state) \(.exit_code)") | join(", ")' "$T/jobs.json")" \
    'c1 passed 0, c2 failed 3, c3 setup_failed 4, c4 timed_out 124, c5 passed 0, c6 passed 0, c7 passed 0, c8 passed 0' \
    'each with its own verdict'
tap_is "$(jq -r '[.[].attempt] | unique | tostring' "$T/jobs.json")" '[1]' 'each once'
tap_is "$(ci_log c5 | wc -c | tr -d ' ')" 2500000 'the log is whole'
api GET "$C/events?after=0&limit=1000"
tap_is "$(field '[.events[] | select(.kind == "check.finished")] | length')" 8 'one end each'
tap_is "$(field '[.events[] | select(.kind == "check.started") | .data.job] | length')" 8 \
    'two that race do not get the same one'

# cofferd is killed while both run a job.
http_t=
api POST "$R/issues/$PULL/comments" '{"body":"x"}'
ci_pull kill
ci_some() { ci_jobs "$PULL"; [ "$(jq '[.[] | select(.state == "running")] | length' "$T/jobs.json")" != 0 ]; }
tap_ok 'jobs run' wait_for 20 ci_some
kill -KILL "$COFFERD_PID"
wait "$COFFERD_PID" 2>/dev/null
PORT=${URL##*:}
start "$T/cofferd.log" "$O/bin/cofferd" --home "$HOME_DIR" --listen "127.0.0.1:$PORT"
COFFERD_PID=$PID
wait_for 20 sh -c "curl -s '$URL/api/v1/version' >/dev/null"
tap_ok 'all jobs end after a kill of cofferd' wait_for 90 ci_ended "$PULL"
tap_is "$(jq -r 'sort_by(.name) | map("\(.name) \(.state)") | join(", ")' "$T/jobs.json")" \
    'c1 passed, c2 failed, c3 setup_failed, c4 timed_out, c5 passed, c6 passed, c7 passed, c8 passed' \
    'with the same verdicts'
api GET "$C/events?after=0&limit=1000"
tap_is "$(field "[.events[] | select(.kind == \"check.finished\" and .item == $PULL) | .data.job] | group_by(.) | map(length) | unique | tostring")" \
    '[1]' 'and one end each'

# Pause, cancel, removal.
runners
tap_is "$(field '[.[].name] | join(" ")')" 'a b' 'the admin sees them'
AID=$(field '.[] | select(.name == "a") | .id')
BID=$(field '.[] | select(.name == "b") | .id')
as "$ADMIN" api PATCH "$C/ci/runners/$AID" '{"paused":true}'
as "$ADMIN" api PATCH "$C/ci/runners/$BID" '{"paused":true}'
tap_is "$(state a)" paused 'one is paused'
ci_pull paused
ci_queued() { ci_jobs "$PULL"; [ "$(jq '[.[] | select(.state == "queued")] | length' "$T/jobs.json")" = 8 ]; }
tap_ok 'a paused one gets nothing' wait_for 20 ci_queued
JOB=$(ci_job c8 .id)
as "$RUNNER" api POST "$C/ci/jobs/$JOB/cancel"
tap_is "$STATUS" 403 'a runner does not cancel'
api POST "$C/ci/jobs/$JOB/cancel"
tap_is "$STATUS,$(field .state)" 200,cancelled 'a maintainer cancels what is queued'
api POST "$C/ci/jobs/$JOB/cancel"
tap_is "$STATUS" 409 'once'
as "$ADMIN" api DELETE "$C/ci/runners/$AID"
tap_is "$STATUS" 204 'a runner is removed'
http_t=$A_SECRET
http POST "$C/ci/poll" -H 'Content-Type: application/json' -d '{}'
tap_is "$STATUS" 401 'its token is bad'
as "$ADMIN" api PATCH "$C/ci/runners/$BID" '{"paused":false}'
tap_ok 'the other one goes on' wait_for 60 ci_ended "$PULL"
tap_is "$(ci_job c8 .state),$(ci_job c4 .state)" cancelled,timed_out 'with all but the cancelled one'
api GET "$R/commits/$SHA/status"
tap_is "$(field '.statuses[] | select(.context == "ci/c8") | .status')" error 'which is posted as such'
tap_done
