#!/bin/sh
# The styles of a merge, merges that wait for the gate, a head brought after its
# base, verdicts on commits.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
BOB=$(make_user bob)
EVE=$(make_user eve)
R=/api/v1/repos/$PROJECT
api PUT "$R/collaborators/bob" '{"permission":"write"}'
api PUT "$R/collaborators/eve" '{"permission":"read"}'

# on_main BRANCH: $WORK at cofferd's main, on a new branch
on_main()
{
	git_as "$ADMIN" -C "$WORK" fetch -q "$URL/$PROJECT.git" main
	git -C "$WORK" checkout -q -B "$1" FETCH_HEAD
}
# commit FILE TEXT AUTHOR [MESSAGE]
commit()
{
	printf '%s\n' "$2" >"$WORK/$1"
	git -C "$WORK" add "$1"
	git -C "$WORK" commit -q --author "$3 <$3@example.org>" \
	    -m "${4:-Write $1}"
}
push() { git_as "$ADMIN" -C "$WORK" push -q "$URL/$PROJECT.git" "+HEAD:refs/heads/$1" 2>"$T/push.err"; }
# opened BRANCH [BASE]: a pull request with bob's approval; N
opened()
{
	api POST "$R/pulls" "{\"title\":\"Pull $1\",\"head\":\"$1\",\"base\":\"${2:-main}\",\"body\":\"About $1\"}"
	N=$(field .number)
	as "$BOB" api POST "$R/pulls/$N/reviews" '{"event":"APPROVED"}'
}
main_log() { git_as "$ADMIN" -C "$WORK" fetch -q "$URL/$PROJECT.git" main && git -C "$WORK" log -1 --format="$1" FETCH_HEAD; }
main_is() { git_as "$ADMIN" -C "$WORK" fetch -q "$URL/$PROJECT.git" main; git -C "$WORK" rev-parse FETCH_HEAD; }

on_main one
commit one.txt 1 ann
commit two.txt 2 ben
push one
on_main two
commit three.txt 3 ann
push two
opened one
ONE=$N
api POST "$R/pulls/$N/merge" '{}'
tap_is "$STATUS,$(field .message)" '422,[Do]: Required' 'a merge needs a style'
api POST "$R/pulls/$N/merge" '{"Do":"octopus"}'
tap_is "$STATUS" 422 'one that is known'
as "$EVE" api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_is "$STATUS,$(field .message)" '405,User not allowed to merge PR' 'and a maintainer'
opened two
api POST "$R/pulls/$N/merge" '{"do":"merge"}'
tap_is "$STATUS" 200 'the other spelling merges too'

api POST "$R/pulls/$ONE/merge" '{"Do":"rebase"}'
tap_is "$STATUS" 200 'a rebase'
tap_is "$(main_log '%an %cn %s')" 'ben admin Write two.txt' 'keeps who wrote it'
tap_is "$(git -C "$WORK" log -2 --format=%P FETCH_HEAD | wc -w | tr -d ' ')" 2 'in a straight line'
tap_is "$(git -C "$WORK" log -1 --format=%an FETCH_HEAD~1)" ann 'and its order'
api GET "$R/pulls/$ONE"
tap_is "$(field .merged),$(field .merge_commit_sha)" "true,$(main_is)" 'and is merged by its last commit'

on_main three
commit four.txt 4 ann
push three
on_main four
commit five.txt 5 ann
push four
opened three
api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
opened four
api POST "$R/pulls/$N/merge" '{"Do":"rebase-merge","MergeTitleField":"Five","MergeMessageField":"It is"}'
tap_is "$STATUS" 200 'a rebase with a merge commit'
tap_is "$(main_log '%an|%s|%b')" 'admin|Five|It is' 'has the message that was given'
tap_is "$(git -C "$WORK" log -1 --format=%P FETCH_HEAD^2)" "$(git -C "$WORK" rev-parse FETCH_HEAD^1)" \
    'and the rebased commits as its second parent'

on_main five
commit six.txt 6 ann
commit six.txt 66 ben 'Six again

Co-authored-by: Cleo <cleo@example.org>'
commit six.txt 666 ann
push five
opened five
api POST "$R/pulls/$N/merge" '{"Do":"squash","delete_branch_after_merge":true}'
tap_is "$STATUS" 200 'a squash'
tap_is "$(main_log '%an|%ae|%cn|%s')" "ann|ann@example.org|admin|Pull five (#$N)" 'is of who began it'
tap_is "$(git -C "$WORK" log -1 --format='%(trailers:key=Co-authored-by,valueonly,separator=;)' FETCH_HEAD)" \
    'ben <ben@example.org>;Cleo <cleo@example.org>' 'with the others in order'
tap_like "$(main_log %b)" 'About five*' 'and the body'
api GET "$R/branches/five"
tap_is "$STATUS" 404 'the branch is gone'

on_main six
commit conflict.txt a ann
push six
on_main seven
commit conflict.txt b ben
commit conflict.txt a ben
push seven
opened six
api POST "$R/pulls/$N/merge" '{"Do":"fast-forward-only"}'
tap_is "$STATUS" 200 'a fast-forward'
opened seven
api POST "$R/pulls/$N/merge" '{"Do":"fast-forward-only"}'
tap_is "$STATUS" 409 'one that is none is a conflict'
api POST "$R/pulls/$N/merge" '{"Do":"rebase"}'
tap_is "$STATUS,$(field .Style),$(field .StdOut)" '409,rebase,CONFLICT: conflict.txt' 'a conflict on the way names the file'
api PATCH "$R/pulls/$N" '{"state":"closed"}'
api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_is "$STATUS" 404 'a closed one is not there'
api PATCH "$R" '{"allow_squash_merge":false,"allow_manual_merge":true}'
tap_is "$STATUS" 200 'a style is switched off'
on_main eight
commit eight.txt 8 ann
push eight
opened eight
api POST "$R/pulls/$N/merge" '{"Do":"squash"}'
tap_is "$STATUS,$(field .message)" '405,This merge style is not enabled in the repository' 'and refused'
as "$BOB" api POST "$R/pulls/$N/merge" "{\"Do\":\"manually-merged\",\"MergeCommitID\":\"$(main_is)\"}"
tap_is "$STATUS" 405 'manually merged is an admin'\''s word'
api POST "$R/pulls/$N/merge" "{\"Do\":\"manually-merged\",\"MergeCommitID\":\"$(git -C "$WORK" rev-parse eight)\"}"
tap_is "$STATUS" 409 'about a commit of the base'
BEFORE=$(main_is)
api POST "$R/pulls/$N/merge" "{\"Do\":\"manually-merged\",\"MergeCommitID\":\"$BEFORE\"}"
tap_is "$STATUS,$(main_is)" "200,$BEFORE" 'and moves nothing'
api GET "$R/pulls/$N"
tap_is "$(field .merged)" true 'but the pull request'

# A merge that waits.
on_main nine
commit nine.txt 9 ann
push nine
SHA=$(git -C "$WORK" rev-parse HEAD)
api POST "$R/branch_protections" '{"rule_name":"main","enable_status_check":true,"status_check_contexts":["lint"]}'
opened nine
WAIT='{"Do":"merge","merge_when_checks_succeed":true,"delete_branch_after_merge":true}'
api DELETE "$R/pulls/$N/merge"
tap_is "$STATUS" 404 'nothing waits'
api POST "$R/pulls/$N/merge" "$WAIT"
tap_is "$STATUS" 201 'it may wait for its checks'
api POST "$R/pulls/$N/merge" "$WAIT"
tap_is "$STATUS" 409 'once'
api DELETE "$R/pulls/$N/merge"
tap_is "$STATUS" 204 'and be told not to'
api POST "$R/pulls/$N/merge" "$WAIT"
api POST "$R/statuses/$SHA" '{"state":"pending","context":"lint"}'
api GET "$R/pulls/$N/merge"
tap_is "$STATUS" 404 'pending is not enough'
api POST "$R/statuses/$SHA" '{"state":"success","context":"lint"}'
merged() { api GET "$R/pulls/$N/merge"; [ "$STATUS" = 204 ]; }
tap_ok 'success merges it' wait_for 10 merged
gone() { api GET "$R/branches/nine"; [ "$STATUS" = 404 ]; }
tap_ok 'and its branch goes' wait_for 10 gone

on_main ten
commit ten.txt 10 ann
push ten
api POST "$R/pulls" '{"title":"Ten","head":"ten","base":"main"}'
N=$(field .number)
api POST "$R/statuses/$(git -C "$WORK" rev-parse HEAD)" '{"state":"success","context":"lint"}'
api POST "$R/pulls/$N/merge" '{"Do":"merge","merge_when_checks_succeed":true}'
tap_is "$STATUS" 201 'another waits for an approval'
stop_cofferd
start_cofferd
as "$BOB" api POST "$R/pulls/$N/reviews" '{"event":"APPROVED"}'
tap_ok 'also over a restart' wait_for 10 merged

on_main eleven
commit eleven.txt 11 ann
push eleven
api POST "$R/pulls" '{"title":"Eleven","head":"eleven","base":"main"}'
N=$(field .number)
api POST "$R/pulls/$N/merge" '{"Do":"merge","merge_when_checks_succeed":true}'
commit eleven.txt 12 ann
push eleven
SHA=$(git -C "$WORK" rev-parse HEAD)
dropped() { api DELETE "$R/pulls/$N/merge"; [ "$STATUS" = 404 ]; }
cancelled() { api GET '/api/coffer/v1/events?after=0&limit=1000'; [ "$(jq "[.events[] | select(.kind == \"pull.auto_merge\" and .item == $N and .data.waits == false)] | length" "$BODY")" = 1 ]; }
tap_ok 'another head ends it' wait_for 10 cancelled
tap_ok 'so that nothing waits' dropped

# The head after its base.
on_main twelve
commit twelve.txt 12 ann
push twelve
TWELVE=$(git -C "$WORK" rev-parse HEAD)
api POST "$R/pulls" '{"title":"Twelve","head":"twelve","base":"main"}'
M=$(field .number)
api POST "$R/pulls/$M/update"
tap_is "$STATUS" 200 'a head that has its base stays'
api GET "$R/branches/twelve"
tap_is "$(field .commit.id)" "$TWELVE" 'as it is'
api DELETE "$R/branch_protections/main"
as "$BOB" api POST "$R/pulls/$N/reviews" '{"event":"APPROVED"}'
api POST "$R/pulls/$N/merge" "{\"Do\":\"merge\",\"head_commit_id\":\"$TWELVE\"}"
tap_like "$STATUS $(field .message)" '409 head out of date*' 'a merge of another head is refused'
api POST "$R/pulls/$N/merge" "{\"Do\":\"merge\",\"head_commit_id\":\"$SHA\"}"
tap_is "$STATUS" 200 'the base moves'
as "$EVE" api POST "$R/pulls/$M/update"
tap_is "$STATUS" 403 'a reader updates nothing'
api POST "$R/pulls/$M/update?style=merge"
tap_is "$STATUS" 200 'a merge of the base'
api GET "$R/branches/twelve"
MERGED=$(field .commit.id)
git_as "$ADMIN" -C "$WORK" fetch -q "$URL/$PROJECT.git" twelve main
tap_is "$(git -C "$WORK" log -1 --format=%P "$MERGED")" "$TWELVE $(main_is)" 'has both'
follows() { api GET "$R/pulls/$M"; [ "$(field .head.sha)" = "$1" ]; }
tap_ok 'and the pull request follows' wait_for 10 follows "$MERGED"
git -C "$WORK" checkout -q twelve
push twelve
api POST "$R/pulls/$M/update?style=rebase"
tap_is "$STATUS" 200 'a rebase'
api GET "$R/branches/twelve"
git_as "$ADMIN" -C "$WORK" fetch -q "$URL/$PROJECT.git" twelve
tap_is "$(git -C "$WORK" log -1 --format=%P%an "$(field .commit.id)")" "$(main_is)ann" 'is on top of it'
api GET "/api/coffer/v1/projects/$PROJECT/kept"
tap_ok 'the old head is kept' env TWELVE="$TWELVE" jq -e '[.[].sha] | index(env.TWELVE) != null' "$BODY"
api POST "$R/pulls/$M/update?style=other"
tap_is "$STATUS" 422 'another style is none'

# A rebase leaves what the merge would, which is what was judged: a head with a
# merge that takes a change back, and one that takes back what the base has too.
commit guard.txt 0 ann
push guarded
api POST "$R/branch_protections" '{"rule_name":"guarded","protected_file_patterns":"guard.txt"}'
git -C "$WORK" checkout -q -B thirteen
commit guard.txt 1 ann
git -C "$WORK" checkout -q -B side HEAD~1
commit side.txt 1 ann
git -C "$WORK" checkout -q thirteen
git -C "$WORK" merge -q --no-commit side
printf '0\n' >"$WORK/guard.txt"
git -C "$WORK" commit -q -am 'Merge side'
push thirteen
opened thirteen guarded
for style in rebase rebase-merge; do
	api POST "$R/pulls/$N/merge" "{\"Do\":\"$style\"}"
	tap_is "$STATUS,$(field .message)" \
	    '405,its commits one by one leave other files than the merge: use the style merge or squash' \
	    "$style brings no file past its protection"
done
api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_is "$STATUS" 200 'the merge itself is as it was judged'

commit open.txt 0 ann
push opened
git -C "$WORK" checkout -q -B fourteen
commit open.txt 1 ann
commit open.txt 0 ann
push fourteen
git -C "$WORK" checkout -q -B opened HEAD~2
commit open.txt 1 ann 'The same'
push opened
opened fourteen opened
api POST "$R/pulls/$N/merge" '{"Do":"rebase"}'
tap_is "$STATUS" 405 'nor takes back what the base has'

# An approval is of a person who still works here.
on_main fifteen
commit fifteen.txt 15 ann
push fifteen
opened fifteen
api PATCH /api/v1/admin/users/bob '{"active":false}'
api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_like "$STATUS,$(field .message)" '405,Does not have enough approvals*' \
    'the approval of an account that is switched off does not count'
api PATCH /api/v1/admin/users/bob '{"active":true}'
api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_is "$STATUS" 200 'and counts again'

# Verdicts.
SHA=$(main_is)
for s in success:a skipped:b; do
	api POST "$R/statuses/$SHA" "{\"state\":\"${s%:*}\",\"context\":\"${s#*:}\",\"target_url\":\"https://ci.example.org/1\",\"description\":\"d\"}"
done
tap_is "$STATUS,$(field .status),$(field .creator.login),$(field .url)" \
    "201,skipped,admin,$URL/api/v1/repos/$PROJECT/statuses/$SHA" 'a status has its fields'
api GET "$R/commits/main/status"
tap_is "$(field '"\(.state) \(.total_count) \(.sha) \(.repository.full_name) \(.statuses[1].status)"')" \
    "success 2 $SHA $PROJECT skipped" 'all in one is success'
api POST "$R/statuses/$SHA" '{"state":"warning","context":""}'
tap_is "$(field .context)" default 'an empty context is the default one'
api GET "$R/commits/$SHA/status?limit=1&page=2"
tap_is "$(field .state),$(field .total_count),$(field '.statuses|length')" failure,3,1 'a warning fails it'
api GET "$R/statuses/$SHA?state=success&sort=oldest"
tap_is "$(field length),$(field '.[0].context')" 1,a 'they are filtered'
api GET "$R/commits/main/statuses?sort=oldest"
tap_is "$(field '[.[].context]|join(",")')" a,b,default 'and ordered'
tap_ok 'with their number' grep -qi '^X-Total-Count: 3' "$HEADERS"
api POST "$R/statuses/$SHA" '{"state":"fine"}'
tap_is "$STATUS" 422 'an unknown state is refused'


# A commit is named by a branch with a slash, by a short id, by both.
push_branch feat/slash slash.txt 1
api POST "$R/statuses/$(echo "$SHA" | cut -c1-10)" '{"state":"success","context":"short"}'
tap_is "$STATUS,$(field .url)" "201,$URL/api/v1/repos/$PROJECT/statuses/$SHA" 'a short id takes a status'
api POST "$R/statuses/feat/slash" '{"state":"success","context":"branch"}'
tap_is "$STATUS" 201 'a branch, too'
for ref in feat/slash feat%2Fslash "$(echo "$SHA" | cut -c1-8)" refs/heads/feat/slash; do
	api GET "$R/commits/$ref/status"
	tap_is "$STATUS,$(field .sha),$(field .total_count)" "200,$SHA,2" "$ref has both"
	api GET "$R/commits/$ref/statuses"
	tap_is "$STATUS,$(field length)" 200,2 "$ref lists them"
	api GET "$R/statuses/$ref"
	tap_is "$STATUS,$(field length)" 200,2 "$ref is of statuses"
done
for ref in 00000000 feat/none feat; do
	api GET "$R/commits/$ref/status"
	tap_is "$STATUS" 404 "$ref is none"
done

# A thousand contexts, and the required one after them.
on_main many
commit many.txt 1 ann
push many
SHA=$(git -C "$WORK" rev-parse HEAD)
opened many
awk -v n=999 -v url="$URL$R/statuses/$SHA" -v token="$ADMIN" 'BEGIN {
	for (i = 1; i <= n; i++)
		printf "%surl = \"%s\"\nheader = \"Authorization: Bearer %s\"\nheader = \"Content-Type: application/json\"\ndata = \"{\\\"state\\\":\\\"success\\\",\\\"context\\\":\\\"c/%04d\\\"}\"\noutput = \"/dev/null\"\nwrite-out = \"%%{http_code}\\n\"\n", (i > 1 ? "next\n" : ""), url, token, i
}' >"$T/many"
tap_is "$(curl -s -K "$T/many" | sort | uniq -c | tr -s ' ')" ' 999 201' 'many contexts'
api POST "$R/branch_protections" '{"rule_name":"main","enable_status_check":true,"status_check_contexts":["zz"]}'
api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_is "$STATUS" 405 'the required one is missing'
api POST "$R/statuses/$SHA" '{"state":"success","context":"zz"}'
tap_is "$STATUS" 201 'the thousandth is taken'
api POST "$R/statuses/$SHA" '{"state":"success","context":"zzz"}'
tap_is "$STATUS" 422 'another is too many'
api POST "$R/statuses/$SHA" '{"state":"success","context":"c/0001"}'
tap_is "$STATUS" 201 'not one that is there'
api GET "$R/commits/$SHA/status?limit=50&page=20"
tap_is "$STATUS,$(field .state),$(field .total_count),$(field '.statuses|length'),$(field '.statuses[49].context')" \
    200,success,1000,50,zz 'all in one has them all'
api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_is "$STATUS" 200 'the last one is seen by the gate'

tap_done
