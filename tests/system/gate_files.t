#!/bin/sh
# Which files a pull request changes: those that its diff shows, and those that
# its merge changes in the base.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/gate_lib.sh"

api PATCH "$C/projects/$PROJECT" '{"settings":{"approvals":0}}'
api POST "$R/branch_protections" '{"rule_name":"main","protected_file_patterns":"secret/**"}'
W=$WORK
# on REV: the work tree is there
on() { git_as "$ADMIN" -C "$W" fetch -q "$URL/$PROJECT.git" main 2>>"$T/git.err" && git -C "$W" checkout -q --detach "$1"; }
save() # MESSAGE; SHA is the commit
{
	git -C "$W" add -A && git -C "$W" commit -q -m "$1" && SHA=$(git -C "$W" rev-parse HEAD)
}
push() { git_as "$ADMIN" -C "$W" push -q "$URL/$PROJECT.git" "+$1:refs/heads/$2" 2>>"$T/git.err"; }
# land BRANCH: what is committed is merged into main by its admin
land()
{
	push HEAD "$1"
	propose "$1"
	merge "$ADMIN" '{"Do":"merge","force_merge":true,"force_reason":"made ready"}'
	[ "$STATUS" = 200 ] || tap_bail "land $1: $STATUS $(cat "$BODY")"
}
text() { seq 1 40; }

on FETCH_HEAD
mkdir -p "$W/plain" "$W/docs"
text >"$W/plain/key.txt"
text >"$W/docs/page.md"
save 'begin'
land begin
on FETCH_HEAD
OLD=$(git -C "$W" rev-parse HEAD)

# ---- the base moved a file to a protected place ----
mkdir "$W/secret"
git -C "$W" mv plain/key.txt secret/key.txt
save 'move'
land move
on "$OLD"
sed -i '20s/.*/evil/' "$W/plain/key.txt"
save 'innocent'
push HEAD agent/moved
propose agent/moved
settled() { gate; [ "$(met mergeable)" = true ]; }
wait_for 10 settled
api GET "$R/pulls/$N/files"
tap_is "$(field '[.[].filename] | join(",")')" plain/key.txt 'a diff that shows a file at its old place'
gate
tap_is "$(met files)" false 'changes the protected one that it is now'
tap_like "$(why files)" 'secret/key.txt*' 'which is named'
merge "$BOB"
tap_like "$STATUS $(field .message)" '405 Changed protected files*' 'and does not merge'
review "$BOB" APPROVED 'file: plain/key.txt'
gate
tap_is "$(met files)" false 'approved by its old name it is not'
review "$BOB" APPROVED 'file: secret/key.txt'
gate
tap_is "$(met files)" true 'by its new one it is'

# ---- more than one thing in common ----
# Both have merged the other's first commit, and the head has undone the base's:
# against the one merge base it changes nothing, against the other it does.
cross() # NAME DATE: of the head's first commit
{
	on FETCH_HEAD
	from=$(git -C "$W" rev-parse HEAD)
	echo safe >"$W/secret/$1"
	save "close $1"
	land "close-$1"
	on FETCH_HEAD
	safe=$(git -C "$W" rev-parse HEAD)
	git -C "$W" checkout -q --detach "$from"
	echo a >"$W/$1.txt"
	GIT_COMMITTER_DATE=$2 save "begin $1"
	begun=$SHA
	git -C "$W" merge -q --no-ff -m 'take the base' "$safe" >/dev/null
	rm "$W/secret/$1"
	save "open $1"
	opened=$SHA
	git -C "$W" checkout -q --detach "$safe"
	git -C "$W" merge -q --no-ff -m 'take the head' "$begun" >/dev/null
	land "cross-$1"
	push "$opened" "agent/$1"
	propose "agent/$1"
	wait_for 10 settled
	git_as "$ADMIN" -C "$W" fetch -q "$URL/$PROJECT.git" main 2>>"$T/git.err"
	tap_is "$(git -C "$W" merge-base --all FETCH_HEAD "$opened" | wc -l)" 2 "two branches that merged each other, $1"
	gate
	tap_is "$(met files)" false "what the merge undoes is seen, $1"
	tap_like "$(why files)" "secret/$1*" "and named, $1"
}
cross older '2001-01-01T00:00:00Z'
cross newer '2037-01-01T00:00:00Z'
api DELETE "$R/branch_protections/main"

# ---- the filters of checks ----
on FETCH_HEAD
mkdir -p "$W/.coffer"
printf 'checks:\n  - name: secret\n    test: make secret\n    paths: ["secret/**"]\n  - name: docs\n    test: make docs\n    paths: ["docs/**"]\n' >"$W/.coffer/checks.yml"
save 'checks'
land checks
on "$OLD"
sed -i '30s/.*/other/' "$W/plain/key.txt"
save 'other'
push HEAD agent/filtered
propose agent/filtered
wait_for 10 settled
tap_like "$(why check:docs)" '*skipped*' 'a check of files that it leaves alone is skipped'
tap_is "$(met check:secret)" false 'that of the place where the base has its file now is not'
tap_like "$(why check:secret)" '*pending*' 'it waits for its verdict'

# ---- the file of checks, merged ----
on FETCH_HEAD
BASE=$(git -C "$W" rev-parse HEAD)
sed -i 's/make secret/make more/' "$W/.coffer/checks.yml"
{ seq 1 12 | sed 's/^/# /'; cat "$W/.coffer/checks.yml"; printf '  - name: extra\n    test: make extra\n'; } >"$T/checks"
cp "$T/checks" "$W/.coffer/checks.yml"
save 'one more check'
land more
git -C "$W" checkout -q --detach "$BASE"
sed -i 's/^checks:$/checks:\n  - name: extra\n    test: make other/' "$W/.coffer/checks.yml"
save 'the same name'
push HEAD agent/checks
propose agent/checks
wait_for 10 settled
OWN=$SHA
api GET "$R/commits/$OWN/statuses"
tap_is "$(field '[.[] | select(.context == "ci/checks.yml")][0].status')" failure 'a file of checks that is right alone and wrong when merged is a failure'
tap_like "$(field '[.[] | select(.context == "ci/checks.yml")][0].description')" '*extra*' 'with what is wrong'
commented() { api GET "$R/issues/$N/comments"; field '[.[].body] | join("")' | grep -q "merged with the base's it is wrong"; }
as "$RUNNER" api POST "$C/ci/poll" '{"slots":1}'
while [ "$STATUS" = 200 ]; do
	done_job "$(field .id)" "$(field .lease)" failed,1
	as "$RUNNER" api POST "$C/ci/poll" '{"slots":1}'
done
tap_ok 'and the summary says so' wait_for 10 commented
on "$BASE"
printf 'checks:\n  - wrong: x\n' >"$W/.coffer/checks.yml"
save 'wrong by itself'
push HEAD agent/wrong
propose agent/wrong
wrong() { api GET "$R/commits/$SHA/statuses"; [ "$(field '[.[] | select(.context == "ci/checks.yml")][0].status')" = failure ]; }
tap_ok 'one that is wrong alone is one, too' wait_for 10 wrong
tap_like "$(field '[.[] | select(.context == "ci/checks.yml")][0].description')" '*line 2*' 'with its line'

tap_done
