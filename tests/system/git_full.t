#!/bin/sh
# The disk runs full in the middle of a push: the pusher hears why, no ref
# moves, nothing half stays behind, readers are served, and with room again
# the same push goes through.
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'a small file system needs root'
mkdir "$T/small"
mount -t tmpfs -o size=24m,mode=711 none "$T/small" 2>/dev/null ||
    tap_skip_all 'no mount here'
full_on_exit() {
	full_status=$?
	trap - EXIT
	stop_all
	umount "$T/small"
	(exit "$full_status")
	lib_on_exit
}
trap full_on_exit EXIT
coffer_home small/home
start_cofferd
make_project
REPO=$HOME_DIR/repos/$PROJECT_ID.git
git clone -q "http://x:$ADMIN@${URL#http://}/$PROJECT.git" "$T/c"
cd "$T/c" || exit 1
remote() { git ls-remote origin "$1" | cut -f1; }
free_kb() { df -k --output=avail "$T/small" | tail -n 1; }
# fill KB: leave so much.
fill() { head -c $((($(free_kb) - $1) * 1024)) /dev/zero >"$HOME_DIR/fill"; }
leftovers() { find "$REPO/objects" -name 'tmp_*' -o -name 'incoming-*'; }

git checkout -q -b agent/one && echo 1 >one && git add one && git commit -q -m one
tap_ok 'a push with room' git push -q origin agent/one
ONE=$(git rev-parse HEAD)

# 6 MB that nothing compresses, room for 2.
head -c 6000000 /dev/urandom >big && git add big && git commit -q -m big
fill 2048
git push origin agent/one >"$T/push.out" 2>&1
tap_is "$?" 1 'the push fails'
tap_ok 'its terminal says that the disk is full' grep -qiE 'no space|disk is full' "$T/push.out"
sed 's/^/# /' "$T/push.out" | head -n 20
tap_is "$(remote agent/one)" "$ONE" 'the branch is where it was'
tap_is "$(leftovers)" '' 'nothing half stays behind'
tap_ok 'a clone is served meanwhile' git clone -q "http://x:$ADMIN@${URL#http://}/$PROJECT.git" "$T/d"

# Not a block is left.
dd if=/dev/zero of="$HOME_DIR/fill2" bs=4k 2>/dev/null
git checkout -q -b agent/two main && echo 2 >two && git add two && git commit -q -m two
git push origin agent/two >"$T/push.out" 2>&1
tap_is "$?" 1 'without a free block a small push fails, too'
tap_ok 'and says why' grep -qiE 'no space|disk is full' "$T/push.out"
sed 's/^/# /' "$T/push.out" | head -n 20
tap_is "$(remote agent/two)" '' 'no branch came of it'
tap_is "$(remote agent/one)" "$ONE" 'refs are served'
rm -rf "$T/d"
tap_ok 'and clones' git clone -q "http://x:$ADMIN@${URL#http://}/$PROJECT.git" "$T/d"
kill -0 "$COFFERD_PID"
tap_is "$?" 0 'cofferd lives'

rm "$HOME_DIR/fill" "$HOME_DIR/fill2"
tap_ok 'with room again the small push goes through' git push -q origin agent/two
tap_ok 'and the big one' git push -q origin agent/one
tap_is "$(remote agent/one)" "$(git rev-parse agent/one)" 'the branch moved'
tap_ok 'git agrees' git --git-dir="$REPO" fsck --no-dangling
rows() { sqlite3 -readonly "file:$HOME_DIR/db/coffer.db?mode=ro" "SELECT sha FROM ref WHERE name='refs/heads/agent/one'"; }
tap_is "$(rows)" "$(git rev-parse agent/one)" 'so do the rows'
api GET '/api/coffer/v1/events?after=0&limit=1000'
tap_is "$(jq '[.events[] | select(.kind=="branch.updated" and .data.ref=="refs/heads/agent/one")] | length' "$BODY")" 2 \
    'with one event for each move'
tap_ok 'cofferd ends well' stop_cofferd
tap_done
