#!/bin/sh
# Pull requests as Gitea's clients see them: fields, filters, reviews with
# comments on lines, suggestions, requested reviewers.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
BOB=$(make_user bob)
api PUT "/api/v1/repos/$PROJECT/collaborators/bob" '{"permission":"write"}'
CAROL=$(make_user carol)
api PUT "/api/v1/repos/$PROJECT/collaborators/carol" '{"permission":"read"}'
EVE=$(make_user eve)
R=/api/v1/repos/$PROJECT
G=/api/coffer/v1/repos/$PROJECT/pulls
OWNER=${PROJECT%/*}

# commit_push BRANCH MESSAGE: what is in $WORK, on top of what is there.
commit_push()
{
	SHA=$(cd "$WORK" && git add -A && git commit -q -m "$2" &&
	    git_as "$ADMIN" push -q "$URL/$PROJECT.git" \
		"+HEAD:refs/heads/$1" >&2 && git rev-parse HEAD) 2>"$T/push.err"
}
at_head() { api GET "$R/pulls/$N"; [ "$(field .head.sha)" = "$SHA" ]; }

api POST "$R/labels" '{"name":"bug","color":"ff0000"}'
LABEL=$(field .id)
api POST "$R/milestones" '{"title":"one"}'
MILE=$(field .id)

git -C "$WORK" checkout -q --detach
seq 1 30 >"$WORK/n.txt"
commit_push base-lines 'Add numbers'
git_as "$ADMIN" -C "$WORK" push -q "$URL/$PROJECT.git" HEAD:refs/heads/stable
sed -i 's/^10$/ten/; s/^20$/twenty/' "$WORK/n.txt"
echo new >"$WORK/b.txt"
commit_push feature/one 'Words, not digits'
F=$SHA

# Made, with everything at once.
api POST "$R/pulls" "{\"title\":\"WIP: words\",\"head\":\"$PROJECT:feature/one\",
    \"base\":\"stable\",\"body\":\"Some text\",\"labels\":[$LABEL],
    \"milestone\":$MILE,\"assignees\":[\"bob\"],\"reviewers\":[\"bob\"],
    \"due_date\":\"2031-01-02T00:00:00Z\",\"unknown\":1}"
tap_is "$STATUS" 201 'a pull request is made with all its fields'
N=$(field .number)
tap_is "$(field .draft),$(field .state),$(field .merged)" true,open,false \
    'WIP in the title makes a draft'
tap_is "$(field '.head.label + " " + .head.ref + " " + .base.ref')" \
    'feature/one feature/one stable' 'head and base are named'
tap_is "$(field .head.sha) $(field .head.repo.full_name) $(field '.head.repo_id == .base.repo.id')" \
    "$SHA $PROJECT true" 'with their repository'
tap_is "$(field '.additions,.deletions,.changed_files' | xargs)" '3 2 2' 'its size is known'
tap_is "$(field '.labels[0].name,.milestone.title,.assignees[0].login' | xargs)" \
    'bug one bob' 'labels, milestone and assignees are set'
tap_is "$(field '.requested_reviewers[0].login')" bob 'a review is asked for'
tap_is "$(field '.due_date')" 2031-01-02T00:00:00Z 'and the deadline is set'
tap_is "$(field '.url == .html_url')" true 'url is the page'
tap_is "$(field '[has("merge_base","patch_url","merged_by","review_comments",
    "requested_reviewers_teams","allow_maintainer_edit","is_locked",
    "content_version","pin_order")] | all')" true 'nothing of the shape is missing'

api POST "$R/pulls" '{"title":"x","head":"'"$OWNER"':feature/one","base":"stable"}'
tap_is "$STATUS" 409 'the same pair again'
tap_like "$(field .message)" '*pull request already exists*' 'says so'
api POST "$R/pulls" '{"title":"x","head":"nosuch","base":"stable"}'
tap_is "$STATUS" 404 'a head that is not there'
api POST "$R/pulls" '{"title":"x","head":"bob/fork:feature/one","base":"stable"}'
tap_is "$STATUS" 404 'a head of another repository'
api POST "$R/pulls" '{"title":"x","head":"stable","base":"stable"}'
tap_is "$STATUS" 422 'head and base are the same'
api POST "$R/pulls" '{"title":7,"head":"feature/one","base":"stable"}'
tap_is "$STATUS" 422 'a title that is no text'
api GET "$R/pulls/stable/feature/one"
tap_is "$STATUS,$(field .number)" "200,$N" 'a pair is looked up'
api GET "$R/pulls/main/feature/one"
tap_is "$STATUS" 404 'another pair is not there'

# Lists.
push_branch second c.txt see
api POST "$R/pulls" '{"title":"Second","head":"second","base":"main"}'
M=$(field .number)
api POST "$R/issues/$M/comments" '{"body":"words"}'
api GET "$R/pulls?limit=1"
tap_is "$(field length),$(field '.[0].number'),$(grep -ci '^x-total-count: 2' "$HEADERS")" \
    "1,$M,1" 'the newest is first, and both are counted'
for q in "sort=oldest $N" "sort=recentupdate $M" "sort=leastupdate $N" \
    "sort=mostcomment $M" "sort=leastcomment $N" "poster=$OWNER $M" \
    "labels=$LABEL $N" "milestone=$MILE $N" "base_branch=stable $N" \
    "head=$OWNER:second $M" "sort=nonsense $M"; do
	api GET "$R/pulls?${q% *}"
	tap_is "$(field '.[0].number')" "${q#* }" "pulls?${q% *}"
done
api GET "$R/pulls?poster=nobody"
tap_is "$STATUS,$(field length)" 200,0 'pulls?poster= of nobody'
api GET "$R/pulls?state=closed"
tap_is "$STATUS,$(cat "$BODY")" '200,[]' 'none is closed'
api GET "$R/pulls?labels=x"
tap_is "$STATUS" 422 'labels are ids here'

# What git says.
api GET "$R/pulls/$N/files?limit=1"
tap_is "$(field '.[0].filename,.[0].status' | xargs)" 'b.txt added' 'files by pages'
tap_is "$(grep -ci '^x-total: 2\|^x-hasmore: true\|^x-pagecount: 2' "$HEADERS")" 3 'with their headers'
RAW=$(field '.[0].raw_url')
api GET "${RAW#"$URL"}"
tap_is "$(cat "$BODY")" new 'raw_url gives the file'
api GET "$R/pulls/$N/files?skip-to=n.txt"
tap_is "$(field '.[0].filename,.[0].additions,.[0].deletions' | xargs)" 'n.txt 2 2' 'skip-to begins there'
api GET "$R/pulls/$N/commits"
tap_is "$(field '.[0].commit.message,.[0].sha' | xargs)" "Words, not digits $F" 'its commits'
tap_is "$(grep -ci '^x-total-count: 1' "$HEADERS")" 1 'are counted'
api GET "$R/pulls/$N.patch"
tap_ok '.patch is a mail' grep -q '^Subject: \[PATCH\] Words, not digits' "$BODY"
api GET "$R/pulls/$N.diff"
tap_ok '.diff is a diff' grep -q '^+twenty' "$BODY"

# Changed.
api PATCH "$R/pulls/$N" '{"title":"Words"}'
tap_is "$STATUS,$(field .draft),$(field .body)" '201,false,Some text' 'without WIP it is no draft; the rest stays'
api PATCH "$R/pulls/$N" '{"labels":[],"milestone":0,"assignees":[],"unset_due_date":true}'
tap_is "$(field '.labels | length'),$(field .milestone),$(field '.assignees | length'),$(field .due_date)" \
    '0,null,0,null' 'lists are emptied'
api PATCH "$R/pulls/$N" '{"base":"main"}'
tap_is "$STATUS,$(field .base.ref),$(field .changed_files)" '201,main,2' 'it goes to another base'
api PATCH "$R/pulls/$N" '{"base":"nosuch"}'
tap_is "$STATUS" 404 'that must be there'
api PATCH "$R/pulls/$N" '{"base":"stable"}'
as "$CAROL" api PATCH "$R/pulls/$N" '{"title":"mine"}'
tap_is "$STATUS" 403 'a reader does not change it'
api GET "$R/issues/$N/timeline"
tap_is "$(field '[.[].type] | (index("change_target_branch") and index("review_request")) != null')" \
    true 'the timeline tells of the base and the reviewer'

# Requested reviewers.
api POST "$R/pulls/$N/requested_reviewers" '{"reviewers":["carol"],"team_reviewers":["x"]}'
tap_is "$STATUS,$(field '.[0].state'),$(field '.[0].official')" '201,REQUEST_REVIEW,false' 'carol is asked'
api POST "$R/pulls/$N/requested_reviewers" '{"reviewers":["nobody"]}'
tap_is "$STATUS" 404 'nobody is not'
api POST "$R/pulls/$N/requested_reviewers" '{"reviewers":["eve"]}'
tap_is "$STATUS" 422 'nor who may not see it'
api POST "$R/pulls/$N/requested_reviewers" "{\"reviewers\":[\"$OWNER\"]}"
tap_is "$STATUS" 422 'nor who opened it'
as "$CAROL" api POST "$R/pulls/$N/requested_reviewers" '{"reviewers":["bob"]}'
tap_is "$STATUS" 403 'a reader asks nobody'
as "$CAROL" api DELETE "$R/pulls/$N/requested_reviewers" '{"reviewers":["carol"]}'
tap_is "$STATUS" 204 'but may decline'
api GET "$R/pulls/$N"
tap_is "$(field '[.requested_reviewers[].login] | join(" ")')" bob 'one is left'

# A pending review.
V=$R/pulls/$N/reviews
as "$BOB" api POST "$V" '{"body":"so far","comments":[{"path":"n.txt","body":"ten?","new_position":10}]}'
tap_is "$STATUS,$(field .state),$(field .comments_count)" '200,PENDING,1' 'bob begins a review'
P=$(field .id)
api GET "$V"
tap_is "$(field "[.[] | select(.id == $P)] | length")" 0 'that nobody else sees'
api GET "$V/$P"
tap_is "$STATUS" 404 'nor reads'
api GET "$V/$P/comments"
tap_is "$STATUS" 404 'nor its comments'
as "$CAROL" api POST "$V/$P" '{"event":"APPROVED"}'
tap_is "$STATUS" 404 'nor submits'
as "$BOB" api POST "$V" '{"event":"PENDING","comments":[{"path":"n.txt","body":"old","old_position":20}]}'
tap_is "$(field .id),$(field .comments_count)" "$P,2" 'more comments go to the same one'
as "$BOB" api POST "$V/$P" '{"event":"REQUEST_CHANGES","body":"Change this"}'
tap_is "$STATUS,$(field .state),$(field .official),$(field .body)" \
    '200,REQUEST_CHANGES,true,Change this' 'it is submitted'
as "$BOB" api POST "$V/$P" '{"event":"APPROVED"}'
tap_is "$STATUS" 422 'once'
api GET "$R/pulls/$N"
tap_is "$(field .review_comments),$(field '.requested_reviewers | length')" 2,0 \
    'its comments are counted and the request is answered'
api GET "$V/$P/comments"
C=$(field '.[0].id')
tap_is "$(field '.[0] | .path, .position, .original_position' | xargs)" 'n.txt 10 0' 'one is on a new line'
tap_is "$(field '.[1] | .position, .original_position' | xargs)" '0 20' 'one on an old line'
tap_is "$(field '.[0].diff_hunk' | tail -n 1)" '+ten' 'the hunk ends at the line'
tap_is "$(field '.[0].commit_id')" "$F" 'and names the commit'

# What is not a review.
as "$BOB" api POST "$V" '{"event":"COMMENT"}'
tap_is "$STATUS" 422 'a comment needs words'
as "$BOB" api POST "$V" '{"event":"GREAT","body":"x"}'
tap_is "$STATUS" 422 'an unknown event'
as "$BOB" api POST "$V" '{"event":5,"body":"x"}'
tap_like "$STATUS,$(field .message)" '422,event: *' 'an event that is no text'
as "$BOB" api POST "$V" '{"event":"COMMENT","comments":[{"path":"n.txt","body":"x","new_position":28}]}'
tap_is "$STATUS" 422 'a line that the diff does not show'
tap_like "$(field .message)" '*comments?0?*' 'is named'
as "$BOB" api POST "$V" '{"event":"COMMENT","comments":[{"path":"../x","body":"x","new_position":1}]}'
tap_is "$STATUS" 422 'a file that is not there'
as "$BOB" api POST "$V" '{"event":"COMMENT","comments":[{"path":"n.txt","body":"x"}]}'
tap_is "$STATUS" 422 'no line at all'
api POST "$V" '{"event":"APPROVED"}'
tap_is "$STATUS" 422 'nobody approves his own'
api POST "$V" '{"event":"COMMENT","body":"I see"}'
tap_is "$STATUS,$(field .state)" 200,COMMENT 'but he may speak'
as "$EVE" api POST "$V" '{"event":"COMMENT","body":"x"}'
tap_is "$STATUS" 404 'a stranger sees nothing'

# Answers.
api POST "$R/pulls/$N/comments/$C/replies" '{"body":"Because"}'
tap_is "$STATUS,$(field .path),$(field .position),$(field .pull_request_review_id)" \
    "201,n.txt,10,$P" 'a comment is answered'
C2=$(field .id)
api POST "$R/pulls/$M/comments/$C/replies" '{"body":"x"}'
tap_is "$STATUS" 404 'not from another pull request'
as "$CAROL" api POST "$R/pulls/comments/$C/resolve"
tap_is "$STATUS" 403 'a reader settles nothing'
api POST "$R/pulls/comments/$C2/resolve"
tap_is "$STATUS" 204 'its thread is settled'
api GET "$V/$P/comments"
tap_is "$(field '[.[].resolver.login] | join(",")')" "$OWNER,,$OWNER" 'all of it'
api POST "$R/pulls/comments/$C/unresolve"
tap_is "$STATUS" 204 'and opened again'
as "$BOB" api PATCH "$G/comments/$C2" '{"body":"mine"}'
tap_is "$STATUS" 403 'nobody edits the words of another'
api PATCH "$G/comments/$C2" '{"body":"Because so"}'
tap_is "$STATUS,$(field .body)" '200,Because so' 'only his own'
api PATCH "$R/issues/comments/$C2" '{"body":"x"}'
tap_is "$STATUS" 404 'its id is no issue comment'\''s'
api DELETE "$G/comments/$C2"
tap_is "$STATUS" 204 'and removes them'

# Dismissed, undismissed, deleted.
api POST "$V/$P/dismissals" '{"message":"settled"}'
tap_is "$STATUS,$(field .dismissed)" 200,true 'an admin dismisses it'
api GET "$G/$N/gate"
tap_is "$(field '.requirements[] | select(.id == "rejection") | .met')" true 'it does not weigh any more'
api POST "$V/$P/undismissals"
tap_is "$STATUS,$(field .dismissed)" 200,false 'and gets its weight back'
as "$CAROL" api POST "$V/$P/dismissals" '{"message":"x"}'
tap_is "$STATUS" 403 'a reader dismisses nothing'
as "$BOB" api POST "$V" '{"event":"APPROVED"}'
A=$(field .id)
api GET "$V/$P"
tap_is "$(field .dismissed)" true 'a newer verdict takes the place of the older'
as "$CAROL" api DELETE "$V/$A"
tap_is "$STATUS" 403 'nobody deletes the review of another'
as "$BOB" api DELETE "$V/$A"
tap_is "$STATUS" 204 'only his own'
push_branch bobs d.txt dee "$BOB"
as "$BOB" api POST "$R/pulls" '{"title":"Of bob","head":"bobs","base":"main"}'
B=$(field .number)
api POST "$R/pulls/$B/reviews" '{"event":"REQUEST_CHANGES","body":"no"}'
D=$(field .id)
as "$BOB" api POST "$R/pulls/$B/reviews/$D/dismissals" '{"message":"x"}'
tap_is "$STATUS" 403 'a maintainer does not dismiss what is against his own'

# Lines that move, lines that go; a suggestion.
as "$CAROL" api POST "$V" '{"event":"COMMENT","comments":[
    {"path":"n.txt","body":"Better:\n```suggestion\nTEN\n10\n```","new_position":10},
    {"path":"n.txt","body":"gone soon","new_position":20}]}'
tap_is "$STATUS,$(field .official)" 200,false 'a reader comments on lines'
Q=$(field .id)
git -C "$WORK" checkout -q --detach "$F"
sed -i '1i zero' "$WORK/n.txt"
sed -i 's/^twenty$/XX/' "$WORK/n.txt"
commit_push feature/one 'Shift'
tap_ok 'the head moves' wait_for 10 at_head
api GET "$V/$Q/comments"
tap_is "$(field '.[0] | .position, .outdated, .commit_id' | xargs)" "11 false $SHA" 'a comment follows its line'
tap_is "$(field '.[1] | .position, .outdated' | xargs)" '0 true' 'one whose line changed is outdated'
S=$(field '.[0].id')
S2=$(field '.[1].id')
as "$CAROL" api POST "$G/comments/$S/apply"
tap_is "$STATUS" 403 'a reader applies no suggestion'
api POST "$G/comments/$S2/apply"
tap_is "$STATUS" 409 'an outdated one is not applied'
api POST "$G/comments/$C/apply"
tap_is "$STATUS" 422 'one without a suggestion neither'
api POST "$G/comments/$S/apply"
tap_is "$STATUS" 201 'a suggestion is applied'
SHA=$(field .commit.sha)
tap_ok 'as a commit on the branch' wait_for 10 at_head
api GET "$R/raw/n.txt?ref=feature/one"
tap_is "$(sed -n '11,13p' "$BODY" | xargs)" 'TEN 10 11' 'with the line replaced'
api GET "$R/commits?sha=feature/one&limit=1"
tap_like "$(field '.[0].commit.message')" '*Co-authored-by: carol <*' 'and who suggested it'

# A head that goes away, and refs/pull.
tap_is "$(git_as "$ADMIN" ls-remote "$URL/$PROJECT.git" "refs/pull/$N/head" | cut -f1)" \
    "$SHA" 'refs/pull/N/head follows'
git -C "$WORK" checkout -q --detach "$SHA" 2>/dev/null
git_as "$ADMIN" push -q "$URL/$PROJECT.git" :refs/heads/second 2>/dev/null
api GET "$R/pulls/$M"
tap_is "$(field '.head.ref + " " + .head.label')" "refs/pull/$M/head second" 'a head whose branch is gone'
api GET "$R/pulls/$M/files"
tap_is "$(field '.[0].filename')" c.txt 'still has its files'

# A locked one takes words from maintainers only.
api PUT "$R/issues/$N/lock" '{"lock_reason":"spam"}'
as "$CAROL" api POST "$V" '{"event":"COMMENT","body":"but"}'
tap_is "$STATUS" 403 'a reader says nothing where it is locked'
as "$CAROL" api POST "$R/pulls/$N/comments/$C/replies" '{"body":"but"}'
tap_is "$STATUS" 403 'nor answers'
as "$BOB" api POST "$V" '{"event":"COMMENT","body":"done"}'
tap_is "$STATUS" 200 'a maintainer does'
api DELETE "$R/issues/$N/lock"

# Conflicts are listed.
push_branch left a.txt left
api POST "$R/pulls" '{"title":"Left","head":"left","base":"right"}'
tap_is "$STATUS" 404 'a base that is not there'
push_branch right a.txt right
api POST "$R/pulls" '{"title":"Left","head":"left","base":"right"}'
L=$(field .number)
tap_is "$(field .mergeable)" false 'a conflict is no merge'
api GET "$G/$L/gate"
tap_is "$(field '.conflicts | join(",")')" a.txt 'the gate names the files'
api PATCH "$R/pulls/$L" '{"state":"closed"}'
tap_is "$STATUS,$(field .state)" 201,closed 'it is closed'
as "$BOB" api POST "$R/pulls/$L/reviews" '{"event":"APPROVED"}'
tap_is "$STATUS" 422 'and takes no verdict'
api GET "$R/pulls?state=all&sort=recentclose"
tap_is "$(field '.[0].number')" "$L" 'pulls?sort=recentclose'
stop_cofferd
tap_is "$?" 0 'cofferd ends with 0'
tap_done
