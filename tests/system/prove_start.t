#!/bin/sh
# A sandbox that tries to get out before its rules are there, and one that is
# started again behind agentd's back: the outside sees nothing of either.
[ -n "${NET_INSIDE-}" ] || exec env NET_INSIDE=1 unshare -n -- "$0"
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/net_lib.sh"
net_start alpha
pid_of() { coffer status --json | jq -r --arg n "$1" '.services[] | select(.name == $n) | .pid'; }

# Dials all the time; counts its tries, and says what it reached.
cat >"$T/dial.pl" <<'A'
use IO::Socket::INET;
sub say_to { open(my $f, '>>', $_[0]) or die; print $f "$_[1]\n" }
my ($file, $secs) = @ARGV;
my $end = time + $secs;
my ($n, $net) = (0, 0);
while (time < $end) {
	for my $to ('203.0.113.5:443', '203.0.113.5:80', '203.0.113.6:22', '203.0.113.6:8080') {
		my $s = IO::Socket::INET->new(PeerAddr => $to, Timeout => 0.2);
		my $u = IO::Socket::INET->new(PeerAddr => $to, Proto => 'udp');
		$net++ if $u && $u->send('early');
		say_to($file, "REACHED $to") if $s;
		$n++;
	}
	select(undef, undef, undef, 0.005);
}
say_to($file, "TRIED $n sent $net");
A
chmod 644 "$T/dial.pl"

# ---- control: the dialler finds what is open ----
coffer net alpha mode web >/dev/null
ip netns exec "coffer-$INST-p1" perl "$T/dial.pl" "$T/control" 1
tap_ok 'control: it reaches what may be reached' grep -q 'REACHED 203.0.113.5:443' "$T/control"
tap_ok 'control: the sink sees it' grep -q '203.0.113.5:443' "$SINK"
coffer net alpha mode none >/dev/null
sleep 0.5
: >"$SINK"

# ---- a start with a router that is slow: the network is there, the rules are late ----
make_upstream beta
ROUTER=$(pid_of router)
start "$T/early.log" sh -c "until ip netns exec coffer-$INST-p2 true 2>/dev/null; do sleep 0.005; done
    exec ip netns exec coffer-$INST-p2 perl $T/dial.pl $T/early 9"
EARLY=$PID
kill -STOP "$ROUTER"
coffer create "$UPSTREAM" --network none --wait --timeout 30s \
    --entrypoint bash --entrypoint=-c \
    --entrypoint='while :; do : >/work/tried; timeout 1 bash -c ": </dev/tcp/203.0.113.5/443" && : >/work/REACHED; done' \
    >"$T/slow.log" 2>&1 &
CREATE=$!
sleep 4
tap_not 'while the router does not answer nothing runs' sh -c \
    "cat /sys/fs/cgroup/pids/coffer-$INST/coffer-$INST-session-p2/cgroup.procs /sys/fs/cgroup/coffer-$INST/coffer-$INST-session-p2/cgroup.procs 2>/dev/null | grep -q ."
tap_is "$(cat "$SINK")" '' 'and nothing gets out'
kill -CONT "$ROUTER"
wait "$CREATE"
tap_is "$?" 0 'then it starts'
tried() { coffer exec beta -- test -e /work/tried; }
tap_ok 'what it begins with dials' wait_for 15 tried
tap_ok 'and so did the other, all the time' wait_for 15 grep -q TRIED "$T/early"
tap_not 'it reached nothing' grep -q REACHED "$T/early"
tap_not 'nor did the program' coffer exec beta -- test -e /work/REACHED
tap_ok "it could have tried ($(cat "$T/early"))" grep -qE 'TRIED [1-9][0-9]' "$T/early"
tap_is "$(cat "$SINK")" '' 'a slow start: nobody outside saw anything'

# ---- the same with a router that is killed in the middle ----
make_upstream gamma
start "$T/killed.log" sh -c "until ip netns exec coffer-$INST-p3 true 2>/dev/null; do sleep 0.005; done
    exec ip netns exec coffer-$INST-p3 perl $T/dial.pl $T/killed 6"
coffer create "$UPSTREAM" --network none >"$T/create.log" 2>&1
wait_for 10 test -e "/run/netns/coffer-$INST-p3"
kill -9 "$(pid_of router)"
tap_ok 'the router is killed while one starts: it tried' wait_for 20 grep -q TRIED "$T/killed"
tap_not 'and reached nothing' grep -q REACHED "$T/killed"
tap_is "$(cat "$SINK")" '' 'a killed router: nobody outside saw anything'

# ---- alpha's session is killed: nobody but agentd can start it again ----
coffer net alpha mode none >/dev/null
state=$HOME_DIR/run/runc
id=coffer-$INST-session-p1
main=$(runc --root "$state" state "$id" | jq -r .pid)
bundle=$(runc --root "$state" state "$id" | jq -r .bundle)
tap_ok 'control: the session has a process' kill -0 "$main"
AGENTD=$(pid_of agentd)
kill -STOP "$AGENTD"
kill -9 "$main"
gone() { ! kill -0 "$main" 2>/dev/null; }
wait_for 10 gone
tap_not 'what was killed does not start by the runtime' runc --root "$state" start "$id"
tap_not 'nor runs a program' runc --root "$state" exec "$id" true
tap_not 'nor is there a bundle to run again' timeout 20 runc --root "$state" run -b "$bundle" "$id-again" </dev/null
# Its network is there still, and no wider for who gets in.
ip netns exec "coffer-$INST-p1" perl "$T/dial.pl" "$T/again" 2
tap_ok 'who joins its network by hand tries' grep -q TRIED "$T/again"
tap_not 'and reaches nothing' grep -q REACHED "$T/again"
kill -CONT "$AGENTD"
back() { coffer exec alpha -- true; }
coffer start alpha --wait >/dev/null 2>&1 || coffer start alpha >/dev/null 2>&1
tap_ok 'agentd starts it again' wait_for 30 back
tap_is "$(dial alpha 203.0.113.5 443)" refused 'with the network that it had'
tap_is "$(cat "$SINK")" '' 'a start again: nobody outside saw anything'
stop_pid "$EARLY"
[ "$TAP_FAILED" -eq 0 ] || cat "$T/slow.log" "$T/create.log" "$T/early" "$T/killed" "$T/again" "$SINK" | sed 's/^/# /'
tap_done
