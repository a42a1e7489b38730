#!/bin/sh
# coffer-runner and cofferd killed at each step of a job: it ends as what it
# is, once, and nothing is left of it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/ci_lib.sh"
[ "$(id -u)" -eq 0 ] || tap_skip_all 'needs root'
grep -q COFFER_FAIL "$O/bin/cofferd" || tap_skip_all 'this build has no fail points'

ci_start
PORT=${URL##*:}
ci_checks <<'CHECKS'
checks:
  - {name: c, setup: "echo in-setup", network: {setup: "off"}, test: "echo in-test; cat a.txt"}
CHECKS
ci_runner r 'slots = 1' 'disk = 64M'
died() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:	Z' "/proc/$1/status"; }
# ends ATTEMPT NAME: it does, as it should
ends()
{
	tap_ok "$2: the job ends" wait_for 60 ci_ended "$PULL"
	tap_is "$(ci_job c '"\(.state) \(.attempt) \(.why)"')" "passed $1 exit status 0" "$2: as what it is"
	tap_is "$(ci_log c)" "$(printf '== setup: echo in-setup\nin-setup\n== test: echo in-test; cat a.txt\nin-test\none\n== passed: exit status 0')" \
	    "$2: with its log, once"
	api GET "$C/events?after=0&limit=1000"
	tap_is "$(field "[.events[] | select(.kind == \"check.finished\" and .item == $PULL)] | length")" 1 "$2: one result"
	api GET "$R/commits/$SHA/statuses"
	tap_is "$(field '[.[] | select(.context == "ci/c" and .status == "success")] | length')" 1 "$2: one verdict"
	tap_ok "$2: nothing is left" wait_for 20 ci_clean "$T/r"
}

for point in job_taken:2 job_fetched:2 job_unpacked:2 job_untold:2 job_told:1; do
	attempt=${point#*:}
	point=${point%:*}
	stop_pid "$RUNNER_PID"
	export COFFER_FAIL="$point"
	ci_runner_start r
	unset COFFER_FAIL
	ci_pull "$point"
	tap_ok "$point: the runner dies there" wait_for 60 died "$RUNNER_PID"
	wait "$RUNNER_PID" 2>/dev/null
	ci_runner_start r
	ends "$attempt" "$point"
done

for point in ci_claimed:2 log_written:1 ci_result_written:1; do
	attempt=${point#*:}
	point=${point%:*}
	stop_cofferd
	export COFFER_FAIL="$point"
	start "$T/cofferd.log" "$O/bin/cofferd" --home "$HOME_DIR" --listen "127.0.0.1:$PORT"
	unset COFFER_FAIL
	COFFERD_PID=$PID
	wait_for 20 curl -s "$URL/api/v1/version"
	ci_pull "$point"
	tap_ok "$point: cofferd dies there" wait_for 60 died "$COFFERD_PID"
	wait "$COFFERD_PID" 2>/dev/null
	start "$T/cofferd.log" "$O/bin/cofferd" --home "$HOME_DIR" --listen "127.0.0.1:$PORT"
	COFFERD_PID=$PID
	wait_for 20 curl -s "$URL/api/v1/version"
	[ -n "$PULL" ] || PULL=$(api GET "$R/pulls?state=open&sort=recentupdate&limit=1"; field '.[0].number')
	ends "$attempt" "$point"
done
tap_done
