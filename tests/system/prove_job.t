#!/bin/sh
# A job of CI: the probe runs as its test, and is judged from outside as that of
# a project's sandbox is.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
[ -x /usr/sbin/runc ] || [ -x /usr/bin/runc ] || tap_skip_all 'runc is absent'
attack_start beta alpha
# The probe comes in and answers by two pipes in the job's tree.
(
	cd "$WORK" && mkdir .coffer &&
	    printf 'checks:\n  - name: probe\n    test: sh ./ci.sh\n' >.coffer/checks.yml &&
	    cat >ci.sh <<-'A' && git add -A && git commit -q -m 'A check' && git push -q origin HEAD:main
	umask 0
	mkfifo probe.in probe.out
	exec <probe.in >probe.out
	read -r size token
	head -c "$size" >/tmp/probe && chmod 700 /tmp/probe && exec /tmp/probe "$token"
	A
) || tap_bail 'checks.yml'
api POST '/api/coffer/v1/projects/admin/alpha/sync?wait=30'
(
	cd "$WORK" && git checkout -q -b probe && echo x >x && git add -A && git commit -q -m 'A change' &&
	    git_as "$ADMIN" push -q "$URL/admin/alpha.git" HEAD:probe
) || tap_bail 'the branch'
api POST '/api/v1/repos/admin/alpha/pulls' '{"title":"Probe","head":"probe","base":"main","body":""}'
pipe() { PIPE=$(find "$HOME_DIR/sandboxes" -name probe.out -type p 2>/dev/null | head -n 1); [ -n "$PIPE" ]; }
tap_ok 'a job runs' wait_for 60 pipe
id=${PIPE#"$HOME_DIR"/sandboxes/}
id=${id%%/*}

# coffer-prove with its descriptor 3 joined to the pipes
cat >"$T/bridge" <<'A'
use Socket; use POSIX; use Fcntl;
$^F = 9;
my ($prove, $home, $id, $probe, $pipe) = @ARGV;
socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, 0) or die;
my $judge = fork;
if (!$judge) {
	POSIX::dup2(fileno($a), 3) if fileno($a) != 3;
	POSIX::close($_) for 4 .. 9;
	exec($prove, $home, $id, 'oci', $probe);
}
close($a);
my $to = fork;
if (!$to) {
	sysopen(my $o, "$pipe.in", O_WRONLY) or die;
	while (sysread($b, my $x, 65536)) { syswrite($o, $x) }
	exit;
}
my $from = fork;
if (!$from) {
	sysopen(my $i, "$pipe.out", O_RDONLY) or die;
	while (sysread($i, my $x, 65536)) { syswrite($b, $x) }
	exit;
}
close($b);
waitpid($judge, 0);
my $rc = $? >> 8;
kill 9, $to, $from;
exit $rc;
A
timeout 120 perl "$T/bridge" "$O/libexec/coffer/coffer-prove" "$HOME_DIR" "$id" "$O/libexec/coffer/coffer-probe" \
    "${PIPE%.out}" >"$T/lines" 2>"$T/judge.err"
RC=$?
jq -c 'select(.id)' "$T/lines" >"$T/rows"
row() { jq -r --arg id "$1" 'select(.id == $id) | .result' "$T/rows"; }
evidence() { jq -r --arg id "$1" 'select(.id == $id) | .evidence' "$T/rows"; }
tap_is "$RC" 0 'nothing of it fails'
for r in $(jq -r .id "$T/rows"); do
	case $(row "$r") in
	untestable) tap_skip "job: row $r" "$(evidence "$r" | tr '#' ' ')" ;;
	*) tap_is "$(row "$r")" pass "job: row $r" ;;
	esac
	[ "$(row "$r")" != fail ] || echo "# $(evidence "$r")"
done
tap_like "$(evidence unlisted)" '*loopback alone*' 'it has no network at all'
tap_is "$(jq -s 'map(select(.result == "pass")) | length > 30' "$T/rows")" true 'most rows could be tried'
[ "$TAP_FAILED" -eq 0 ] || cat "$T/judge.err" "$T/lines" | cut -c 1-300 | sed 's/^/# /'
tap_done
