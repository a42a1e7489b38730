#!/bin/sh
# Branch protections: their API, what a push may do under them, what the gate
# asks for because of them.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
BOB=$(make_user bob)
EVE=$(make_user eve)
R=/api/v1/repos/$PROJECT
P=$R/branch_protections
G=/api/coffer/v1/repos/$PROJECT/pulls
for who in bob eve; do
	api PUT "$R/collaborators/$who" '{"permission":"write"}'
done

met() { jq -r ".requirements[] | select(.id == \"$1\") | .met" "$BODY"; }

# commit PATH TEXT: on the current branch of $WORK
commit()
{
	mkdir -p "$WORK/$(dirname "$1")"
	printf '%s\n' "$2" >"$WORK/$1"
	git -C "$WORK" add "$1"
	git -C "$WORK" commit -q -m "Write $1"
}
push_as()
{
	push_token=$1
	shift
	git_as "$push_token" -C "$WORK" push -q "$URL/$PROJECT.git" "$@" \
	    2>"$T/push.err"
}
said() { grep -q "$1" "$T/push.err"; }

api GET "$P"
tap_is "$STATUS,$(field length)" 200,0 'there are no protections'
api POST "$P" '{}'
tap_is "$STATUS" 400 'one without a name is malformed'
api POST "$P" '{"rule_name":"stable/*","enable_push":true,"enable_push_whitelist":true,"push_whitelist_usernames":["bob"],"protected_file_patterns":"secret/**;*.key"}'
tap_is "$STATUS" 201 'a rule is made'
tap_is "$(field '"\(.rule_name) \(.branch_name) \(.priority) \(.push_whitelist_usernames|join(",")) \(.push_whitelist_teams|length) \(.required_approvals) \(.enable_status_check)"')" \
    'stable/*  1 bob 0 0 false' 'with its fields'
tap_ok 'and times' jq -e '.created_at | test("^[0-9-]+T[0-9:]+Z$")' "$BODY"
api POST "$P" '{"rule_name":"stable/*"}'
tap_is "$STATUS" 403 'twice is forbidden'
api POST "$P" '{"rule_name":"x","merge_whitelist_usernames":["nobody-such"]}'
tap_is "$STATUS" 422 'an unknown user is refused'
api POST "$P" '{"rule_name":"x","merge_whitelist_teams":["core"]}'
tap_is "$STATUS" 422 'and a team'
api POST "$P" '{"rule_name":"x","require_signed_commits":true}'
tap_is "$STATUS" 422 'signatures cannot be asked for'
api POST "$P" '{"rule_name":"[x"}'
tap_is "$STATUS" 422 'a broken pattern is refused'
# Each field that swagger has is kept by POST and by PATCH, and shown.
api GET /swagger.v1.json
cp "$BODY" "$T/swagger"
filled() # DEFINITION TRUE NUMBER TEXT
{
	jq -c --argjson b "$2" --argjson n "$3" --arg s "$4" '.definitions[$ARGS.positional[0]].properties
	    | with_entries(.value = (if .value.type == "boolean" then $b elif .value.type == "integer" then $n
		elif .value.type == "array" then (if (.key | test("teams")) then [] elif .key == "status_check_contexts" then [$s] else ["bob"] end)
		else $s end))
	    | del(.branch_name) | .require_signed_commits = false
	    | if has("rule_name") then .rule_name = "all" else . end' "$T/swagger" --args "$1"
}
differs() { jq -c --slurpfile want "$T/want" '. as $got | [$want[0] | to_entries[] | select(.key != "priority") | select($got[.key] != .value) | .key]' "$BODY"; }
filled CreateBranchProtectionOption true 3 '*.lock' >"$T/want"
api POST "$P" "$(cat "$T/want")"
tap_is "$STATUS,$(differs)" '201,[]' 'POST takes each field'
api GET "$P/all"
tap_is "$STATUS,$(differs)" '200,[]' 'GET has it'
tap_is "$(jq -c 'keys' "$BODY")" "$(jq -c '.definitions.BranchProtection.properties|keys' "$T/swagger")" 'and no other'
filled EditBranchProtectionOption false 2 'x/**' >"$T/want"
api PATCH "$P/all" "$(cat "$T/want")"
tap_is "$STATUS,$(differs)" '200,[]' 'PATCH takes each'
api DELETE "$P/all"
tap_is "$STATUS" 204 'it goes'

api GET "$P/stable%2F*"
tap_is "$STATUS,$(field .enable_push)" 200,true 'one is read by its name'
api PATCH "$P/stable/*" '{"enable_force_push":false,"unprotected_file_patterns":"docs/**"}'
tap_is "$STATUS,$(field .enable_push),$(field .unprotected_file_patterns)" \
    '200,true,docs/**' 'a change leaves what it does not name'
as "$BOB" api POST "$P" '{"rule_name":"y"}'
tap_is "$STATUS" 403 'a maintainer makes none'
api POST "$P" '{"branch_name":"plain"}'
tap_is "$STATUS,$(field .rule_name),$(field .branch_name)" 201,plain,plain 'branch_name is the older name'
PLAIN=$(field .id)
api POST "$P/priority" "{\"ids\":[$PLAIN]}"
tap_is "$STATUS" 204 'rules are ordered'
api GET "$P"
tap_is "$(field '[.[].rule_name]|join(" ")')" 'plain stable/*' 'and listed so'
api POST "$P/priority" '{"ids":["one"]}'
tap_is "$STATUS,$(field .message)" '422,ids: want numbers from 1' 'ids are numbers'
api POST "$P/priority" '{"ids":[999]}'
tap_is "$STATUS" 404 'an unknown id is none'
api DELETE "$P/plain"
tap_is "$STATUS" 204 'one is removed'
api GET "$P/plain"
tap_is "$STATUS" 404 'and is gone'

git -C "$WORK" checkout -q -b work main
commit a.txt two
tap_ok 'who is listed pushes a new branch' push_as "$BOB" HEAD:refs/heads/stable/1
commit a.txt three
tap_ok 'and more of it' push_as "$BOB" HEAD:refs/heads/stable/1
tap_not 'another may not' push_as "$EVE" HEAD~1:refs/heads/stable/2
tap_ok 'without unprotected files' said 'more than its unprotected files'
commit a.txt four
tap_not 'nor more of it' push_as "$EVE" HEAD:refs/heads/stable/1
git -C "$WORK" reset -q --hard HEAD~1
commit docs/b.md text
tap_ok 'but unprotected files' push_as "$EVE" HEAD:refs/heads/stable/1
commit secret/x y
tap_not 'a protected file is refused' push_as "$BOB" HEAD:refs/heads/stable/1
tap_ok 'by its pattern' said 'a protected file: secret'
git -C "$WORK" reset -q --hard HEAD~1
git -C "$WORK" commit -q --amend -m other
tap_not 'no commit is dropped' push_as "$BOB" +HEAD:refs/heads/stable/1
tap_ok 'which is told' said 'no commit of it may be dropped'
tap_not 'and the branch not deleted' push_as "$BOB" :refs/heads/stable/1
tap_ok 'as its rule is named' said 'stable'
api PATCH "$P/stable/*" '{"enable_force_push":true}'
tap_ok 'force is allowed by the rule' push_as "$BOB" +HEAD:refs/heads/stable/1
tap_ok 'another branch is free' push_as "$EVE" HEAD:refs/heads/free
tap_ok 'also to be forced and deleted' push_as "$EVE" :refs/heads/free

as "$BOB" api POST "$R/contents/secret/n" '{"branch":"stable/1","content":"eA==","message":"m"}'
tap_like "$STATUS $(field .message)" '403 *secret/n*' 'the API writes no protected file'
as "$EVE" api POST "$R/contents/n.txt" '{"branch":"stable/1","content":"eA==","message":"m"}'
tap_is "$STATUS" 403 'nor for who may not push'
as "$EVE" api POST "$R/contents/docs/n" '{"branch":"stable/1","content":"eA==","message":"m"}'
tap_is "$STATUS" 201 'but what is unprotected'
as "$EVE" api DELETE "$R/branches/stable/1"
tap_is "$STATUS" 403 'it deletes no protected branch'

api GET "$R/branches/main"
tap_is "$(field .protected)" true 'main is protected by the server'
as "$BOB" api GET "$R/branches/stable/1"
tap_is "$(field '"\(.protected) \(.user_can_push) \(.user_can_merge) \(.effective_branch_protection_name)"')" \
    'true true true stable/*' 'a branch tells of its rule'
as "$EVE" api GET "$R/branches/stable/1"
tap_is "$(field .user_can_push)" false 'to each as it is for him'

# The gate of main, which keeps its own rules.
api POST "$P" '{"rule_name":"main","enable_push":true,"enable_status_check":true,"status_check_contexts":["lint","deploy/*"],"required_approvals":2,"block_on_outdated_branch":true,"block_on_official_review_requests":true,"protected_file_patterns":"secret/**"}'
tap_is "$STATUS" 201 'main gets a rule'
git -C "$WORK" checkout -q main
commit b.txt direct
tap_not 'which opens it to no push' push_as "$ADMIN" HEAD:refs/heads/main
git -C "$WORK" reset -q --hard HEAD~1
push_branch topic c.txt one
api POST "$R/pulls" '{"title":"C","head":"topic","base":"main"}'
N=$(field .number)
as "$BOB" api POST "$R/pulls/$N/reviews" '{"event":"APPROVED"}'
api GET "$G/$N/gate"
tap_is "$(field .open),$(met approval),$(met approvals),$(met statuses),$(met outdated),$(met files)" \
    false,true,false,false,true,true 'the gate asks for what the rule adds'
api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_like "$STATUS $(field .message)" '405 Not all required status checks successful*' 'statuses are missed'
api POST "$R/statuses/$SHA" '{"state":"success","context":"lint"}'
api POST "$R/statuses/$SHA" '{"state":"failure","context":"deploy/a"}'
api GET "$G/$N/gate"
tap_is "$(met statuses)" false 'one of a pattern failed'
api POST "$R/statuses/$SHA" '{"state":"skipped","context":"deploy/a"}'
api GET "$G/$N/gate"
tap_is "$(met statuses)" true 'skipped is no failure'
api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_like "$STATUS $(field .message)" '405 Does not have enough approvals*' 'approvals are missed'
as "$EVE" api POST "$R/pulls/$N/reviews" '{"event":"APPROVED"}'
api GET "$G/$N/gate"
tap_is "$(field .open)" true 'then it is open'
api PATCH "$P/main" '{"enable_merge_whitelist":true,"merge_whitelist_usernames":["bob"]}'
as "$EVE" api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_like "$STATUS $(field .message)" '405 User not allowed to merge PR*' 'but for those on the list'
as "$BOB" api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_is "$STATUS" 200 'who is on it merges'

push_branch secretly secret/key one
api POST "$R/pulls" '{"title":"S","head":"secretly","base":"main"}'
N=$(field .number)
OTHER=$SHA
push_branch second d.txt one
api POST "$R/pulls" '{"title":"D","head":"second","base":"main"}'
M=$(field .number)
for i in "$N $OTHER" "$M $SHA"; do
	for who in "$BOB" "$EVE"; do
		as "$who" api POST "$R/pulls/${i% *}/reviews" '{"event":"APPROVED"}'
	done
	for context in lint deploy/a; do
		api POST "$R/statuses/${i#* }" "{\"state\":\"success\",\"context\":\"$context\"}"
	done
done
as "$BOB" api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_like "$STATUS $(field .message)" '405 Changed protected files: secret/key:*' 'a protected file shuts the gate'
as "$BOB" api POST "$R/pulls/$M/requested_reviewers" '{"reviewers":["eve"]}'
tap_is "$STATUS" 201 'a review is asked for'
as "$BOB" api POST "$R/pulls/$M/merge" '{"Do":"merge"}'
tap_like "$STATUS $(field .message)" '405 There are official review requests*' 'which is waited for'
api DELETE "$R/pulls/$M/requested_reviewers" '{"reviewers":["eve"]}'
as "$BOB" api POST "$R/pulls/$M/merge" '{"Do":"squash"}'
tap_is "$STATUS" 200 'the other merges'
as "$BOB" api POST "$R/pulls/$N/merge" '{"Do":"merge","force_merge":true}'
tap_is "$STATUS" 405 'force is not a maintainer'\''s'
api GET "$G/$N/gate"
tap_is "$(met outdated)" false 'the head is behind now'
api PATCH "$P/main" '{"block_admin_merge_override":true}'
api POST "$R/pulls/$N/merge" '{"Do":"merge","force_merge":true}'
tap_is "$STATUS" 405 'nor an admin'\''s where the rule says so'
api PATCH "$P/main" '{"block_admin_merge_override":false}'
api POST "$R/pulls/$N/merge" '{"Do":"merge","force_merge":true}'
tap_like "$STATUS $(field .message)" '422 force_reason:*' 'an admin says why'
api POST "$R/pulls/$N/merge" '{"Do":"merge","force_merge":true,"force_reason":"two\nlines"}'
tap_is "$STATUS" 422 'in one line'
api POST "$R/pulls/$N/merge" '{"Do":"merge","force_merge":true,"force_reason":"The key is rotated."}'
tap_is "$STATUS" 200 'then it is merged past the gate'

tap_done
