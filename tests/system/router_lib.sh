# shellcheck shell=sh disable=SC2034
# router_lib.sh: a router and its surroundings in namespaces of their own.
#
#   router_setup               home, peers, router, projects 7 and 8 wired
#   router_start               a router alone, on the $HOME_DIR that is there
#   ask JSON...                the control socket
#   p7 VERB ARG... , p8 ...    router_net.pl inside a project
#
# The namespace INET stands for everything behind the uplink: 203.0.113.0/24
# plays the public internet (a test build leaves it out of the never list), the
# other addresses are what must never be reached.  A sink notes in $SINK what
# arrived, so that a refusal is judged from both ends.

NET=$SYSTEM_DIR/router_net.pl
SINK=$T/sink
UPSTREAM_LOG=$T/upstream.log
FRONT_LOG=$T/front.log
INET_ADDRS='203.0.113.5 203.0.113.6 203.0.113.9 192.168.77.9 100.64.0.5
169.254.169.254 168.63.129.16 198.18.0.5 172.16.0.5 10.0.0.5 8.8.8.8'

[ "$(id -u)" -eq 0 ] || tap_skip_all 'needs root'
[ "${V:-debug}" != release ] ||
    tap_skip_all 'a release build has no stand-in for the internet'
for tool in ip ipset conntrack iptables-restore perl; do
	command -v $tool >/dev/null || tap_skip_all "needs $tool"
done

router_teardown()
{
	stop_all
	"$O/bin/coffer-router" --home "$HOME_DIR" --teardown 2>/dev/null
	for n in p7 p8 inet; do
		ip netns del "coffer-$INST-$n" 2>/dev/null
	done
}

router_on_exit()
{
	router_status=$?
	trap - EXIT
	if [ $router_status -ne 0 ] && [ -f "$T/router.log" ]; then
		tail -n 40 "$T/router.log" | sed 's/^/# /'
	fi
	router_teardown
	cd /
	rm -rf "$T"
	exit $router_status
}

in_ns()
{
	in_ns=$1
	shift
	ip netns exec "coffer-$INST-$in_ns" "$@"
}

p7() { in_ns p7 perl "$NET" "$@"; }
p8() { in_ns p8 perl "$NET" "$@"; }
ask() { perl "$NET" ask "$HOME_DIR/run/router.sock" "$@"; }

start_router()
{
	start "$T/router.log" env COFFER_TEST_INTERNET=203.0.113.0/24 \
	    "$O/bin/coffer-router" --home "$HOME_DIR"
	ROUTER_PID=$PID
	wait_for 10 router_answers || tap_bail "router: $(cat "$T/router.log")"
}

router_answers()
{
	ask '{"op":"hello"}' | grep -q '"ok":true'
}

router_start()
{
	INST=$(cat "$HOME_DIR/instance")
	trap router_on_exit EXIT
	start_router
}

# A project as docs/architecture.md wires it.
wire_project()
{
	w_if=cf${INST}p$1
	w_ns=coffer-$INST-p$1
	w_addr=10.214.1.$1
	ip netns add "$w_ns"
	ip link add "$w_if" netns "coffer-$INST-router" type veth \
	    peer name eth0 netns "$w_ns"
	in_ns router ip addr add 10.214.0.1/32 dev "$w_if"
	in_ns router ip link set "$w_if" up
	in_ns router ip route replace "$w_addr/32" dev "$w_if"
	in_ns "p$1" ip link set lo up
	in_ns "p$1" ip addr add "$w_addr/32" dev eth0
	in_ns "p$1" ip link set eth0 up
	in_ns "p$1" ip route add 10.214.0.1/32 dev eth0
	in_ns "p$1" ip route add default via 10.214.0.1 dev eth0
}

wire_inet()
{
	ip netns add "coffer-$INST-inet"
	in_ns inet ip link set lo up
	for a in $INET_ADDRS; do
		in_ns inet ip addr add "$a/32" dev lo
	done
	ip link add "cf${INST}u" netns "coffer-$INST-router" type veth \
	    peer name up0 netns "coffer-$INST-inet"
	in_ns inet ip addr add 10.99.0.1/30 dev up0
	in_ns inet ip link set up0 up
	in_ns router ip addr add 10.99.0.2/30 dev "cf${INST}u"
	in_ns router ip link set "cf${INST}u" up
	in_ns router ip route add default via 10.99.0.1
}

router_setup()
{
	INST=$(od -An -N2 -tx1 /dev/urandom | tr -d ' \n')
	HOME_DIR=$T/home
	trap router_on_exit EXIT
	mkdir -p "$HOME_DIR/run/front"
	chmod 711 "$HOME_DIR"
	echo "$INST" >"$HOME_DIR/instance"
	chown 64101:64102 "$HOME_DIR/run/front"
	chmod 2710 "$HOME_DIR/run/front"
	# Free for both protocols, or the resolver of the test cannot start.
	dns_port=$(perl -MIO::Socket::INET -e 'for (1 .. 50) {
		my $t = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") or next;
		my $p = $t->sockport;
		IO::Socket::INET->new(Proto => "udp", LocalAddr => "127.0.0.1", LocalPort => $p) or next;
		print $p;
		last }')
	printf '[router]\nuid = 64102\ngid = 64102\n%s\n%s\n' \
	    "upstream_dns = 127.0.0.1:9, 127.0.0.1:$dns_port" "${ROUTER_CONF-}" >"$HOME_DIR/coffer.conf"
	start "$T/peers.log" perl "$NET" upstream "$UPSTREAM_LOG" "$dns_port"
	start "$T/peers.log" perl "$NET" cofferd \
	    "$HOME_DIR/run/front/cofferd.sock" "$FRONT_LOG"
	FRONT_PID=$PID
	start_router
	wire_inet
	wire_project 7
	wire_project 8
	# shellcheck disable=SC2086
	start "$T/peers.log" ip netns exec "coffer-$INST-inet" \
	    perl "$NET" sink "$SINK" $INET_ADDRS
	wait_for 10 grep -q ready "$SINK" || tap_bail "sink: $(cat "$T/peers.log")"
	wait_for 10 grep -q ready "$UPSTREAM_LOG" || tap_bail 'upstream'
	wait_for 10 grep -q ready "$FRONT_LOG" || tap_bail 'cofferd'
	: >"$SINK"
	ask '{"op":"host.set","addresses":["203.0.113.9","fd00::9"]}' >"$T/out"
	grep -q '"ok":true' "$T/out" || tap_bail "host.set: $(cat "$T/out")"
}

# What has passed is noted a little later: wait for it, then start anew.
sink_saw()
{
	wait_for 5 grep -q "$1" "$SINK" || echo "# the sink has not seen $1"
	: >"$SINK"
}

# mode ID MODE
mode()
{
	ask "{\"op\":\"project.set\",\"id\":$1,\"mode\":\"$2\"}"
}

# The rules as the kernel has them, without counters and dates.
rules_of()
{
	{ in_ns router iptables-save; in_ns router ip6tables-save; } |
	    sed -e '/^#/d' -e 's/ \[[0-9:]*\]$//'
}
