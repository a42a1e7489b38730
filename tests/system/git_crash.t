#!/bin/sh
# cofferd is killed between git and its rows: after a restart both say the same,
# each move has one event, and no tip is lost.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
R=$HOME_DIR/repos/$PROJECT_ID.git
git clone -q "http://x:$ADMIN@${URL#http://}/$PROJECT.git" "$T/c"
cd "$T/c" || exit 1

restart() { # [POINT]: where the new one kills itself
	stop_cofferd
	if [ $# -gt 0 ]; then
		COFFER_FAIL=$1
		export COFFER_FAIL
	fi
	start_cofferd
	unset COFFER_FAIL
	git -C "$T/c" remote set-url origin "http://x:$ADMIN@${URL#http://}/$PROJECT.git"
}
dead() { ! kill -0 "$COFFERD_PID" 2>/dev/null || grep -q '^State:	Z' "/proc/$COFFERD_PID/status"; }
events() { # REF NEW
	api GET '/api/coffer/v1/events?after=0&limit=100'
	jq --arg r "$1" --arg n "$2" '[.events[] | select(.kind=="branch.updated" and .data.ref==$r and .data.new==$n)] | length' "$BODY"
}
one() { [ "$(events "$1" "$2")" = 1 ]; }

# Is the point compiled in?  It is in every test build.
restart push_before_rows
git checkout -q -b agent/probe && git commit -q --allow-empty -m probe
git push -q origin agent/probe >/dev/null 2>&1
dead || tap_skip_all 'this build has no fail points'
restart
tap_plan 29
tap_ok 'after receive-pack, before rows: one event' wait_for 10 one refs/heads/agent/probe "$(git rev-parse HEAD)"
tap_is "$(git --git-dir="$R" rev-parse agent/probe)" "$(git rev-parse HEAD)" 'the ref is there'

i=0
for point in push_before_rows push_before_write push_after_rows; do
	i=$((i + 1))
	git checkout -q -B "agent/p$i" main && git commit -q --allow-empty -m "first $i"
	git push -q origin "agent/p$i" 2>/dev/null
	old=$(git rev-parse HEAD)
	git commit -q --amend --allow-empty -m "forced $i"
	restart "$point"
	git push -q -f origin "agent/p$i" >/dev/null 2>&1
	tap_ok "$point kills" wait_for 5 dead
	restart
	tap_ok "$point: one event" wait_for 10 one "refs/heads/agent/p$i" "$(git rev-parse HEAD)"
	tap_is "$(jq -r --arg n "$(git rev-parse HEAD)" '.events[] | select(.data.new==$n) | .actor.login' "$BODY")" admin "$point: of the user who pushed"
	tap_ok "$point: the forced tip is kept" sh -c "git --git-dir='$R' for-each-ref refs/coffer/kept | grep -q $old"
done

for point in mirror_after_fetch mirror_before_rows mirror_after_rows; do
	restart "$point"
	(cd "$WORK" && echo "$point" >>a.txt && git commit -qam "$point" && git push -q origin main) >/dev/null 2>&1
	[ "$(id -u)" -ne 0 ] || chown -R "$(stat -c %u "$HOME_DIR/db")" "$T/up"
	api POST "/api/coffer/v1/projects/$PROJECT/sync?wait=10"
	tap_ok "$point kills" wait_for 5 dead
	restart
	api POST "/api/coffer/v1/projects/$PROJECT/sync?wait=30"
	new=$(git --git-dir="$T/up/calc.git" rev-parse main)
	tap_is "$(git --git-dir="$R" rev-parse main)" "$new" "$point: the branch follows"
	tap_is "$(events refs/heads/main "$new")" 1 "$point: one event"
done

# A lock that a killed git left is in nobody's way.
touch -d '1 hour ago' "$R/refs/heads/agent/p1.lock"
restart
cleaned() { ! [ -e "$R/refs/heads/agent/p1.lock" ]; }
tap_ok 'an old lock is removed' wait_for 10 cleaned
git checkout -q agent/p1 && git commit -q --allow-empty -m again
tap_ok 'and the branch moves again' git push -q origin agent/p1
tap_ok 'git agrees' git --git-dir="$R" fsck --connectivity-only --no-dangling
tap_is "$(events refs/heads/agent/p1 "$(git rev-parse HEAD)")" 1 'one event again'
restart
tap_is "$(events refs/heads/agent/p1 "$(git rev-parse HEAD)")" 1 'a restart repeats none'
tap_ok 'cofferd ends well' stop_cofferd
tap_done
