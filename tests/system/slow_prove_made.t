#!/bin/sh
# Each barrier that a sandbox is made with is left out, and `coffer prove` must
# say so.  A test build alone can do that (lib/base/barrier.h).
[ -n "${PROVE_INSIDE-}" ] || [ "$(id -u)" -ne 0 ] || exec env PROVE_INSIDE=1 unshare -n -- "$0"
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"
. "$SYSTEM_DIR/barrier_lib.sh"

# again BARRIER,...: all of it anew, without these
again()
{
	coffer down >"$T/down.log" 2>&1
	COFFER_TEST_WITHOUT=$1
	export COFFER_TEST_WITHOUT
	coffer up -d --listen "127.0.0.1:$attack_port" >"$T/up.log" 2>&1 || tap_bail "$(cat "$T/up.log")"
	coffer status alpha | grep -q 'sandbox  *running' || tap_bail "alpha does not run: $(coffer status alpha)"
}

COFFER_TEST_WITHOUT=capabilities,new-privileges,seccomp,user,names
export COFFER_TEST_WITHOUT
# Who answers at once is asked the sooner for the next name.
ATTACK_DNS=127.0.0.1:5353
ip link set lo up
start "$T/dns.log" perl "$SYSTEM_DIR/router_net.pl" upstream "$T/names" 5353
barrier_start alpha
make_upstream sealed
coffer create "$UPSTREAM" --network none --wait >"$T/create.log" 2>&1 || tap_bail "$(cat "$T/create.log")"

# ---- what a process may do, and names ----
prove alpha
notices 'capabilities and the filter' capabilities seccomp unshare syscalls sockets raw
notices 'a user of its own' user
notices 'a judge of names' dns-types
prove sealed
notices 'a judge of names' dns-tunnel

# ---- namespaces and the environment ----
ip -6 addr add fd00::1/128 dev lo
ip -6 addr add fd77::1/64 dev lan0 nodad
start "$T/six.log" perl -MIO::Socket::IP -e 'my $s = IO::Socket::IP->new(
    LocalHost => "fd00::1", LocalPort => 80, Listen => 9) or die $@; sleep 300'
# No failpoint has such a name: it stands for a secret in the environment.
COFFER_FAIL=$(cat "$HOME_DIR/secrets/agentd.token")
export COFFER_FAIL
again namespaces,network,environment,kept,root
printf 'nameserver 192.175.48.6\n' >"/proc/$(session)/root/etc/resolv.conf"
prove alpha
notices 'namespaces of its own' namespaces
notices 'a network of its own' host host-ipv6 host-unix ipv6
notices 'an environment of its own' environment
notices 'what programs need' kept
notices 'a sealed root' disk dns-server

# ---- with all of them again ----
unset COFFER_FAIL
again ''
prove alpha
tap_is "$RC" 0 'with all barriers nothing fails'
# shellcheck disable=SC2086
barrier_done "$BARRIERS_MADE"
