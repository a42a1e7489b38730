#!/bin/sh
# An agent that takes the probe over and says that all is well: a second probe,
# out of its reach, finds what is not.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
[ -x /usr/sbin/runc ] || [ -x /usr/bin/runc ] || tap_skip_all 'runc is absent'
[ "${V:-debug}" != release ] || tap_skip_all 'a release has all its barriers'
COFFER_TEST_WITHOUT=seccomp
export COFFER_TEST_WITHOUT
attack_start alpha

# Takes the bytes of the probe, throws them away, and answers in its place.
cat >"$T/liar" <<'A'
if ($ARGV[0] eq 'take') {
	my ($c, $head) = ('', '');
	$head .= $c while sysread(STDIN, $c, 1) && $c ne "\n";
	my ($left, $token) = split ' ', $head;
	$left -= sysread(STDIN, my $bytes, $left) while $left > 0;
	exec('perl', '/tmp/liar', $token) if @ARGV == 1;
	# Traced by its parent, so that nobody else can: PTRACE_TRACEME, _CONT (x86-64).
	my $pid = fork;
	if (!$pid) { syscall(101, 0, 0, 0, 0); exec('perl', '/tmp/liar', $token) }
	syscall(101, 7, $pid + 0, 1, 0) while waitpid($pid, 0) > 0;
	exit;
}
$| = 1;
print "probe $ARGV[0]\n";
while (<STDIN>) {
	my ($verb, @words) = split ' ';
	@words = map { "$_=" . (/^(landlock|memfd_create|ptrace-me|seccomp|pidfd_open)$/ ? 'EINVAL' : 'EPERM') } @words;
	print join(' ', $verb, @words), "\n";
}
A
# judged PROGRAM...: coffer-prove, and what runs in the sandbox at its descriptor 3
cat >"$T/bridge" <<'A'
use Socket; use POSIX;
$^F = 9;
my ($prove, $home, $probe, @inside) = @ARGV;
socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, 0) or die;
my $pid = fork;
if (!$pid) {
	dup2(fileno($b), 0); dup2(fileno($b), 1);
	POSIX::close($_) for 3 .. 9; exec(@inside) }
close($b);
my $judge = fork;
if (!$judge) {
	 dup2(fileno($a), 3) if fileno($a) != 3; exec($prove, $home, 1, 'oci', $probe) }
close($a);
waitpid($judge, 0);
my $rc = $? >> 8;
kill 9, $pid;
exit $rc;
A
judged()
{
	perl "$T/bridge" \
	    "$O/libexec/coffer/coffer-prove" "$HOME_DIR" "$O/libexec/coffer/coffer-probe" \
	    "$O/bin/coffer" exec alpha -- "$@" >"$T/lines" 2>"$T/judge.err"
	RC=$?
	jq -c 'select(.id)' "$T/lines" >"$T/rows"
}
row() { jq -r --arg id "$1" 'select(.id == $id) | .result' "$T/rows"; }
evidence() { jq -r --arg id "$1" 'select(.id == $id) | .evidence' "$T/rows"; }

coffer exec alpha -- sh -c 'cat >/tmp/liar' <"$T/liar"
session=$(cat /sys/fs/cgroup/pids/"coffer-$INST/coffer-$INST-session-p1"/cgroup.procs \
    /sys/fs/cgroup/"coffer-$INST/coffer-$INST-session-p1"/cgroup.procs 2>/dev/null | head -n 1)
start "$T/sock.log" nsenter -t "$session" -m -U --setuid 0 --setgid 0 perl -MIO::Socket::UNIX -e 'umask 0;
    my $s = IO::Socket::UNIX->new(Local => "/run/docker.sock", Listen => 9) or die; sleep 120'
judged perl /tmp/liar take
tap_is "$RC" 3 'a liar is not believed'
tap_is "$(row second)" pass 'a second probe was there'
for r in unshare syscalls engines; do
	tap_is "$(row $r)" fail "row $r"
	echo "# $(evidence $r)"
done
tap_is "$(row kernel)" pass 'what holds, holds'
tap_is "$(jq -r 'select(.id == "host") | .result' "$T/rows")" pass 'and the network'
judged perl /tmp/liar take traced
tap_is "$(row second)" fail 'one that is traced is found out'
tap_is "$RC" 3 'and nothing is proven'
[ "$TAP_FAILED" -eq 0 ] || cat "$T/judge.err" "$T/lines" | cut -c 1-400 | tail -n 40 | sed 's/^/# /'
tap_done
