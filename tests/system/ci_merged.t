#!/bin/sh
# Checks that run on what merging leaves: on which tree, what a base that moves
# does to jobs and verdicts, and that the merge is of that tree or of none.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/ci_lib.sh"
. "$(dirname "$0")/web_lib.sh"

ci_start
BOB=$(make_user bob)
api PUT "$R/collaborators/bob" '{"permission":"write"}'
REPO=$HOME_DIR/repos/$PROJECT_ID.git

met() { jq -r ".requirements[] | select(.id == \"$1\") | .met" "$BODY"; }
why() { jq -r ".requirements[] | select(.id == \"$1\") | .why" "$BODY"; }
gate() { api GET "$C/repos/$PROJECT/pulls/$N/gate"; }
gate_is() { gate; [ "$(field .open)" = "$1" ]; }
runner() { as "$RUNNER" api "$@"; }
job() { printf '%s' "$JOB" | jq -r "$1"; }
# The next job is the runner's: $JOB.
take()
{
	runner POST "$C/ci/poll?wait=${1:-10}" '{"slots":50}'
	[ "$STATUS" = 200 ] || { JOB='{}'; return 1; }
	JOB=$(cat "$BODY")
}
end_job()
{
	runner POST "$C/ci/jobs/$(job .id)/result" \
	    "{\"lease\":\"$(job .lease)\",\"state\":\"$1\",\"phase\":\"test\",\"exit_code\":$2}"
}
beat() { runner POST "$C/ci/jobs/$(job .id)/heartbeat" "{\"lease\":\"$(job .lease)\"}"; }
tree() { http_t=$RUNNER; http GET "$C/ci/jobs/$(job .id)/tree.tar" -H "X-Coffer-Lease: $(job .lease)"; http_t=; }
# unit EXPRESSION: of the pull request's job of that check on its head
unit() { ci_jobs "$N"; ci_job unit "$1" | head -n 1; }
unit_is() { [ "$(unit "$1")" = "$2" ]; }
said() { api GET "$R/commits/$1/statuses?limit=50&sort=recentupdate"; jq -r "[.[] | select(.context == \"$2\")][0] | \"\(.status): \(.description)\"" "$BODY"; }
tip() { git -C "$REPO" rev-parse "refs/heads/$1"; }
# commit BRANCH FROM FILE TEXT: one commit on top of FROM, pushed; SHA
commit()
{
	git -C "$WORK" checkout -q --detach "$2" || tap_bail "checkout $2"
	if [ -n "$3" ]; then
		printf '%s\n' "$4" >"$WORK/$3"
		git -C "$WORK" add "$3"
	fi
	git -C "$WORK" commit -q --allow-empty -m "$1 ${3:-nothing}"
	git_as "$ADMIN" -C "$WORK" push -q "$URL/$PROJECT.git" "+HEAD:refs/heads/$1" || tap_bail "push $1"
	SHA=$(git -C "$WORK" rev-parse HEAD)
}
moves() { commit trunk "$TRUNK" "$@"; TRUNK=$SHA; }
opened() # BRANCH FROM FILE TEXT
{
	commit "$@"
	api POST "$R/pulls" "{\"title\":\"$1\",\"head\":\"$1\",\"base\":\"trunk\"}"
	N=$(field .number)
}
merge() { api POST "$R/pulls/$N/merge" "{\"Do\":\"${1:-merge}\"}"; }
setting() { api PATCH "$C/projects/$PROJECT" "{\"settings\":{\"test_merge_result\":$1}}"; }
of_merge() { git -C "$WORK" merge-tree --write-tree "$1" "$2"; }

# ---- who says so ----
as "$BOB" setting true
tap_is "$STATUS" 403 'a maintainer does not decide what checks run on'
tap_like "$(field .message)" '*admin of the project*' 'and is told who does'
coffer() { COFFER_HOME=$HOME_DIR "$O/bin/coffer" "$@"; }
coffer settings calc test_merge_result=true >"$T/out" 2>&1
tap_is "$(coffer settings calc --json | jq .test_merge_result)" true 'an admin does, by the command line'
api PUT "$C/projects/$PROJECT/checks" "$(jq -n '{text: "new_tests: off\nchecks:\n  - name: unit\n    test: make check\n    presets: [python]\n  - name: docs\n    test: make docs\n    presets: [python]\n    paths: [\"docs/**\"]\n"}')"
tap_is "$STATUS" 200 'the project has checks'

# ---- on the merge ----
git -C "$WORK" fetch -q origin main
MAIN=$(git -C "$WORK" rev-parse FETCH_HEAD)
commit trunk "$MAIN" base.txt one
FIRST=$SHA
TRUNK=$SHA
moves later.txt one
opened topic "$FIRST" topic.txt topic
TOPIC=$SHA
take
WANT=$(of_merge "$TRUNK" "$TOPIC")
tap_is "$(job '[.name, .merge, .sha, .base_sha, .tree] | join(" ")')" "unit true $TOPIC $TRUNK $WANT" \
    'the job is of the merge of the head into the base'
tap_not 'whose tree is nowhere yet' git -C "$REPO" cat-file -e "$WANT"
tree
tap_is "$STATUS,$(tar tf "$BODY" | sort | tr '\n' ' ')" '200,a.txt base.txt later.txt topic.txt ' 'it is given the files of the merge'
tap_like "$(said "$TOPIC" ci/unit)" "pending: *(merge of $(printf %.12s "$TOPIC") into $(printf %.12s "$TRUNK"))" 'its status is on the head and says of which merge'
end_job passed 0
gate
tap_is "$(field .open),$(met check:unit),$(met check:docs)" true,true,true 'its verdict opens the gate'
tap_like "$(why check:unit)" "ci/unit on the merge with $(printf %.12s "$TRUNK"): success" 'which says what it is of'
api GET "$R/issues/$N/comments"
tap_like "$(field '.[-1].body')" "*| passed, merged into \`$(printf %.12s "$TRUNK")\` |*" 'as does the comment of CI'
tap_ok 'and the command line' sh -c "COFFER_HOME='$HOME_DIR' '$O/bin/coffer' check list calc $N | grep -q '$(printf %.12s "$TOPIC") into $(printf %.12s "$TRUNK")'"
sign_in admin "$ADMIN"
page GET "/$PROJECT/pulls/$N"
tap_ok 'and the page' grep -q "checks run on it merged into <code>$(printf %.10s "$TRUNK")" "$BODY"

# ---- the base moves ----
DONE=$(unit '[.id, .attempt, .state, .ended_at] | join(" ")')
moves '' ''
tap_ok 'a base that moves to the same merge leaves it open' wait_for 10 gate_is true
tap_is "$(unit '[.id, .attempt, .state, .ended_at] | join(" ")')" "$DONE" 'and runs nothing again'
moves other.txt one
tap_ok 'another merge shuts it' wait_for 10 gate_is false
tap_like "$(why check:unit)" "ci/unit on the merge with $(printf %.12s "$TRUNK"): [np][oe]*" 'until it is tested'
wait_for 10 unit_is .state queued
tap_is "$(unit .priority)" -1 'its test waits behind those of new heads'
merge
tap_like "$STATUS $(field .message)" '405 Not all required status checks successful*' 'and it does not merge'
tap_ok 'but is tested as soon as they, for somebody wants it' wait_for 10 unit_is .priority 0
runner POST "$R/statuses/$TOPIC" '{"state":"success","context":"ci/unit"}'
gate
tap_is "$(field .open)" false 'nor by a status that says so'
wait_for 10 unit_is .state queued
tap_is "$(unit '[.state, .base_sha, .tree] | join(" ")')" "queued $TRUNK $(of_merge "$TRUNK" "$TOPIC")" 'the newest one is queued'
tap_is "$(ci_job docs .state)" skipped 'what looks at no file of it is not'

take
OLD=$JOB
moves more.txt one
wait_for 10 unit_is .state queued
tap_is "$(unit .base_sha)" "$TRUNK" 'a job that runs gives way to the newest merge'
beat
tap_is "$STATUS" 409 'its runner hears that it is not its own any more'
end_job passed 0
tap_is "$STATUS,$(unit .state)" 409,queued 'and what it found is no verdict'
for i in 1 2 3; do moves "more$i.txt" one; done
newest() { [ "$(unit .base_sha)" = "$TRUNK" ]; }
wait_for 10 newest
tap_is "$(jq '[.[] | select(.state == "queued")] | length' "$T/jobs.json")" 1 'however often the base moves one waits'
take
tap_is "$(job .base_sha),$(job .id)" "$TRUNK,$(printf '%s' "$OLD" | jq .id)" 'of the newest merge'
WANT=$(job .tree)
end_job passed 0
tap_ok 'which opens the gate' wait_for 10 gate_is true
merge squash
tap_is "$STATUS" 200 'it merges'
TRUNK=$(tip trunk)
git_as "$ADMIN" -C "$WORK" fetch -q "$URL/$PROJECT.git" trunk
tap_is "$(git -C "$REPO" rev-parse 'refs/heads/trunk^{tree}')" "$WANT" 'and leaves what was tested'

# ---- the same files by another way ----
opened steps "$TRUNK" later.txt two
commit steps "$SHA" later.txt one
commit steps "$SHA" steps.txt one
STEPS=$SHA
moves later.txt two
wait_for 10 newest
take
tap_is "$(job .tree)" "$(of_merge "$TRUNK" "$STEPS")" 'a head whose commits one by one leave something else'
end_job passed 0
wait_for 10 gate_is true
merge rebase
tap_like "$STATUS $(field .message)" "405 *other files than the merge*" "is not rebased"
tap_is "$(tip trunk)" "$TRUNK" 'and the base is where it was'
merge
tap_is "$STATUS" 200 'it merges by a merge'
TRUNK=$(tip trunk)
git_as "$ADMIN" -C "$WORK" fetch -q "$URL/$PROJECT.git" trunk

# ---- two that pass, each by itself ----
opened one "$TRUNK" one.txt x
ONE=$N
opened two "$TRUNK" two.txt x
TWO=$N
for _ in 1 2; do take; end_job passed 0; done
N=$ONE
wait_for 10 gate_is true
N=$TWO
wait_for 10 gate_is true
N=$ONE
merge
N=$TWO
tap_is "$STATUS" 200 'of two that pass one merges'
merge
tap_is "$STATUS" 405 'the other was not tested with it'
api POST "$R/pulls/$N/merge" '{"Do":"rebase","merge_when_checks_succeed":true}'
tap_is "$STATUS" 201 'and waits for that'
TRUNK=$(tip trunk)
git_as "$ADMIN" -C "$WORK" fetch -q "$URL/$PROJECT.git" trunk
take
tap_is "$(job '[.pull, .base_sha] | join(" ")')" "$TWO $TRUNK" 'its test is with the first'
WANT=$(job .tree)
end_job passed 0
done_is() { api GET "$R/pulls/$1/merge"; [ "$STATUS" = 204 ]; }
tap_ok 'then it merges' wait_for 10 done_is "$TWO"
tap_is "$(git -C "$REPO" rev-parse 'refs/heads/trunk^{tree}')" "$WANT" 'to what was tested'
TRUNK=$(tip trunk)
git_as "$ADMIN" -C "$WORK" fetch -q "$URL/$PROJECT.git" trunk

# ---- what the rows say is not what git makes ----
opened other "$TRUNK" otherwise.txt x
OTHER=$SHA
moves ahead.txt x
wait_for 10 newest
take
end_job passed 0
wait_for 10 gate_is true
stop_cofferd
sqlite3 "$HOME_DIR/db/coffer.db" "UPDATE pull SET merge_tree = '$WANT' WHERE number = $N; UPDATE job SET tree = '$WANT' WHERE pull = $N"
start_cofferd
tap_ok 'a gate that is open for another tree' gate_is true
merge
tap_like "$STATUS $(field .message)" '405 *other files than those that were tested*' 'lets no merge through that does not leave it'
tap_is "$(tip trunk)" "$TRUNK" 'the base stays'
take
tap_is "$(job '[.pull, .tree] | join(" ")')" "$N $(of_merge "$TRUNK" "$OTHER")" 'and what it leaves is tested'
end_job failed 1
gate
tap_like "$(field .open) $(why check:unit)" 'false ci/unit on the merge with *: failure' 'a failure there shuts it'
api PATCH "$R/pulls/$N" '{"state":"closed"}'

# ---- a conflict ----
opened clash "$TRUNK" base.txt two
CLASH=$SHA
wait_for 10 unit_is .state queued
moves base.txt three
wait_for 10 unit_is .state superseded
tap_is "$(unit .state)" superseded 'what conflicts with its base is not tested'
tap_like "$(said "$CLASH" ci/unit)" 'pending: it conflicts with its base*' 'and its status says so'
gate
tap_is "$(met mergeable),$(met check:unit)" false,false 'the gate is shut for both'
tap_not 'no runner is given it' take 0
commit clash "$TRUNK" base.txt two
CLASH=$SHA
wait_for 10 unit_is .state queued
tap_is "$(unit '[.state, .sha] | join(" ")')" "queued $CLASH" 'a head without the conflict is'

# ---- on the head again ----
setting false
wait_for 10 unit_is .merge false
tap_is "$(unit '[.state, .merge, .tree] | join(" ")')" 'queued false ' 'without the setting it runs on the head'
take
end_job passed 0
tap_ok 'whose verdict counts' wait_for 10 gate_is true
tap_is "$(said "$CLASH" ci/unit)" 'success: passed' 'and names no merge'
api POST "$R/branch_protections" '{"rule_name":"trunk","enable_push":true,"test_merge_result":true}'
tap_is "$STATUS,$(field .test_merge_result)" 201,true 'a protection asks for the same'
gate
tap_is "$(met check:unit)" false 'then it does not count from that moment on'
wait_for 10 unit_is .merge true
tap_is "$(unit '[.state, .merge] | join(" ")')" 'queued true' 'and it runs on the merge'
as "$BOB" api DELETE "$R/branch_protections/trunk"
tap_is "$STATUS" 403 'which no maintainer takes away'

# ---- killed ----
stop_cofferd
start_cofferd
tap_is "$(unit '[.state, .merge] | join(" ")')" 'queued true' 'a restart changes nothing'
# As when it is killed between a setting and what follows from it.
api DELETE "$R/branch_protections/trunk"
wait_for 10 unit_is .merge false
stop_cofferd
sqlite3 "$HOME_DIR/db/coffer.db" 'UPDATE project SET gate_merged = 1'
start_cofferd
tap_ok 'a start does what a setting asks for' wait_for 10 unit_is .merge true
api POST "$R/issues/$N/comments" '{"body":"/test-pr \"make extra\""}'
ordered() { ci_jobs "$N"; [ "$(jq '[.[] | select(.kind == "order")] | length' "$T/jobs.json")" = 1 ]; }
tap_ok 'what a comment orders is there' wait_for 10 ordered
tap_is "$(jq -r '.[] | select(.kind == "order") | [.merge, .tree] | map(tostring) | join(" ")' "$T/jobs.json")" 'false null' 'and runs on the head'

# ---- too often ----
i=0
while [ $i -lt 22 ]; do
	i=$((i + 1))
	moves "often$i.txt" "$i"
	current() { gate; api GET "$R/pulls/$N"; [ "$(field .base.sha)" = "$TRUNK" ]; }
	wait_for 10 current
done
wait_for 10 unit_is .state superseded
tap_like "$(unit '[.state, .why] | join(" ")')" 'superseded its base moved too often*' 'a base that moves on and on has it tested no more'
merge
tap_is "$STATUS" 405 'until somebody wants it merged'
tap_ok 'then it is' wait_for 10 unit_is .state queued
tap_is "$(unit .base_sha)" "$TRUNK" 'with the newest base'
tap_done
