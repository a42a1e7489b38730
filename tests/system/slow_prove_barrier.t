#!/bin/sh
# Each barrier of a running sandbox that can be taken away is taken away, and
# `coffer prove` must say so: a row that passes whatever is there proves
# nothing.  What a sandbox is made of is in slow_prove_made.t.
[ -n "${PROVE_INSIDE-}" ] || [ "$(id -u)" -ne 0 ] || exec env PROVE_INSIDE=1 unshare -n -- "$0"
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"
. "$SYSTEM_DIR/barrier_lib.sh"
barrier_start alpha beta
make_upstream sealed
coffer create "$UPSTREAM" --network none --wait >"$T/create.log" 2>&1 || tap_bail "$(cat "$T/create.log")"

# A place in the namespaces of alpha's session.
inside() { nsenter -t "$(session)" -m "$@"; }
its_root() { nsenter -t "$(session)" -m -U --setuid 0 --setgid 0 "$@"; }
router() { ip netns exec "coffer-$INST-router" "$@"; }

prove alpha
tap_is "$RC" 0 'with all barriers nothing fails'
passes 'with all' observers host lan reserved metadata ports project icmp dns-bytes dns-types router-ports raw
words "$BARRIERS_RUNNING $BARRIERS_MADE $BARRIERS_ELSEWHERE" >"$T/tested"
jq -r '.rows[].id' "$T/verdict" | sort -u | comm -3 - "$T/tested" >"$T/untested"
tap_is "$(cat "$T/untested")" '' 'each row there is has a test that takes its barrier away'

# ---- the host's own tables are gone: the sandbox's are its own ----
iptables -P FORWARD ACCEPT && iptables -F && iptables -t nat -F
prove alpha
passes "the host's tables flushed" host lan reserved metadata ports project icmp

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
start "$T/sock.log" ip netns exec "coffer-$INST-p1" perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(
    Proto => "udp", LocalAddr => "127.0.0.11", LocalPort => 53) or die;
    while (my $f = recv($s, my $b, 999, 0)) { send($s, $b, 0, $f) }'
# The observers are blind to datagrams.
iptables -I INPUT -i lo -p udp -j DROP
prove alpha
notices 'bounds and masks' processes memory cpu kernel engines setuid dns-loopback
notices 'all observers' observers
iptables -D INPUT -i lo -p udp -j DROP

# ---- the firewall ----
router iptables -t nat -F PREROUTING
prove alpha
passes 'without the redirect of names the filter still holds' dns-bytes
router sh -c 'iptables -P FORWARD ACCEPT; iptables -F FORWARD; iptables -P INPUT ACCEPT; iptables -F INPUT
    iptables -P OUTPUT ACCEPT; iptables -F OUTPUT; iptables -t raw -F; iptables -t mangle -F'
start "$T/open.log" router perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(
    LocalPort => 3000, Listen => 9) or die; sleep 120'
prove alpha
notices 'the firewall' host lan metadata reserved ports project icmp dns-bytes dns-other router-ports
prove sealed
notices 'the firewall' unlisted
barrier_done "$BARRIERS_RUNNING"
