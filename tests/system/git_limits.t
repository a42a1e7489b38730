#!/bin/bash
# Limits of fetches and pushes, and what the real git prints when one is met: too many at once, too slow, too long, too large,
# too many objects, an object that is too large; and nothing runs on for a client that is gone.
. "$(dirname "$0")/lib.sh"

coffer_home
coffer_conf <<-CONF
	allow_file_upstream = yes
	max_packs = 3
	packs_per_user = 1
	pack_wait = 2s
	pack_wall = 8s
	pack_idle = 2s
	push_max = 8M
	push_objects = 60
	push_object = 4M
	push_memory = 80M
	$(lib_router_ids)
CONF
start_cofferd
make_project
tap_plan 22
R=$HOME_DIR/repos/$PROJECT_ID.git
H=${URL#http://}
ADDR=${H%:*}
PORT=${H#*:}
MAINT=$(make_user mary)
OTHER=$(make_user otto)
api PUT "/api/v1/repos/$PROJECT/collaborators/mary" '{"permission":"write"}'
api PUT "/api/v1/repos/$PROJECT/collaborators/otto" '{"permission":"write"}'
git clone -q "http://x:$MAINT@$H/$PROJECT.git" "$T/c"
cd "$T/c" || exit 1
git config http.postBuffer 65536
git checkout -q -b agent/a
said() { grep -q -- "$1" "$T/why"; }
push() { git push -q origin "$@" 2>"$T/why"; }
# gits NAME: how many such processes are below cofferd.
gits() { pgrep -s "$(pgrep -d, -P "$COFFERD_PID" git 2>/dev/null)" -f "$1" 2>/dev/null | wc -l; }
none() { [ "$(gits "$1")" = 0 ]; }
some() { [ "$(gits "$1")" != 0 ]; }

# Size, objects, one object.
head -c 12000000 /dev/urandom >big && git add big && git commit -q -m big
tap_not 'a push over push_max' push agent/a
tap_ok 'the terminal names the limit' said 'remote: cofferd: the push is larger than 8 MiB (\[server\] push_max)'
tap_not 'no ref moved' git ls-remote --exit-code origin refs/heads/agent/a
git reset -q --hard main && rm -f big
for i in $(seq 70); do echo "$i" >"f$i"; done
git add . && git commit -q -m many
tap_not 'a push of too many objects' push agent/a
tap_ok 'the terminal says how many' said 'remote: cofferd: the push has 72 objects; at most 60 are taken at once (\[server\] push_objects)'
tap_is "$(find "$R/objects" -maxdepth 1 -name '*incoming*')" '' 'git was not even started'
git reset -q --hard main
head -c 6000000 /dev/zero >bomb && git add bomb && git commit -q -m bomb
tap_not 'a blob that inflates too far' push agent/a
tap_ok 'the terminal names it' said "remote: cofferd: blob $(git rev-parse HEAD:bomb) has 6000000 bytes; at most 4194304 are taken in one object"
git reset -q --hard main
# A commit cannot be streamed: git's memory ends it.
{ printf 'tree %s\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\n' "$(git rev-parse HEAD^{tree})"; head -c 100000000 /dev/zero | tr '\0' a; } |
    git hash-object -t commit -w --stdin >"$T/huge"
tap_not 'a commit of 100 MB' push "$(cat "$T/huge"):refs/heads/agent/a"
tap_ok 'ends git, not the host' said 'remote: fatal: .*emory'
git prune --expire=now
tap_not 'nothing of all that came in' git ls-remote --exit-code origin refs/heads/agent/a
tap_is "$(find "$R/objects" -maxdepth 1 -name '*incoming*')" '' 'no quarantine stays'
for i in $(seq 1100); do echo "create refs/heads/agent/n$i $(git rev-parse HEAD)"; done | git update-ref --stdin
tap_not 'a push of 1,100 refs' push 'refs/heads/agent/n*'
tap_ok 'the terminal says so' said 'a push may name at most 1000 refs'
git for-each-ref --format='delete %(refname)' 'refs/heads/agent/n*' | git update-ref --stdin

# raw HEADER... : a connection on descriptor 3 with the head of a request.
raw() { # TOKEN METHOD PATH HEADER...
	exec 3<>"/dev/tcp/$ADDR/$PORT" || return 1
	{
		printf '%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n' "$2" "/$PROJECT.git/$3" "$1"
		shift 3
		printf '%s\r\n' "$@" ''
	} >&3
}
RECEIVE=(POST git-receive-pack 'Content-Type: application/x-git-receive-pack-request')
pkt() { printf '%04x%s' $((${#1} + 4)) "$1"; }
commands() { # REF: the head of a push, then that of a pack of three objects
	c="$(printf '%040d' 0) $(git rev-parse HEAD) $1"
	printf '%04x%s\0 report-status side-band-64k0000PACK\0\0\0\2\0\0\0\3' $((${#c} + 33)) "$c"
}
chunk() { f=$(mktemp "$T/chunk.XXXXXX"); cat >"$f"; printf '%x\r\n' "$(stat -c %s "$f")"; cat "$f"; printf '\r\n'; }

# A pusher that stops in the middle holds a slot until it is too slow.
raw "$MAINT" "${RECEIVE[@]}" 'Transfer-Encoding: chunked'
commands refs/heads/agent/slow | chunk >&3
tap_ok 'git takes a push' wait_for 5 some index-pack
http POST "/$PROJECT.git/git-receive-pack" -m 1 -u "x:$MAINT" -H 'Content-Type: application/x-git-receive-pack-request' -d 0000
tap_is "$STATUS" 200 'meanwhile the probe is answered at once'
git fetch -q origin main 2>"$T/why" &
FETCH=$!
tap_ok 'another user is served' git -c "http.extraHeader=Authorization: Bearer $OTHER" clone -q "$URL/$PROJECT.git" "$T/o"
tap_ok 'the same user waits for his turn' wait $FETCH
tap_ok 'for the slow one was cut' wait_for 1 none index-pack
exec 3>&-
tap_ok 'and its receive-pack, too' wait_for 5 none receive-pack
drip() { # a byte each 0.2 s, for 6 s
	for i in $(seq 30); do printf x | chunk >&3 || return; sleep 0.2; done
}
raw "$MAINT" "${RECEIVE[@]}" 'Transfer-Encoding: chunked'
commands refs/heads/agent/slow | chunk >&3
drip 2>/dev/null &
DRIP=$!
tap_ok 'a byte now and then' wait_for 5 some index-pack
tap_ok 'does not hold it either' wait_for 5 none receive-pack
kill $DRIP 2>/dev/null
exec 3>&-
wait $DRIP 2>/dev/null

tap_done
