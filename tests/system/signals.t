#!/bin/sh
# What TERM and HUP do to cofferd: who is being answered is, then it ends; a
# HUP ends nothing.
. "$(dirname "$0")/lib.sh"

coffer_home
coffer_conf <<CONF
allow_file_upstream = yes
min_free = 1
access_log = all
$(lib_router_ids)
CONF
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
head -c 30000000 /dev/urandom >"$WORK/large"
git -C "$WORK" add large
git -C "$WORK" commit -q -m large

kill -HUP "$COFFERD_PID"
said() { grep -q "$1" "$T/cofferd.log"; }
tap_ok 'a HUP is told in the log' wait_for 10 said 'server reload nothing'
api GET "$R"
tap_is "$STATUS" 200 'and ends nothing'

# A body that comes piece by piece: TERM while half of it is there.
PORT=${URL##*:}
start "$T/slow" perl -MIO::Socket::INET -e '
	my ($port, $path, $token, $sent, $go) = @ARGV;
	my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port) or die $!;
	my $body = q({"title":") . ("x" x 200) . q("});
	my $head = "POST $path HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer $token\r\n"
	    . "Content-Type: application/json\r\nContent-Length: " . length($body) . "\r\n\r\n";
	syswrite $s, $head . substr($body, 0, 50);
	open my $f, ">", $sent; close $f;
	select undef, undef, undef, 0.02 until -e $go;
	syswrite $s, substr($body, 50);
	local $/; print scalar <$s>;' "$PORT" "$R/issues" "$ADMIN" "$T/sent" "$T/go"
SLOW=$PID
wait_for 20 test -e "$T/sent"
# Its head has been read when another request that came later is answered.
api GET "$R"
start "$T/stream" curl -sN -H "Authorization: Bearer $ADMIN" -H 'Accept: text/event-stream' "$URL/api/coffer/v1/events?after=0"
STREAM=$PID
wait_for 20 grep -q '^data:' "$T/stream"
kill -TERM "$COFFERD_PID"
tap_ok 'TERM is told in the log' wait_for 10 said 'server stop'
wait "$STREAM"
tap_is "$?" 0 'a stream of events comes to its end'
tap_not 'new connections are refused' curl -s -m 5 "$URL/healthz"
tap_ok 'it is there still, for who is being answered' kill -0 "$COFFERD_PID"
: >"$T/go"
wait "$SLOW"
tap_like "$(head -n 1 "$T/slow")" 'HTTP/1.1 201*' 'who is gets an answer'
wait "$COFFERD_PID"
tap_is "$?" 0 'then it ends, and well'
start_cofferd
api GET "$R/issues?state=all"
tap_is "$(field length)" 1 'what was answered is there'

# Who never ends does not hold it for ever.
PORT=${URL##*:}
rm -f "$T/sent" "$T/go"
start "$T/never" perl -MIO::Socket::INET -e '
	my ($port, $path, $token, $sent) = @ARGV;
	my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port) or die $!;
	syswrite $s, "POST $path HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer $token\r\n"
	    . "Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{";
	open my $f, ">", $sent; close $f;
	sleep 600;' "$PORT" "$R/issues" "$ADMIN" "$T/sent"
NEVER=$PID
wait_for 20 test -e "$T/sent"
api GET "$R"
kill -TERM "$COFFERD_PID"
ended() { ! kill -0 "$COFFERD_PID" || grep -q '^State:	Z' "/proc/$COFFERD_PID/status"; }
tap_ok 'a client that never ends does not hold it for ever' wait_for 30 ended
wait "$COFFERD_PID"
tap_is "$?" 0 'it ends well'
stop_pid "$NEVER"

# A push that is under way.
start_cofferd
( cd "$WORK" && git_as "$ADMIN" push -q "$URL/$PROJECT.git" HEAD:refs/heads/large ) 2>"$T/push.err" &
PUSH=$!
wait_for 20 sh -c "ls '$HOME_DIR/git/tmp'/* '$HOME_DIR/repos/$PROJECT_ID.git/objects/'*ncoming* 2>/dev/null | grep -q ." || :
kill -TERM "$COFFERD_PID"
wait "$PUSH"
PUSHED=$?
wait "$COFFERD_PID"
tap_is "$?" 0 'it ends well in the middle of a push'
start_cofferd
api GET "$R/branches/large"
if [ "$PUSHED" = 0 ]; then WANT=200; else WANT=404; fi
tap_is "$STATUS" $WANT 'which is there when its client was told so, and not when not'
"$O/bin/coffer" --home "$HOME_DIR" --json admin check >"$T/check"
tap_is "$?,$(jq -r .whole "$T/check")" 0,true 'the home is whole'
tap_done
