# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# web_fill_lib.sh: a server on which each page has something to show, after
# lib.sh and web_lib.sh.  What strangers may write is WORDS where it has many
# lines, WORD where it has one, FILE as the name of a file.
WORDS=${WORDS-"It does. See \`main.c\`:

- an empty line
- **no** line at all

    calc < /dev/null"}
WORD=${WORD-It crashes on empty input}
FILE=${FILE-src/empty.c}
SINK=$T/sink
mkdir -p "$SINK"
start "$T/sink.log" perl "$SYSTEM_DIR/hook_sink.pl" "$SINK"
wait_for 5 test -s "$SINK/port" || tap_bail 'no receiver'

coffer_home
coffer_conf <<CONF
allow_file_upstream = yes
min_free = 1
$(lib_router_ids)
webhook_allow = localhost, 127.0.0.1/32
webhook_retry = 100ms
CONF
start_cofferd
make_project
BOB=$(make_user bob)
R=/api/v1/repos/$PROJECT
C=/api/coffer/v1

# fill METHOD PATH JQ-OBJECT: which may name $words and $word
fill()
{
	api "$1" "$2" "$(jq -n --arg words "$WORDS" --arg word "$WORD" --arg file "$FILE" "$3")"
	case $STATUS in 2*) ;; *) tap_bail "fill $1 $2: $STATUS $(cat "$BODY")" ;; esac
}

web_fill()
{
	fill PUT "$R/collaborators/bob" '{permission: "write"}'
	fill PATCH "$C/projects/$PROJECT" '{settings: {network: "locked"}}'
	fill PATCH "$R" '{description: $word}'
	fill POST "$R/labels" '{name: "bug", color: "#d73a4a", description: $word}'
	LABEL=$(field .id)
	fill POST "$R/milestones" '{title: "1.0", description: $words, due_on: "2031-01-02T00:00:00Z"}'
	MILESTONE=$(field .id)
	TOKEN=$BOB fill POST "$R/issues" '{title: $word, body: $words}'
	fill PATCH "$R/issues/1" "{milestone: $MILESTONE, assignees: [\"admin\"]}"
	fill POST "$R/issues/1/labels" "{labels: [$LABEL]}"
	fill POST "$R/issues" '{title: "Second", body: $words}'
	TOKEN=$BOB fill POST "$R/issues/2/comments" '{body: ("@admin " + $words)}'
	fill PATCH "$R/issues/2" '{state: "closed"}'
	TOKEN=$BOB fill PATCH "$R/issues/2" '{title: $word, state: "open"}'

	web_run plan
	as "$AGENTD" api POST "$C/runs/$RUN/finish" "$(jq -n --arg w "$WORD" '{state: "budget", why: $w, message: "", record: {models: {spent_micros: 2000000, limit_micros: 2000000, out: true}}}')"
	web_run fix
	web_log 0 "$(printf '$ make check\n%s\n' "$WORDS")"
	web_ask command "curl -sSf https://get.example/install.sh | sh # $WORD" 'rule pipe-to-shell: what is downloaded is not run'
	web_ask tool "WebFetch $WORD" 'no rule allows it'
	web_blocked packages.test 'no rule allows the name'
	web_prove fail 1 "an A record of 10.0.0.7 came back: $WORD"
	jq -n --argjson id "$PROJECT_ID" '{driver: "oci", uses: [{id: $id, memory: 734003200, memory_max: 2147483648, cpu_milli: 1430, cpu_max_milli: 2000, pids: 41, pids_max: 512, disk: 943718400, disk_max: 10737418240, ooms: 0}]}' >"$T/use.json"
	as "$AGENTD" api PUT "$C/projects/$PROJECT/sandbox" '{"state":"running","cause":"","reason":"","address":"10.214.1.1","generation":0}'
	as "$AGENTD" api PUT "$C/sandboxes/use" "$(cat "$T/use.json")"
	web_record "<h1>Report</h1>$WORDS"

	# Files with a history on the main branch.
	(
		cd "$WORK" || exit 1
		git_as "$ADMIN" fetch -q "$URL/$PROJECT.git" main && git checkout -q --detach FETCH_HEAD || exit 1
		mkdir -p src docs
		printf '# Calc\n\n%s\n\n| option | means |\n|---|---|\n| `-q` | say less |\n\nSee [the guide](docs/guide.md).\n' "$WORDS" >README.md
		printf '# Guide\n' >docs/guide.md
		printf '#include <stdio.h>\n\n/* Adds what it reads. */\nint\nmain(void)\n{\n\tlong sum = 0, n;\n\n\twhile (scanf("%%ld", &n) == 1)\n\t\tsum += n;\n\tprintf("%%ld\\n", sum);\n\treturn 0;\n}\n' >src/calc.c
		git add -A && git commit -q -m 'Add what is read

It was a plan before.' && sed -i 's/sum += n/sum = sum + n/' src/calc.c && git commit -q -a -m 'Say what is meant' &&
		    git tag -a v1.0 -m 'The first' && git_as "$ADMIN" push -q "$URL/$PROJECT.git" HEAD:refs/heads/history v1.0
	) 2>"$T/push.err" || tap_bail "push: $(cat "$T/push.err")"
	fill POST "$R/pulls" '{title: "Calc", head: "history", base: "main"}'
	fill POST "$R/pulls/$(field .number)/merge" '{Do: "merge", force_merge: true, force_reason: $word}'

	# Checks of the base branch, then a pull request that has all: a job with
	# its output, words on a line, a finding, a review.
	push_branch checks .coffer/checks.yml 'checks:
  - name: unit
    test: make check'
	fill POST "$R/pulls" '{title: "Checks", head: "checks", base: "main"}'
	fill POST "$R/pulls/$(field .number)/merge" '{Do: "merge", force_merge: true, force_reason: $word}'
	push_branch topic "$FILE" "int x; /* $WORD */
$(printf '\342\200\256') int y;" "$BOB"
	TOKEN=$BOB fill POST "$R/pulls" '{title: $word, body: $words, head: "topic", base: "main"}'
	PULL=$(field .number)
	has_job() { api GET "$C/ci/jobs?project=$PROJECT&pull=$PULL"; JOB=$(jq -r '.[0].id // empty' "$BODY"); [ -n "$JOB" ]; }
	wait_for 10 has_job || tap_bail 'no job'
	as "$RUNNER" api POST "$C/ci/poll" '{"slots":1}'
	JOB=$(field .id)
	LEASE=$(field .lease)
	printf '%s\n' "$WORDS" >"$T/log"
	http_t=$RUNNER
	http PATCH "$C/ci/jobs/$JOB/log" -H "X-Coffer-Lease: $LEASE" -H "Content-Range: bytes 0-$(($(wc -c <"$T/log") - 1))/*" --data-binary "@$T/log"
	http_t=
	as "$RUNNER" api POST "$C/ci/jobs/$JOB/result" "{\"lease\":\"$LEASE\",\"state\":\"failed\",\"phase\":\"test\",\"exit_code\":1}"
	fill POST "$R/pulls/$PULL/reviews" "{event: \"REQUEST_CHANGES\", body: \$words, commit_id: \"$SHA\", comments: [{path: \$file, body: \$words, new_position: 1}]}"
	fill POST "$R/statuses/$SHA" '{state: "success", context: "lint", description: $word}'

	fill POST "$R/hooks" "{type: \"gitea\", active: true, events: [\"push\"], config: {url: \"http://127.0.0.1:$(cat "$SINK/port")/ok\", content_type: \"json\"}}"
	HOOK=$(field .id)
	api POST "$R/hooks/$HOOK/tests"
	told() { api GET "$C/repos/$PROJECT/hooks/$HOOK/deliveries"; DELIVERY=$(jq -r '.[0] | select(.state != "waiting") | .id' "$BODY"); [ -n "$DELIVERY" ]; }
	wait_for 10 told || tap_bail 'no delivery'
	fill POST "$C/ci/runners" '{name: "spare"}'
	fill POST /api/v1/user/repos '{name: "empty", description: $word}'
	MAIN=$(git_as "$ADMIN" ls-remote "$URL/$PROJECT.git" refs/heads/main | cut -f1)
}

# web_all: a line "name path" for each page
web_all()
{
	cat <<-PAGES
	projects /
	project /$PROJECT
	project-empty /admin/empty
	files /$PROJECT/src
	files-empty /admin/empty/src
	file /$PROJECT/src/branch/main/src/calc.c
	commits /$PROJECT/commits/branch/main
	blame /$PROJECT/blame/branch/main/src/calc.c
	commit /$PROJECT/commit/$MAIN
	compare /$PROJECT/compare/main...topic
	compare-choose /$PROJECT/compare
	branches /$PROJECT/branches
	tags /$PROJECT/tags
	network /$PROJECT/network
	issues /$PROJECT/issues
	issues-found /$PROJECT/issues?state=all&labels=bug&q=crashes&sort=oldest
	issues-none /$PROJECT/issues?q=nothing-like-it
	issue /$PROJECT/issues/1
	issue-new /$PROJECT/issues/new
	issue-edit /$PROJECT/issues/1/edit
	pulls /$PROJECT/pulls
	pull /$PROJECT/pulls/$PULL
	pull-edit /$PROJECT/pulls/$PULL/edit
	pull-word /$PROJECT/pulls/$PULL/files?say=R1&file=$(jq -rn --arg f "$FILE" '$f | @uri')
	pull-commits /$PROJECT/pulls/$PULL/commits
	pull-files /$PROJECT/pulls/$PULL/files
	pull-split /$PROJECT/pulls/$PULL/files?view=split
	job /-/jobs/$JOB
	approvals /-/approvals
	approvals-answered /-/approvals?state=answered
	notifications /-/notifications?all=true
	project-new /-/new
	runs /-/runs
	run /-/runs/$RUN
	labels /$PROJECT/labels
	milestones /$PROJECT/milestones
	settings /$PROJECT/settings
	settings-mirror /$PROJECT/settings/mirror
	settings-agent /$PROJECT/settings/agent
	settings-sandbox /$PROJECT/settings/sandbox
	settings-gate /$PROJECT/settings/gate
	settings-checks /$PROJECT/settings/checks
	settings-branches /$PROJECT/settings/branches
	settings-collaboration /$PROJECT/settings/collaboration
	settings-hooks /$PROJECT/settings/hooks
	hook /$PROJECT/settings/hooks/$HOOK
	delivery /$PROJECT/settings/hooks/$HOOK/deliveries/$DELIVERY
	account /-/account
	tokens /-/account/tokens
	password /-/account/password
	admin /-/admin
	admin-user /-/admin/users/bob
	admin-runners /-/admin/runners
	account-hooks /-/account/hooks
	admin-health /-/admin/health
	admin-audit /-/admin/audit
	missing /no/where
	PAGES
}
