#!/bin/sh
# A hostile agent, a hostile pull request and a hostile user of the host against
# a running system.  What counts is seen from outside: a sink that stays empty,
# a file that is not there, a process that is gone.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
[ -x /usr/sbin/runc ] || [ -x /usr/bin/runc ] || tap_skip_all 'runc is absent'
tap_plan 53
nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
no_sleep() { ! pgrep -f "sleep $1"; }

# The host must not run what an agent does, whoever hands it to a shell.
refused=
for f in "$SYSTEM_DIR"/attack_agent_*.sh; do
	sed '/^\[ "\$(id -un)"/q' "$f" >"$T/guard"
	echo 'echo RAN' >>"$T/guard"
	sh "$T/guard" >>"$T/guard.out"
	refused="$refused $?"
done
tap_is "$refused$(cat "$T/guard.out")" ' 99 99 99 99 99 99 99' \
    'what an agent does ends at once outside a sandbox'

attack_start alpha
attack_sink
perl -MSocket -e 'socket(my $s, AF_UNIX, SOCK_STREAM, 0);
    connect($s, pack_sockaddr_un("\0coffer-sink-$ARGV[0]")) or die' "$SINK_PORT"
curl -s -m 3 "http://127.0.0.1:$SINK_PORT/" >/dev/null 2>&1 &
control() { grep -q unix "$T/sink" && grep -q tcp "$T/sink"; }
tap_ok 'control: the sink sees a user of the host' wait_for 5 control
: >"$T/sink"

# ---- a read run: what it is, from outside ----
HOSTS=$(ip -4 -o addr | awk '{sub("/.*", "", $4); print $4}' | tr '\n' ' ')
printf '%s\n' "HOSTS='$HOSTS 10.214.0.1'" "PORT=$SINK_PORT" \
    "INST=$INST" >"$HOME_DIR/agents/env"
cat >"$HOME_DIR/agents/dial.pl" <<'A'
use strict; use IO::Socket::INET; use Socket;
my ($port, @hosts) = @ARGV;
for my $h (@hosts, '169.254.169.254', '192.168.1.1') {
	next if $h =~ /^127/;
	my $s = IO::Socket::INET->new(
	    PeerAddr => $h, PeerPort => $port, Timeout => 2);
	print "CONNECTED $h\n" if $s;
	my $u = IO::Socket::INET->new(
	    PeerAddr => $h, PeerPort => $port, Proto => 'udp');
	$u->send('x') if $u;
}
socket(my $a, AF_UNIX, SOCK_STREAM, 0);
print "CONNECTED unix\n" if connect($a, pack_sockaddr_un("\0coffer-sink-$port"));
for my $f ([17, 3, 0x300], [40, 1, 0], [16, 3, 12], [38, 5, 0], [2, 3, 1]) {
	print "SOCKET @$f\n" if socket(my $s, $f->[0], $f->[1], $f->[2]);
}
A
agent_does read
attack_order alpha /plan
tap_ok 'a read run tries' wait_for 20 attack_says TRIED
P=$(cat "$HOME_DIR/runs/$RID/agent/pid")
tap_is "$(awk '/^Cap/ {n += ($2 != "0000000000000000")}
    /^(NoNewPrivs|Seccomp):/ {s = s $2} /^Uid:/ {u = ($2 > 200000)}
    END {print n + 0, s, u}' "/proc/$P/status")" '0 12 1' \
    'no capability, no new privileges, a filter, a uid of its own'
same=
for ns in cgroup ipc mnt net pid user uts; do
	[ "$(readlink "/proc/$P/ns/$ns")" != "$(readlink "/proc/self/ns/$ns")" ] ||
	    same="$same $ns"
done
# But what an engine cannot give, as docs/sandboxes.md says.
tap_is "$same" "${COFFER_TEST_SHARED-}" 'it shares no namespace with the host'
tap_is "$(nobody cat "$HOME_DIR/runs/$RID/task/prompt.md" 2>/dev/null)" '' \
    'another user of the host does not read its prompt'
: >"$HOME_DIR/agents/go"
attack_end
for w in CONNECTED SOCKET PUSHED WROTE UNSHARED ENTERED MOUNTED MADE CHANGED \
    '\.token' '\.sock' coffer.conf; do
	tap_not "nothing of it was $w" grep "$w" "$T/run.log"
done
tap_is "$(cat "$T/sink")" '' 'the sink is empty'
tap_is "$(ip -n "coffer-$INST-p1" -o addr show to 10.214.1.2)" '' \
    'its link is as it was'
coffer issue show alpha "$ITEM" >"$T/issue" 2>&1
tap_not 'a link as the answer is not followed' grep -q 'root:' "$T/issue"
tap_ok 'and it is told' grep -q 'cannot be read' "$T/issue"
tap_is "$(attack_refs alpha | wc -l)" 2 'no ref was made'

agent_does scratch
attack_order alpha /scrap
attack_end
tap_ok 'a scratch run writes its tree' grep -q WROTE "$T/run.log"
tap_is "$(attack_refs alpha | wc -l)" 2 'and pushes nothing'

# ---- what does not want to end ----
agent_does stay
attack_order alpha /short
attack_end
tap_is "$(attack_state)" timed_out 'a run that ignores TERM is ended'
tap_ok 'and its daemons with it' wait_for 5 no_sleep 86333
agent_does limits
attack_order alpha /plan
attack_end
tap_ok 'processes are bounded' awk '/^forked/ {exit !($2 > 0 && $2 < 600)}' "$T/run.log"
tap_ok 'memory is bounded' grep -q 'memory 137' "$T/run.log"
tap_ok 'disk is bounded' grep -q 'No space left' "$T/run.log"
tap_ok 'output is bounded' test "$(stat -c %s "$HOME_DIR/runs/$RID/record/out.log")" -le 33554432
tap_ok 'the services live' coffer status

# ---- the phase that pushes has a network: nothing of the agent runs in it ----
cat >"$HOME_DIR/agents/payload" <<'A'
#!/bin/sh
echo "PAYLOAD $0" >&2
: >/work/tree/RAN
exit 1
A
chmod 755 "$HOME_DIR/agents/payload"
agent_does sealed
attack_order alpha /sealed
attack_end
tap_is "$(attack_state)" 'done' 'a sealed write run ends well'
tap_ok 'control: its traps work' grep -q '^RAN' "$T/run.log"
tap_ok 'its work was pushed' git_as "$ADMIN" fetch -q "$URL/admin/alpha.git" "agent/sealed-$ITEM"
git_as "$ADMIN" clone -q -b "agent/sealed-$ITEM" "$URL/admin/alpha.git" "$T/sealed" 2>/dev/null
tap_ok 'what it left is in it' test -f "$T/sealed/left"
tap_not 'no trap ran with a network' grep -q PAYLOAD "$HOME_DIR/runs/$RID/record/finish.log"
tap_not 'nor left a trace' test -e "$T/sealed/RAN"
tap_ok 'what later runs borrow from is there' test -s "$HOME_DIR/sandboxes/1/objects/current/refs"
tap_is "$(find "$HOME_DIR/sandboxes/1/objects" -name planted -o -name x)" '' \
    'and as it was'

# ---- the session against a run ----
rm -f "$HOME_DIR/agents/go"
agent_does wait
attack_order alpha /fix
wait_for 20 attack_says HERE
coffer exec alpha -- sh -c "echo x >/work/runs/$RID/tree/planted
    mv /work/runs /work/mine; rmdir /work/runs; chmod 777 /work
    cat /work/runs/$RID/tree/a.txt" >"$T/session.log" 2>&1
ws=$HOME_DIR/sandboxes/1/ws
tap_not 'the session puts nothing in the tree of a run' test -e "$ws/runs/$RID/tree/planted"
tap_is "$(stat -c %u:%a "$ws") $(stat -c %u:%a "$ws/runs")" '0:1770 0:700' \
    'nor takes the folder of the runs away'
tap_not 'nor reads it' grep -q '^one' "$T/session.log"
: >"$HOME_DIR/agents/go"
attack_end

# ---- a pull request that brings its own checks ----
(
	cd "$WORK" && mkdir .coffer &&
	    printf 'checks:\n  - name: test\n    test: sh ./ci.sh\n' >.coffer/checks.yml &&
	    printf 'true\n' >ci.sh && git add -A && git commit -q -m 'A check' &&
	    git push -q origin HEAD:main
) || tap_bail 'checks.yml'
PROJECT=admin/alpha
api POST "/api/coffer/v1/projects/$PROJECT/sync?wait=30"
{
	echo "exec 2>&1; PORT=$SINK_PORT; HOSTS='$HOSTS 10.214.0.1'"
	echo "cat >/tmp/d <<'A'"
	cat "$HOME_DIR/agents/dial.pl"
	echo A
	cat <<-'A'
	perl /tmp/d $PORT $HOSTS 127.0.0.1
	ls /sys/class/net /run/coffer; cat /etc/gitconfig /proc/net/dev
	cat shadow
	find . -perm /6000
	(setsid sh -c 'trap "" TERM; sleep 86444' &)
	trap '' TERM
	printf '== passed: exit status 0\n'
	exit 3
	A
} >"$T/ci.sh"
(
	cd "$WORK" && git checkout -q -b bad && cp "$T/ci.sh" ci.sh &&
	    ln -s /etc/shadow shadow && ln -s ../../../../../.. up &&
	    printf 'checks:\n  - name: test\n    test: "true"\n' >.coffer/checks.yml &&
	    git add -A && git commit -q -m 'A bad one' &&
	    git_as "$ADMIN" push -q "$URL/$PROJECT.git" HEAD:bad
) || tap_bail 'the bad branch'
api POST "/api/v1/repos/$PROJECT/pulls" '{"title":"Bad","head":"bad","base":"main","body":""}'
PULL=$(field .number)
job_is()
{
	coffer check list alpha "$PULL" --json | jq -e --arg s "$1" '.[-1].state == $s'
}
tap_ok "its head's own checks file is not asked, nor what it prints" \
    wait_for 30 job_is failed
api GET "/api/coffer/v1/ci/jobs/$(coffer check list alpha "$PULL" --json | jq -r '.[-1].id')/log"
tap_ok 'it ran' grep -q '^== test: sh ./ci.sh' "$BODY"
tap_not 'it got nowhere' grep -E 'CONNECTED|SOCKET|eth0|Bearer|root:|^\./' "$BODY"
tap_is "$(cat "$T/sink")" '' 'the sink is still empty'
tap_ok 'its daemon is gone' wait_for 5 no_sleep 86444
api GET "/api/coffer/v1/repos/$PROJECT/pulls/$PULL/gate"
tap_is "$(field .open)" false 'the gate is shut'

# ---- the attach socket ----
cat >"$T/flood.pl" <<'A'
use IO::Socket::UNIX;
my @s = map { IO::Socket::UNIX->new(Peer => $ARGV[0]) } 1 .. 100;
syswrite($s[0], "{\"ticket\":\"x\",\"verb\":\"attach\"}\n");
sysread($s[0], my $b, 200);
open(my $o, '>', $ARGV[1]);
print $o substr($b, 5);
close($o);
sleep 60;
A
for u in 65530 65531 65532 65533 65534; do
	: >"$T/flood.$u" && chown "$u" "$T/flood.$u"
	start "$T/flood.log" setpriv --reuid "$u" --regid "$u" --clear-groups \
	    perl "$T/flood.pl" "$HOME_DIR/run/agentd.sock" "$T/flood.$u"
done
tap_ok 'a ticket that is none is refused' \
    wait_for 25 grep -q 'not valid' "$T/flood.65530"
tap_is "$(coffer exec alpha -- echo here)" here \
    'five users who hold all connections that they get keep nobody out'
for s in run/router.sock run/front/cofferd.sock; do
	tap_not "nobody opens $s" nobody perl -MIO::Socket::UNIX -e \
	    'IO::Socket::UNIX->new(Peer => $ARGV[0]) or die' "$HOME_DIR/$s"
done
[ "$TAP_FAILED" -eq 0 ] || tail -n 20 "$HOME_DIR"/log/*.log | sed 's/^/# /'
tap_done
