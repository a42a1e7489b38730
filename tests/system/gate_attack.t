#!/bin/sh
# The gate, attacked: verdicts of others, of other heads and under other names,
# approvals of who wrote it, what changes while it is asked; and the one way
# past it, which leaves its traces.
. "$(dirname "$0")/lib.sh"

. "$SYSTEM_DIR/gate_lib.sh"
SOCK=$HOME_DIR/run/front/cofferd.sock
ROUTER=$(stat -c %u "$HOME_DIR/run/front")
[ "$(id -u)" -ne 0 ] || ROUTER=64102

# ---- verdicts ----
opened checks .coffer/checks.yml 'checks:
  - name: test
    test: make check'
review "$BOB" APPROVED
merge "$ADMIN"
tap_is "$STATUS" 200 'the base gets a required check'
opened one one.txt one
review "$BOB" APPROVED
for who in "$ADMIN" "$BOB" "$EVE" "$AGENTD"; do
	status "$who" "$SHA" success ci/test
	printf '%s ' "$STATUS"
done >"$T/codes"
tap_is "$(cat "$T/codes")" '403 403 403 403 ' 'nobody but the runners says ci/test: admin, maintainer, reader, agentd'
status "$BOB" "$SHA" skipped ci/test
tap_is "$STATUS" 403 'nor that it was skipped'
for c in CI/test 'ci//test' ' ci/test' 'ci/test ' 'ci/tes' 'test'; do status "$BOB" "$SHA" success "$c"; done
gate
tap_is "$(field .open),$(met check:test)" 'false,false' 'names that look like it are not it'
as "$ADMIN" api POST "$C/projects/$PROJECT/session-token"
SESSION=$(field .token)
tap_like "$(perl "$SYSTEM_DIR/front.pl" "$SOCK" "$ROUTER" "$PROJECT_ID" POST "/api/v1/repos/$PROJECT/statuses/$SHA" "$SESSION" \
    '{"state":"success","context":"ci/test"}' 2>&1 | head -n 1)" 'HTTP*403*' 'a sandbox posts no status'
tap_like "$(perl "$SYSTEM_DIR/front.pl" "$SOCK" "$ROUTER" "$PROJECT_ID" POST "/api/v1/repos/$PROJECT/pulls/$N/reviews" "$SESSION" \
    '{"event":"APPROVED"}' 2>&1 | head -n 1)" 'HTTP*403*' 'approves nothing'
tap_like "$(perl "$SYSTEM_DIR/front.pl" "$SOCK" "$ROUTER" "$PROJECT_ID" POST "/api/v1/repos/$PROJECT/pulls/$N/merge" "$SESSION" \
    '{"Do":"merge","force_merge":true,"force_reason":"x"}' 2>&1 | head -n 1)" 'HTTP*403*' 'and merges nothing'
merge "$BOB"
tap_like "$STATUS $(field .message)" '405 Not all required status checks*' 'so it does not merge'
status "$RUNNER" "$SHA" success ci/test
gate
tap_is "$(met check:test)" false 'a status of the runner is not the job of this pull request'
checked
gate
tap_is "$(field .open)" true 'the job passes, and it is open'
OLD=$SHA
push_branch one one.txt two
wait_for 10 head_is "$SHA"
gate
tap_is "$(field .open),$(met check:test),$(met approval)" 'false,false,false' 'the next head has neither verdict nor approval'
merge "$BOB" "{\"Do\":\"merge\",\"head_commit_id\":\"$OLD\"}"
tap_is "$STATUS" 409 'the old one cannot be merged in its place'
status "$RUNNER" "$OLD" success ci/test
review "$BOB" APPROVED '' "$OLD"
tap_is "$STATUS" 409 'nor approved by now'
gate
tap_is "$(met check:test),$(met approval)" 'false,false' 'and a verdict on it says nothing of the new one'

# The checks are the base's: a pull request renames its own in vain.
opened renamed .coffer/checks.yml 'checks:
  - name: other
    test: "true"'
review "$BOB" APPROVED
status "$RUNNER" "$SHA" success ci/other
gate
tap_is "$(field .open),$(met check:test),$(met check:other)" 'false,false,' 'renamed checks are asked for by their old name'

# ---- who wrote it ----
api PATCH "$C/projects/$PROJECT" '{"settings":{"approvals":1}}'
opened ours ours.txt bad "$BOB"
git_as "$CAT" -C "$WORK" push -q "$URL/$PROJECT.git" "+$(git -C "$WORK" commit-tree -p "$SHA" -m more "$SHA^{tree}"):refs/heads/ours" 2>"$T/push.err"
SHA=$(git_as "$ADMIN" ls-remote "$URL/$PROJECT.git" refs/heads/ours | cut -f1)
wait_for 10 head_is "$SHA"
status "$RUNNER" "$SHA" success ci/test
review "$BOB" APPROVED
gate
tap_is "$(field .open),$(met approval)" 'false,false' 'who pushed before another does not approve it'
tap_like "$(why approval)" '*who wrote a part of it*' 'and is told so'
review "$CAT" APPROVED
gate
tap_is "$(met approval)" false 'nor who pushed last'
push_branch early early.txt x "$BOB"
push_branch early early.txt y "$CAT"
api POST "$R/pulls" '{"title":"early","head":"early","base":"main"}'
N=$(field .number)
review "$BOB" APPROVED
gate
tap_is "$(met approval)" false 'nor who pushed before it was opened'
opened theirs theirs.txt x
ROBO=$(make_user robo)
api PATCH /api/v1/admin/users/robo '{"type":"bot"}'
tap_is "$STATUS,$(field .type)" 200,bot 'an account is a program'\''s'
api PUT "$R/collaborators/robo" '{"permission":"write"}'
review "$ROBO" APPROVED
gate
tap_is "$(met approval)" false 'which approves nothing, maintainer or not'
review "$EVE" APPROVED
gate
tap_is "$(met approval)" false 'a reader does not'
review "$CAT" APPROVED
checked
gate
tap_is "$(field .open)" true 'a maintainer who wrote nothing of it does'
api PUT "$R/collaborators/cat" '{"permission":"read"}'
gate
tap_is "$(met approval)" false 'while he is one'
api PUT "$R/collaborators/cat" '{"permission":"write"}'
review "$BOB" REQUEST_CHANGES 'not yet'
merge "$ADMIN"
tap_like "$STATUS $(field .message)" '405 There are requested changes*' 'one no shuts it'
review "$BOB" APPROVED

# ---- conversations ----
line() # TOKEN EVENT
{
	as "$1" api POST "$R/pulls/$N/reviews" "{\"event\":\"$2\",\"body\":\"b\",\"comments\":[{\"path\":\"theirs.txt\",\"new_position\":1,\"body\":\"why?\"}]}"
	REVIEW=$(field .id)
	api GET "$R/pulls/$N/reviews/$REVIEW/comments"
	THREAD=$(field '.[0].id')
}
line "$EVE" COMMENT
gate
tap_is "$(field .open)" true 'a question of a reader is none that must be answered'
line "$CAT" COMMENT
gate
tap_is "$(met conversations)" false 'one of a maintainer is'
tap_like "$(why conversations)" '1 to resolve, in theirs.txt' 'and says where'
as "$EVE" api POST "$R/pulls/comments/$THREAD/resolve"
tap_is "$STATUS" 403 'a reader does not resolve it'
merge "$ADMIN"
tap_like "$STATUS $(field .message)" '405 There are unresolved conversations*' 'the merge says the same'
as "$BOB" api POST "$R/pulls/comments/$THREAD/resolve"
gate
tap_is "$(field .open)" true 'another maintainer does'
as "$BOB" api POST "$R/pulls/comments/$THREAD/unresolve"
review "$CAT" APPROVED 'It is clear now.'
gate
tap_is "$(field .open),$(met conversations)" 'true,true' 'and who began it, by approving this head'
line "$CAT" COMMENT
as "$BOB" api POST "$R/pulls/comments/$THREAD/resolve"
as "$BOB" api POST "$R/pulls/comments/$THREAD/unresolve"
api PATCH "$C/projects/$PROJECT" '{"settings":{"conversations":false}}'
gate
tap_is "$(field .open),$(met conversations)" 'true,' 'a project may do without'
api PATCH "$C/projects/$PROJECT" '{"settings":{"conversations":true}}'

# ---- what changes meanwhile ----
merge "$BOB" '{"Do":"merge","merge_when_checks_succeed":true}'
tap_is "$STATUS" 201 'a merge waits for the conversation'
api POST "$R/branch_protections" '{"rule_name":"main","enable_status_check":true,"status_check_contexts":["lint"],"protected_file_patterns":"theirs.txt;secret/**"}'
as "$BOB" api POST "$R/pulls/comments/$THREAD/resolve"
gate
tap_is "$(field .open),$(met statuses),$(met files)" 'false,false,false' 'a protection that came meanwhile counts for it'
status "$CAT" "$SHA" success lint
gate
tap_is "$(met statuses),$(met files)" 'true,false' 'status by status'
api GET "$R/pulls/$N/merge"
tap_is "$STATUS" 404 'and it has not merged'
review "$CAT" APPROVED 'Good. See file: theirs.txt'
gate
tap_is "$(met files)" false 'a protected file is not named in passing'
as "$CAT" api POST "$R/issues/$N/comments" '{"body":"/approve\n\nfile: theirs.txt"}'
merged() { api GET "$R/pulls/$N/merge"; [ "$STATUS" = 204 ]; }
tap_ok 'named in an approval, it is the last thing that was waited for' wait_for 20 merged

# A status turns red while twenty ask at once: none merges after it.
opened race race.txt x
review "$BOB" APPROVED
checked
status "$BOB" "$SHA" success lint
gate
tap_is "$(field .open)" true 'a gate is open'
status "$BOB" "$SHA" failure lint
printf 'header = "Authorization: Bearer %s"\n' "$BOB" >"$T/rc"
for _ in 1 2 3 4 5 6 7 8; do
	curl -sS -K "$T/rc" -H 'Content-Type: application/json' -o /dev/null -w '%{http_code}\n' \
	    -d '{"Do":"merge"}' "$URL$R/pulls/$N/merge" &
done >"$T/codes"
wait_all() { [ "$(wc -l <"$T/codes")" = 8 ]; }
wait_for 20 wait_all
tap_is "$(sort -u "$T/codes")" 405 'after a red one nobody merges'

# ---- the base goes on ----
api PATCH "$C/projects/$PROJECT" '{"settings":{"current":true}}'
status "$BOB" "$SHA" success lint
gate
tap_is "$(field .open),$(met current)" 'true,true' 'a head with all of the base'
RACE=$N
RACED=$SHA
opened other other.txt x
review "$BOB" APPROVED
checked
status "$BOB" "$SHA" success lint
merge "$BOB"
tap_is "$STATUS" 200 'another merges before it'
N=$RACE
gate
tap_is "$(field .open),$(met current)" 'false,false' 'what was checked is not what the base would be'
merge "$BOB"
tap_like "$STATUS $(field .message)" '405 The head branch is behind the base branch*' 'and it does not merge'

# Whoever lets the server update it has written nothing of it.
opened late late.txt x "$CAT"
as "$BOB" api POST "$R/pulls/$N/update"
tap_is "$STATUS" 200 'one that has all of the base needs no update'
M=$N
opened between between.txt x
review "$BOB" APPROVED
checked
status "$BOB" "$SHA" success lint
merge "$BOB"
N=$M
as "$BOB" api POST "$R/pulls/$N/update"
tap_is "$STATUS" 200 'a maintainer lets one be updated'
updated() { gate; [ "$(met current)" = true ]; }
wait_for 10 updated
review "$BOB" APPROVED
gate
tap_is "$(met approval),$(met current)" 'true,true' 'and approves what the server made'
review "$CAT" APPROVED
gate
tap_like "$(why approval)" '1 of 1*wrote a part*' 'who wrote it still does not'
N=$RACE

# ---- money ----
api GET "$C/events?after=0&limit=1000"
as "$BOB" api POST "$R/issues/$N/comments" '{"body":"/fix it"}'
api GET "$C/events?after=0&limit=1000"
EV=$(field '[.events[] | select(.kind == "comment.created")][-1].seq')
as "$AGENTD" api POST "$C/runs" "{\"event\":$EV,\"project\":$PROJECT_ID,\"item\":$N,\"command\":\"fix\",\"access\":\"write\"}"
RUN=$(field .id)
as "$AGENTD" api PATCH "$C/runs/$RUN" '{"from":"queued","state":"preparing"}'
as "$AGENTD" api PATCH "$C/runs/$RUN" '{"from":"preparing","state":"running"}'
as "$AGENTD" api POST "$C/approvals" "{\"run\":$RUN,\"kind\":\"budget\",\"subject\":\"50000\",\"reason\":\"it spent its limit\"}"
tap_is "$STATUS" 201 'a run on it waits for money'
gate
tap_is "$(met budget)" false 'its budget is frozen'
tap_like "$(why budget)" '*answer approval [0-9]*' 'and says what to answer'

# ---- past it ----
for who in "$BOB" "$EVE"; do
	merge "$who" '{"Do":"merge","force_merge":true,"force_reason":"I say so"}'
	printf '%s ' "$STATUS"
done >"$T/codes"
tap_is "$(cat "$T/codes")" '405 405 ' 'no maintainer and no reader passes it'
merge "$ADMIN" '{"Do":"merge","force_merge":true}'
tap_is "$STATUS" 422 'no admin without a reason'
merge "$ADMIN" '{"Do":"merge","force_merge":true,"force_reason":"x","MergeMessageField":"Gate-Override: y (bob)"}'
tap_is "$STATUS,$(field .message)" '422,body: Gate-Override is what the server writes' 'nor with the word of another'
# Killed when the base has moved and no row says so yet.
stop_cofferd
COFFER_FAIL=merge_moved
export COFFER_FAIL
start_cofferd
unset COFFER_FAIL
merge "$ADMIN" '{"Do":"merge","force_merge":true,"force_reason":"The fix cannot wait."}'
tap_is "$STATUS" 000 'an admin with one does, and cofferd is killed by it'
stop_cofferd
start_cofferd
merged() { api GET "$R/pulls/$N/merge"; [ "$STATUS" = 204 ]; }
tap_ok 'the next one finishes it' wait_for 20 merged
api GET "$R/pulls/$N"
MERGED=$(field .merge_commit_sha)
api GET "$C/events?after=0&limit=1000"
tap_is "$(field "[.events[] | select(.kind == \"pull.merged\" and .item == $N)][0].data.override | \"\(.reason) \(.unmet | sort | join(\",\"))\"")" \
    'The fix cannot wait. budget,current' 'the event has the reason and what was not met'
api GET "$R/issues/$N/timeline?limit=50"
tap_like "$(field '[.[] | select(.type == "merge_pull")][0].body')" 'Merged past the gate by *: The fix cannot wait. (not met: *budget*' 'so has the timeline'
api GET "$R/git/commits/$MERGED"
tap_like "$(field .commit.message)" '*Gate-Override: The fix cannot wait. (admin)*' 'and the commit'
tap_is "$RACED" "$(git_as "$ADMIN" -C "$WORK" fetch -q "$URL/$PROJECT.git" main && git -C "$WORK" rev-parse FETCH_HEAD^2)" 'of exactly that head'
opened draft draft.txt y
api PATCH "$R/pulls/$N" '{"title":"WIP: draft"}'
merge "$ADMIN" '{"Do":"merge","force_merge":true,"force_reason":"x"}'
tap_like "$STATUS $(field .message)" '405 Work in progress*' 'what is a draft is not merged by anybody'

tap_done
