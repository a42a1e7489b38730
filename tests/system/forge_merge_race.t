#!/bin/sh
# Merges at the same time, merges that wait over a kill, and people who lose
# their role between their word and the merge.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
BOB=$(make_user bob)
CAT=$(make_user cat)
R=/api/v1/repos/$PROJECT
for who in bob cat; do
	api PUT "$R/collaborators/$who" '{"permission":"write"}'
done
main_is() { git_as "$ADMIN" -C "$WORK" fetch -q "$URL/$PROJECT.git" main; git -C "$WORK" rev-parse FETCH_HEAD; }
# opened BRANCH [BASE]: a pull request with one commit on main; N
opened()
{
	push_branch "$1" "$1.txt" "$1"
	api POST "$R/pulls" "{\"title\":\"Pull $1\",\"head\":\"$1\",\"base\":\"${2:-main}\"}"
	N=$(field .number)
}
approved() { as "$BOB" api POST "$R/pulls/$N/reviews" '{"event":"APPROVED"}'; }
merged() { api GET "$R/pulls/$N/merge"; [ "$STATUS" = 204 ]; }
killed()
{
	kill -KILL "$COFFERD_PID"
	wait "$COFFERD_PID" 2>/dev/null
	PIDS=$(echo " $PIDS " | sed "s/ $COFFERD_PID / /")
}

# Twelve at once into one base, each by another style.
: >"$T/at-once"
i=0
for style in merge squash rebase rebase-merge merge squash rebase rebase-merge merge squash rebase merge; do
	i=$((i + 1))
	opened "at/$i"
	approved
	printf 'next\nurl = "%s%s/pulls/%d/merge"\nrequest = POST\nheader = "Authorization: Bearer %s"\nheader = "Content-Type: application/json"\ndata = "{\\"Do\\":\\"%s\\"}"\noutput = "%s/out.%d"\nwrite-out = "%%{http_code}\\n"\n' \
	    "$URL" "$R" "$N" "$ADMIN" "$style" "$T" "$N" >>"$T/at-once"
done
sed -i 1d "$T/at-once"
curl -s --no-progress-meter -Z --parallel-immediate --parallel-max 12 -K "$T/at-once" >"$T/codes" 2>&1
tap_is "$(sort "$T/codes" | uniq -c | tr -s ' ')" ' 12 200' 'merges at once into one base all come about'
grep -h -o '"message":"[^"]*"' "$T"/out.* 2>/dev/null | sed 's/^/# /'
git_as "$ADMIN" -C "$WORK" fetch -q "$URL/$PROJECT.git" main
tap_is "$(git -C "$WORK" ls-tree -r --name-only FETCH_HEAD | grep -c '^at/')" 12 'and the base has all of them'
tap_is "$(git -C "$WORK" fsck 2>&1 | grep -c 'error\|missing')" 0 'in a whole history'

# One that waits is there after a kill.
opened waits
api POST "$R/pulls/$N/merge" '{"Do":"squash","merge_when_checks_succeed":true,"delete_branch_after_merge":true,"MergeTitleField":"Waited"}'
tap_is "$STATUS" 201 'a merge waits for an approval'
killed
start_cofferd
approved
tap_ok 'and comes about after kill -9' wait_for 10 merged
gone() { api GET "$R/branches/waits"; [ "$STATUS" = 404 ]; }
tap_ok 'with its branch' wait_for 10 gone
git_as "$ADMIN" -C "$WORK" fetch -q "$URL/$PROJECT.git" main
tap_is "$(git -C "$WORK" log -1 --format=%s FETCH_HEAD)" Waited 'and its title'

# What came while the server was away is seen at the start.
opened lazy
approved
api POST "$R/branch_protections" '{"rule_name":"main","enable_status_check":true,"status_check_contexts":["lint"]}'
api POST "$R/pulls/$N/merge" '{"Do":"merge","merge_when_checks_succeed":true}'
tap_is "$STATUS" 201 'a merge waits for a status'
api DELETE "$R/branch_protections/main"
killed
start_cofferd
tap_ok 'an open gate is tried at the start' wait_for 10 merged

# Who lost his role merges nothing.
opened lost
as "$CAT" api POST "$R/pulls/$N/merge" '{"Do":"merge","merge_when_checks_succeed":true}'
tap_is "$STATUS" 201 'a maintainer lets one wait'
api PUT "$R/collaborators/cat" '{"permission":"read"}'
types() { api GET "$R/issues/$N/timeline"; field "[.[]|select(.type==\"$1\")]|length"; }
cancelled() { [ "$(types pull_cancel_scheduled_merge)" = 1 ]; }
tap_ok 'without the role it waits no longer' wait_for 10 cancelled
approved
api GET "$R/pulls/$N"
tap_is "$(field .merged)" false 'and an approval merges nothing'
api PUT "$R/collaborators/cat" '{"permission":"write"}'
as "$CAT" api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_is "$STATUS" 200 'until he asks again'
opened gone
as "$CAT" api POST "$R/pulls/$N/merge" '{"Do":"merge","merge_when_checks_succeed":true}'
api DELETE "$R/collaborators/cat"
tap_ok 'nor does one wait for who is no collaborator' wait_for 10 cancelled
api PUT "$R/collaborators/cat" '{"permission":"write"}'
opened off
as "$CAT" api POST "$R/pulls/$N/merge" '{"Do":"merge","merge_when_checks_succeed":true}'
api PATCH /api/v1/admin/users/cat '{"active":false}'
tap_ok 'nor for who is switched off' wait_for 10 cancelled
api PATCH /api/v1/admin/users/cat '{"active":true}'
tap_done
