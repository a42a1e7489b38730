#!/bin/bash
# A maintainer's day in a real browser, from the sign-in to the merge: with
# JavaScript, and without.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"
. "$(dirname "$0")/chromium_lib.sh"

coffer_home
start_cofferd
make_project
BOB=$(make_user bob)
R=/api/v1/repos/$PROJECT
api PUT "$R/collaborators/bob" '{"permission":"write"}'
push_branch checks .coffer/checks.yml 'checks:
  - name: unit
    test: make check'
api POST "$R/pulls" '{"title":"checks","head":"checks","base":"main"}'
api POST "$R/pulls/$(field .number)/merge" '{"Do":"merge","force_merge":true,"force_reason":"the first"}'
tap_is "$STATUS" 200 'the base has a check'

# What bob, who is the author, and the runner do meanwhile.
declare -f http api as field push_branch git_as wait_for within >"$T/hook.sh"
cat >"$T/hook" <<HOOK
#!/bin/bash
. $T/hook.sh
T=$T/hooked BODY=$T/hooked/body HEADERS=$T/hooked/headers URL=$URL ADMIN=$ADMIN BOB=$BOB RUNNER=$RUNNER TOKEN= PROJECT=$PROJECT WORK=$WORK http_t=
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=$GIT_CONFIG_GLOBAL
mkdir -p "\$T"
case \$1 in
work)
	push_branch "mend-\$2" "src/empty-\$2.c" 'int empty(void) { return 0; }' "\$BOB"
	as "\$BOB" api POST "$R/pulls" "{\"title\":\"Mend #\$2\",\"body\":\"Closes #\$2\",\"head\":\"mend-\$2\",\"base\":\"main\"}"
	field .number ;;
again)
	api GET "$R/pulls/\$2"
	branch=\$(field .head.ref)
	push_branch "\$branch" "src/empty-\${branch#mend-}.c" 'int empty(void) { return 0; } /* a blank line is skipped */' "\$BOB"
	there() { api GET "$R/pulls/\$2"; [ "\$(field .head.sha)" = "\$SHA" ]; }
	wait_for 10 there "\$1" "\$2" ;;
check)
	api GET "$R/pulls/\$2"
	head=\$(field .head.sha)
	mine() { as "\$RUNNER" api POST /api/coffer/v1/ci/poll '{"slots":1}'; [ "\$STATUS" = 200 ]; }
	while wait_for 10 mine; do
		job=\$(field .id) of=\$(field .sha) lease=\$(field .lease)
		printf '3 passed, 1 failed\n' >"\$T/log"
		http_t=\$RUNNER http PATCH "/api/coffer/v1/ci/jobs/\$job/log" -H "X-Coffer-Lease: \$lease" -H "Content-Range: bytes 0-18/*" --data-binary "@\$T/log"
		as "\$RUNNER" api POST "/api/coffer/v1/ci/jobs/\$job/result" "{\"lease\":\"\$lease\",\"state\":\"\$3\",\"phase\":\"test\",\"exit_code\":\$([ "\$3" = passed ]; echo \$?)}"
		[ "\$of" != "\$head" ] || exit 0
	done
	exit 1 ;;
esac
HOOK
chmod +x "$T/hook"
export HOOK=$T/hook
for how in live plain; do
	browser "the day is gone through, $how" web_day.cjs "$URL" "$ADMIN" "$PROJECT" "$PICTURES" $how
done
tap_done
