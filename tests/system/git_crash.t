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
wait_for 5 dead || tap_skip_all 'this build has no fail points'
restart
tap_plan 48
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
touch -d '1 hour ago' "$R/refs/heads/agent/p1.lock" "$R/packed-refs.new"
restart
cleaned() { ! [ -e "$R/refs/heads/agent/p1.lock" ] && ! [ -e "$R/packed-refs.new" ]; }
tap_ok 'an old lock is removed' wait_for 10 cleaned
git checkout -q agent/p1 && git commit -q --allow-empty -m again
tap_ok 'and the branch moves again' git push -q origin agent/p1
tap_ok 'git agrees' git --git-dir="$R" fsck --connectivity-only --no-dangling
tap_is "$(events refs/heads/agent/p1 "$(git rev-parse HEAD)")" 1 'one event again'
mark() { : >"$R/refs/heads/agent/p1.lock"; [ "$(id -u)" -ne 0 ] || chown "$(stat -c %u "$HOME_DIR/db")" "$R/refs/heads/agent/p1.lock"; }
mark
restart
tap_ok 'so is a new one that nobody holds' wait_for 10 cleaned
tap_is "$(events refs/heads/agent/p1 "$(git rev-parse HEAD)")" 1 'a restart repeats none'

# kill -9 between the two halves of what is done to a kept ref.
git checkout -q -B agent/k main && git commit -q --allow-empty -m kept
K=$(git rev-parse HEAD)
git push -q origin agent/k 2>/dev/null
git push -q origin :agent/k 2>/dev/null
P=/api/coffer/v1/projects/$PROJECT
kept_name() { api GET "$P/kept"; field ".[] | select(.sha==\"$K\") | .name"; }
NAME=$(kept_name)
restart kept_restored
api POST "$P/kept/restore" "{\"kept\":\"$NAME\"}"
tap_ok 'kept_restored kills' wait_for 5 dead
restart
two() { [ "$(events "$1" "$2")" = 2 ]; }
tap_ok 'kept_restored: its event is there' wait_for 10 two refs/heads/agent/k "$K"
git push -q origin :agent/k 2>/dev/null
restart kept_dropped
api POST "$P/kept/drop" '{"all":true}'
tap_ok 'kept_dropped kills' wait_for 5 dead
restart
api POST "$P/maintain?wait=30"
tap_is "$(kept_name)" '' 'kept_dropped: rows follow the refs'
git commit -q --amend --allow-empty -m other && git push -q -f origin agent/k 2>/dev/null
K=$(git rev-parse HEAD)
git push -q origin :agent/k 2>/dev/null
stop_cofferd
sqlite3 "$HOME_DIR/db/coffer.db" "UPDATE kept SET at = 1000 WHERE sha = '$K'"
[ "$(id -u)" -ne 0 ] || chown -R "$(stat -c %u "$HOME_DIR/db")" "$HOME_DIR/db"
restart kept_before_rows
api POST "$P/maintain?wait=10"
tap_ok 'kept_before_rows kills' wait_for 5 dead
restart
api POST "$P/maintain?wait=30"
tap_is "$(kept_name)" '' 'kept_before_rows: what expired is gone'
restart care_step
api POST "$P/maintain?wait=10" '{"step":"repack"}'
tap_ok 'care_step kills' wait_for 5 dead
restart
api POST "$P/maintain?wait=30" '{"step":"repack"}'
tap_is "$STATUS $(field .error)" '200 null' 'care_step: it is done after'

# What only a disk does: the refs win no more, the rows bring them back.
heads() { git --git-dir="$R" for-each-ref --format='%(objectname) %(refname)' refs/heads refs/coffer refs/pull; }
api POST "/api/v1/repos/$PROJECT/pulls" '{"title":"x","head":"agent/p1","base":"main"}'
api POST "$P/maintain?wait=30" '{"step":"repack"}'
heads >"$T/heads"
cp -a "$R" "$T/saved"
restart_after() { stop_cofferd; "$@"; start_cofferd; }
truncate_refs() { : >"$R/packed-refs"; }
restart_after truncate_refs
same() { [ "$(heads)" = "$(cat "$T/heads")" ]; }
tap_ok 'an emptied packed-refs is filled again: branches, kept refs, pull requests' wait_for 10 same
api GET '/api/coffer/v1/events?after=0&limit=1000'
tap_is "$(field '[.events[] | select(.kind=="repository.failed")] | length')" 1 'and told'
lose_head() { : >"$R/HEAD"; }
restart_after lose_head
tap_is "$(cat "$R/HEAD")" 'ref: refs/heads/main' 'a lost HEAD is written again'
api POST "$P/sync?wait=30"
tap_is "$STATUS" 200 'and the mirror goes on'
lose_all() { rm -rf "$R"; }
rows() { sqlite3 "$HOME_DIR/db/coffer.db" "SELECT count(*) FROM ref WHERE name LIKE 'refs/heads/%'; SELECT count(*) FROM kept"; }
ROWS=$(rows)
restart_after lose_all
corrupt() { api GET "$P"; [ "$(field .repository.health)" = corrupt ]; }
tap_ok 'a repository that vanished is corrupt' wait_for 10 corrupt
api POST "$P/sync?wait=30"
api POST "$P/maintain?wait=30"
restart
tap_is "$(rows)" "$ROWS" 'its rows stay'
back() { rm -rf "$R"; cp -a "$T/saved" "$R"; }
restart_after back
api POST "$P/maintain?wait=30" '{"step":"check"}'
tap_ok 'brought back from a backup' same
api GET "$P"
tap_is "$(field .repository.health) $(rows)" "ok $ROWS" 'it is whole'
"$O/bin/cofferd" --home "$HOME_DIR" --listen 127.0.0.1:0 >"$T/second" 2>&1
tap_like "$? $(cat "$T/second")" '[1-9]*another cofferd runs there*' 'a second cofferd is turned away'
touch -d '1 hour ago' "$R/refs/heads/main.lock" "$R/packed-refs.new"
api POST "$P/maintain?wait=30"
swept() { ! [ -e "$R/refs/heads/main.lock" ] && ! [ -e "$R/packed-refs.new" ]; }
tap_ok 'a lock that the start did not remove is swept' swept
tap_ok 'cofferd ends well' stop_cofferd
tap_done
