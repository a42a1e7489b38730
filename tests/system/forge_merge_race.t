#!/bin/sh
# Merges at the same time, merges that wait over a kill; words that no longer
# count: of who lost his role, of another base; merges made by hand.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
BOB=$(make_user bob)
CAT=$(make_user cat)
make_user eve >/dev/null
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

# at_once FILE MAX: the requests of a curl configuration, codes counted
at_once() { curl -s --no-progress-meter -Z --parallel-immediate --parallel-max "$2" -K "$1" 2>&1 | sort | uniq -c | tr -s ' ' | tr '\n' ';'; }
# asks N STYLE MORE >>FILE: one merge of a curl configuration
asks() { printf 'next\nurl = "%s%s/pulls/%d/merge"\nrequest = POST\nheader = "Authorization: Bearer %s"\nheader = "Content-Type: application/json"\ndata = "{\\"Do\\":\\"%s\\"%s}"\noutput = "%s/out.%d"\nwrite-out = "%%{http_code}\\n"\n' "$URL" "$R" "$1" "$ADMIN" "$2" "$3" "$T" "$1"; }

# Twelve at once into one base, each by another style.
: >"$T/at-once"
i=0
for style in merge squash rebase rebase-merge merge squash rebase rebase-merge merge squash rebase merge; do
	i=$((i + 1))
	opened "at/$i"
	approved
	asks "$N" "$style" '' >>"$T/at-once"
done
sed -i 1d "$T/at-once"
tap_is "$(at_once "$T/at-once" 12)" ' 12 200;' 'merges at once into one base all come about'
grep -h -o '"message":"[^"]*"' "$T"/out.* 2>/dev/null | sed 's/^/# /'
git_as "$ADMIN" -C "$WORK" fetch -q "$URL/$PROJECT.git" main
tap_is "$(git -C "$WORK" ls-tree -r --name-only FETCH_HEAD | grep -c '^at/')" 12 'and the base has all of them'
tap_is "$(git -C "$WORK" fsck 2>&1 | grep -c 'error\|missing')" 0 'in a whole history'

# One, asked for six times at once.
opened same
approved
for i in 1 2 3 4 5 6; do asks "$N" squash ''; done | sed 1d >"$T/same"
tap_like "$(at_once "$T/same" 6)" ' 1 200;*' 'one that is asked for often merges once'
api GET '/api/coffer/v1/events?after=0&limit=1000'
tap_is "$(jq "[.events[]|select(.kind==\"pull.merged\" and .item==$N)]|length" "$BODY")" 1 'with one event'
git_as "$ADMIN" -C "$WORK" fetch -q "$URL/$PROJECT.git" main
tap_is "$(git -C "$WORK" log --format=%s FETCH_HEAD -- same.txt | wc -l | tr -d ' ')" 1 'and one commit'

# Cut off in the midst of eight: each is merged as a whole, or not at all.
: >"$T/cut"
FIRST=0
for i in 1 2 3 4 5 6 7 8; do
	opened "cut/$i"
	approved
	[ "$FIRST" != 0 ] || FIRST=$N
	asks "$N" merge ',\"delete_branch_after_merge\":true' >>"$T/cut"
done
sed -i 1d "$T/cut"
at_once "$T/cut" 8 >/dev/null &
CURL=$!
some() { git --git-dir="$HOME_DIR/repos/$PROJECT_ID.git" cat-file -e main:cut 2>/dev/null; }
wait_for 5 some
killed
wait "$CURL"
# As a worker leaves it that is killed while it moves the branch, or deletes the
# other.
REPO=$HOME_DIR/repos/$PROJECT_ID.git
LOCK=$REPO/refs/heads/main.lock
for head in $(sqlite3 "$HOME_DIR/db/coffer.db" 'SELECT delete_head FROM merging'); do
	: >>"$LOCK"
	if git --git-dir="$REPO" cat-file -e "main:$head.txt" 2>/dev/null; then
		mkdir -p "$REPO/refs/heads/cut"
		: >>"$REPO/refs/heads/$head.lock"
	fi
done
start_cofferd
unlocked() { [ ! -e "$LOCK" ]; }
tap_ok 'what the killed one had locked is free' wait_for 10 unlocked
settled() { [ "$(sqlite3 -cmd '.timeout 5000' "$HOME_DIR/db/coffer.db" 'SELECT count(*) FROM merging')" = 0 ]; }
tap_ok 'and what it had begun is settled' wait_for 15 settled
git_as "$ADMIN" -C "$WORK" fetch -q "$URL/$PROJECT.git" main
MERGED=0
STATE=
for i in 1 2 3 4 5 6 7 8; do
	N=$((FIRST + i - 1))
	has=false
	git -C "$WORK" cat-file -e "FETCH_HEAD:cut/$i.txt" 2>/dev/null && has=true
	api GET "$R/pulls/$N"
	[ "$(field .merged)" = "$has" ] || STATE="$STATE $i:$has"
	[ $has = false ] || MERGED=$((MERGED + 1))
	api GET "$R/branches/cut/$i"
	case $has,$STATUS in
	true,404 | false,200) ;;
	*) STATE="$STATE $i:$has:branch:$STATUS" ;;
	esac
	if [ $has = false ]; then
		api POST "$R/pulls/$N/merge" '{"Do":"merge","delete_branch_after_merge":true}'
		[ "$STATUS" = 200 ] || STATE="$STATE $i:again:$STATUS"
	fi
done
tap_is "$STATE" '' "a kill in the midst of merges leaves each whole ($MERGED were merged)"

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

# What is stacked on a branch that goes is brought to its base.
opened parent
approved
PARENT=$N
push_branch child child.txt x
git_as "$ADMIN" -C "$WORK" push -q "$URL/$PROJECT.git" "$SHA:refs/heads/other-child" 2>/dev/null
api POST "$R/pulls" '{"title":"Child","head":"child","base":"parent"}'
CHILD=$(field .number)
api POST "$R/pulls" '{"title":"Other child","head":"other-child","base":"parent"}'
OTHER=$(field .number)
api POST "$R/pulls" '{"title":"Twin","head":"other-child","base":"main"}'
api POST "$R/pulls/$PARENT/merge" '{"Do":"squash","delete_branch_after_merge":true}'
tap_is "$STATUS" 200 'the branch below merges'
api GET "$R/pulls/$CHILD"
tap_is "$(field '"\(.state) \(.base.ref) \(.mergeable)"')" 'open main true' 'what is stacked on it has its base now'
N=$CHILD
tap_is "$(types change_target_branch)" 1 'which its timeline tells'
api GET "$R/pulls/$OTHER"
tap_is "$(field .base.ref)" parent 'one that has a twin there does not'
api GET "$R/branches/parent"
tap_is "$STATUS" 200 'so that the branch stays'
api PATCH "$R/pulls/$OTHER" '{"state":"closed"}'
opened parent2
approved
push_branch child2 child2.txt x
api POST "$R/pulls" '{"title":"Child 2","head":"child2","base":"parent2"}'
CHILD=$(field .number)
api POST "$R/pulls/$N/merge" '{"Do":"merge","delete_branch_after_merge":true}'
api GET "$R/pulls/$CHILD"
tap_is "$(field .base.ref)" main 'another is'
api GET "$R/branches/parent2"
tap_is "$STATUS" 404 'and then the branch goes'

# What is said by who lost his role, or of another base, says nothing.
opened listed
api POST "$R/branch_protections" '{"rule_name":"main","required_approvals":1,"enable_approvals_whitelist":true,"approvals_whitelist_username":["cat"]}'
as "$CAT" api POST "$R/pulls/$N/reviews" '{"event":"APPROVED"}'
approved
gate() { api GET "/api/coffer/v1/repos/$PROJECT/pulls/$N/gate"; jq -r ".requirements[]|select(.id==\"$1\")|.met" "$BODY"; }
tap_is "$(gate approvals)" true 'an approval of who is listed counts'
api PUT "$R/collaborators/cat" '{"permission":"read"}'
tap_is "$(gate approvals)" false 'and no longer when he may not write'
api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_like "$STATUS,$(field .message)" '405,Does not have enough approvals*' 'nor for the merge'
api PUT "$R/collaborators/cat" '{"permission":"write"}'
api DELETE "$R/branch_protections/main"
api POST "$R/branches" '{"new_branch_name":"other2","old_branch_name":"main"}'
as "$CAT" api POST "$R/pulls/$N/merge" '{"Do":"merge","merge_when_checks_succeed":true}'
tap_is "$STATUS" 200 'an approved one merges'
opened moved
approved
api PATCH "$R/pulls/$N" '{"base":"other2"}'
tap_is "$STATUS" 201 'another base'
api GET "$R/pulls/$N/reviews"
tap_is "$(field '.[0] | "\(.state) \(.stale) \(.dismissed)"')" 'APPROVED true false' 'makes what was said stale'
api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_like "$STATUS,$(field .message)" '405,Does not have enough approvals*' 'so that it approves nothing'
api POST "$R/pulls/$N/merge" '{"Do":"merge","merge_when_checks_succeed":true}'
tap_is "$STATUS" 201 'it may wait'
api PATCH "$R/pulls/$N" '{"base":"main"}'
api DELETE "$R/pulls/$N/merge"
tap_is "$STATUS" 404 'for that base alone'
tap_is "$(gate approval)" false 'and the first base has lost the approval, too'
approved
tap_is "$(gate approval)" true 'until it is given again'
api POST "$R/branch_protections" '{"rule_name":"other2","dismiss_stale_approvals":true}'
api PATCH "$R/pulls/$N" '{"base":"other2"}'
api GET "$R/pulls/$N/reviews"
tap_is "$(field '[.[]|select(.dismissed|not)]|length')" 0 'a base that dismisses stale approvals does so'
api DELETE "$R/branch_protections/other2"

# An official reviewer is not sent away by whom he is to judge.
DAN=$(make_user dan)
api PUT "$R/collaborators/dan" '{"permission":"write"}'
push_branch asked asked.txt x
as "$DAN" api POST "$R/pulls" '{"title":"Asked","head":"asked","base":"main"}'
N=$(field .number)
api PUT "$R/collaborators/dan" '{"permission":"read"}'
api PUT "$R/collaborators/eve" '{"permission":"read"}'
api POST "$R/pulls/$N/requested_reviewers" '{"reviewers":["cat","eve"]}'
tap_is "$STATUS" 201 'reviews are asked for'
as "$DAN" api DELETE "$R/pulls/$N/requested_reviewers" '{"reviewers":["cat"]}'
tap_is "$STATUS" 403 'the author does not withdraw an official one'
as "$DAN" api DELETE "$R/pulls/$N/requested_reviewers" '{"reviewers":["eve"]}'
tap_is "$STATUS" 204 'but another'
api GET "$R/pulls/$N"
tap_is "$(field '[.requested_reviewers[].login]|join(",")')" cat 'it is still asked for'
as "$CAT" api DELETE "$R/pulls/$N/requested_reviewers" '{"reviewers":["cat"]}'
tap_is "$STATUS" 204 'who is asked may say no'

# Manually merged: the commit and the head are looked at.
api PATCH "$R" '{"allow_manual_merge":true}'
opened manual
MAIN=$(main_is)
HEAD_SHA=$(git -C "$WORK" rev-parse HEAD)
api POST "$R/pulls/$N/merge" "{\"Do\":\"manually-merged\",\"MergeCommitID\":\"$HEAD_SHA\"}"
tap_like "$STATUS,$(field .message)" '409,Wrong commit ID*' 'a commit that the base has not is wrong'
api POST "$R/pulls/$N/merge" "{\"Do\":\"manually-merged\",\"MergeCommitID\":\"$(echo "$MAIN" | tr 0-9a-f a-f0-9)\"}"
tap_like "$STATUS,$(field .message)" '409,Wrong commit ID*' 'and one that is nowhere'
api POST "$R/pulls/$N/merge" "{\"Do\":\"manually-merged\",\"MergeCommitID\":\"${MAIN%??????????}\"}"
tap_is "$STATUS" 422 'a part of one is refused'
api POST "$R/pulls/$N/merge" "{\"Do\":\"manually-merged\",\"MergeCommitID\":\"$MAIN\",\"head_commit_id\":\"$MAIN\"}"
tap_like "$STATUS,$(field .message)" '409,head out of date*' 'the head must be the one that is meant'
api POST "$R/pulls/$N/merge" "{\"Do\":\"manually-merged\",\"MergeCommitID\":\"$MAIN\",\"head_commit_id\":\"$HEAD_SHA\"}"
tap_is "$STATUS" 200 'all of it right'
tap_ok 'cofferd ends well' stop_cofferd
tap_done
