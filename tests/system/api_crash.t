#!/bin/sh
# A merge that is cut off at each step is finished or forgotten at the start.
. "$(dirname "$0")/lib.sh"

strings -a "$O/bin/cofferd" 2>/dev/null | grep -q COFFER_FAIL ||
    grep -q COFFER_FAIL "$O/bin/cofferd" ||
    tap_skip_all 'this build has no fail points'
coffer_home
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
api PATCH "/api/coffer/v1/projects/$PROJECT" '{"settings":{"approvals":0}}'
main_tip() { git_as "$ADMIN" ls-remote "$URL/$PROJECT.git" refs/heads/main | cut -f1; }
count()
{
	api GET '/api/coffer/v1/events?after=0&limit=1000'
	jq "[.events[] | select(.kind == \"$1\" and .item == $N)] | length" "$BODY"
}

for point in merge_intended merge_moved merge_written; do
	api POST "$R/issues" "{\"title\":\"for $point\"}"
	I=$(field .number)
	push_branch "t-$point" "$point.txt" x
	api POST "$R/pulls" "{\"title\":\"$point\",\"head\":\"t-$point\",\"base\":\"main\",\"body\":\"Fixes #$I\"}"
	N=$(field .number)
	OLD=$(main_tip)
	stop_cofferd
	export COFFER_FAIL=$point
	start_cofferd
	unset COFFER_FAIL
	api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
	tap_is "$STATUS" 000 "$point: cofferd dies there"
	wait "$COFFERD_PID" 2>/dev/null
	start_cofferd
	settled()
	{
		api GET "$R/pulls/$N"
		[ "$(field .merged)" = "$1" ]
	}
	if [ $point = merge_intended ]; then
		tap_ok "$point: it is not merged" settled false
		tap_is "$(main_tip)" "$OLD" "$point: main did not move"
		api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
		tap_is "$STATUS" 200 "$point: it merges now"
	else
		tap_ok "$point: it is merged" wait_for 5 settled true
		tap_is "$(field .merge_commit_sha)" "$(main_tip)" "$point: as main says"
	fi
	api GET "$R/issues/$I"
	tap_is "$(field .state)" closed "$point: the issue is closed"
	tap_is "$(count pull.merged)" 1 "$point: with one event"
done

# The branch that is to go with its merge goes, wherever it was cut off.
for point in merge_moved merge_written merge_deleted; do
	push_branch "gone-$point" "gone-$point.txt" x
	api POST "$R/pulls" "{\"title\":\"gone $point\",\"head\":\"gone-$point\",\"base\":\"main\"}"
	N=$(field .number)
	stop_cofferd
	export COFFER_FAIL=$point
	start_cofferd
	unset COFFER_FAIL
	api POST "$R/pulls/$N/merge" '{"Do":"merge","delete_branch_after_merge":true}'
	tap_is "$STATUS" 000 "delete, $point: cofferd dies there"
	wait "$COFFERD_PID" 2>/dev/null
	start_cofferd
	tap_ok "delete, $point: it is merged" wait_for 5 settled true
	gone() { api GET "$R/branches/gone-$point"; [ "$STATUS" = 404 ]; }
	tap_ok "delete, $point: its branch is gone" wait_for 5 gone
	tap_is "$(git_as "$ADMIN" ls-remote "$URL/$PROJECT.git" "refs/heads/gone-$point")" '' \
	    "delete, $point: for git, too"
	api GET "$R/issues/$N/timeline"
	tap_is "$(field '[.[]|select(.type=="delete_branch")]|length')" 1 "delete, $point: it is told once"
	api GET '/api/coffer/v1/events?after=0&limit=1000'
	tap_is "$(jq "[.events[]|select(.kind==\"branch.updated\" and .data.ref==\"refs/heads/gone-$point\" and (.data.new|test(\"^0*$\")))]|length" "$BODY")" \
	    1 "delete, $point: with one event"
	stop_cofferd
	start_cofferd
	push_branch "gone-$point" "again-$point.txt" x
	api GET "$R/branches/gone-$point"
	tap_is "$STATUS" 200 "delete, $point: another of its name stays"
done

# The head of a pull request that was brought after its base.
push_branch late late.txt x
api POST "$R/pulls" '{"title":"late","head":"late","base":"main"}'
N=$(field .number)
push_branch early early.txt x
api POST "$R/pulls" '{"title":"early","head":"early","base":"main"}'
api POST "$R/pulls/$(field .number)/merge" '{"Do":"merge"}'
stop_cofferd
export COFFER_FAIL=update_moved
start_cofferd
unset COFFER_FAIL
api POST "$R/pulls/$N/update?style=rebase"
tap_is "$STATUS" 000 'update_moved: cofferd dies there'
wait "$COFFERD_PID" 2>/dev/null
start_cofferd
LATE=$(git_as "$ADMIN" ls-remote "$URL/$PROJECT.git" refs/heads/late | cut -f1)
followed()
{
	api GET "$R/pulls/$N"
	[ "$(field .head.sha)" = "$LATE" ] && [ "$(field .merge_base)" = "$(main_tip)" ]
}
tap_ok 'update_moved: the pull request follows its branch' wait_for 5 followed
api GET "/api/coffer/v1/projects/$PROJECT/kept"
tap_is "$(field '[.[] | select(.ref == "refs/heads/late")] | length')" 1 \
    'update_moved: the old head is kept'
tap_done
