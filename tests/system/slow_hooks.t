#!/bin/bash
# Webhooks under load: 10,000 deliveries that wait for a dead receiver, and
# 70 MB of payloads, through kills: nothing lost, nothing out of order, nothing
# twice but with its id, and little memory.
. "$(dirname "$0")/lib.sh"

SINK=$T/sink
mkdir -p "$SINK"
start "$T/sink.log" perl "$SYSTEM_DIR/hook_sink.pl" "$SINK"
wait_for 5 test -s "$SINK/port" || tap_bail 'no receiver'
TO=http://127.0.0.1:$(cat "$SINK/port")
coffer_home
coffer_conf <<CONF
allow_file_upstream = yes
min_free = 1
$(lib_router_ids)
webhook_allow = 127.0.0.1/32
webhook_retry = 100ms
rate = 0
CONF
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
tap_plan 17

hook()
{
	api POST "$R/hooks" "{\"type\":\"gitea\",\"active\":true,\
\"config\":{\"url\":\"$TO/$1\",\"content_type\":\"json\"},\"events\":[\"issue_comment\"]}"
	HOOK=$(field .id)
}
# comments N SIZE: that many, over four connections at once.
comments()
{
	TOKEN=$ADMIN perl -MIO::Socket::INET -e '
	    my ($to, $path, $n, $size) = @ARGV;
	    my @pids;
	    for my $part (1 .. 4) {
		    my $pid = fork // die "fork: $!";
		    if ($pid) { push @pids, $pid; next; }
		    my $s = IO::Socket::INET->new(PeerAddr => $to) or exit 1;
		    for my $i (1 .. $n / 4) {
			    my $body = "{\"body\":\"" . "w" x $size . "\"}";
			    print $s "POST $path HTTP/1.1\r\nHost: x\r\n",
				"Authorization: Bearer $ENV{TOKEN}\r\n",
				"Content-Type: application/json\r\n",
				"Content-Length: ", length $body, "\r\n\r\n", $body;
			    my $line = <$s> // exit 2;
			    $line =~ / 201 / or die $line;
			    my $left = 0;
			    while (($line = <$s>) ne "\r\n") {
				    $left = $1 if $line =~ /^content-length: (\d+)/i;
			    }
			    read($s, my $reply, $left) == $left or exit 3;
		    }
		    exit 0;
	    }
	    for my $pid (@pids) { waitpid $pid, 0; exit 1 if $? != 0; }
	' "${URL#http://}" "$R/issues/$NUM/comments" "$1" "$2"
}
lines() { if [ -f "$SINK/$1.list" ]; then cut -d' ' -f1 "$SINK/$1.list" | sort -u | wc -l; else echo 0; fi; }
has() { [ "$(lines "$1")" -ge "$2" ]; }
peak() { awk '/VmHWM/ { print $2 }' "/proc/$COFFERD_PID/status"; }
# Each comment once, in order; a line may come again at once, with its id.
in_order()
{
	perl -ne '($id, $n) = split;
	    next if $id eq $last;
	    die "$id again\n" if $seen{$id}++;
	    die "$n after $before\n" if $n <= $before;
	    ($last, $before) = ($id, $n);' "$SINK/$1.list"
}
killed()
{
	kill -KILL "$COFFERD_PID"
	wait "$COFFERD_PID" 2>/dev/null
	PIDS=$(echo " $PIDS " | sed "s/ $COFFERD_PID / /")
	start_cofferd
}
# go_on LIST N: kills until N are there.
go_on()
{
	for _ in 1 2 3; do
		go_at=$(($(lines "$1") + $2 / 8))
		wait_for 60 has "$1" "$go_at" || return 1
		killed
	done
	wait_for 200 has "$1" "$2"
}

api POST "$R/issues" '{"title":"Load"}'
NUM=$(field .number)
echo 503 >"$SINK/list"
hook list/a
A=$HOOK
tap_is "$STATUS" 201 'a hook whose receiver is dead'
t0=$(date +%s%3N)
tap_ok '10,000 events' comments 10000 1
echo "# in $(($(date +%s%3N) - t0)) ms"
resting() { api GET "$R/hooks/$A"; [ "$(field .breaker.open)" = true ]; }
tap_ok 'its breaker is open' wait_for 20 resting
tap_is "$(wc -l <"$SINK/a.list")" 6 'after six attempts'
full() { sqlite3 "file:$HOME_DIR/db/coffer.db?mode=ro" \
    "SELECT count(*) > 900 AND count(*) <= 1000 FROM delivery WHERE state = 1" | grep -qx 1; }
tap_ok 'what waits as rows is bounded' wait_for 20 full
killed
killed
: >"$SINK/a.list"
rm "$SINK/list"
api PATCH "$R/hooks/$A" '{"active":true}'
t0=$(date +%s%3N)
tap_ok 'alive again, through three kills, all are told' go_on a 9999
echo "# in $(($(date +%s%3N) - t0)) ms"
tap_is "$(lines a)" 9999 'but the one that was given up'
tap_ok 'in order' in_order a
tap_is "$(cut -d' ' -f2 "$SINK/a.list" | sort -u | wc -l)" 9999 'each comment'
over() { sqlite3 "file:$HOME_DIR/db/coffer.db?mode=ro" "SELECT count(*) FROM delivery
    WHERE state = 1; SELECT behind FROM hook"; }
quiet() { [ "$(over | tr '\n' ' ')" = '0 0 ' ]; }
tap_ok 'nothing waits' wait_for 5 quiet

# Payloads of more than a hook may have waiting.
stop_cofferd
start_cofferd
echo 503 >"$SINK/list"
: >"$SINK/a.list"
hook list/b
before=$(peak)
tap_ok '70 MB of words' comments 1200 60000
sqlite3 "file:$HOME_DIR/db/coffer.db?mode=ro" "SELECT count(*), sum(size), count(DISTINCT payload_id)
    FROM delivery WHERE state = 1" >"$T/rows"
tap_ok 'two hooks share a payload' [ "$(cut -d'|' -f1 "$T/rows")" -gt "$(cut -d'|' -f3 "$T/rows")" ]
echo "# rows, bytes, payloads: $(cat "$T/rows")"
rm "$SINK/list"
: >"$SINK/a.list"
: >"$SINK/b.list"
api GET "$R/hooks"
for id in $(field '.[].id'); do api PATCH "$R/hooks/$id" '{"active":true}'; done
tap_ok 'are told to one' wait_for 120 has a 1200
tap_ok 'and the other' wait_for 120 has b 1200
tap_ok 'in order' in_order a
tap_ok 'to both' in_order b
echo "# peak of memory: $before KiB, then $(peak) KiB"
tap_ok 'in little memory' [ $(($(peak) - before)) -lt 65536 ]
tap_done
