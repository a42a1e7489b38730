#!/bin/sh
# What fails, fails closed: parts of the router die, hang or are tampered with.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/router_lib.sh"
router_setup

sink_is() { tap_is "$(cat "$SINK")" "$1" "$2"; : >"$SINK"; }
dns() { p7 dns 10.214.0.1 "$@"; }
policy() { ask "{\"op\":\"project.set\",\"id\":$1,$2}"; }
pins() { in_ns router ipset save "cf$INST-pin" | grep "^add.*$1"; }
worker() { pgrep -P "$ROUTER_PID" -f '@worker'; }
received() { in_ns inet awk '/^Tcp:/ { n++; if (n == 2) print $11 }' /proc/net/snmp; }

policy 7 '"mode":"locked","allow":[{"domain":"ok.test","ports":[22,443]},{"domain":"other.test"}]' >/dev/null
mode 8 web >/dev/null
: >"$SINK"

# Without a proxy the web of mode locked is closed.
tap_is "$(dns ok.test A)" 'NOERROR 203.0.113.5/30' 'a name is answered'
keeper=$(pgrep -P "$ROUTER_PID" -f '@keeper.*@proxy')
kill -STOP "$keeper"
kill -9 "$(pgrep -P "$keeper")"
in_ns p7 perl "$SYSTEM_DIR/router_web.pl" say 203.0.113.5 443 hello:ok.test read >"$T/out"
tap_is "$(cat "$T/out")" open 'no proxy: 443 waits for one'
sink_is '' 'and does not arrive'
kill -CONT "$keeper"

# A pin ends by the kernel's clock, with the TTL and a minute.
pins 203.0.113.5 >"$T/pins"
tap_is "$(awk '{ if ($5 < 80 || $5 > 90) bad++ } END { print NR, bad + 0 }' "$T/pins")" '2 0' \
    'a pin lives for its TTL and a minute'
until=$(perl -MPOSIX -e 'print strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(time + 3))')
policy 7 "\"mode\":\"locked\",\"allow\":[{\"domain\":\"other.test\",\"ports\":[22],\"until\":\"$until\"}]" >/dev/null
dns other.test A >/dev/null
tap_ok 'and no longer than its rule' [ "$(pins 203.0.113.6 | awk '{ print $5 }')" -le 3 ]

# No data rides in on a segment that is no SYN.
policy 7 '"mode":"locked","allow":[{"domain":"ok.test","ports":[22]}]' >/dev/null
dns ok.test A >/dev/null
before=$(received)
for flags in 10 18 11 29 00; do
	in_ns p7 perl "$NET" spoof 10.214.1.7 203.0.113.5 22 $flags >/dev/null
done
sleep 0.3
tap_is $(($(received) - before)) 0 'segments without a SYN do not arrive'
tap_is "$(in_ns router conntrack -L -p tcp --dport 22 -s 10.214.1.7 -d 203.0.113.5 2>/dev/null | wc -l)" 0 'and open no flow'
in_ns p8 perl "$NET" spoof 10.214.1.8 203.0.113.5 443 18 >/dev/null
sleep 0.3
tap_is $(($(received) - before)) 0 'web: neither there'

in_ns p7 perl "$NET" spoof 10.214.1.7 203.0.113.5 22 >/dev/null
sleep 0.3
tap_ok 'where a SYN does' [ $(($(received) - before)) -gt 0 ]
: >"$SINK"

# The worker hangs, then dies: pins stay, names end.
kill -STOP "$(worker)"
tap_is "$(p7 raw 10.214.0.1 53 12670100000100000000000006636f666665720000010001)" silent 'hanging: no name is answered'
tap_is "$(p7 connect 203.0.113.5 22)" connected 'a pin is still a pin'
sink_saw 203.0.113.5:22
tap_is "$(p7 connect 203.0.113.6 22)" refused 'and no more than that'
kill -KILL "$(worker)"
tap_ok 'a new worker answers' wait_for 15 sh -c "ip netns exec coffer-$INST-p7 perl $NET dns 10.214.0.1 coffer A | grep -q 10.214.0.1"
tap_is "$(dns evil.test A)" NXDOMAIN 'and knows the rules'
tap_is "$(dns ok.test A)" 'NOERROR 203.0.113.5/30' 'of this project'

# No name server: no answer, no pin.
policy 7 '"mode":"locked","allow":[{"domain":"fail.test"},{"domain":"ok.test"}]' >/dev/null
before=$(pins 10.214.1.7 | wc -l)
tap_is "$(dns fail.test A)" SERVFAIL 'a server that fails'
kill "$(pgrep -f "$NET upstream $UPSTREAM_LOG")"
tap_is "$(dns ok.test A)" SERVFAIL 'no server at all'
tap_is "$(pins 10.214.1.7 | wc -l)" "$before" 'pin nothing'

# The main process hangs: what it would pin is not told.
start "$T/peers.log" perl "$NET" upstream "$UPSTREAM_LOG" "$(sed -n 's/.*127.0.0.1:\([0-9]*\)$/\1/p' "$HOME_DIR/coffer.conf")"
tap_ok 'a server is back' wait_for 15 sh -c "ip netns exec coffer-$INST-p8 perl $NET dns 10.214.0.1 ok.test A | grep -q 203.0.113.5"
kill -STOP "$ROUTER_PID"
tap_is "$(dns ok.test A)" SERVFAIL 'a name that cannot be pinned has no answer'
kill -CONT "$ROUTER_PID"
tap_is "$(dns ok.test A)" 'NOERROR 203.0.113.5/30' 'and has one again'

# Somebody takes the pin set's members away: closed, and put right by a name.
in_ns router ipset flush "cf$INST-pin"
policy 7 '"mode":"locked","allow":[{"domain":"ok.test","ports":[22]}]' >/dev/null
tap_is "$(p7 connect 203.0.113.5 22)" refused 'no pin, no way'
dns ok.test A >/dev/null
tap_is "$(p7 connect 203.0.113.5 22)" connected 'until it is asked again'
sink_saw 203.0.113.5:22

# The operator closes a range and starts the router anew.
mkfifo "$T/open.in"
start "$T/open" sh -c "ip netns exec coffer-$INST-p8 perl $NET hold 203.0.113.6 443 <$T/open.in"
exec 9>"$T/open.in"
wait_for 5 grep -q open "$T/open"
stop_pid "$ROUTER_PID"
echo 'never = 203.0.113.6, 198.51.100.0/24' >>"$HOME_DIR/coffer.conf"
start_router
sink_saw 203.0.113.6:443
echo after >&9
tap_ok 'what was open to it is cut' wait_for 5 grep -q dead "$T/open"
exec 9>&-
tap_is "$(p8 connect 203.0.113.6 443)" refused 'it is refused'
tap_is "$(p8 dns 10.214.0.1 evil.test A)" NXDOMAIN 'and no name leads there'
sink_is '' 'nothing arrived'
tap_is "$(p8 connect 203.0.113.5 443)" connected 'others are reached'
sink_saw 203.0.113.5:443
policy 7 '"mode":"locked","allow":[{"domain":"ok.test","ports":[22]}]' >/dev/null

# The router is gone, links and all.
stop_pid "$ROUTER_PID"
tap_is "$(p7 connect 203.0.113.6 22)" refused 'stopped: what was closed is closed'
"$O/bin/coffer-router" --home "$HOME_DIR" --teardown
tap_is "$(in_ns p7 ip -br link | grep -c eth0)" 0 'torn down: there is no link'
tap_is "$(p7 connect 203.0.113.5 22)" refused 'and no way'
sink_is '' 'nothing arrived'
tap_done
