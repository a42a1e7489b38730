#!/bin/sh
# What the host may do to the router, fails closed: its clock is set, its sets are
# emptied, its table of connections is full.  Parts that die are in
# router_closed.t and router_crash.t, a whole installation in slow_failclosed.t.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/router_lib.sh"

# clock MS: the host's clock is set, by as much from what it should be
clock() { perl -e 'open(my $f, "+<", $ARGV[0]) or die; syswrite($f, pack("q", $ARGV[1]))' "$T/clock" "$1"; }
printf '\0\0\0\0\0\0\0\0' >"$T/clock"
chmod 644 "$T/clock"
COFFER_TEST_CLOCK=$T/clock
export COFFER_TEST_CLOCK
router_setup

sink_is() { tap_is "$(cat "$SINK")" "$1" "$2"; : >"$SINK"; }
dns() { p7 dns 10.214.0.1 "$@"; }
policy() { ask "{\"op\":\"project.set\",\"id\":$1,$2}"; }
pin_left() { in_ns router ipset save "cf$INST-pin" | awk -v a="$1\$" '$3 ~ a { print $5 }'; }
after() { perl -MPOSIX -e 'print strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(time + $ARGV[0]))' "$1"; }
# approve DOMAIN SECONDS, on port 22
approve()
{
	allow="{\"domain\":\"$1\",\"ports\":[22],\"until\":\"$(after "$2")\"}"
	policy 7 "\"mode\":\"locked\",\"allow\":[{\"domain\":\"other.test\",\"ports\":[22]},$allow]"
}
# tries PROJECT,ADDRESS,PORT...: what becomes of each, all at once
tries()
{
	tries_pids=
	for tries_t in "$@"; do
		(
			IFS=,
			# shellcheck disable=SC2086
			set -- $tries_t
			in_ns "$1" perl "$NET" connect "$2" "$3" >"$T/try.$tries_t"
		) &
		tries_pids="$tries_pids $!"
	done
	# shellcheck disable=SC2086
	wait $tries_pids
	for tries_t in "$@"; do echo "$tries_t $(cat "$T/try.$tries_t")"; done
}
has_ended() { [ "$(dns ok.test A)" = NXDOMAIN ]; }
mode 8 web >/dev/null

# ---- the host's clock is set ----
approve ok.test 6 >/dev/null
tap_is "$(dns ok.test A)" 'NOERROR 203.0.113.5/30' 'a name that is allowed for six seconds'
left=$(pin_left 203.0.113.5)
tap_ok 'has a pin that ends with it' [ "${left:-99}" -le 6 ]
clock -3600000
tap_ok 'the clock is set back an hour: it ends all the same' wait_for 12 has_ended
tap_is "$(pin_left 203.0.113.5)" '' 'its pin too'
tap_is "$(p7 connect 203.0.113.5 22)" refused 'and there is no way'
sink_is '' 'nothing arrived'
clock 0
approve ok.test 1800 >/dev/null
dns ok.test A >/dev/null
mkfifo "$T/live.in"
start "$T/live" sh -c "ip netns exec coffer-$INST-p7 perl $NET hold 203.0.113.5 22 <$T/live.in"
exec 9>"$T/live.in"
wait_for 5 grep -q open "$T/live"
sink_saw 203.0.113.5:22
clock 3600000
tap_is "$(dns ok.test A)" NXDOMAIN 'the clock is set an hour ahead: what ends within it has ended'
flow_is_cut() { ! in_ns router conntrack -L -s 10.214.1.7 -d 203.0.113.5 -p tcp --dport 22 2>/dev/null | grep -q .; }
tap_ok 'and its flow is cut' wait_for 10 flow_is_cut
echo after >&9
tap_ok 'which is dead' wait_for 5 grep -q dead "$T/live"
exec 9>&-
sink_is '' 'what was sent after did not arrive'
clock 0
tap_is "$(dns ok.test A)" NXDOMAIN 'and back again: it does not begin anew'
kill -9 "$(pgrep -P "$ROUTER_PID" -f '@worker')"
has_other() { [ "$(dns other.test A)" = 'NOERROR 203.0.113.6/30' ]; }
wait_for 10 has_other || echo '# no worker'
tap_is "$(dns ok.test A)" NXDOMAIN 'nor for another worker'
again()
{
	start_router
	policy 7 "\"mode\":\"locked\",\"allow\":[{\"domain\":\"other.test\",\"ports\":[22]},$allow]" >/dev/null
	wait_for 10 has_other || echo '# no other.test'
}
kill -9 "$ROUTER_PID"
wait "$ROUTER_PID" 2>/dev/null
again
tap_is "$(dns ok.test A)" NXDOMAIN 'nor for another router, when the first was killed'
stop_pid "$ROUTER_PID"
again
tap_is "$(dns ok.test A)" 'NOERROR 203.0.113.5/30' 'one that was stopped has left the clock to the host'
policy 7 '"mode":"locked","allow":[{"domain":"other.test","ports":[22]}]' >/dev/null
tap_is "$(dns other.test A)" 'NOERROR 203.0.113.6/30' 'what has no end goes on'
tap_is "$(p7 connect 203.0.113.6 22)" connected 'at its address'
sink_saw 203.0.113.6:22

# ---- somebody empties every set ----
for s in $(in_ns router ipset list -n); do
	in_ns router ipset flush "$s"
done
tries p7,203.0.113.6,22 p8,203.0.113.5,443 p8,192.168.77.9,443 p8,203.0.113.9,443 p8,10.214.1.7,22 >"$T/tried"
tap_is "$(cut -d ' ' -f 2 "$T/tried" | uniq -c | awk '{ print $1, $2 }')" '5 silent' \
    'without members there is no pin, no mode, nothing private, no host, no project'
sink_is '' 'nothing arrived'
stop_pid "$ROUTER_PID"
start_router
ask '{"op":"host.set","addresses":["203.0.113.9","fd00::9"]}' >/dev/null
policy 7 '"mode":"locked","allow":[{"domain":"other.test","ports":[22]}]' >/dev/null
mode 8 web >/dev/null
tap_is "$(p8 connect 203.0.113.9 443)" refused 'told anew: the host is closed'
tap_is "$(p8 connect 203.0.113.5 443)" connected 'and the mode open'
sink_saw 203.0.113.5:443
dns other.test A >/dev/null
tap_is "$(p7 connect 203.0.113.6 22)" connected 'and so is a pin'
sink_saw 203.0.113.6:22

# ---- the table of connections is full ----
max=$(cat /proc/sys/net/netfilter/nf_conntrack_max)
if [ "$max" -gt 300000 ]; then
	tap_skip 'the table of connections is full' "it has $max places here"
	tap_done
fi
p8 hold 203.0.113.5 443 <"$T/live.in" >"$T/held" 2>&1 &
PIDS="$! $PIDS"
exec 9>"$T/live.in"
wait_for 5 grep -q open "$T/held"
sink_saw 203.0.113.5:443
perl -e 'for my $i (0 .. $ARGV[0] + 99) {
	my $a = join ".", 11, $i >> 16 & 255, $i >> 8 & 255, $i & 255;
	print "-A -t 600 -u SEEN_REPLY,ASSURED -s $a -d 198.51.100.1 -r 198.51.100.1 -q $a -p udp --sport 9 --dport 9 --reply-port-src 9 --reply-port-dst 9\n" }' \
    "$max" >"$T/flows"
in_ns router conntrack -R "$T/flows" >"$T/load" 2>&1
count=$(in_ns router cat /proc/sys/net/netfilter/nf_conntrack_count)
tap_ok 'the table of connections is full' [ "$count" -ge $((max - 8)) ]
echo "# $count of $max: $(tail -n 1 "$T/load")"
tries p7,203.0.113.6,22 p8,203.0.113.6,443 p8,192.168.77.9,443 p8,203.0.113.9,443 >"$T/tried"
tap_not 'no pin and no mode opens a connection, nothing private, not the host' grep -q connected "$T/tried"
in_ns p8 perl "$NET" spoof 10.214.1.8 203.0.113.6 443 18 >/dev/null
sink_is '' 'nothing arrived'
echo still >&9
tap_ok 'what was open goes on' wait_for 5 grep -q echo "$T/held"
exec 9>&-
in_ns router conntrack -F >/dev/null 2>&1
: >"$SINK"
tap_is "$(p7 connect 203.0.113.6 22)" connected 'with room in it, all is as before'
tap_is "$(p8 connect 192.168.77.9 443)" refused 'and closed is closed'
tap_done
