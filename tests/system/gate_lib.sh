# shellcheck shell=sh disable=SC2034,SC2153
# gate_lib.sh: what the tests of the gate share, after lib.sh: a project, its
# maintainers bob and cat, eve who reads.
coffer_home
start_cofferd
make_project
BOB=$(make_user bob)
CAT=$(make_user cat)
EVE=$(make_user eve)
R=/api/v1/repos/$PROJECT
C=/api/coffer/v1
G=$C/repos/$PROJECT/pulls
for who in bob cat; do
	api PUT "$R/collaborators/$who" '{"permission":"write"}'
done
api PUT "$R/collaborators/eve" '{"permission":"read"}'

met() { jq -r ".requirements[] | select(.id == \"$1\") | .met" "$BODY"; }
why() { jq -r ".requirements[] | select(.id == \"$1\") | .why" "$BODY"; }
gate() { api GET "$G/$N/gate"; }
opened() # BRANCH FILE TEXT [TOKEN]
{
	push_branch "$@"
	propose "$1"
}
propose() # BRANCH [BASE]
{
	api POST "$R/pulls" "{\"title\":\"$1\",\"head\":\"$1\",\"base\":\"${2:-main}\"}"
	N=$(field .number)
}
review() # TOKEN EVENT [BODY [COMMIT]]
{
	as "$1" api POST "$R/pulls/$N/reviews" "$(jq -n --arg e "$2" --arg b "${3-}" --arg c "${4-}" \
	    '{event: $e, body: $b} + if $c == "" then {} else {commit_id: $c} end')"
}
merge() { as "$1" api POST "$R/pulls/$N/merge" "${2:-{\"Do\":\"merge\"\}}"; }
status() { as "$1" api POST "$R/statuses/$2" "{\"state\":\"$3\",\"context\":\"$4\"}"; }
# checked: the runner does the jobs up to that of the head SHA, which passes
checked()
{
	while :; do
		as "$RUNNER" api POST "$C/ci/poll" '{"slots":1}'
		[ "$STATUS" = 200 ] || return 1
		job=$(field .id)
		of=$(field .sha)
		verdict=failed,1
		[ "$of" != "$SHA" ] || verdict=passed,0
		done_job "$job" "$(field .lease)" "$verdict"
		[ "$of" != "$SHA" ] || return 0
	done
}
# done_job JOB LEASE VERDICT,EXIT
done_job()
{
	as "$RUNNER" api POST "$C/ci/jobs/$1/result" "{\"lease\":\"$2\",\"state\":\"${3%,*}\",\"phase\":\"test\",\"exit_code\":${3#*,}}"
}
head_is() { api GET "$R/pulls/$N"; [ "$(field .head.sha)" = "$1" ]; }
