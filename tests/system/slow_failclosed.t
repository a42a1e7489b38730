#!/bin/sh
# What fails, fails closed, in a whole installation: its services are killed in
# every order, the router's namespace goes, the host's tables are flushed, the
# disk is full.  All the while the sandboxes dial what they may not reach.
[ -n "${NET_INSIDE-}" ] || exec env NET_INSIDE=1 unshare -n -m -- "$0"
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/net_lib.sh"
[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
# A small disk, in a mount namespace of the test's own.
mkdir "$T/home" && mount -t tmpfs -o size=400m,mode=755 none "$T/home" || tap_skip_all 'no tmpfs'
# The same port after each start.
NET_LISTEN=127.0.0.1:3080
net_start calc
failclosed_on_exit()
{
	coffer down >"$T/down.log" 2>&1
	[ "$TAP_FAILED" -eq 0 ] || tail -n 25 "$HOME_DIR"/log/*.log | sed 's/^/# /'
	umount -l "$T/home"
	net_on_exit
}
trap failclosed_on_exit EXIT
make_upstream wide
coffer create "$UPSTREAM" --network web --wait --timeout 60s >"$T/create.log" 2>&1 ||
    tap_bail "$(cat "$T/create.log")"
run net calc allow ok.test --port 22

# Not from run/services.json, which a full disk leaves as it was.
service() { pgrep -o -f "bin/(coffer-)?$1 --home $HOME_DIR"; }
end() { if [ "${1:-0}" -gt 1 ]; then kill -9 "$1"; else tap_bail 'a service is down'; fi; }
in_p() { in_p=$1; shift; ip netns exec "coffer-$INST-p$in_p" "$@"; }
p() { in_p "$1" perl "$NET" "$2" "$3" "$4"; }
beat() { cat "/proc/$(pgrep -f "^sh -c beat=$1" | head -n 1)/root/tmp/beat" 2>/dev/null; }
ways_work()
{
	[ "$(dial calc ok.test 22)" = connected ] && [ "$(dial wide ok.test 443)" = connected ] &&
	    [ "$(name_of calc other.test)" = none ]
}
works()
{
	ways_work &&
	    [ "$(inside wide 'git ls-remote http://coffer/admin/wide.git >/dev/null && echo yes')" = yes ]
}
is_new() { P=$(service "$1"); [ "${P:-0}" -gt 1 ] && [ "$P" != "$2" ] && kill -0 "$P" 2>/dev/null; }
# dials PROJECT ADDRESS,PORT...: for ever, what it may not reach
dials()
{
	dials_p=$1
	shift
	coffer exec "$dials_p" -- setsid sh -c "beat=$dials_p; while :; do
	    for t in $*; do timeout 1 bash -c \"exec 3<>/dev/tcp/\${t%,*}/\${t#*,} && echo leak >&3\"; done
	    date +%s%N >/tmp/beat; sleep 0.05
	done >/dev/null 2>&1 </dev/null &" >/dev/null 2>&1
}
# all_is_closed WHAT: nobody was reached, and the sandboxes went on
all_is_closed()
{
	grep -v -e '203.0.113.5:22 ' -e '203.0.113.5:443 ' "$SINK" >"$T/leaks"
	tap_is "$(cat "$T/leaks" "$T/host.sink")" '' "$1: nothing that is closed was reached"
	old=$BEAT
	tap_ok 'and the sandboxes went on' wait_for 10 beats "$old"
	BEAT=$(beat calc)
}
beats() { [ -n "$(beat calc)" ] && [ "$(beat calc)" != "$1" ]; }

start "$T/host.log" perl "$NET" sink "$T/host.sink" 198.51.100.1
wait_for 10 grep -q ready "$T/host.sink" || tap_bail "$(cat "$T/host.log")"
: >"$T/host.sink"
tap_ok 'it works' wait_for 20 works
both_dial()
{
	dials calc 203.0.113.6,22 203.0.113.6,443 203.0.113.5,25 198.51.100.1,22
	dials wide 203.0.113.6,22 203.0.113.6,25 198.51.100.1,443 10.214.1.1,22
	BEAT=none
}
both_dial
all_is_closed 'all run'

# ---- killed, in every order ----
for order in 'router agentd cofferd' 'router cofferd agentd' 'agentd router cofferd' \
    'agentd cofferd router' 'cofferd router agentd' 'cofferd agentd router'; do
	for s in $order; do
		was=$(service "$s")
		end "$was"
		eval "was_$s=$was"
		sleep 0.3
	done
	for s in $order; do
		eval "was=\$was_$s"
		wait_for 30 is_new "$s" "$was" || echo "# $s has not come back"
	done
	tap_ok "killed, $order: all comes back" wait_for 60 works
	all_is_closed "killed, $order"
	sleep 2
done

# ---- agentd stands still ----
kill -STOP "$(service agentd)"
tap_is "$(p 1 connect 203.0.113.5 22) $(p 1 connect 203.0.113.6 22)" 'connected refused' 'without agentd the rules are as they were'

# ---- the router's namespace goes, and nobody wires anew ----
old=$(service router)
ip netns del "coffer-$INST-router"
end "$old"
wait_for 20 is_new router "$old"
no_link() { ! in_p 1 ip -br link | grep -q eth0; }
tap_ok 'the namespace is gone: there is no interface' wait_for 10 no_link
tap_is "$(p 1 connect 203.0.113.5 22) $(p 2 connect 203.0.113.5 443)" 'refused refused' 'and no way'
kill -CONT "$(service agentd)"
tap_ok 'agentd goes on: the sandboxes are started anew, with links' wait_for 60 works
both_dial
all_is_closed 'without a namespace'

# ---- the host's tables, as Docker leaves them, and flushed ----
iptables -P FORWARD DROP
tap_is "$(p 1 connect 203.0.113.5 22)" connected 'the host forwards nothing by itself: our own rule does'
iptables -F && iptables -t nat -F
tap_not 'its tables are flushed: nothing gets out' test "$(p 1 connect 203.0.113.5 22)" = connected
old=$(service agentd)
end "$old"
wait_for 30 is_new agentd "$old"
tap_ok 'agentd puts its rules back' wait_for 40 works
all_is_closed 'flushed'

# ---- the disk is full ----
dd if=/dev/zero of="$HOME_DIR/fill" bs=64k >/dev/null 2>&1
dd if=/dev/zero of="$HOME_DIR/fill2" bs=1 count=70000 >/dev/null 2>&1
tap_is "$(df --output=avail "$HOME_DIR" | tail -n 1 | tr -d ' ')" 0 'the disk is full'
tap_is "$(p 1 connect 203.0.113.5 22) $(p 1 connect 203.0.113.6 22)" 'connected refused' 'the rules are as they were'
# Where there is no room for one, a change is refused; never half of it is kept.
n=0
while run net calc allow "n$n.test" --port 22 && [ "$RC" -eq 0 ] && [ $n -lt 200 ]; do n=$((n + 1)); done
tap_not "a rule that cannot be kept is refused, after $n" test "$RC" -eq 0
sed 's/^/# /' "$T/err"
for s in router agentd; do
	old=$(service "$s")
	end "$old"
	wait_for 30 is_new "$s" "$old" || echo "# $s has not come back"
done
sleep 2
tap_is "$(p 1 connect 203.0.113.6 22) $(p 2 connect 203.0.113.6 25)" 'refused refused' 'killed on a full disk: closed is closed'
rm "$HOME_DIR/fill" "$HOME_DIR/fill2"
tap_ok 'with room on it, the ways are open again' wait_for 30 ways_work
all_is_closed 'a full disk'
run net calc rules --json
tap_is "$(jq '[.allow[] | select(.domain | startswith("n"))] | length' "$T/out")" $n 'those that were taken are there'
run net calc allow other.test --port 22
tap_is "$RC" 0 'and a rule is taken'
soon() { [ "$(dial calc other.test 22)" = connected ]; }
tap_ok 'which opens' wait_for 10 soon
tap_done
