#!/bin/bash
# What upstream may do with its refs, two at once, and a power cut at each
# step: the project follows, and nothing that was acknowledged is lost.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/mirror_lib.sh"

coffer_home
start_cofferd
start_upstream
tap_plan 56
UP=$UPDIR/calc.git

# An upstream without a commit, and then with one.
git init -q --bare "$UPDIR/empty.git"
project_of "http://127.0.0.1:$UPPORT/empty.git" empty
sync
look
tap_is "$(state) $(field .mirror.refs)" 'ok 0' 'an empty upstream is mirrored'
git -C "$WORK" push -q "$UPDIR/empty.git" HEAD:refs/heads/first
git --git-dir="$UPDIR/empty.git" symbolic-ref HEAD refs/heads/first
sync
look
tap_is "$(field .default_branch)" first 'its first branch is the default'
tap_is "$(rev HEAD)" "$(uprev main)" 'and HEAD is there'

project_of "$UPURL" calc
sync
tap_is "$(rev refs/heads/main)" "$(uprev main)" 'a project follows'

# event_of EXPRESSION: how many of this project's events fit it.
event_of()
{
	api GET "/api/coffer/v1/events?after=0&limit=1000&project=$PROJECT_ID"
	field "[.events[] | select($1)] | length"
}

# Unrelated history in the same branch.
OLD=$(uprev main)
up sh -c 'git checkout -q --orphan fresh && git commit -qm anew && git push -qf origin fresh:main && git checkout -q -B main && git branch -D fresh'
sync
look
tap_is "$(state) $(rev refs/heads/main)" "ok $(uprev main)" 'an unrelated rewrite is followed'
tap_is "$(kept)" "$OLD" 'the old history is kept'
tap_is "$(event_of ".kind==\"branch.updated\" and .data.forced and .data.old==\"$OLD\"")" 1 'and told as forced'

# A tag that moves, and one that goes.
up sh -c 'git tag v1 && git tag v2 && git push -q origin v1 v2'
sync
TAG=$(rev refs/tags/v1)
tap_is "$TAG" "$(uprev v1)" 'a tag comes'
up sh -c 'git commit -q --allow-empty -m more && git tag -f v1 && git push -qf origin v1 main && git push -q origin :v2'
sync
tap_is "$(rev refs/tags/v1)" "$(uprev v1)" 'a tag that moves is followed'
tap_ok 'where it was is kept' sh -c "git --git-dir='$R' for-each-ref refs/coffer/kept | grep '$TAG.*tags/v1'"
tap_is "$(event_of '.kind=="branch.updated" and .data.ref=="refs/tags/v1" and .data.forced')" 1 'and told'
tap_is "$(rev refs/tags/v2)" none 'one that goes is gone'
tap_ok 'and kept' sh -c "git --git-dir='$R' for-each-ref refs/coffer/kept | grep tags/v2"

# A branch that is deleted.
up sh -c 'git checkout -qb gone && git commit -q --allow-empty -m g && git push -q origin gone && git checkout -q main'
sync
GONE=$(rev refs/heads/gone)
up git push -q origin :gone
sync
tap_is "$(rev refs/heads/gone)" none 'a deleted branch goes'
tap_ok 'its tip is kept' sh -c "git --git-dir='$R' for-each-ref refs/coffer/kept | grep '$GONE'"
tap_is "$(event_of '.kind=="branch.updated" and .data.ref=="refs/heads/gone" and .data.new=="0000000000000000000000000000000000000000"')" 1 'and told'

# A name that becomes a directory, and back.
up sh -c 'git branch a && git push -q origin a'
sync
tap_is "$(rev refs/heads/a)" "$(uprev a)" 'a branch'
up sh -c 'git push -q origin :a && git branch -m a a/b && git push -q origin a/b'
sync
look
tap_is "$(state) $(rev refs/heads/a/b) $(rev refs/heads/a)" "ok $(uprev a/b) none" 'becomes a directory'
tap_is "$(rev refs/namespaces/upstream/refs/heads/a/b)" "$(uprev a/b)" 'in the mirror, too'
up sh -c 'git push -q origin :a/b && git branch -m a/b a && git push -q origin a'
sync
look
tap_is "$(state) $(rev refs/heads/a)" "ok $(uprev a)" 'and a branch again'

# Another default branch: both views and the project.
up sh -c 'git branch trunk && git push -q origin trunk'
git --git-dir="$UP" symbolic-ref HEAD refs/heads/trunk
sync
look
tap_is "$(field .default_branch)" trunk 'the default branch follows'
tap_is "$(git --git-dir="$R" symbolic-ref HEAD)" refs/heads/trunk 'HEAD of the work'
tap_is "$(git_as "$ADMIN" ls-remote --symref "$URL/upstream/calc.git" HEAD | sed -n '1s/^ref: \([^	]*\).*/\1/p')" refs/heads/trunk 'HEAD of the mirror'
tap_is "$(event_of '.kind=="mirror.synced" and .data.default_branch.old=="main" and .data.default_branch.new=="trunk"')" 1 'one event says so'
git --git-dir="$UP" symbolic-ref HEAD refs/heads/main
sync

# Two at once are one after the other.
up_commit together
mode 'fetch ok'
for _ in 1 2 3 4; do
	curl -s -o "$T/together" -w '%{http_code}\n' -X POST -H "Authorization: Bearer $ADMIN" "$URL/api/coffer/v1/projects/$PROJECT/sync?wait=30" >>"$T/codes" &
	pids="$pids $!"
done
# shellcheck disable=SC2086
wait $pids
tap_is "$(sort -u "$T/codes")" 200 'four who ask at once are all answered'
tap_is "$(rev refs/heads/main)" "$(uprev main)" 'with what upstream has'
tap_is "$(event_of ".kind==\"branch.updated\" and .data.new==\"$(uprev main)\" and .data.ref==\"refs/heads/main\"")" 1 'moved once'

# A push while a sync brings a branch of the same name.
git clone -q "http://x:$ADMIN@${URL#http://}/$PROJECT.git" "$T/c" 2>/dev/null
lost=0 taken=0
for i in 1 2 3 4 5 6; do
	up sh -c "git checkout -q -B race$i main && git commit -q --allow-empty -m up$i && git push -q origin race$i && git checkout -q main"
	git -C "$T/c" commit -q --allow-empty -m "mine $i"
	mine=$(git -C "$T/c" rev-parse HEAD)
	sync & s=$!
	[ $((i % 2)) = 0 ] || sleep 0.05
	if git -C "$T/c" push -q origin "HEAD:refs/heads/race$i" 2>/dev/null; then
		taken=$((taken + 1))
		wait $s
		sync
		git --git-dir="$R" for-each-ref --contains "$mine" --format=x refs/heads refs/coffer/kept | grep -q x || lost=$((lost + 1))
	else
		wait $s
	fi
done
tap_is "$lost" 0 "of $taken pushes that were acknowledged none is lost"
sync
bad=
for i in 1 2 3 4 5 6; do
	git --git-dir="$R" merge-base --is-ancestor "$(uprev "race$i")" "refs/heads/race$i" || bad="$bad race$i"
done
tap_is "$bad" '' 'and each branch has what upstream has'

# A power cut at each step: what is seen then is old or new, never half; the
# next sync ends it.
up sh -c 'i=0; while [ $i -lt 600 ]; do echo "create refs/tags/many/$i HEAD"; i=$((i+1)); done | git update-ref --stdin; git push -q origin --tags'
for point in mirror_after_fetch mirror_after_kept mirror_moving mirror_before_rows mirror_between_rows mirror_after_rows; do
	stop_cofferd
	before=$(rev refs/heads/main)
	up sh -c "git commit -q --amend --allow-empty -m '$point' && git push -qf origin main && git tag cut/$point && git push -q origin cut/$point && git checkout -q -B x$point && git push -q origin x$point && git checkout -q main"
	COFFER_FAIL=$point start_cofferd
	curl -s -m 20 -o "$T/cut" -X POST -H "Authorization: Bearer $ADMIN" "$URL/api/coffer/v1/projects/$PROJECT/sync?wait=15"
	tap_ok "$point: killed there" wait_for 5 sh -c "! kill -0 $COFFERD_PID 2>/dev/null || grep -q '^State:.Z' /proc/$COFFERD_PID/status"
	now=$(rev refs/heads/main)
	case $now in "$before" | "$(uprev main)") half= ;; *) half=yes ;; esac
	stop_cofferd
	start_cofferd
	sync
	look
	tap_is "$half $(state) $(rev refs/heads/main) $(rev "refs/heads/x$point") $(rev "refs/tags/cut/$point")" " ok $(uprev main) $(uprev main) $(uprev main)" 'the next sync ends it'
	tap_ok 'the old tip is kept' sh -c "git --git-dir='$R' for-each-ref refs/coffer/kept | grep '$before'"
	tap_is "$(event_of ".kind==\"branch.updated\" and .data.ref==\"refs/heads/main\" and .data.new==\"$(uprev main)\"")" 1 'told once'
done
tap_ok 'the repository is whole' git --git-dir="$R" fsck --no-dangling
tap_is "$(git --git-dir="$R" for-each-ref refs/tags/many | wc -l)" 600 'with its many tags'
tap_ok 'cofferd ends well' stop_cofferd
tap_done
