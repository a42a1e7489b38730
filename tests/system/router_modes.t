#!/bin/sh
# What gets out of a sandbox in each network mode, seen from both ends.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/router_lib.sh"
router_setup

sink_is() { tap_is "$(cat "$SINK")" "$1" "$2"; : >"$SINK"; }

# Nobody has told the router of project 7 yet.
tap_is "$(p7 connect 203.0.113.5 443)" silent 'an unknown project reaches nothing'
tap_is "$(p7 raw 10.214.0.1 53 12670100000100000000000006636f666665720000010001)" \
    silent 'nor the resolver'
sink_is '' 'and nothing arrived'

tap_is "$(mode 7 web)" '{"ok":true}' 'web is set'
tap_is "$(mode 8 web)" '{"ok":true}' 'and for the other project'
tap_is "$(p7 connect 203.0.113.5 443)" connected 'web: 443 passes'
tap_is "$(p7 connect 203.0.113.5 80)" connected 'web: 80 passes'
wait_for 5 sh -c "[ \$(grep -c 'from 10.99.0.2' $SINK) -eq 2 ]"
tap_is "$(grep -c 'from 10.99.0.2' "$SINK")" 2 'from the uplink address'
: >"$SINK"
tap_ok 'web: an empty echo passes' in_ns p7 perl -MNet::Ping -e \
    'exit !Net::Ping->new("icmp", 2)->ping("203.0.113.5")'
# What an echo carries, and the options of a header, would be data.
echoes() { in_ns inet awk '/^Icmp:/ { n++; if (n == 2) print $9 }' /proc/net/snmp; }
before=$(echoes)
tap_is "$(p7 echo 203.0.113.5 56)" refused 'web: an echo with data is refused at once'
tap_is $(($(echoes) - before)) 0 'and does not arrive'
tap_is "$(p7 echo 203.0.113.5 0)" answer 'web: an empty one is answered'
before=$(echoes)
tap_is "$(p7 echo 203.0.113.5 0 options)" silent \
    'web: a packet with IP options is dropped'
tap_is $(($(echoes) - before)) 0 'and does not arrive'
for port in 22 25 853 8080; do
	tap_is "$(p7 connect 203.0.113.5 $port)" refused "web: port $port is refused at once"
done
tap_is "$(p7 udp 203.0.113.5 443 hello)" refused 'web: UDP 443 is refused'
tap_is "$(p7 udp 203.0.113.5 51820 hello)" refused 'web: other UDP is refused'
start "$T/peers.log" ip netns exec "coffer-$INST-p8" \
    perl "$NET" sink "$T/sink8" 10.214.1.8
wait_for 5 grep -q ready "$T/sink8"
for a in 192.168.77.9 100.64.0.5 169.254.169.254 168.63.129.16 198.18.0.5 \
    172.16.0.5 10.0.0.5 10.99.0.1 10.99.0.2 10.214.1.8 10.214.0.5; do
	tap_is "$(p7 connect $a 443)" refused "web: $a is refused at once"
done
tap_is "$(p7 connect 203.0.113.9 443)" refused "web: the host's own address is refused"
for port in 22 443 3000 8080; do
	tap_is "$(p7 connect 10.214.0.1 $port)" refused "web: port $port of the router is refused"
done
tap_is "$(p7 udp 10.214.0.1 5353 x)" refused 'web: so is its other UDP'
sink_is '' 'none of these arrived anywhere'
for port in 22 80 443; do
	tap_is "$(p7 connect 10.214.1.8 $port)" refused "web: port $port of the other project is refused"
done
tap_is "$(p7 udp 10.214.1.8 53 hello)" silent 'web: UDP 53 goes to the resolver, not there'
tap_is "$(p7 udp 10.214.1.8 8080 hello)" refused 'web: its UDP is refused'
tap_not 'web: nor does it see an echo' in_ns p7 perl -MNet::Ping -e \
    'exit !Net::Ping->new("icmp", 1)->ping("10.214.1.8")'
tap_is "$(cat "$T/sink8")" ready 'it has seen nothing'
tap_is "$(in_ns router ip -6 -br addr | wc -l)" 0 'the router has no IPv6 address'
tap_not 'IPv6 has no address' in_ns p7 ip -6 route get 2001:db8::1

tap_is "$(ask '{"op":"host.set","addresses":["203.0.113.9","203.0.113.6"]}')" \
    '{"ok":true}' 'the host gets another address'
tap_is "$(p7 connect 203.0.113.6 443)" refused 'which is refused from then on'
ask '{"op":"host.set","addresses":["203.0.113.9"]}' >/dev/null
tap_is "$(p7 connect 203.0.113.6 443)" connected 'and is free when it is given up'
sink_saw 203.0.113.6:443

spoofed()
{
	in_ns router iptables -t raw -nvxL PREROUTING |
	    awk '/spoof/ && $1 ~ /^[0-9]+$/ { print $1 }'
}

# A forged source: the namespace's root may do what no sandbox can.
spoofed_before=$(spoofed)
tap_is "$(in_ns p7 perl "$NET" spoof 10.214.1.8 203.0.113.5 443)" sent \
    "a SYN with the other project's source is sent"
tap_is "$(in_ns p7 perl "$NET" spoof 203.0.113.77 203.0.113.5 443)" sent \
    'and one with a public source'
sleep 0.3
sink_is '' 'neither arrived'
tap_is $(($(spoofed) - spoofed_before)) 2 'both are counted'
tap_is "$(in_ns router conntrack -L -s 10.214.1.8 2>/dev/null | wc -l)" 0 \
    'and were not tracked'

# Tightening cuts what is open.
mkfifo "$T/in"
start "$T/hold" sh -c "ip netns exec coffer-$INST-p7 perl $NET hold 203.0.113.5 443 <$T/in"
exec 9>"$T/in"
wait_for 5 grep -q open "$T/hold"
mkfifo "$T/in2"
start "$T/hold2" sh -c "ip netns exec coffer-$INST-p7 perl $NET hold 10.214.0.1 80 <$T/in2"
exec 8>"$T/in2"
wait_for 5 grep -q open "$T/hold2"
echo before >&9
tap_ok 'a flow is open' wait_for 5 grep -q echo "$T/hold"
tap_is "$(mode 7 none)" '{"ok":true}' 'web becomes none'
echo after >&9
tap_ok 'the flow is dead' wait_for 5 grep -q dead "$T/hold"
tap_not 'what was sent after did not arrive' grep -q after "$SINK"
echo GET >&8
tap_ok 'a flow to cofferd goes on' wait_for 5 grep -q echo "$T/hold2"
exec 8>&- 9>&-
: >"$SINK"

tap_is "$(p7 connect 203.0.113.5 443)" refused 'none: 443 is refused at once'
tap_is "$(p7 connect 203.0.113.5 80)" refused 'none: 80 is refused'
tap_not 'none: echo is refused' in_ns p7 perl -MNet::Ping -e \
    'exit !Net::Ping->new("icmp", 1)->ping("203.0.113.5")'
tap_is "$(p7 dns 10.214.0.1 coffer A)" 'NOERROR 10.214.0.1/60' 'none: coffer has a name'
tap_is "$(p7 dns 10.214.0.1 ok.test A)" NXDOMAIN 'none: nothing else has'
tap_like "$(p7 http 10.214.0.1 /x)" '*200 OK*GET /x*' 'none: cofferd is reached'
sink_is '' 'none: nothing arrived'
tap_is "$(p8 connect 203.0.113.5 443)" connected 'the other project is untouched'
sink_saw 203.0.113.5:443

tap_is "$(mode 7 off)" '{"ok":true}' 'off is set'
tap_is "$(p7 connect 203.0.113.5 443)" refused 'off: 443 is refused'
tap_is "$(p7 connect 10.214.0.1 80)" refused 'off: cofferd is refused'
tap_like "$(p7 dns 10.214.0.1 coffer A)" 'unreachable' 'off: no name is answered'
sink_is '' 'off: nothing arrived'
tap_is "$(mode 7 web)" '{"ok":true}' 'web again'
tap_is "$(p7 connect 203.0.113.5 443)" connected 'opens again'

# Open: every public address and port, and nothing else.
tap_is "$(mode 7 open)" '{"ok":true}' 'open is set'
tap_is "$(p7 connect 203.0.113.5 443)" connected 'open: 443 passes'
tap_is "$(p7 connect 203.0.113.5 22)" connected 'open: 22 passes'
tap_is "$(p7 udp 203.0.113.5 51820 hello)" answer 'open: UDP passes'
tap_is "$(p7 udp 203.0.113.5 443 hello)" answer 'open: 443 of UDP, too'
tap_is "$(p7 echo 203.0.113.5 56)" answer 'open: an echo with data passes'
tap_is "$(p7 dns 8.8.8.8 ok.test A)" 'NOERROR 203.0.113.5/30' 'open: names are still ours to answer'
: >"$SINK"
for a in 192.168.77.9 100.64.0.5 169.254.169.254 168.63.129.16 10.0.0.5 10.99.0.1 \
    10.99.0.2 10.214.1.8 203.0.113.9; do
	tap_is "$(p7 connect $a 22)" refused "open: $a is refused at once"
	tap_is "$(p7 udp $a 8080 hello)" refused "open: by UDP, too"
done
for port in 22 443 3000 3128; do
	tap_is "$(p7 connect 10.214.0.1 $port)" refused "open: port $port of the router is refused"
done
sink_is '' 'open: nothing arrived'
start "$T/hold3" sh -c "sleep 4 | ip netns exec coffer-$INST-p7 perl $NET hold 203.0.113.5 22"
wait_for 5 grep -q open "$T/hold3"
tap_is "$(in_ns router conntrack -L -s 10.214.1.7 -d 203.0.113.5 -p tcp --dport 22 2>/dev/null |
    grep -c ESTABLISHED)" 1 'open: a flow is there'
mode 7 web >/dev/null
tap_is "$(in_ns router conntrack -L -s 10.214.1.7 -d 203.0.113.5 -p tcp --dport 22 2>/dev/null |
    grep -c ESTABLISHED)" 0 'and is cut when open becomes web'
tap_is "$(p7 connect 203.0.113.5 22)" refused 'web: 22 is refused again'
: >"$SINK"

# A flood of connections is bounded; the other project does not notice.
limited()
{
	in_ns router iptables -nvxL "cf$INST-limit" |
	    awk '/REJECT/ { print $1 }'
}
limited_before=$(limited)
in_ns p7 perl -MIO::Socket::INET -e '
	for (1 .. 3000) {
		IO::Socket::INET->new(PeerAddr => "203.0.113.5",
		    PeerPort => 443, Proto => "tcp", Blocking => 0);
	}'
tap_ok 'a flood of connections is cut' [ $(($(limited) - limited_before)) -gt 200 ]
tap_is "$(p8 connect 203.0.113.5 443)" connected 'and touches nobody else'
tap_like "$(ask '{"op":"log","id":7,"limit":200}')" '*"verdict":"denied-limit"*' \
    'the log has it'
sleep 2
: >"$SINK"

# The log names what was refused.
log=$(ask '{"op":"log","id":7,"limit":200}')
tap_like "$log" '*"verdict":"denied-mode","name":"","address":"203.0.113.5","port":25,"proto":"tcp"*' \
    'the log has the refused port'
tap_like "$log" '*"verdict":"denied-never"*"address":"169.254.169.254","port":443*' \
    'and the metadata address'
tap_like "$log" '*"verdict":"denied-host"*"address":"203.0.113.9"*' 'and the host'
tap_like "$log" '*"verdict":"denied-spoof"*' 'and the forged source'

tap_like "$(mode 70000 web)" '*"ok":false*does not fit*' 'an id beyond the range is refused'
tap_like "$(mode 9 wild)" '*"ok":false*' 'an unknown mode is refused'
tap_is "$(ask '{"op":"project.del","id":7}')" '{"ok":true}' 'a project is deleted'
: >"$SINK"
tap_is "$(p7 connect 203.0.113.5 443)" silent 'and is unknown again'
sink_is '' 'nothing arrived'

tap_not 'teardown is refused while it runs' \
    "$O/bin/coffer-router" --home "$HOME_DIR" --teardown
stop_pid "$ROUTER_PID"
tap_is "$?" 0 'it ends on SIGTERM'
tap_ok 'teardown' "$O/bin/coffer-router" --home "$HOME_DIR" --teardown
tap_not 'the namespace is gone' test -e "/run/netns/coffer-$INST-router"
tap_is "$(in_ns p7 ip -br link | grep -c eth0)" 0 'and the links with it'
tap_is "$(pgrep -u 64102 -f "$HOME_DIR" | wc -l)" 0 'and every process'
tap_done
