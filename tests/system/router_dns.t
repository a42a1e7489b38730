#!/bin/sh
# Names: what the router's resolver answers, and what it lets nobody learn.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/router_lib.sh"
router_setup
mode 7 web >/dev/null
mode 8 none >/dev/null

dns() { p7 dns 10.214.0.1 "$@"; }
asked() { grep -c "$1" "$UPSTREAM_LOG"; }

tap_is "$(dns coffer A)" 'NOERROR 10.214.0.1/60' 'the router is called coffer'
tap_is "$(dns CoFFer A)" 'NOERROR 10.214.0.1/60' 'however it is written'
tap_is "$(dns coffer AAAA)" NOERROR 'and has no IPv6 address'
tap_is "$(dns ok.test A)" 'NOERROR 203.0.113.5/30' 'a public name is answered, its TTL raised'
tap_is "$(dns alias.test A)" 'NOERROR 203.0.113.5/30' 'an alias gives its address alone'
tap_is "$(dns big.test A)" 'NOERROR 203.0.113.7/30' 'a cut answer is asked for again by TCP'
tap_is "$(grep -c 'tcp big.test' "$UPSTREAM_LOG")" 1 'once'
tap_is "$(dns nx.test A)" NXDOMAIN 'a name that is not there'
tap_is "$(dns fail.test A)" SERVFAIL 'a server that fails'
tap_is "$(dns ok.test A tcp)" 'NOERROR 203.0.113.5/30' 'the same over TCP'
tap_is "$(p7 dns 8.8.8.8 ok.test A)" 'NOERROR 203.0.113.5/30' \
    'a query to another resolver is answered by ours'
tap_is "$(p7 dns 8.8.8.8 other.test A tcp)" 'NOERROR 203.0.113.6/30' 'by TCP too'
tap_is "$(p7 dns 192.168.77.9 ok.test A)" 'NOERROR 203.0.113.5/30' 'a private one as well'
tap_is "$(grep -c . "$SINK")" 0 'no query left by itself'

# Rebinding: answers that name what must not be reached.
tap_is "$(dns meta.test A)" NXDOMAIN 'metadata in an answer is removed'
tap_is "$(dns azure.test A)" NXDOMAIN 'so is a platform address'
tap_is "$(dns host.test A)" NXDOMAIN "and the host's own"
tap_is "$(dns mix.test A)" 'NOERROR 203.0.113.5/30' 'a mixed answer keeps the public part'
log=$(ask '{"op":"log","id":7,"limit":200}')
tap_like "$log" '*"verdict":"name-filtered","name":"meta.test","address":"169.254.169.254"*' \
    'the log tells'

: >"$UPSTREAM_LOG"
for type in TXT NULL ANY AXFR CNAME NS PTR; do
	tap_is "$(dns ok.test $type)" REFUSED "$type is refused"
done
for type in AAAA HTTPS SVCB; do
	tap_is "$(dns ok.test $type)" NOERROR "$type is empty"
done
tap_is "$(dns 'evil test.ok.test' A)" REFUSED 'a name with a blank is refused'
# shellcheck disable=SC2016
tap_is "$(p7 raw 10.214.0.1 53 "$(printf '%s' 1267010000010000000000000a6576696c007465737474026f6b04746573740000010001)" | cut -c5-8)" \
    8185 'so is one with a NUL'
tap_is "$(asked .)" 0 'none of these was asked upstream'
tap_is "$(p7 raw 10.214.0.1 53 12670100000200000000000000)" \
    126781810000000000000000 'two questions are a format error'
tap_is "$(p7 raw 203.0.113.5 53 "$(printf 'ff%.0s' $(seq 1000))")" silent \
    'bytes that are no DNS get nothing'
tap_is "$(p7 raw 10.214.0.1 53 12678100000100000000000000)" silent 'nor does a reply'
tap_is "$(grep -c . "$SINK")" 0 'and left nowhere'

for i in $(seq 20); do
	p8 dns 10.214.0.1 "secret$i.evil.test" A
done >"$T/out"
tap_is "$(sort -u "$T/out")" NXDOMAIN 'none: a tunnel of labels gets NXDOMAIN'
tap_is "$(asked evil)" 0 'and not one label left'
tap_is "$(p8 dns 8.8.8.8 coffer A)" 'NOERROR 10.214.0.1/60' 'none: coffer is known by any resolver'

# A flood is bounded and counted; the other project does not notice.
in_ns p7 perl -MIO::Socket::INET -e '
	my $s = IO::Socket::INET->new(PeerAddr => "10.214.0.1", PeerPort => 53,
	    Proto => "udp");
	for my $i (1 .. 300) {
		send($s, pack("n6", $i, 0x100, 1, 0, 0, 0) .
		    pack("C/aC/aCnn", "x$i", "test", 0, 1, 1), 0);
	}'
tap_is "$(p8 dns 10.214.0.1 coffer A)" 'NOERROR 10.214.0.1/60' 'a flood does not touch the other project'
tap_ok 'the flood is in the log, counted' wait_for 5 sh -c "
	perl $NET ask $HOME_DIR/run/router.sock '{\"op\":\"log\",\"id\":7,\"limit\":200}' |
	    grep -q '\"verdict\":\"name-limited\"[^}]*\"count\":[0-9][0-9]'"
tap_ok 'fewer than all were asked upstream' [ "$(asked '^udp x')" -lt 200 ]
sleep 1.2
tap_is "$(dns ok.test A)" 'NOERROR 203.0.113.5/30' 'and then it works again'

# What it counted, for metrics: nothing that was told is missing.
ask '{"op":"hello"}' >"$T/hello"
tap_ok 'answers and refusals are counted' jq -e '.figures.verdicts | .answered > 1 and ."name-filtered" >= 3 and ."name-type" >= 7 and ."name-limited" >= 10' "$T/hello"

# A tightened project's answer does not come any more.
in_ns p7 perl "$NET" dns 10.214.0.1 slow.test A >"$T/slow" &
slow=$!
wait_for 5 grep -q slow "$UPSTREAM_LOG"
mode 7 none >/dev/null
wait $slow
tap_is "$(cat "$T/slow")" SERVFAIL 'a question on its way ends without an answer'
tap_is "$(dns ok.test A)" NXDOMAIN 'and the next is refused'

tap_done
