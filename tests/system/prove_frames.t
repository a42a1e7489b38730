#!/bin/sh
# Frames of one's own making: what a sandbox could send if it had CAP_NET_RAW,
# which none has.  The host's root sends them in its namespace; taps in the
# other project, on the uplink and in the sandbox itself see what came of it.
[ -n "${NET_INSIDE-}" ] || exec env NET_INSIDE=1 unshare -n -- "$0"
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/net_lib.sh"
net_start alpha beta
coffer net alpha mode web >/dev/null
coffer net beta mode web >/dev/null
ns() { ns_=$1; shift; ip netns exec "coffer-$INST-$ns_" "$@"; }
ROUTER_MAC=$(ns router cat "/sys/class/net/cf${INST}p1/address")
OWN_MAC=$(ns p1 cat /sys/class/net/eth0/address)
OTHER_MAC=$(ns p2 cat /sys/class/net/eth0/address)

# A line for each frame that comes in.
cat >"$T/tap.pl" <<'A'
use strict; use Socket;
my ($file) = @ARGV;
socket(my $s, 17, SOCK_RAW, unpack('S', pack('n', 3))) or die "tap: $!";
open(my $o, '>>', $file) or die; select($o); $| = 1;
print "ready\n";
while (my $from = recv($s, my $b, 65536, 0)) {
	my ($fam, $proto, $index, $hatype, $kind) = unpack('SnlSC', $from);
	next if $kind == 4; # what this end sends itself
	print unpack('H*', substr($b, 0, 200)), "\n";
}
A
tap_on()
{
	start "$T/tap.log" ip netns exec "coffer-$INST-$1" perl "$T/tap.pl" "$T/tap.$1"
	wait_for 5 grep -q ready "$T/tap.$1" || tap_bail "tap: $(cat "$T/tap.log")"
}
tap_on p1
tap_on p2
tap_on inet
# frame NAMESPACE HEX: sent on its eth0
frame()
{
	ns "$1" perl -e 'use Socket;
	    socket(my $s, 17, SOCK_RAW, unpack("S", pack("n", 3))) or die "$!";
	    open(my $f, "<", "/sys/class/net/eth0/ifindex"); my $i = <$f>;
	    send($s, pack("H*", $ARGV[0]), 0, pack("SnlSCCa8", 17, 0, $i, 0, 0, 6, "")) or die "send: $!"' "$2"
}
mac() { echo "$1" | tr -d :; }
# ip4 SRC DST PROTOCOL: a packet with a mark in it, as hex
ip4()
{
	perl -MSocket -e 'sub sum { my $n = 0; $n += $_ for unpack("n*", $_[0]); $n = ($n >> 16) + ($n & 0xffff) while $n >> 16; ~$n & 0xffff }
	    my ($s, $d, $p) = @ARGV;
	    my $b = $p == 6 ? pack("nnNNnnnn", 4444, 80, 1, 0, 0x5002, 1024, 0, 0)
		: $p == 17 ? pack("nnnn", 4444, 8080, 16, 0) . "MARKMARK"
		: $p == 1 ? pack("CCnnn", 8, 0, 0, 7, 1) . "MARK" : "MARKMARK" x 4;
	    substr($b, 16, 2) = pack("n", sum(inet_aton($s) . inet_aton($d) . pack("nn", 6, length $b) . $b)) if $p == 6;
	    substr($b, 2, 2) = pack("n", sum($b)) if $p == 1;
	    my $h = pack("CCnnnCCna4a4", 0x45, 0, 20 + length $b, 99, 0, 64, $p, 0, inet_aton($s), inet_aton($d));
	    substr($h, 10, 2) = pack("n", sum($h));
	    print unpack("H*", $h . $b)' "$@"
}
ll() { perl -e 'my @m = map { hex } split /:/, shift; $m[0] ^= 2; printf "fe80000000000000%02x%02x%02xfffe%02x%02x%02x", @m' "$1"; }
# What is of here: IPv6 of a sandbox or its router, an address of a sandbox, a mark,
# the port 4444.  Behind the uplink the host has IPv6 of its own.
frames() { grep -cE "$(ll "$OWN_MAC")|$(ll "$ROUTER_MAC")|0ad6|4d41524b|115c0050" "$T/tap.$1"; }
state()
{
	{
		ns router ip neigh; ns router ip route; ns router ip -6 route; ns router ip -6 addr
		ns router ip -6 neigh; ns p2 ip neigh; ns p2 ip route; ns p2 ip -6 addr; ns p2 ip -6 route; ns p2 ip -6 neigh
	} 2>/dev/null | sed -e 's/ \(REACHABLE\|STALE\|DELAY\|PROBE\)//' | sort
}
clear_taps() { for n in p1 p2 inet; do : >"$T/tap.$n"; done; }

# ---- control: each tap sees, and a frame of ours arrives ----
frame p1 "$(mac "$ROUTER_MAC")$(mac "$OWN_MAC")0800$(ip4 10.214.1.1 10.214.1.2 6)"
tap_ok 'control: a SYN as it should be is answered with a refusal' wait_for 5 grep -q '0800' "$T/tap.p1"
coffer exec alpha -- getent ahostsv4 ok.test >/dev/null
coffer exec alpha -- bash -c ': </dev/tcp/203.0.113.5/443' >/dev/null 2>&1
tap_ok 'control: the tap behind the uplink sees' wait_for 5 grep -q cb007105 "$T/tap.inet"
coffer exec beta -- bash -c ': </dev/tcp/10.214.0.1/22' >/dev/null 2>&1
tap_ok 'control: so does that of the other project' wait_for 5 grep -q 0800 "$T/tap.p2"
sleep 0.3
clear_taps
before=$(state)

# ---- IPv6 by frames: no neighbour, no router, no answer ----
v6_tcp="$(ll "$OWN_MAC")$(ll "$ROUTER_MAC")115c005000000001000000005002040000000000"
frame p1 "$(mac "$ROUTER_MAC")$(mac "$OWN_MAC")86dd6000000000140640$v6_tcp"
for to in 00000000000000000000ffffc0a84d09 0064ff9b0000000000000000c0a84d09 20010db8000000000000000000000001 ff020000000000000000000000000001; do
	frame p1 "$(mac "$ROUTER_MAC")$(mac "$OWN_MAC")86dd6000000000140640$(ll "$OWN_MAC")${to}115c005000000001000000005002040000000000"
done
# An echo request to all nodes.
frame p1 "333300000001$(mac "$OWN_MAC")86dd6000000000083aff$(ll "$OWN_MAC")ff0200000000000000000000000000018000000000070001"
sleep 0.5
tap_is "$(frames p1)" 0 'IPv6 by frames: no answer'
tap_is "$(frames p2),$(frames inet)" 0,0 'IPv6 by frames: nobody sees it'

# ---- a router advertisement, forged neighbours ----
ra=8600000040000708000000000000000003044040000151800000151800000000 # with a prefix:
ra="${ra}20010db8000000000000000000000000"
for dst in 333300000001 "$(mac "$ROUTER_MAC")" ffffffffffff "$(mac "$OTHER_MAC")"; do
	frame p1 "${dst}$(mac "$OWN_MAC")86dd6000000000303aff$(ll "$OWN_MAC")ff020000000000000000000000000001$ra"
	# ARP, a request and an answer: the other project, and the router, are here.
	for who in 0ad60102 0ad60001; do
		frame p1 "${dst}$(mac "$OWN_MAC")08060001080006040001$(mac "$OWN_MAC")${who}000000000000$who"
		frame p1 "${dst}$(mac "$OWN_MAC")08060001080006040002$(mac "$OWN_MAC")${who}$(mac "$ROUTER_MAC")0ad60001"
	done
done
sleep 0.5
tap_is "$(state)" "$before" 'forged neighbours and routers change no table'
tap_is "$(frames p2),$(frames inet)" 0,0 'forged neighbours and routers: nobody sees them'
coffer exec beta -- bash -c ': </dev/tcp/203.0.113.5/443' >/dev/null 2>&1
tap_ok "the other project's packets still go their own way" wait_for 5 grep -q cb007105 "$T/tap.inet"
sleep 0.3
clear_taps

# ---- a forged source ----
spoofed() { ns router iptables -t raw -nvxL PREROUTING | awk '/spoof/ && $1 ~ /^[0-9]+$/ { n += $1 } END { print n + 0 }'; }
n=$(spoofed)
for p in 6 17 1; do
	for src in 10.214.1.2 10.214.0.1 198.51.100.1 203.0.113.6 127.0.0.1 0.0.0.0; do
		frame p1 "$(mac "$ROUTER_MAC")$(mac "$OWN_MAC")0800$(ip4 "$src" 203.0.113.5 $p)"
	done
done
sleep 0.5
tap_is "$(frames p2),$(frames inet)" 0,0 'a forged source reaches nobody'
tap_ok 'what the kernel itself does not drop is counted' [ "$(spoofed)" -ge $((n + 9)) ]
tap_is "$(ns router conntrack -L 2>/dev/null | grep -cE 'sport=4444|type=8')" 0 'no flow in the other name'
clear_taps

# ---- a pivot: the other project by any protocol, in both directions ----
pivot() # FROM ADDRESS OTHER MAC
{
	for p in 6 17 1 4 41 47 50 132; do
		for dst in "$(mac "$(ns router cat "/sys/class/net/cf${INST}$1/address")")" ffffffffffff "$4"; do
			frame "$1" "${dst}$(mac "$(ns "$1" cat /sys/class/net/eth0/address)")0800$(ip4 "$2" "$3" $p)"
		done
	done
	# With a VLAN's tag, and to all.
	own=$(mac "$(ns "$1" cat /sys/class/net/eth0/address)")
	frame "$1" "ffffffffffff${own}810000010800$(ip4 "$2" "$3" 17)"
	frame "$1" "ffffffffffff${own}0800$(ip4 "$2" 255.255.255.255 17)"
}
pivot p1 10.214.1.1 10.214.1.2 "$(mac "$OTHER_MAC")"
sleep 0.3
tap_is "$(frames p2),$(frames inet)" 0,0 'a pivot: nothing reaches the other project'
clear_taps
pivot p2 10.214.1.2 10.214.1.1 "$(mac "$OWN_MAC")"
sleep 0.3
tap_is "$(frames p1),$(frames inet)" 0,0 'nor back'
clear_taps
tap_is "$(ns router sh -c 'ls -d /sys/class/net/*/brif /sys/class/net/*/master' 2>/dev/null)" '' 'the router bridges nothing'
# The one that stands in all: cofferd's door, which relays to cofferd alone.
tap_is "$(coffer exec alpha -- curl -s -m 3 -o /dev/null -w '%{http_code}' -x http://10.214.0.1:80 http://10.214.1.2:8080/ 2>/dev/null | cut -c 1)" 4 \
    'cofferd is no proxy to the other project'
tap_is "$(frames p2)" 0 'and asked nobody there'
[ "$TAP_FAILED" -eq 0 ] || for n in p1 p2 inet; do sed "s/^/# $n /" "$T/tap.$n" | head -n 8; done
tap_done
