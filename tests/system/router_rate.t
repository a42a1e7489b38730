#!/bin/sh
# What a project may send in a second, when that is bounded.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/router_lib.sh"
ROUTER_CONF='upload_rate = 512K'
router_setup
mode 7 web >/dev/null
mode 8 web >/dev/null
in_ns inet ip addr add 203.0.113.77/32 dev lo
start "$T/taken" ip netns exec "coffer-$INST-inet" perl -MIO::Socket::INET -e '
	$| = 1;
	my $l = IO::Socket::INET->new(LocalAddr => "203.0.113.77",
	    LocalPort => 443, Listen => 4, ReuseAddr => 1) or die;
	print "ready\n";
	$SIG{CHLD} = "IGNORE";
	while (my $c = $l->accept) {
		next if fork;
		my $n = 0;
		while (my $k = sysread($c, my $b, 65536)) { $n += $k }
		syswrite($c, "$n");
		exit;
	}'
wait_for 5 grep -q ready "$T/taken" || tap_bail 'no receiver'

# send NS KB: prints what arrived and the seconds that it took
send_kb()
{
	in_ns "$1" perl -MIO::Socket::INET -MTime::HiRes=time -e '
		my $t = time;
		my $s = IO::Socket::INET->new(PeerAddr => "203.0.113.77",
		    PeerPort => 443) or die;
		my $left = $ARGV[0] << 10;
		while ($left > 0) {
			my $n = syswrite($s, "x" x ($left > 65536 ? 65536 : $left)) or die;
			$left -= $n;
		}
		shutdown($s, 1);
		sysread($s, my $got, 100);
		printf "%d %d\n", $got >> 10, (time - $t) * 1000;' "$2"
}
send_kb p8 64 >"$T/small"
tap_is "$(cut -d ' ' -f 1 "$T/small")" 64 'a little is sent'
send_kb p7 2048 >"$T/large"
tap_is "$(cut -d ' ' -f 1 "$T/large")" 2048 'much arrives whole'
tap_ok 'in its time' [ "$(cut -d ' ' -f 2 "$T/large")" -gt 1500 ]
send_kb p7 4096 >"$T/own" &
own=$!
send_kb p8 64 >"$T/other"
tap_ok 'another project does not wait for it' kill -0 $own
wait $own
tap_done
