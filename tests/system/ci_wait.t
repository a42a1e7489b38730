#!/bin/sh
# What a job in the queue says that it waits for, while runners come and go;
# and who has no network gets none that needs one.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/ci_lib.sh"

later() { perl -e 'print pack("qq", @ARGV)' -- "$1" "$1" | dd of="$T/clock" conv=notrunc status=none; }
later 0
COFFER_TEST_CLOCK=$T/clock
export COFFER_TEST_CLOCK
ci_start
unset COFFER_TEST_CLOCK
ci_checks <<'CHECKS'
checks:
  - {name: plain, test: "true"}
  - {name: needs, setup: "true", network: {setup: locked}, test: "true"}
  - {name: odd, labels: [gpu], test: "true"}
CHECKS
status() { api GET "$R/commits/$SHA/status"; field ".statuses[] | select(.context == \"ci/$1\") | .description"; }
says() { [ "$(status "$1")" = "$2" ]; }
poll() # RUNNER NETWORK
{
	http_t=$(ci_secret "$1")
	http POST "$C/ci/poll?wait=0" -H 'Content-Type: application/json' -d "{\"network\":$2}"
	http_t=
}
runner() { as "$ADMIN" api GET "$C/ci/runners"; field ".[] | select(.name == \"$1\") | $2"; }

ci_pull first
tap_ok 'without a runner' wait_for 20 says plain 'waits for a runner: there is none'
ci_register a
tap_ok 'one that has not asked yet is away' wait_for 20 says plain 'waits for a runner: a is away'
poll a false
tap_is "$STATUS,$(field .name)" 200,plain 'it gets the one that needs no network'
poll a false
tap_is "$STATUS" 204 'and no other'
tap_ok 'the other one says why' wait_for 20 says needs 'waits for a runner: none has a network'
tap_ok 'and so does one with a label' wait_for 20 says odd 'waits for a runner: none has gpu'
tap_is "$(runner a .network)" false 'an admin sees it'
tap_like "$(COFFER_URL=$URL COFFER_TOKEN=$ADMIN "$O/bin/coffer" runner list)" '*network*a *busy* no *' 'and in coffer runner list'
ci_jobs "$PULL"
tap_is "$(ci_job needs .why)" 'waits for a runner: none has a network' 'the job says it, too'
ci_register b
poll b true
tap_is "$STATUS,$(field .name)" 200,needs 'one with a network gets it'
as "$ADMIN" api PATCH "$C/ci/runners/$(runner a .id)" '{"labels":["gpu"],"paused":true}'
tap_ok 'a runner gets a label and is paused' wait_for 20 says odd 'waits for a runner: a is paused'
as "$ADMIN" api PATCH "$C/ci/runners/$(runner a .id)" '{"paused":false}'
poll b true # so that there is somebody without the label
tap_ok 'it goes on' wait_for 20 says odd 'waits for a runner'
as "$ADMIN" api DELETE "$C/ci/runners/$(runner a .id)"
tap_ok 'it is removed' wait_for 20 says odd 'waits for a runner: none has gpu'
ci_jobs "$PULL"
tap_is "$(ci_job plain .state)" queued 'with what it ran'
later 200000
tap_ok 'who is not heard of is away, in time' wait_for 20 says plain 'waits for a runner: b is away'

# A check that may not reach anything needs no network.
api PATCH "$C/projects/$PROJECT" '{"settings":{"network":"off"}}'
ci_register c '"slots":9'
ci_pull second
ci_queued() { ci_jobs "$PULL"; [ "$(jq length "$T/jobs.json")" = 3 ]; }
wait_for 20 ci_queued
STATUS=200
while [ "$STATUS" = 200 ]; do poll c false; done
ci_jobs "$PULL"
tap_is "$(ci_job needs .state)" running 'when the project has none, a check needs none either'
tap_done
