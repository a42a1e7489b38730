#!/bin/sh
# Pull requests: opened, reviewed, judged by the gate, merged.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
BOB=$(make_user bob)
api PUT "/api/v1/repos/$PROJECT/collaborators/bob" '{"permission":"write"}'
tap_is "$STATUS" 204 'bob becomes a maintainer'
EVE=$(make_user eve)
R=/api/v1/repos/$PROJECT
G=/api/coffer/v1/repos/$PROJECT/pulls

met() { jq -r ".requirements[] | select(.id == \"$1\") | .met" "$BODY"; }
event_count()
{
	api GET '/api/coffer/v1/events?after=0&limit=1000'
	jq "[.events[] | select(.kind == \"$1\")] | length" "$BODY"
}

api POST "$R/issues" '{"title":"a.txt is wrong"}'
push_branch topic b.txt two
tap_ok 'a branch is pushed' test -n "$SHA"
api POST "$R/pulls" "{\"title\":\"Add b\",\"head\":\"topic\",\"base\":\"main\",\"body\":\"Fixes #1\"}"
tap_is "$STATUS" 201 'a pull request is opened'
N=$(field .number)
tap_is "$(field .head.sha)" "$SHA" 'its head is the branch'
tap_is "$(field .mergeable)" true 'it is mergeable'
api POST "$R/pulls" '{"title":"Again","head":"topic","base":"main"}'
tap_is "$STATUS" 409 'the same pair again is a conflict'
api POST "$R/pulls" '{"title":"No","head":"nosuch","base":"main"}'
tap_is "$STATUS" 404 'an unknown head is refused'
api POST "$R/pulls" '{"title":"No","head":"main","base":"main"}'
tap_is "$STATUS" 422 'head and base differ'
tap_is "$(git_as "$ADMIN" ls-remote "$URL/$PROJECT.git" "refs/pull/$N/head" | cut -f1)" \
    "$SHA" 'refs/pull/N/head is there'

api GET "$R/pulls/$N.diff"
tap_ok 'the diff shows the new line' grep -q '^+two' "$BODY"
api GET "$R/pulls/$N/files"
tap_is "$(field '.[0].filename')" b.txt 'files names the file'
api GET "$R/pulls/$N/commits"
tap_is "$(field length),$(field '.[0].sha')" "1,$SHA" 'commits has the one commit'
api GET "$R/branches/topic"
tap_is "$(field .commit.id)" "$SHA" 'the branch is shown'
api GET "$R/branches"
tap_is "$(field '[.[].name] | join(" ")')" 'main topic' 'branches are listed'
api GET "$R/raw/b.txt?ref=topic"
tap_is "$(cat "$BODY")" two 'raw gives the file'

api GET "$G/$N/gate"
tap_is "$(field .open)" false 'the gate is shut without an approval'
tap_is "$(met state) $(met mergeable) $(met checks) $(met approval) $(met rejection)" \
    'true true true false true' 'and says which requirement is missing'
api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_is "$STATUS" 405 'a merge is refused by the gate'
tap_is "$(met approval)" false 'with the same list'
api POST "$R/pulls/$N/reviews" '{"event":"APPROVED"}'
tap_is "$STATUS" 422 'nobody approves his own'
as "$EVE" api POST "$R/pulls/$N/reviews" '{"event":"APPROVED"}'
tap_is "$STATUS" 404 'a stranger does not see it'
as "$BOB" api POST "$R/pulls/$N/reviews" '{"event":"REQUEST_CHANGES","body":"no"}'
tap_is "$STATUS" 200 'bob asks for changes'
api GET "$G/$N/gate"
tap_is "$(met rejection)" false 'which shuts the gate'
as "$BOB" api POST "$R/pulls/$N/reviews" \
    "{\"event\":\"APPROVED\",\"commit_id\":\"0000000000000000000000000000000000000000\"}"
tap_is "$STATUS" 409 'an approval of another commit is a conflict'
as "$BOB" api POST "$R/pulls/$N/reviews" "{\"event\":\"APPROVED\",\"commit_id\":\"$SHA\"}"
tap_is "$STATUS" 200 'bob approves this head'
api GET "$G/$N/gate"
tap_is "$(field .open)" true 'the gate opens'

OLD=$SHA
push_branch topic b.txt three
moved()
{
	api GET "$R/pulls/$N"
	[ "$(field .head.sha)" = "$SHA" ]
}
tap_ok 'the pull request follows its branch' wait_for 10 moved
api GET "$R/pulls/$N/reviews"
tap_is "$(field '.[-1].stale')" true 'the approval is stale'
api GET "$G/$N/gate"
tap_is "$(met approval)" false 'and does not count'
as "$BOB" api POST "$R/pulls/$N/reviews" '{"event":"APPROVED"}'
api POST "$R/pulls/$N/merge" "{\"Do\":\"merge\",\"head_commit_id\":\"$OLD\"}"
tap_is "$STATUS" 409 'a merge of an older head is a conflict'
as "$EVE" api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_is "$STATUS" 404 'a stranger cannot merge'
api POST "$R/pulls/$N/merge" '{"Do":"octopus"}'
tap_is "$STATUS" 422 'an unknown style is refused'
api GET "$R/pulls/$N/merge"
tap_is "$STATUS" 404 'it is not merged'
api POST "$R/pulls/$N/merge" "{\"Do\":\"merge\",\"head_commit_id\":\"$SHA\"}"
tap_is "$STATUS" 200 'it is merged'
MERGE=$(field .sha)
api GET "$R/pulls/$N/merge"
tap_is "$STATUS" 204 'now it is'
tap_is "$(git_as "$ADMIN" ls-remote "$URL/$PROJECT.git" refs/heads/main | cut -f1)" \
    "$MERGE" 'main is the merge commit'
api GET "$R/issues/1"
tap_is "$(field .state)" closed 'the issue that it fixes is closed'
api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_is "$STATUS" 405 'it is not merged twice'
api PATCH "$R/pulls/$N" '{"state":"open"}'
tap_is "$STATUS" 412 'nor opened again'
tap_is "$(event_count pull.merged) $(event_count pull.opened) $(event_count pull.synchronized)" \
    '1 1 1' 'each thing is one event'
tap_is "$(jq -r '[.events[] | select(.kind == "branch.updated" and .data.source == "merge")] | length' "$BODY")" \
    1 'and the branch moved by the merge'

push_branch sq c.txt squash
api POST "$R/pulls" '{"title":"Squash me","head":"sq","base":"main","body":"text"}'
N=$(field .number)
as "$BOB" api POST "$R/pulls/$N/reviews" '{"event":"APPROVED"}'
api POST "$R/pulls/$N/merge" '{"Do":"squash","delete_branch_after_merge":true}'
tap_is "$STATUS" 200 'a squash merge'
api GET "$R/commits?limit=1"
tap_is "$(field '.[0].parents | length'),$(field '.[0].commit.message' | head -n 1)" \
    "1,Squash me (#$N)" 'is one commit with the title'
tap_is "$(git_as "$ADMIN" ls-remote "$URL/$PROJECT.git" refs/heads/sq)" '' 'and the branch is gone'

push_branch left a.txt left
api POST "$R/pulls" '{"title":"Left","head":"left","base":"main"}'
L=$(field .number)
push_branch right a.txt right
api POST "$R/pulls" '{"title":"Right","head":"right","base":"main"}'
N=$(field .number)
as "$BOB" api POST "$R/pulls/$N/reviews" '{"event":"APPROVED"}'
as "$BOB" api POST "$R/pulls/$L/reviews" '{"event":"APPROVED"}'
api POST "$R/pulls/$N/merge" '{"Do":"fast-forward-only"}'
tap_is "$STATUS" 200 'a fast-forward'
tap_is "$(field .sha)" "$SHA" 'makes no commit'
unmergeable()
{
	api GET "$R/pulls/$L"
	[ "$(field .mergeable)" = false ]
}
tap_ok 'another pull request now conflicts' wait_for 10 unmergeable
api POST "$R/pulls/$L/merge" '{"Do":"merge"}'
tap_is "$STATUS" 405 'and the gate says so'
tap_is "$(met mergeable)" false 'by the requirement mergeable'
api PATCH "$R/pulls/$L" '{"state":"closed"}'
tap_is "$STATUS,$(field .state)" 201,closed 'it is closed'
api PATCH "$R/pulls/$L" '{"state":"open","title":"Left again"}'
tap_is "$STATUS,$(field .state),$(field .title)" '201,open,Left again' 'and opened again'

api POST "$R/statuses/$SHA" '{"state":"success","context":"ci/test"}'
tap_is "$STATUS" 403 'nobody but ci writes ci/*'
api POST "$R/statuses/$SHA" '{"state":"success","context":"lint","description":"fine"}'
tap_is "$STATUS" 201 'a maintainer writes another context'
as "$RUNNER" api POST "$R/statuses/$SHA" '{"state":"failure","context":"lint"}'
tap_is "$STATUS" 403 'which ci does not'
as "$RUNNER" api POST "$R/statuses/$SHA" '{"state":"failure","context":"ci/x"}'
tap_is "$STATUS" 201 'ci writes its own'
api GET "$R/commits/main/status"
tap_is "$(field .state),$(field .total_count)" failure,2 'the combined status is the worst'
api POST "$R/statuses/$SHA" '{"state":"great"}'
tap_is "$STATUS" 422 'an unknown state is refused'
api POST "$R/statuses/0123456789012345678901234567890123456789" '{"state":"success"}'
tap_is "$STATUS" 404 'an unknown commit is not found'
# Who wrote a head may not approve it, whoever opened the pull request.
push_branch bobs y.txt one "$BOB"
api POST "$R/pulls" '{"title":"Of bob","head":"bobs","base":"main"}'
P=$(field .number)
as "$BOB" api POST "$R/pulls/$P/reviews" '{"event":"APPROVED"}'
api GET "$G/$P/gate"
tap_is "$(met approval)" false 'who pushed the head of another'\''s pull request does not approve it'
push_branch bobs y.txt two
api GET "$G/$P/gate"
as "$BOB" api POST "$R/pulls/$P/reviews" '{"event":"APPROVED"}'
api GET "$G/$P/gate"
tap_is "$(met approval)" false 'nor one that another pushed after him: a part may still be his'
push_branch bobs y.txt three "$BOB"
api PATCH "$R/pulls/$P" '{"state":"open","title":"Again"}'
api GET "$G/$P/gate"
as "$BOB" api POST "$R/pulls/$P/reviews" '{"event":"APPROVED"}'
api GET "$G/$P/gate"
tap_is "$(met approval)" false 'nor his next one'
api PATCH "$R/pulls/$P" '{"state":"closed"}'

# A branch that follows upstream is not the merge's to delete.
git -C "$WORK" fetch -q origin && git -C "$WORK" checkout -q --detach origin/main
echo dev >"$WORK/dev.txt"
git -C "$WORK" add dev.txt && git -C "$WORK" commit -q -m Dev
git -C "$WORK" push -q origin HEAD:refs/heads/develop
api POST "/api/coffer/v1/projects/$PROJECT/sync?wait=30"
api POST "$R/pulls" '{"title":"Develop","head":"develop","base":"main"}'
tap_is "$STATUS" 201 'a branch of upstream is proposed'
P=$(field .number)
as "$BOB" api POST "$R/pulls/$P/reviews" '{"event":"APPROVED"}'
api POST "$R/pulls/$P/merge" '{"do":"merge","merge_title_field":"Take develop","delete_branch_after_merge":true}'
tap_is "$STATUS" 200 'and merged, in the other spelling too'
api GET "$R/commits?limit=1"
tap_like "$(field '.[0].commit.message')" 'Take develop*' 'with the title that was given'
as "$BOB" api PUT "/api/coffer/v1/projects/$PROJECT/upstream-token" '{"token":"x"}'
tap_is "$STATUS" 403 'a maintainer does not set the token of upstream'
api GET "$R/branches/develop"
tap_is "$STATUS" 200 'it is still there'
# Rows that cannot be written when the branch has moved already.
DB=$HOME_DIR/db/coffer.db
push_branch late z.txt one
api POST "$R/pulls" '{"title":"Late","head":"late","base":"main"}'
P=$(field .number)
as "$BOB" api POST "$R/pulls/$P/reviews" '{"event":"APPROVED"}'
sqlite3 "$DB" 'CREATE TRIGGER broken BEFORE UPDATE OF merged ON issue
    BEGIN SELECT RAISE(FAIL, "broken"); END'
(sleep 1; sqlite3 -cmd '.timeout 5000' "$DB" 'DROP TRIGGER broken') &
api POST "$R/pulls/$P/merge" '{"Do":"merge"}'
wait $!
tap_is "$STATUS" 200 'rows in trouble are written a little later'
api GET "$R/pulls/$P"
tap_is "$(field .merged)" true 'and say that it is merged'
stop_cofferd
tap_is "$?" 0 'cofferd ends with 0'
tap_done
