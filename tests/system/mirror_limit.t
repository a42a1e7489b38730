#!/bin/bash
# A sync and the disk: too much, no room, room that ends in the middle; and the
# token, which no process list shows.
if [ "$(id -u)" -eq 0 ] && [ -z "$MIRROR_LIMIT_NS" ]; then
	# A small disk of its own.
	MIRROR_LIMIT_NS=1 exec unshare -m --propagation private "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/mirror_lib.sh"

conf()
{
	coffer_conf <<-CONF
	allow_file_upstream = yes
	upstream_stall = 5s
	$1
	$(lib_router_ids)
	CONF
}
coffer_home
conf 'min_free = 1M'
if [ "$(id -u)" -eq 0 ]; then
	small=yes
	mount -t tmpfs -o "size=24m,uid=$(stat -c %u "$HOME_DIR/db"),mode=700" tmpfs "$HOME_DIR/repos" || small=
fi
start_cofferd
start_upstream
tap_plan 30
project_of "$UPURL" calc
sync
look
tap_is "$(state)" ok 'a small one fits'
OLD=$(rev refs/heads/main)

# More than mirror_max.
stop_cofferd
conf 'mirror_max = 1M
min_free = 1M'
start_cofferd
up sh -c 'head -c 3000000 /dev/urandom >big && git add big && git commit -qm big && git push -q origin main'
sync
look
tap_is "$(state)" failed/limit 'a fetch over mirror_max is ended'
tap_like "$(field .mirror.last_error)" '*mirror_max*' 'and the key is named'
tap_is "$(rev refs/heads/main)" "$OLD" 'nothing has moved'
tap_ok 'nothing half is left' whole
stop_cofferd
conf 'min_free = 1M'
start_cofferd
sync
look
tap_is "$(state) $(rev refs/heads/main)" "ok $(uprev main)" 'where it is allowed it comes'

# Too little room to begin with.
up_commit two
OLD=$(rev refs/heads/main)
stop_cofferd
conf 'min_free = 900T'
start_cofferd
sync
look
tap_is "$(state)" failed/disk 'no room: no fetch'
tap_like "$(field .mirror.last_error)" '*min_free*free space*' 'and it says what to do'
tap_is "$(rev refs/heads/main)" "$OLD" 'nothing has moved'
stop_cofferd
conf 'min_free = 1'
start_cofferd
sync
look
tap_is "$(state)" ok 'with room it goes on'

# The disk is full in the middle.
if [ -n "$small" ]; then
	OLD=$(rev refs/heads/main)
	left=$(df -k --output=avail "$HOME_DIR/repos" | tail -n 1)
	head -c $(((left - 2000) * 1024)) /dev/zero >"$HOME_DIR/repos/filler"
	up sh -c 'head -c 6000000 /dev/urandom >bigger && git add bigger && git commit -qm bigger && git push -q origin main'
	sync
	look
	tap_is "$(state)" failed/disk 'a disk that fills in the middle'
	tap_is "$(rev refs/heads/main)$(rev refs/namespaces/upstream/refs/heads/main)" "$OLD$OLD" 'nothing has moved'
	tap_ok 'nothing half is left there' whole
	tap_ok 'what was there is served' git_as "$ADMIN" ls-remote "$URL/$PROJECT.git"
	sync
	tap_is "$(events mirror.failed)" 3 'told once for each failure'
	rm "$HOME_DIR/repos/filler"
	sync
	look
	tap_is "$(state) $(rev refs/heads/main)" "ok $(uprev main)" 'with space again it works'
else
	for i in 1 2 3 4 5 6; do tap_skip "full disk $i" 'needs root'; done
fi

# While a fetch with a token runs, no process's arguments have it.
api PUT "/api/coffer/v1/projects/$PROJECT/upstream-token" '{"token":"s3cr3t-in-argv"}'
wait_for 10 is_ok
up sh -c 'head -c 2000000 /dev/urandom >more && git add more && git commit -qm more && git push -q origin main'
mode 'fetch drip 1000000'
sync "$PROJECT" 1
basic=$(printf 'x-access-token:s3cr3t-in-argv' | base64 -w0)
fetching() { pgrep -f "git fetch.*:$UPPORT/" >/dev/null; }
tap_ok 'a fetch runs' wait_for 10 fetching
for _ in 1 2 3 4 5 6 7 8 9 10; do
	for p in /proc/[0-9]*; do
		case $p in "/proc/$$") continue ;; esac
		{ tr '\0' ' ' <"$p/cmdline" && echo; } 2>/dev/null
	done >>"$T/argv"
	sleep 0.05
done
tap_ok 'it is among what was seen' grep -q 'git fetch' "$T/argv"
tap_not 'the token is in no arguments' grep -qF -e s3cr3t-in-argv -e "$basic" "$T/argv"

# Killed there, a fetch ends, and nothing of it stays.
kill -KILL "$COFFERD_PID"
wait "$COFFERD_PID" 2>/dev/null
mode
ended() { ! fetching; }
tap_ok 'the fetch of a killed cofferd ends' wait_for 60 ended
start_cofferd
sync
look
tap_is "$(state) $(rev refs/heads/main)" "ok $(uprev main)" 'the next one completes it'
tap_ok 'the repository is whole' git --git-dir="$R" fsck --no-dangling

# A project that is deleted while it fetches takes its fetch with it.
was=$PROJECT
mode 'fetch drip 300'
project_of "$UPURL" going
tap_ok 'a fetch runs' wait_for 10 fetching
api DELETE "/api/coffer/v1/projects/$PROJECT"
tap_ok 'its project is deleted: it ends' wait_for 2 ended
tap_not 'and has made nothing anew' test -e "$R"
PROJECT=$was

# An upstream that accepts and does not answer has the only place, for a while.
stop_cofferd
coffer_conf <<CONF
allow_file_upstream = yes
upstream_stall = 10m
sync_at_once = 1
min_free = 1
$(lib_router_ids)
CONF
mode 'any hang'
start_cofferd
n=$(asked ls)
api POST "/api/coffer/v1/projects/$PROJECT/sync"
more() { [ "$(asked ls)" -gt "$n" ]; }
tap_ok 'one is asked and hangs' wait_for 10 more
curl -s -m 100 -o /dev/null -w '%{http_code}' -X POST -H "Authorization: Bearer $ADMIN" "$URL/api/coffer/v1/projects/$was/sync?wait=60" >"$T/code" &
waiting=$!
project_of "file://$UPDIR/calc.git" other
sync
look
tap_is "$(state)" ok 'another is synchronised'
tap_ok 'without waiting for the end of that' kill -0 "$waiting"
mode
tap_ok 'cofferd ends well' stop_cofferd
wait $waiting
tap_is "$(cat "$T/code")" 200 'who waited for a sync is told'
[ -z "$small" ] || umount -l "$HOME_DIR/repos"
tap_done
