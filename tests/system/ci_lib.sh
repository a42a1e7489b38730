# shellcheck shell=sh disable=SC2034
# ci_lib.sh: checks of pull requests and runners of them, after lib.sh.  C is
# the API's own prefix, R the repository's.

C=/api/coffer/v1
CI_ENGINE=${CI_ENGINE-${COFFER_TEST_SOCKET-}}

# ci_start: cofferd with one project whose pull requests need no approval.
ci_start()
{
	coffer_home
	start_cofferd
	make_project
	R=/api/v1/repos/$PROJECT
	api PATCH "$C/projects/$PROJECT" '{"settings":{"approvals":0}}'
}

# ci_checks: standard input is the base branch's checks from now on; once.
ci_checks()
{
	ci_text=$(cat)
	push_branch ci-checks .coffer/checks.yml "$ci_text"
	api POST "$R/pulls" '{"title":"Checks","head":"ci-checks","base":"main"}'
	ci_n=$(field .number)
	ci_merged() { api POST "$R/pulls/$ci_n/merge" '{"Do":"merge"}'; [ "$STATUS" = 200 ]; }
	wait_for 20 ci_merged || tap_bail "merge: $STATUS $(cat "$BODY")"
}

# ci_pull BRANCH: a new pull request of its own file; PULL, SHA.
ci_pull()
{
	push_branch "$1" "$1.txt" "$1"
	api POST "$R/pulls" "{\"title\":\"$1\",\"head\":\"$1\",\"base\":\"main\"}"
	PULL=$(field .number)
}

# ci_register NAME [MORE-OF-THE-INVITATION]: a runner's secret in $T/NAME.secret
ci_register()
{
	as "$ADMIN" api POST "$C/ci/runners" "{\"name\":\"$1\"${2:+,$2}}"
	INVITE=$(field .token)
	curl -sS -o "$BODY" -H 'Content-Type: application/json' \
	    -d "{\"token\":\"$INVITE\",\"version\":\"test\"}" \
	    "$URL$C/ci/register"
	field .secret >"$T/$1.secret"
}
ci_secret() { cat "$T/$1.secret"; }

# ci_runner NAME [LINE-OF-[runner]...]: coffer-runner on a home of its own,
# registered; CI_ENGINE is the socket of an engine, if it is to use one;
# RUNNER_PID, its log is $T/NAME.log.
ci_runner()
{
	ci_name=$1
	shift
	ci_home=$T/$ci_name
	as "$ADMIN" api POST "$C/ci/runners" "{\"name\":\"$ci_name\",\"slots\":2}"
	"$O/bin/coffer-runner" --register "$URL" - --home "$ci_home" \
	    >"$T/$ci_name.reg" 2>&1 <<-TOKEN || tap_bail "$(cat "$T/$ci_name.reg")"
	$(field .token)
	TOKEN
	{ echo '[runner]'; [ -z "${CI_ENGINE-}" ] || printf 'driver = engine\nengine_socket = %s\n' "$CI_ENGINE"; for ci_l in "$@"; do echo "$ci_l"; done; } \
	    >"$ci_home/coffer.conf"
	ci_runner_start "$ci_name"
}

ci_runner_start()
{
	start "$T/$1.log" "$O/bin/coffer-runner" --home "$T/$1"
	RUNNER_PID=$PID
}

# The jobs of a pull request: $T/jobs.json
ci_jobs()
{
	api GET "$C/ci/jobs?project=$PROJECT&pull=$1&limit=50"
	cp "$BODY" "$T/jobs.json"
}

# ci_ended PULL: all of its jobs have.
ci_ended()
{
	ci_jobs "$1"
	[ "$(jq '[.[] | select(.state == "queued" or .state == "running")] |
	    length' "$T/jobs.json")" = 0 ] &&
	    [ "$(jq length "$T/jobs.json")" != 0 ]
}

# ci_job NAME EXPRESSION
ci_job()
{
	jq -r --arg n "$1" ".[] | select(.name == \$n) | $2" "$T/jobs.json"
}

# ci_log NAME: its output
ci_log()
{
	api GET "$C/ci/jobs/$(ci_job "$1" .id)/log"
	cat "$BODY"
}

# ci_clean HOME: nothing of a job is left on this host.
ci_clean()
{
	ci_i=$(cat "$1/instance")
	[ -z "$(ls -A "$1/jobs" 2>/dev/null)" ] &&
	    [ -z "$(ls -A "$1/sandboxes" 2>/dev/null)" ] &&
	    ! grep -q "$1/" /proc/self/mounts &&
	    ! pgrep -f "coffer-$ci_i-job" >/dev/null &&
	    ! ip netns list 2>/dev/null | grep -q "coffer-$ci_i-p"
}
