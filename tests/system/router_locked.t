#!/bin/sh
# Mode locked: listed names, on the addresses that were answered for them.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/router_lib.sh"
router_setup

sink_is() { tap_is "$(cat "$SINK")" "$1" "$2"; : >"$SINK"; }
dns() { p7 dns 10.214.0.1 "$@"; }
asked() { grep -c "$1" "$UPSTREAM_LOG"; }
pins() { in_ns router ipset save "cf$INST-pin" | grep -c "^add.*$1"; }
log_of() { ask "{\"op\":\"log\",\"id\":$1,\"limit\":200}"; }
# policy ID MEMBERS
policy() { ask "{\"op\":\"project.set\",\"id\":$1,$2}"; }
locked() { policy 7 "\"mode\":\"locked\",$1"; }
soon() { perl -MPOSIX -e 'print strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(time + shift))' "$1"; }
# hold NAME ADDR PORT: an open connection in $T/NAME, fed through fd by the caller
hold()
{
	mkfifo "$T/$1.in"
	start "$T/$1" sh -c "ip netns exec coffer-$INST-${HOLD:-p7} perl $NET hold $2 $3 <$T/$1.in"
}
: >"$SINK"

tap_is "$(locked '"allow":[]')" '{"ok":true}' 'locked is set'
mode 8 locked >/dev/null
tap_is "$(dns coffer A)" 'NOERROR 10.214.0.1/60' 'coffer has a name'
tap_is "$(dns ok.test A)" NXDOMAIN 'a name that is not listed has no answer'
for i in $(seq 20); do dns "secret$i.evil.test" A; done >/dev/null
tap_is "$(asked test)" 0 'and is not asked for'
tap_is "$(p7 connect 203.0.113.5 443)" refused 'no address is reached without a name'
tap_is "$(p7 connect 203.0.113.5 22)" refused 'on no port'
sink_is '' 'nothing arrived'
tap_like "$(log_of 7)" '*"verdict":"name-unlisted","name":"ok.test"*' 'the log has the name'
tap_like "$(log_of 7)" '*"verdict":"denied-pin"*"address":"203.0.113.5","port":22*' 'and the address'

locked '"allow":[{"domain":"OK.test.","ports":[443,22]},{"domain":"*.wild.test"},{"domain":"other.test","ports":[22]}],"deny":[{"domain":"bad.wild.test"}]' >"$T/out"
tap_is "$(cat "$T/out")" '{"ok":true}' 'rules are taken'
tap_is "$(p7 connect 203.0.113.5 22)" refused 'a listed name opens nothing by itself'
tap_is "$(dns ok.test A)" 'NOERROR 203.0.113.5/30' 'it has an answer'
tap_is "$(pins '10.214.1.7,tcp:.*,203.0.113.5 timeout')" 2 'whose addresses and ports are in the set'
tap_is "$(p7 connect 203.0.113.5 22)" connected 'a pinned port passes'
tap_ok 'straight' wait_for 5 grep -q '203.0.113.5:22 from 10.99.0.2' "$SINK"
: >"$SINK"
tap_is "$(p7 connect 203.0.113.5 443)" connected '443 is taken'
sleep 0.2
sink_is '' 'by the proxy, which waits for a name' # router_proxy.t
tap_is "$(p7 connect 203.0.113.5 80)" refused 'a port that is not listed is refused'
tap_is "$(p7 connect 203.0.113.6 22)" refused 'and an address that was not answered'
tap_is "$(p7 udp 203.0.113.5 22 hello)" refused 'and UDP'
tap_not 'and an echo' in_ns p7 perl -MNet::Ping -e 'exit !Net::Ping->new("icmp", 1)->ping("203.0.113.5")'
tap_is "$(p7 connect 10.214.0.1 3128)" refused 'nobody dials the proxy itself'
tap_is "$(p8 connect 203.0.113.5 22)" refused 'a pin is of one project'
tap_is "$(p8 connect 203.0.113.5 443)" refused 'on the ports of the proxy, too'
sink_is '' 'nothing arrived'

tap_is "$(dns a.b.wild.test A)" 'NOERROR 203.0.113.6/30' 'a wildcard is for what is below'
tap_is "$(dns wild.test A)" NXDOMAIN 'not for itself'
tap_is "$(dns bad.wild.test A)" NXDOMAIN 'what is denied is denied'
tap_is "$(dns notok.test A)" NXDOMAIN 'labels are whole'
tap_is "$(dns ok.test.evil.test A)" NXDOMAIN 'from the right'
tap_like "$(log_of 7)" '*"verdict":"name-denied","name":"bad.wild.test"*"rule":"bad.wild.test"*' 'the log names the rule'
# A query with OPT is told why: RFC 8914.
hex=$(p7 raw 10.214.0.1 53 12670100000100000000000104657669740474657374000001000100002904d0000000000000)
tap_like "$hex" "*000f*$(printf 'no rule allows this name' | od -An -tx1 | tr -d ' \n')" 'a refusal says why'

# The name that is asked counts, not its aliases.
locked '"allow":[{"domain":"alias.test","ports":[22]}]' >/dev/null
tap_is "$(dns alias.test A)" 'NOERROR 203.0.113.5/30' 'an alias is judged by its own name'
tap_is "$(dns ok.test A)" NXDOMAIN 'and what it stands for is not let'
tap_is "$(p7 connect 203.0.113.5 22)" connected 'its address is pinned'
sink_saw 203.0.113.5:22

# Who may connect out of the router's namespace: the proxy's group, to the web.
out() { in_ns router setpriv --regid "$1" --clear-groups perl "$NET" connect "$2" "$3"; }
tap_is "$(out 64103 203.0.113.5 443)" connected 'the proxy reaches the web'
tap_is "$(out 64102 203.0.113.5 443)" silent 'the worker does not'
tap_is "$(out 0 203.0.113.5 443)" silent 'nor does root'
tap_is "$(out 64103 203.0.113.5 22)" silent 'the proxy has no other port'
for a in 192.168.77.9 169.254.169.254 203.0.113.9; do
	tap_is "$(out 64103 $a 443)" refused "and does not reach $a"
done
sink_saw 203.0.113.5:443

# An answer that turns to a private address opens nothing.
policy 7 '"mode":"locked","allow":[{"domain":"flip.test"},{"domain":"ok.test","ports":[22]},{"domain":"other.test","ports":[22]}]' >/dev/null
tap_is "$(dns flip.test A)" 'NOERROR 203.0.113.6/30' 'a good answer'
tap_is "$(dns flip.test A)" NXDOMAIN 'then a private one'
tap_is "$(pins '10.0.0.5')" 0 'has no pin'
tap_is "$(p7 connect 10.0.0.5 443)" refused 'and is refused'

# An address that becomes the host's is closed, pinned or not.
tap_is "$(dns ok.test A)" 'NOERROR 203.0.113.5/30' 'ok.test is answered'
ask '{"op":"host.set","addresses":["203.0.113.9","203.0.113.5"]}' >/dev/null
: >"$SINK"
tap_is "$(p7 connect 203.0.113.5 22)" refused 'pinned, but the host has it now'
tap_is "$(dns ok.test A)" NXDOMAIN 'and its name has no answer'
sink_is '' 'nothing arrived'
ask '{"op":"host.set","addresses":["203.0.113.9"]}' >/dev/null

# Tightening cuts what it forbids, and nothing else.
dns ok.test A >/dev/null
dns other.test A >/dev/null
hold one 203.0.113.5 22
exec 9>"$T/one.in"
hold two 203.0.113.6 22
exec 8>"$T/two.in"
wait_for 5 grep -q open "$T/one" && wait_for 5 grep -q open "$T/two" || tap_bail 'no flows'
tap_is "$(policy 7 '"mode":"locked","allow":[{"domain":"other.test","ports":[22]}]')" '{"ok":true}' \
    'ok.test is taken back'
echo after >&9
tap_ok 'its flow is dead' wait_for 5 grep -q dead "$T/one"
tap_is "$(p7 connect 203.0.113.5 22)" refused 'and cannot be made again'
echo still >&8
tap_ok 'the other goes on' wait_for 5 grep -q echo "$T/two"
tap_not 'what was sent after did not arrive' grep -q after "$SINK"
exec 8>&- 9>&-

# A rule for a time.
tap_is "$(policy 7 "\"mode\":\"locked\",\"allow\":[{\"domain\":\"ok.test\",\"ports\":[22],\"until\":\"$(soon 12)\"},{\"domain\":\"other.test\",\"ports\":[22]}]")" \
    '{"ok":true}' 'ok.test for twelve seconds'
dns ok.test A >/dev/null
dns other.test A >/dev/null
hold three 203.0.113.5 22
exec 9>"$T/three.in"
hold four 203.0.113.6 22
exec 8>"$T/four.in"
tap_ok 'is reached' wait_for 3 grep -q open "$T/three"
wait_for 5 grep -q open "$T/four"
sleep 12
echo late >&9
tap_ok 'its flow ends with the rule' wait_for 6 grep -q dead "$T/three"
tap_is "$(dns ok.test A)" NXDOMAIN 'the name has no answer'
tap_is "$(p7 connect 203.0.113.5 22)" refused 'the address is closed'
echo still >&8
tap_ok 'the other goes on' wait_for 5 grep -q echo "$T/four"
exec 8>&- 9>&-

# What is wrong is refused whole, and the last good policy stays.
for bad in '"mode":"locked","allow":[{"domain":"ok.test"},{"domain":"*.com"}]' \
    '"mode":"locked","allow":[{"domain":"ok.test","port":[22]}]' \
    '"mode":"locked","allow":[{"domain":"ok.test","ports":[53]}]' \
    '"mode":"locked","allow":[{"domain":"203.0.113.5"}]' \
    '"mode":"locked","allow":[{"domain":"ok.test","until":"tomorrow"}]' \
    '"mode":"locked","deny":[{"domain":"ok.test","ports":[80]}]' \
    '"mode":"locked","allowed":[{"domain":"ok.test"}]' '"mode":"web","lockdown":"no"' '"mode":"ajar"'; do
	tap_like "$(policy 7 "$bad")" '*"ok":false,"error":"*' "refused: $bad"
done
tap_is "$(dns other.test A)" 'NOERROR 203.0.113.6/30' 'the last policy is in force'
tap_is "$(dns ok.test A)" NXDOMAIN 'and no other'
tap_like "$(ask '{"op":"projects"}')" '*"id":7,"mode":"locked"*"error":"no such network mode*' 'the error is told'
tap_like "$(policy 7 '"mode":"locked","allow":[{"domain":"*.github.io"},{"domain":"other.test"}]')" \
    '{"ok":true,"warnings":\["*.github.io: anybody*' 'a wide rule is taken with a warning'
tap_not 'and no error is left' sh -c "perl $NET ask $HOME_DIR/run/router.sock '{\"op\":\"projects\"}' | grep error"

# Lockdown.
dns other.test A >/dev/null
tap_is "$(policy 7 '"mode":"open","lockdown":true,"allow":[{"domain":"other.test"}]')" '{"ok":true}' 'locked down'
tap_like "$(ask '{"op":"projects"}')" '*"id":7,"mode":"none"*"lockdown":true*' 'is mode none'
: >"$SINK"
tap_is "$(dns other.test A)" NXDOMAIN 'no name'
tap_is "$(p7 connect 203.0.113.6 443)" refused 'no connection'
tap_like "$(p7 http 10.214.0.1 /x)" '*200 OK*' 'but cofferd'
sink_is '' 'nothing arrived'

# The log can be followed.
next=$(ask '{"op":"log","id":7}' | sed 's/.*"next":\([0-9]*\).*/\1/')
(sleep 0.5; p7 dns 10.214.0.1 late.test A >/dev/null) &
tap_like "$(ask "{\"op\":\"log\",\"since\":$next,\"wait\":5000}")" \
    '{"ok":true,"next":*,"entries":\[{"seq":*"id":7,"verdict":"name-refused","name":"late.test"*' \
    'who waits hears of it'
wait $!
next=$(ask '{"op":"log","id":7}' | sed 's/.*"next":\([0-9]*\).*/\1/')
tap_is "$(ask "{\"op\":\"log\",\"since\":$next,\"wait\":100}")" \
    "{\"ok\":true,\"next\":$next,\"entries\":[]}" 'who waits in vain is told'

# A tunnel of labels below an allowed domain.
policy 7 '"mode":"locked","allow":[{"domain":"*.wild.test"}]' >/dev/null
: >"$UPSTREAM_LOG"
in_ns p7 perl -MIO::Socket::INET -MTime::HiRes=sleep -e '
	my $s = IO::Socket::INET->new(PeerAddr => "10.214.0.1", PeerPort => 53,
	    Proto => "udp");
	for my $i (1 .. 320) {
		send($s, pack("n6", $i, 0x100, 1, 0, 0, 0) .
		    pack("C/aC/aC/aCnn", "part$i", "wild", "test", 0, 1, 1), 0);
		recv($s, my $b, 4096, 0);
		sleep 0.012;
	}'
tap_is "$(grep -c '^udp part' "$UPSTREAM_LOG")" 199 'ends at its quota' # a.b.wild.test was one
tap_like "$(log_of 7)" '*"verdict":"name-quota","name":"\*.wild.test"*"count":121,*' 'the rest is counted'
tap_ok 'with an alarm' grep -q 'resolver alarm project=7 domain=.*wild.test' "$T/router.log"

# A name is denied in modes web and open: what was open to its addresses ends.
# denies MODE WHAT WORD: other.test is; what becomes of a flow to ok.test
denies()
{
	flow=flow$TAP_N
	[ "$WARM" = no ] || dns ok.test A >/dev/null
	[ "$WARM" = no ] || dns other.test A >/dev/null
	hold "$flow.d" 203.0.113.6 443
	exec 9>"$T/$flow.d.in"
	hold "$flow.o" 203.0.113.5 443
	exec 8>"$T/$flow.o.in"
	wait_for 5 grep -q open "$T/$flow.d" && wait_for 5 grep -q open "$T/$flow.o" || tap_bail 'no flows'
	policy 7 "\"mode\":\"$1\",\"deny\":[{\"domain\":\"other.test\"}]" >/dev/null
	echo after-denial >&9
	tap_ok "$1: its flow is dead when a name is denied" wait_for 5 grep -q dead "$T/$flow.d"
	echo after-denial >&8
	tap_ok "$1: $2" wait_for 5 grep -q "$3" "$T/$flow.o"
	exec 9>&- 8>&-
}
WARM=yes
policy 7 '"mode":"web"' >/dev/null
denies web 'and any other, as of locked nobody knows what was let' dead
policy 7 '"mode":"web"' >/dev/null
denies web 'another goes on' echo
policy 7 '"mode":"open"' >/dev/null
denies open 'another goes on' echo
policy 7 '"mode":"open"' >/dev/null
dns other.test A >/dev/null
policy 7 '"mode":"open","lockdown":true' >/dev/null
policy 7 '"mode":"open"' >/dev/null
WARM=no
denies open 'what was answered before a lockdown is known' echo

# The router dies: nothing opens, and its successor knows no rules until told.
policy 7 '"mode":"locked","allow":[{"domain":"ok.test","ports":[22]}]' >/dev/null
policy 8 '"mode":"web","deny":[{"domain":"evil.test"}]' >/dev/null
dns ok.test A >/dev/null
tap_is "$(p8 dns 10.214.0.1 evil.test A)" NXDOMAIN 'web: a denied name has no answer'
tap_is "$(p8 dns 10.214.0.1 ok.test A)" 'NOERROR 203.0.113.5/30' 'web: others have'
HOLD=p8 hold nine 203.0.113.5 443
exec 9>"$T/nine.in"
wait_for 5 grep -q open "$T/nine" || tap_bail 'no flow'
sink_saw 203.0.113.5:443
kill -9 "$ROUTER_PID"
wait "$ROUTER_PID" 2>/dev/null
: >"$SINK"
tap_is "$(p7 connect 203.0.113.6 22)" refused 'dead: what was closed is closed'
sink_is '' 'nothing arrived'
start_router
tap_is "$(dns ok.test A)" NXDOMAIN 'a new router answers no name before it is told'
tap_is "$(p8 dns 10.214.0.1 ok.test A)" NXDOMAIN 'web: nor does it where names were denied'
policy 8 '"mode":"web","deny":[{"domain":"evil.test"},{"domain":"ok.test"}]' >/dev/null
echo after-denial >&9
tap_ok 'web: what a name that was denied meanwhile had open is dead' wait_for 5 grep -q dead "$T/nine"
exec 9>&-
tap_is "$(pins '10.214.1.7,tcp:22,203.0.113.5')" 1 'the pins have stayed'
policy 7 '"mode":"locked","allow":[{"domain":"other.test","ports":[22]}]' >/dev/null
tap_is "$(pins .)" 0 'and go when it is told'
tap_is "$(p7 connect 203.0.113.5 22)" refused 'their addresses are closed'
tap_is "$(dns other.test A)" 'NOERROR 203.0.113.6/30' 'the new rules are in force'
tap_done
