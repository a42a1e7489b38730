#!/bin/sh
# Names that try to forge the router's log: one line, valid JSON, no entry more.
# And a flood that would hide what came before it and comes after.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/router_lib.sh"
router_setup
mode 7 web >/dev/null
log() { ask '{"op":"log","id":7,"limit":200}' >"$T/log"; }
# question BYTES: a label of these (printf), below evil.test
question()
{
	# shellcheck disable=SC2059
	hex=$(printf "$1" | od -An -tx1 | tr -d ' \n')
	p7 raw 10.214.0.1 53 "126701000001000000000000$(printf %02x $((${#hex} / 2)))${hex}046576696c04746573740000010001" >/dev/null
}

log
before=$(jq '.entries | length' "$T/log")
question 'x\n{"seq":1,"verdict":"answered"}'
question 'x"},{"verdict":"answered","name":"y'
question 'x\033[2J\033]0;t\007'
question 'x\r\\u0000'
question '\303\050\377\376'
log
tap_is "$(wc -l <"$T/log")" 1 'the answer is one line'
tap_ok 'and valid JSON' jq -e .ok "$T/log"
tap_not 'without control characters' env LC_ALL=C grep -q '[[:cntrl:]]' "$T/log"
tap_ok 'there is an entry for what was asked at most' [ "$(($(jq '.entries | length' "$T/log") - before))" -le 5 ]
tap_is "$(jq '[.entries[] | select(.verdict == "answered")] | length' "$T/log")" 0 'and none says what was not'
tap_not 'nor does its own log' env LC_ALL=C grep -q "$(printf '\033')" "$T/router.log"

# ---- by SNI and Host, through the proxy ----
ask '{"op":"project.set","id":7,"mode":"locked","allow":[{"domain":"ok.test"}]}' >/dev/null
p7 dns 10.214.0.1 ok.test A >/dev/null
say() { in_ns p7 perl "$SYSTEM_DIR/router_web.pl" say "$@" >/dev/null; }
log
before=$(jq .next "$T/log")
for name in 'x\n{"seq":1,"verdict":"answered"}' 'x"},{"verdict":"answered","name":"y' 'x\x1b[2J\x1b]0;t\x07' 'x\r\0y' '\xc3(\xff\xfe'; do
	say 203.0.113.5 443 "hello:$name" read
	say 203.0.113.5 80 "GET / HTTP/1.1\r\nHost: $name\r\n\r\n" read
done
told() { ask "{\"op\":\"log\",\"id\":7,\"since\":$before,\"limit\":200}" >"$T/log"; [ "$(jq '.entries | length' "$T/log")" -ge 2 ]; }
tap_ok 'by SNI and Host: they are told' wait_for 10 told
sleep 0.5
told
tap_is "$(wc -l <"$T/log")" 1 'by SNI and Host: one line'
tap_ok 'by SNI and Host: valid JSON' jq -e .ok "$T/log"
tap_not 'by SNI and Host: no control characters' env LC_ALL=C grep -q '[[:cntrl:]]' "$T/log"
tap_is "$(jq '[.entries[] | select(.verdict | startswith("denied") or startswith("name-") | not)] | length' "$T/log")" 0 \
    'by SNI and Host: none says what was not'
tap_ok 'by SNI and Host: an entry for each at most' [ "$(jq '.entries | length' "$T/log")" -le 10 ]

# ---- a flood ----
mode 7 web >/dev/null
p7 connect 192.168.77.9 22 >/dev/null
had() { ask '{"op":"log","id":7,"limit":200}' >"$T/log"; jq -e --arg a "$1" --argjson p "$2" '.entries | any(.address == $a and .port == $p)' "$T/log"; }
tap_ok 'a denial before a flood is there' wait_for 5 had 192.168.77.9 22
log
before=$(jq .next "$T/log")
# Datagrams to one port that is closed, names that are none, ports one after another.
in_ns p7 perl -MIO::Socket::INET -e '
	my $u = IO::Socket::INET->new(PeerAddr => "203.0.113.5", PeerPort => 9999, Proto => "udp");
	for (1 .. 6000) { $u->send("x"); select(undef, undef, undef, 0.05) unless $_ % 600 }
	my $s = IO::Socket::INET->new(PeerAddr => "10.214.0.1", PeerPort => 53, Proto => "udp");
	for my $i (1 .. 3000) {
		$s->send(pack("n6", $i, 0x100, 1, 0, 0, 0) . pack("C/aC/aCnn", "flood$i", "test", 0, 1, 1));
		select(undef, undef, undef, 0.05) unless $i % 600 }'
p7 connect 10.0.0.5 853 >/dev/null
tap_ok 'a flood: what was denied after it is there' wait_for 5 had 10.0.0.5 853
tap_ok 'a flood: and what was denied before it' had 192.168.77.9 22
sleep 1
ask "{\"op\":\"log\",\"id\":7,\"since\":$before,\"limit\":200}" >"$T/log"
entries=$(jq '.entries | length' "$T/log")
tap_ok "a flood: it has few entries ($entries)" [ "$entries" -le 100 ]
counted=$(jq '[.entries[] | select(.port == 9999) | .count] | add // 0' "$T/log")
tap_ok "a flood: its datagrams are counted ($counted of 6000)" [ "$counted" -ge 1 ]
tap_ok 'a flood: and not more of them' [ "$counted" -le 6000 ]
limited=$(jq '[.entries[] | select(.verdict | startswith("name-")) | .count] | add // 0' "$T/log")
tap_ok "a flood: so are its names ($limited of 3000)" [ "$limited" -gt 1000 ]
tap_ok 'a flood: nor is it more than was sent' [ "$limited" -le 3010 ]
[ "$TAP_FAILED" -eq 0 ] || jq -c '.entries[] | {verdict, name, address, port, count}' "$T/log" | head -n 30 | sed 's/^/# /'
tap_done
