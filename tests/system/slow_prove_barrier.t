#!/bin/sh
# Each barrier that can be taken away is taken away, and `coffer prove` must say
# so: a row that passes whatever is there proves nothing.  In a network
# namespace of its own, which plays the host.
if [ -z "${PROVE_INSIDE:-}" ] && [ "$(id -u)" -eq 0 ]; then
	exec env PROVE_INSIDE=1 unshare --net "$0"
fi
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
[ -x /usr/sbin/runc ] || [ -x /usr/bin/runc ] || tap_skip_all 'runc is absent'
[ "${V:-debug}" != release ] || tap_skip_all 'a release has all its barriers'
ip link set lo up
ip link add lan0 type veth peer name lan1
ip addr add 10.77.0.1/24 dev lan0
ip link set lan0 up && ip link set lan1 up
ip route add default via 10.77.0.2

attack_start alpha beta

prove() { coffer prove alpha --json >"$T/verdict" 2>"$T/prove.err"; RC=$?; }
result() { jq -r --arg id "$1" '.rows[] | select(.id == $id) | .result' "$T/verdict"; }
evidence() { jq -r --arg id "$1" '.rows[] | select(.id == $id) | .evidence' "$T/verdict"; }
# notices WHAT ROW...: it failed, and these rows did
notices()
{
	what=$1
	shift
	tap_is "$RC" 3 "without $what it is refused"
	for r in "$@"; do
		tap_is "$(result "$r")" fail "without $what: row $r"
		[ "$(result "$r")" = fail ] || echo "# $(evidence "$r")"
	done
}
# The first process of alpha's session, and a place in its namespaces.
session()
{
	cat /sys/fs/cgroup/pids/"coffer-$INST/coffer-$INST-session-p1"/cgroup.procs \
	    /sys/fs/cgroup/"coffer-$INST/coffer-$INST-session-p1"/cgroup.procs 2>/dev/null | head -n 1
}
inside() { nsenter -t "$(session)" -m "$@"; }
its_root() { nsenter -t "$(session)" -m -U --setuid 0 --setgid 0 "$@"; }
router() { ip netns exec "coffer-$INST-router" "$@"; }

prove
tap_is "$RC" 0 'with all barriers nothing fails'
for r in observers host lan reserved metadata ports project icmp dns-bytes dns-types router-ports raw; do
	tap_is "$(result $r)" pass "with all: row $r"
	[ "$(result $r)" = pass ] || echo "# $(evidence "$r")"
done

# ---- the host's own tables are gone: the sandbox's are its own ----
iptables -P FORWARD ACCEPT && iptables -F && iptables -t nat -F
prove
for r in host lan reserved metadata ports project icmp; do
	tap_is "$(result $r)" pass "the host's tables flushed: row $r"
done

# ---- bounds, files, devices, sockets: of the sandbox that runs ----
for f in pids/pids.max memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us; do
	g=/sys/fs/cgroup/${f%/*}/coffer-$INST/coffer-$INST-session-p1/${f#*/}
	# Swap is bound at or above memory.
	[ ! -e "${g%/*}/memory.memsw.limit_in_bytes" ] || echo -1 >"${g%/*}/memory.memsw.limit_in_bytes"
	if [ -e "$g" ]; then echo -1 >"$g" 2>/dev/null || echo max >"$g"; fi
done
for f in pids.max memory.max cpu.max; do
	g=/sys/fs/cgroup/coffer-$INST/coffer-$INST-session-p1/$f
	[ ! -e "$g" ] || echo max >"$g"
done
its_root sh -c 'umask 0; : >/dev/kmsg'
start "$T/sock.log" nsenter -t "$(session)" -m -U --setuid 0 --setgid 0 perl -MIO::Socket::UNIX -e 'umask 0;
    my $s = IO::Socket::UNIX->new(Local => "/run/docker.sock", Listen => 9) or die; sleep 120'
inside mount -o remount,suid,nodev /tmp
resolv=$(find "$HOME_DIR/sandboxes/1" -path '*/root/etc/resolv.conf' | head -n 1)
printf 'nameserver 192.175.48.6\n' >"$resolv"
inside mount -o remount,bind,rw /
start "$T/sock.log" ip netns exec "coffer-$INST-p1" perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(
    Proto => "udp", LocalAddr => "127.0.0.11", LocalPort => 53) or die;
    while (my $f = recv($s, my $b, 999, 0)) { send($s, $b, 0, $f) }'
prove
notices 'bounds and masks' processes memory cpu kernel engines setuid disk dns-loopback dns-server

# ---- the firewall ----
router iptables -t nat -F PREROUTING
prove
tap_is "$(result dns-bytes)" pass 'without the redirect of names the filter still holds'
router sh -c 'iptables -P FORWARD ACCEPT; iptables -F FORWARD; iptables -P INPUT ACCEPT; iptables -F INPUT
    iptables -P OUTPUT ACCEPT; iptables -F OUTPUT; iptables -t raw -F; iptables -t mangle -F'
start "$T/open.log" router perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(
    LocalPort => 3000, Listen => 9) or die; sleep 120'
prove
notices 'the firewall' host lan metadata reserved ports project icmp dns-bytes dns-other router-ports

# ---- capabilities and the filter: a sandbox made without ----
coffer down >"$T/down.log" 2>&1
COFFER_TEST_WITHOUT=capabilities,new-privileges,seccomp
export COFFER_TEST_WITHOUT
coffer up -d --listen "127.0.0.1:$attack_port" >"$T/up.log" 2>&1 || tap_bail "$(cat "$T/up.log")"
coffer status alpha | grep -q 'sandbox  *running' || tap_bail 'alpha does not run'
prove
notices 'capabilities and the filter' capabilities seccomp unshare syscalls sockets
[ "$TAP_FAILED" -eq 0 ] || tail -n 20 "$T/prove.err" "$HOME_DIR"/log/agentd.log | sed 's/^/# /'
tap_done
