#!/bin/sh
# A runner on another host: a network namespace with a link to cofferd's, and a
# home of its own.  It registers, takes jobs, is cut off in the middle of one,
# which another runner does then, and comes back.
if [ -z "${CI_HOST_IN-}" ] && [ "$(id -u)" -eq 0 ]; then
	CI_HOST_IN=1 exec unshare -n "$0"
fi
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/ci_lib.sh"
[ "$(id -u)" -eq 0 ] || tap_skip_all 'needs root'
command -v ip >/dev/null || tap_skip_all 'there is no ip'

FAR=coffer-far-$$
host_end()
{
	host_status=$?
	ip netns delete "$FAR" 2>/dev/null
	(exit "$host_status")
	lib_on_exit
}
trap host_end EXIT
ip link set lo up && ip netns add "$FAR" && ip link add near type veth peer name far netns "$FAR" &&
    ip addr add 10.213.77.1/30 dev near && ip link set near up &&
    ip -n "$FAR" addr add 10.213.77.2/30 dev far && ip -n "$FAR" link set far up &&
    ip -n "$FAR" link set lo up || tap_skip_all 'no veth'
far() { nsenter --net="/run/netns/$FAR" "$@"; }

MONO=0
clock() { perl -e 'print pack("qq", 0, @ARGV)' "$MONO" | dd of="$T/clock" conv=notrunc status=none; }
clock
coffer_home
COFFER_TEST_CLOCK=$T/clock
export COFFER_TEST_CLOCK
start "$T/cofferd.log" "$O/bin/cofferd" --home "$HOME_DIR" --listen 10.213.77.1:0
unset COFFER_TEST_CLOCK
COFFERD_PID=$PID
wait_for 20 [ -s "$HOME_DIR/run/cofferd.addr" ] || tap_bail 'cofferd did not start'
URL=http://$(cat "$HOME_DIR/run/cofferd.addr")
export URL
make_project
R=/api/v1/repos/$PROJECT
api PATCH "$C/projects/$PROJECT" '{"settings":{"approvals":0}}'
ci_checks <<'CHECKS'
checks:
  - {name: slow, test: "echo in-test; sleep 5; cat a.txt"}
CHECKS

# far_runner NAME: one of that host; RUNNER_PID
far_start() { start "$T/$1.log" nsenter --net="/run/netns/$FAR" "$O/bin/coffer-runner" --home "$T/$1"; RUNNER_PID=$PID; }
as "$ADMIN" api POST "$C/ci/runners" '{"name":"far"}'
field .token >"$T/token"
# shellcheck disable=SC2024 # it reads what this shell opened
tap_ok 'another host registers' far sh -c "'$O/bin/coffer-runner' --register '$URL' - --home '$T/far' <'$T/token'"
printf '[runner]\ndisk = 64M\n' >"$T/far/coffer.conf"
tap_is "$(ls "$T/far")" "$(printf 'coffer.conf\ninstance\nrun\nrunner')" 'its home has nothing of the server'
far_start far
FAR_PID=$RUNNER_PID
job() { ci_jobs "$PULL"; ci_job slow "$1"; }
job_is() { [ "$(job "$1")" = "$2" ]; }
says() { job .id >"$T/id" && ci_log slow | grep -q "^$1"; }
one_end()
{
	api GET "$C/events?after=0&limit=1000"
	tap_is "$(field "[.events[] | select(.kind == \"check.finished\" and .item == $PULL)] | length")" 1 "$1"
}

ci_pull first
tap_ok 'it runs a job' wait_for 60 ci_ended "$PULL"
tap_is "$(job '"\(.state) \(.attempt) \(.runner.name)"')" 'passed 1 far' 'which passes'
tap_like "$(ci_log slow)" '*in-test*one*' 'its log is there'

ci_pull cut
tap_ok 'it is in the middle of another' wait_for 60 says in-test
ip link set near down
MONO=70000 && clock
tap_ok 'when it is cut off, the job is queued again' wait_for 20 job_is .state queued
ci_runner near 'disk = 64M'
tap_ok 'another runner does it' wait_for 60 ci_ended "$PULL"
tap_is "$(job '"\(.state) \(.attempt) \(.runner.name)"')" 'passed 2 near' 'and its verdict counts'
ip link set near up
refused() { grep -qE 'job (disowned|result-refused)' "$T/far.log"; }
tap_ok 'the first one hears that it is nobody'"'"'s job any more' wait_for 120 refused
tap_is "$(job '"\(.state) \(.attempt) \(.runner.name)"')" 'passed 2 near' 'and changes nothing'
tap_is "$(ci_log slow | grep -c '^in-test')" 1 "nor the log"
one_end 'there is one result'
tap_ok 'it lives' kill -0 "$FAR_PID"

stop_pid "$RUNNER_PID"
ci_pull back
tap_ok 'back, it takes jobs again' wait_for 90 ci_ended "$PULL"
tap_is "$(job '"\(.state) \(.attempt) \(.runner.name)"')" 'passed 1 far' 'as before'

# Cut off for less than the lease: nothing is lost.
ci_pull short
tap_ok 'it is in the middle of one more' wait_for 60 says in-test
ip link set near down
# Its test ends meanwhile.
far_ended() { [ -e "$T/far/jobs/$(cat "$T/id")/test/exit.json" ]; }
tap_ok 'that ends while the link is down' wait_for 30 far_ended
ip link set near up
tap_ok 'its verdict comes when the link does' wait_for 90 ci_ended "$PULL"
tap_is "$(job '"\(.state) \(.attempt) \(.runner.name)"')" 'passed 1 far' 'from the same attempt'
one_end 'once'
tap_ok 'nothing is left there' wait_for 20 ci_clean "$T/far"
tap_done
