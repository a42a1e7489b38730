# shellcheck shell=sh disable=SC2034
# net_lib.sh: a whole system in a network namespace of its own as its host, with
# a stand-in for the internet behind it.  First of a test, before lib.sh:
#
#	[ -n "${NET_INSIDE-}" ] || exec env NET_INSIDE=1 unshare -n -- "$0"
#
# Then net_start PROJECT...: 203.0.113.5 and .6 listen ($SINK), *.test has names
# ($UPSTREAM_LOG); URL, ADMIN, HOME_DIR, INST.  A release build has no such
# stand-in.  NET_LISTEN: the address of cofferd, else a free port.  NET_BEFORE: a
# function, before `up`.

NET=$SYSTEM_DIR/router_net.pl
SINK=$T/sink
UPSTREAM_LOG=$T/upstream.log

coffer() { "$O/bin/coffer" "$@"; }

net_on_exit()
{
	coffer down >"$T/down.log" 2>&1
	stop_all
	ip netns del "coffer-$INST-inet" 2>/dev/null
	lib_on_exit
}

net_inet()
{
	ip netns add "coffer-$INST-inet"
	ip link add inet0 type veth peer name up0 netns "coffer-$INST-inet"
	ip addr add 198.51.100.1/30 dev inet0
	ip link set inet0 up
	ip route add 203.0.113.0/24 via 198.51.100.2
	in_inet ip link set lo up
	in_inet ip addr add 198.51.100.2/30 dev up0
	in_inet ip link set up0 up
	in_inet ip addr add 203.0.113.5/32 dev lo
	in_inet ip addr add 203.0.113.6/32 dev lo
	start "$T/peers.log" ip netns exec "coffer-$INST-inet" \
	    perl "$NET" sink "$SINK" 203.0.113.5 203.0.113.6
	start "$T/peers.log" perl "$NET" upstream "$UPSTREAM_LOG" 5353
	wait_for 10 grep -q ready "$SINK" || tap_bail "sink: $(cat "$T/peers.log")"
	wait_for 10 grep -q ready "$UPSTREAM_LOG" || tap_bail 'upstream'
	: >"$SINK"
}

in_inet() { ip netns exec "coffer-$INST-inet" "$@"; }

net_start()
{
	[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
	[ "${V:-debug}" != release ] ||
	    tap_skip_all 'a release build has no stand-in for the internet'
	ip link set lo up
	COFFER_HOME=$T/home
	COFFER_TEST_INTERNET=203.0.113.0/24
	export COFFER_HOME COFFER_TEST_INTERNET
	coffer setup >"$T/setup.log" 2>&1 || tap_bail "$(cat "$T/setup.log")"
	INST=$(cat "$COFFER_HOME/instance")
	trap net_on_exit EXIT
	sed -i -e 's/^#* *allow_file_upstream.*/allow_file_upstream = yes/' \
	    -e "s|^\[agentd\]|[agentd]\nprompts_dir = $PWD/prompts|" \
	    -e "s|^\[router\]|[router]\nupstream_dns = 127.0.0.1:5353|" \
	    "$COFFER_HOME/coffer.conf"
	HOME_DIR=$COFFER_HOME
	net_inet
	[ -z "${NET_BEFORE-}" ] || "$NET_BEFORE"
	coffer up -d --listen "${NET_LISTEN:-127.0.0.1:0}" >"$T/up.log" 2>&1 ||
	    tap_bail "$(cat "$T/up.log" "$HOME_DIR"/log/*.log)"
	URL=http://$(cat "$HOME_DIR/run/cofferd.addr")
	ADMIN=$(cat "$HOME_DIR/secrets/admin.token")
	for net_p in "$@"; do
		make_upstream "$net_p"
		coffer create "$UPSTREAM" --network locked --wait \
		    --timeout 60s >"$T/create.log" 2>&1 ||
		    tap_bail "$(cat "$T/create.log" "$HOME_DIR"/log/*.log)"
	done
}

# run ARGUMENT...: coffer with these; RC, $T/out, $T/err.
run()
{
	coffer "$@" >"$T/out" 2>"$T/err" </dev/null
	RC=$?
}

# inside PROJECT SHELL-TEXT
inside() { coffer exec "$1" -- bash -c "$2" 2>/dev/null; }
# Prints what became of a connection to NAME and a port, from inside.
dial()
{
	inside "$1" "timeout 5 bash -c 'exec 3<>/dev/tcp/$2/$3' 2>/dev/null && echo connected || echo refused"
}
# The address of a name, from inside; "none".
name_of()
{
	inside "$1" "getent ahostsv4 $2 | awk 'NR == 1 { print \$1 }' | grep . || echo none"
}

out_has() { grep -q -e "$1" "$T/out"; }
