#!/bin/sh
# Reproductions and new tests, run by coffer-runner: on the head, and on the
# base's code with the head's tests.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/ci_lib.sh"
[ "$(id -u)" -eq 0 ] || tap_skip_all 'needs root'

ci_start
ci_checks <<'CHECKS'
new_tests: required
checks:
  - {name: unit, test: "for t in tests/*.sh; do sh $t || exit 1; done", setup: "test ! -e .git", network: {setup: off}}
CHECKS
ci_runner r1 'slots = 2' 'disk = 64M'

say() { api POST "$R/issues/$PULL/comments" "$(jq -n --arg b "$1" '{body: $b}')"; }
order_of() { say "$1"; ORDER=$(field .id); }
answered()
{
	api GET "$R/commits/$SHA/statuses?limit=50&sort=recentupdate"
	ANSWER=$(jq -r "[.[] | select(.context == \"ci/$1-$ORDER\")][0] | \"\(.status) \(.description)\"" "$BODY")
	case $ANSWER in success*|failure*|error*) ;; *) return 1 ;; esac
}
# order NAME COMMAND: $ANSWER is its status
order() { order_of "/$1 $2"; wait_for 60 answered "$1" || tap_bail "no answer to $2"; }

push_branch fix a.txt two
( cd "$WORK" && mkdir -p tests && echo 'grep -q two a.txt' >tests/two.sh && git add tests &&
    git commit -q -m tests && git_as "$ADMIN" push -q "$URL/$PROJECT.git" +HEAD:refs/heads/fix ) 2>"$T/push.err"
SHA=$(git -C "$WORK" rev-parse HEAD)
api POST "$R/pulls" '{"title":"Fix","head":"fix","base":"main"}'
PULL=$(field .number)
tap_ok 'its jobs end' wait_for 60 ci_ended "$PULL"
tap_is "$(ci_job unit .state)" passed 'the head passes its own tests'
tap_is "$(ci_job unit@base '"\(.state) \(.exit_code)"')" 'failed 1' 'the base fails them'
tap_is "$(ci_job new-tests '"\(.state): \(.why)"')" \
    'passed: 1 of 1 checks fail on the base with the new tests' 'so they show the change'
api GET "$C/repos/$PROJECT/pulls/$PULL/gate"
tap_is "$(field .open)" true 'the gate is open'

order test-pr-bug '"sh tests/two.sh"'
tap_is "$ANSWER" 'success reproduced and fixed: it fails on the base and passes on the head' 'a bug that is fixed'
order test-pr-bug '"sh tests/none.sh"'
tap_like "$ANSWER" 'failure invalid: a file is missing*' 'a file that there is not reproduces nothing'
order test-pr-bug '"tests/two.sh"'
tap_like "$ANSWER" 'failure invalid: *126*' 'nor what cannot be executed'
order test-pr-bug '"no-such-command tests/two.sh"'
tap_like "$ANSWER" 'failure invalid: *127*' 'nor what is not there'
order test-pr-bug '"true tests/two.sh"'
tap_like "$ANSWER" 'failure not reproduced: *' 'nor what passes on the base'
order test-pr-bug '"! sh tests/two.sh || exit 3"'
tap_like "$ANSWER" 'failure not reproduced: *' 'nor what fails on the head alone'
order test-pr-bug '"grep -q three a.txt"'
tap_like "$ANSWER" 'failure reproduced, but not fixed: *' 'what fails on both is not fixed'
order test-pr '"echo ---RESULTS---; echo TEST_RC=0; exit 7"'
tap_is "$ANSWER" 'failure failed' 'what is printed is no verdict'

# Tests that the base passes as well.
push_branch idle a.txt more
( cd "$WORK" && mkdir -p tests && echo 'test -e a.txt' >tests/idle.sh && git add tests &&
    git commit -q -m tests && git_as "$ADMIN" push -q "$URL/$PROJECT.git" +HEAD:refs/heads/idle ) 2>"$T/push.err"
SHA=$(git -C "$WORK" rev-parse HEAD)
api POST "$R/pulls" '{"title":"Idle","head":"idle","base":"main"}'
PULL=$(field .number)
tap_ok 'its jobs end' wait_for 60 ci_ended "$PULL"
tap_is "$(ci_job new-tests .state)" failed 'tests that show nothing are found'
api POST "$R/pulls/$PULL/merge" '{"Do":"merge"}'
tap_is "$STATUS" 405 'and the gate stays shut'
tap_done
