#!/bin/bash
# Fetches and pushes that take their time: too many at once, too slow, too long, clients that leave.  What the real git
# prints then; and nothing runs on for a client that is gone.
. "$(dirname "$0")/lib.sh"

# pace WAIT WALL IDLE: one limit is near, the others are far: what ends something is that one.
pace() {
	coffer_conf <<-CONF
		allow_file_upstream = yes
		max_packs = 3
		packs_per_user = 1
		pack_wait = $1
		pack_wall = $2
		pack_idle = $3
		$(lib_router_ids)
	CONF
}
coffer_home
pace 10m 10m 6s
# shellcheck disable=SC2218 # of lib.sh
make_upstream calc
(
	cd "$WORK" && git checkout -q -b large && head -c 24000000 /dev/urandom >large &&
	    git add large && git commit -q -m large && git push -q origin large
) || tap_bail 'a large branch'
[ "$(id -u)" -ne 0 ] || chown -R "$(stat -c %u "$HOME_DIR/db")" "$T/up"
make_upstream() { :; }
start_cofferd
make_project
tap_plan 31
R=$HOME_DIR/repos/$PROJECT_ID.git
where() {
	H=${URL#http://}
	ADDR=${H%:*}
	PORT=${H#*:}
}
where
again() { # WAIT WALL IDLE
	stop_cofferd
	pace "$@"
	start_cofferd
	where
	git remote set-url origin "http://x:$MAINT@$H/$PROJECT.git"
}
MAINT=$(make_user mary)
OTHER=$(make_user otto)
api PUT "/api/v1/repos/$PROJECT/collaborators/mary" '{"permission":"write"}'
api PUT "/api/v1/repos/$PROJECT/collaborators/otto" '{"permission":"write"}'
git clone -q --single-branch "http://x:$MAINT@$H/$PROJECT.git" "$T/c"
LARGE=$(git --git-dir="$R" rev-parse large)
cd "$T/c" || exit 1
git checkout -q -b agent/a
said() { grep -q -- "$1" "$T/why"; }
push() { git push -q origin "$@" 2>"$T/why"; }
# gits NAME: how many such processes are below cofferd.
gits() {
	gits_s=$(pgrep -d, -P "$COFFERD_PID" git)
	if [ -z "$gits_s" ]; then echo 0; else pgrep -s "$gits_s" -f "$1" | wc -l; fi
}
none() { [ "$(gits "$1")" = 0 ]; }
some() { [ "$(gits "$1")" != 0 ]; }

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
tap_ok 'git takes a push' wait_for 20 some index-pack
git fetch -q --depth 1 origin large 2>"$T/why" &
FETCH=$!
tap_ok 'another user is served' git -c "http.extraHeader=Authorization: Bearer $OTHER" clone -q --single-branch "$URL/$PROJECT.git" "$T/o"
tap_ok 'the same user waits for his turn' wait $FETCH
tap_ok 'for the slow one was cut' wait_for 20 none index-pack
exec 3>&-
tap_ok 'and its receive-pack, too' wait_for 20 none receive-pack
drip() { # a byte each 0.2 s, as long as it may
	while printf x | chunk >&3; do sleep 0.2; done
}
raw "$MAINT" "${RECEIVE[@]}" 'Transfer-Encoding: chunked'
commands refs/heads/agent/slow | chunk >&3
drip 2>/dev/null &
DRIP=$!
tap_ok 'a byte now and then' wait_for 20 some index-pack
tap_ok 'does not hold it either' wait_for 20 none receive-pack
kill $DRIP 2>/dev/null
exec 3>&-
wait $DRIP 2>/dev/null

# hold [TIMES]: a push that moves well enough: one blob, as it is, 4 KiB at a time.
hold() {
	raw "$MAINT" "${RECEIVE[@]}" 'Transfer-Encoding: chunked'
	{ commands refs/heads/agent/hold; printf '\xbf\xff\xff\x3f\x78\x01'; } | chunk >&3
	(
		for _ in $(seq "${1:-4000}"); do
			{ printf '\0\0\x10\xff\xef'; head -c 4096 /dev/zero; } | chunk >&3 || exit
			sleep 0.25
		done
		printf '0\r\n\r\n' >&3
	) 2>/dev/null &
	HOLD=$!
	wait_for 20 some index-pack
}
drop() {
	kill $HOLD 2>/dev/null
	wait $HOLD 2>/dev/null
	exec 3>&-
}

# One with the same credential waits, and is told at last.
again 2s 10m 10m
hold
tap_ok 'a push goes on' some index-pack
http POST "/$PROJECT.git/git-receive-pack" -u "x:$MAINT" -H 'Content-Type: application/x-git-receive-pack-request' -d 0000
tap_is "$STATUS" 200 'a probe has no need of a turn'
git commit -q --allow-empty -m next
push agent/a &
PUSH=$!
tap_not 'a clone beside it' git clone -q --single-branch -b large "http://x:$MAINT@$H/$PROJECT.git" "$T/n" 2>"$T/why"
cp "$T/tap.out" "$T/why"
tap_ok 'the terminal says why' said 'too many fetches and pushes with this credential at once: wait for one to end'
wait $PUSH
tap_not 'so is a push' [ $? = 0 ]
tap_ok 'in its terminal' grep -q 'too many fetches and pushes with this credential at once' "$T/why" "$T/tap.out"
tap_is "$(git --git-dir="$R" for-each-ref refs/coffer/kept | wc -l)" 0 'nothing is kept for it'
tap_ok 'the first one still goes on' some index-pack
drop
tap_ok 'a connection that closes ends git at once' wait_for 20 none receive-pack
tap_ok 'with what it started' wait_for 20 none index-pack
no_quarantine() { [ -z "$(find "$R/objects" -maxdepth 1 -name '*incoming*')" ]; }
tap_ok 'and its quarantine' wait_for 20 no_quarantine

# Its time is over: it hears so when it has sent its part.
again 10m 6s 10m
hold 40
REPLY_PID=
cat <&3 >"$T/reply" &
REPLY_PID=$!
tap_ok 'a push ends at pack_wall' wait_for 20 none receive-pack
wait_for 40 grep -q pack_wall "$T/reply"
tap_ok 'and hears so' grep -q 'cofferd: ended after 6 s, the time for one fetch or push' "$T/reply"
tap_ok 'as a report' grep -q 'unpack cofferd: ended' "$T/reply"
drop
kill $REPLY_PID 2>/dev/null

# A reader that does not read.
want() { pkt "want $LARGE side-band-64k ofs-delta"; printf 0000; pkt "done"; }
want >"$T/want"
UPLOAD=(POST git-upload-pack 'Content-Type: application/x-git-upload-pack-request' "Content-Length: $(stat -c %s "$T/want")")
again 10m 10m 6s
raw "$MAINT" "${UPLOAD[@]}"
cat "$T/want" >&3
tap_ok 'a fetch that is not read' wait_for 20 some upload-pack
tap_ok 'is ended after pack_idle' wait_for 20 none upload-pack
tap_ok 'with what it started' wait_for 20 none 'pack-objects|coffer-packs'
exec 3>&-
again 10m 10m 10m
raw "$MAINT" "${UPLOAD[@]}"
cat "$T/want" >&3
tap_ok 'another one' wait_for 20 some upload-pack
exec 3>&-
tap_ok 'a reader that leaves ends it sooner' wait_for 20 none upload-pack

# The real git says what it was told in the middle of a pack: its index-pack reads nothing until it is let go, and the
# rest of the pack waits in cofferd.
again 10m 2s 10m
mkfifo "$T/begun" "$T/go"
mkdir "$T/exec"
ln -s "$(git --exec-path)"/* "$T/exec"
rm -f "$T/exec/git"
printf '#!/bin/sh\ncase $1 in *index-pack) echo >"%s/begun"; read -r _ <"%s/go" ;; esac\nexec "%s" "$@"\n' "$T" "$T" \
    "$(command -v git)" >"$T/exec/git"
chmod 755 "$T/exec/git"
GIT_EXEC_PATH=$T/exec git clone -q --single-branch -b large "http://x:$MAINT@$H/$PROJECT.git" "$T/late" 2>"$T/why" &
LATE=$!
tap_ok 'a pack has begun' timeout 120 cat "$T/begun"
tap_ok 'its time is over' wait_for 20 none upload-pack
timeout 120 sh -c 'echo >"$1"' sh "$T/go"
wait $LATE
tap_not 'a fetch that takes too long' test -e "$T/late"
tap_ok 'is told so' said 'cofferd: ended after 2 s, the time for one fetch or push (\[server\] pack_wall)'
tap_ok 'cofferd ends well' stop_cofferd
tap_done
