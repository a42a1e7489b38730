#!/bin/sh
# Until when a job is its runner's, by cofferd's clocks as this test sets them:
# a runner that only says that it is there, one that does not stop, one that is
# gone, two that race, and a time of day that jumps.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/ci_lib.sh"

# clocks DAY-MS MONO-MS: what cofferd adds to them from now on
clocks() { perl -e 'print pack("qq", @ARGV)' -- "$1" "$2" | dd of="$T/clock" conv=notrunc status=none; }
MONO=0
later() { MONO=$((MONO + $1)); clocks 0 "$MONO"; }
clocks 0 0
COFFER_TEST_CLOCK=$T/clock
export COFFER_TEST_CLOCK
ci_start
unset COFFER_TEST_CLOCK
ci_checks <<'CHECKS'
checks:
  - {name: c, timeout: 2s, test: "true"}
CHECKS
ci_register a
ci_register b

# call RUNNER METHOD PATH JSON
call() { http_t=$(ci_secret "$1"); http "$2" "$C/ci$3" -H 'Content-Type: application/json' -d "$4"; http_t=; }
# claim RUNNER: JOB and LEASE
claim()
{
	call "$1" POST '/poll?wait=20' '{}'
	JOB=$(field .id) LEASE=$(field .lease)
	[ "$STATUS" = 200 ]
}
beat() { call "$1" POST "/jobs/$JOB/heartbeat" "{\"lease\":\"$LEASE\"}"; [ "$STATUS" = 200 ]; }
result() { call "$1" POST "/jobs/$JOB/result" "{\"lease\":\"$LEASE\",\"state\":\"passed\",\"phase\":\"test\",\"exit_code\":0}"; }
is_state() { ci_jobs "$PULL"; [ "$(ci_job c .state)" = "$1" ]; }
one_end()
{
	api GET "$C/events?after=0&limit=1000"
	tap_is "$(field "[.events[] | select(.kind == \"check.finished\" and .item == $PULL)] | length")" 1 "$1"
}
# It says that it is there each 50 s until it is not heard any more, N times at most.
beats() # RUNNER N
{
	beats_n=0
	while [ "$beats_n" -lt "$2" ] && beat "$1"; do
		beats_n=$((beats_n + 1))
		later 50000
		# What has ended is seen within the second.
		[ "$beats_n" -lt "$3" ] || wait_for 5 is_state "$4" || return 1
	done
	[ "$beats_n" -lt "$2" ]
}

ci_pull holds
tap_ok 'a runner takes a job' claim a
tap_ok 'it holds it by its word for its timeout and the grace, no longer' beats a 40 25 timed_out
tap_is "$STATUS" 409 'it is not heard any more'
result a
tap_is "$STATUS" 409 'nor is its result'
ci_jobs "$PULL"
tap_is "$(ci_job c '"\(.state) \(.attempt) \(.why)"')" 'timed_out 1 its runner held it for longer than it may' \
    'the job has timed out and is not given out again'
api GET "$R/commits/$SHA/status"
tap_is "$(field '.statuses[] | select(.context == "ci/c") | .status')" failure 'which is posted'
one_end 'once'

ci_pull stays
tap_ok 'a runner takes another' claim a
api POST "$C/ci/jobs/$JOB/cancel"
tap_is "$STATUS,$(field .state)" 200,running 'a maintainer cancels it'
tap_ok 'and does not wait for a runner that does not stop' beats a 6 3 cancelled
ci_jobs "$PULL"
tap_is "$(ci_job c .why)" 'cancelled by admin, without an answer of the runner' 'which is told'
one_end 'once'

ci_pull gone
tap_ok 'a runner takes one and is gone' claim a
GONE=$LEASE
later 70000
tap_ok 'the job is queued again' wait_for 5 is_state queued
tap_ok 'for another' claim b
LEASE=$GONE
tap_not 'the first one has no say in it any more' beat a
result a
tap_is "$STATUS" 409 'nor a result'
call b GET "/jobs/$JOB" '{}'
LEASE=$(sqlite3 -cmd '.timeout 5000' "$HOME_DIR/db/coffer.db" "SELECT lease FROM job WHERE id = $JOB")
result b
tap_is "$STATUS,$(field .state),$(field .attempt)" 200,passed,2 'the second one has'
one_end 'one result'

ci_pull days
tap_ok 'a runner takes one' claim a
clocks 2592000000 "$MONO"
tap_ok 'a clock that is set ahead by a month takes it from nobody' beat a
clocks -2592000000 "$MONO"
tap_ok 'nor one that is set back' beat a
is_state running
tap_is "$(ci_job c '"\(.state) \(.attempt)"')" 'running 1' 'it runs on'
result a
tap_is "$STATUS,$(field .state)" 200,passed 'and its result is taken'
clocks 0 "$MONO"
one_end 'once'

# Both ask at once, eight times each, for what is there once.
for i in 1 2 3 4 5 6 7 8; do
	for who in a b; do
		printf 'header = "Authorization: Bearer %s"\n' "$(ci_secret $who)" >"$T/$who.rc"
		curl -sS -m 60 -K "$T/$who.rc" -d '{}' -H 'Content-Type: application/json' -o "$T/race.$who.$i" \
		    -w '%{http_code}\n' "$URL$C/ci/poll?wait=5" >"$T/race.$who.$i.status" &
		echo $! >>"$T/race.pids"
	done
done
ci_pull race
while read -r p; do wait "$p"; done <"$T/race.pids"
tap_is "$(cat "$T"/race.*.status | grep -c '^200$')" 1 'of sixteen that race one gets the job'
tap_done
