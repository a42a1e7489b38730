# shellcheck shell=sh disable=SC2034
# barrier_lib.sh: what the tests share that take a barrier away to see that
# `coffer prove` notices.  First of a test, before lib.sh:
#
#	[ -n "${PROVE_INSIDE-}" ] || exec env PROVE_INSIDE=1 unshare -n -- "$0"
#
# so that a network namespace of its own plays the host.  Then, after lib.sh
# and attack_lib.sh:
#
#	barrier_start alpha beta	projects; the host has a network
#	prove alpha			RC, $T/verdict
#	notices 'the filter' seccomp	it is refused, and that row has failed
#	barrier_done "$BARRIERS_..."	each row of the list was seen to fail
#
# The rows that have a test, by file; together they are all that there are.
BARRIERS_RUNNING='observers host lan reserved metadata unlisted ports project icmp router-ports
dns-bytes dns-other dns-loopback processes memory cpu kernel engines setuid'
BARRIERS_MADE='capabilities seccomp unshare syscalls sockets user raw dns-types dns-tunnel
host-ipv6 host-unix ipv6 namespaces environment kept disk dns-server'
# Of the run itself, which no barrier is about: prove_cmd.t ends the probe.
BARRIERS_ELSEWHERE="probe second"

barrier_start()
{
	[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
	[ -x /usr/sbin/runc ] || [ -x /usr/bin/runc ] || tap_skip_all 'runc is absent'
	[ "${V:-debug}" != release ] || tap_skip_all 'a release has all its barriers'
	ip link set lo up
	ip link add lan0 type veth peer name lan1
	ip addr add 10.77.0.1/24 dev lan0
	ip link set lan0 up && ip link set lan1 up
	# Nobody answers there, but what is sent is seen.
	ip neigh add 10.77.0.2 lladdr 02:00:00:00:00:02 dev lan0 nud permanent
	ip route add default via 10.77.0.2
	: >"$T/noticed"
	attack_start "$@"
}

prove() { coffer prove "$1" --json >"$T/verdict" 2>"$T/prove.err"; RC=$?; }
result() { jq -r --arg id "$1" '.rows[] | select(.id == $id) | .result' "$T/verdict"; }
evidence() { jq -r --arg id "$1" '.rows[] | select(.id == $id) | .evidence' "$T/verdict"; }

# The first process of the session of alpha.
session()
{
	cat /sys/fs/cgroup/pids/"coffer-$INST/coffer-$INST-session-p1"/cgroup.procs \
	    /sys/fs/cgroup/"coffer-$INST/coffer-$INST-session-p1"/cgroup.procs 2>/dev/null | head -n 1
}

# notices WHAT ROW...
notices()
{
	what=$1
	shift
	tap_is "$RC" 3 "without $what it is refused"
	for r in "$@"; do
		tap_is "$(result "$r")" fail "without $what: row $r"
		echo "# $(evidence "$r")"
		[ "$(result "$r")" != fail ] || echo "$r" >>"$T/noticed"
	done
}

# passes WHAT ROW...
passes()
{
	what=$1
	shift
	for r in "$@"; do
		tap_is "$(result "$r")" pass "$what: row $r"
		[ "$(result "$r")" = pass ] || echo "# $(evidence "$r")"
	done
}

words() { printf '%s\n' "$@" | tr ' ' '\n' | sort -u; }

barrier_done()
{
	words "$1" >"$T/want"
	sort -u "$T/noticed" | comm -13 - "$T/want" >"$T/missing"
	tap_is "$(cat "$T/missing")" '' 'each row of this file was seen to fail'
	[ "$TAP_FAILED" -eq 0 ] || tail -n 20 "$T/prove.err" "$HOME_DIR"/log/*.log | sed 's/^/# /'
	tap_done
}
