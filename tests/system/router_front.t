#!/bin/sh
# The door to cofferd: who comes is named, nobody else gets in.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/router_lib.sh"
router_setup
mode 7 web >/dev/null
mode 8 none >/dev/null

tap_like "$(p7 http 10.214.0.1 /a/b.git)" '*200 OK*GET /a/b.git HTTP/1.1' \
    'a request goes through'
tap_is "$(tail -n 1 "$FRONT_LOG")" \
    'proxy v2 vc=21 fam=11 src=10.214.1.7 tag=e0 project=7' \
    'with the project in its header'
tap_like "$(p8 http 10.214.0.1 /b)" '*200 OK*' 'another project too'
tap_is "$(tail -n 1 "$FRONT_LOG")" \
    'proxy v2 vc=21 fam=11 src=10.214.1.8 tag=e0 project=8' 'under its own name'

# Connections of one project are bounded; the other still gets in.
start "$T/many" in_ns p7 perl -MIO::Socket::INET -e '
	my @s;
	for (1 .. 300) {
		my $s = IO::Socket::INET->new(PeerAddr => "10.214.0.1",
		    PeerPort => 80, Proto => "tcp", Timeout => 3);
		push @s, $s if $s;
	}
	select(undef, undef, undef, 0.5);
	my $open = 0;
	for my $s (@s) {
		$s->blocking(0);
		my $n = sysread($s, my $b, 1);
		$open++ if !defined $n;
	}
	$| = 1;
	print "open $open\n";
	sleep 60;'
MANY=$PID
tap_ok 'a flood of connections is made' wait_for 15 grep -q open "$T/many"
tap_is "$(cat "$T/many")" 'open 256' 'of which 256 are held'
tap_is "$(p7 http 10.214.0.1 /x)" '' 'a further one of that project is closed'
stop_pid "$MANY"
stop_pid "$FRONT_PID"

tap_like "$(p8 http 10.214.0.1 /x)" \
    '*502 Bad Gateway*{"message":"cofferd is not reachable"}*' \
    'without cofferd the answer says so'
start "$T/peers.log" perl "$NET" cofferd \
    "$HOME_DIR/run/front/cofferd.sock" "$FRONT_LOG"
tap_ok 'and works when cofferd is back' wait_for 10 sh -c "
	ip netns exec coffer-$INST-p8 perl $NET http 10.214.0.1 /y | grep -q 'GET /y'"

# The project's network is switched off: its connections end.
mkfifo "$T/in"
start "$T/hold" sh -c "ip netns exec coffer-$INST-p8 perl $NET hold 10.214.0.1 80 <$T/in"
exec 9>"$T/in"
wait_for 5 grep -q open "$T/hold"
mode 8 off >/dev/null
echo x >&9
tap_ok 'off cuts a connection to cofferd' wait_for 5 grep -q dead "$T/hold"
exec 9>&-
tap_not 'the front socket is closed to others' \
    setpriv --reuid 1000 --regid 1000 --clear-groups \
    ls "$HOME_DIR/run/front/"
tap_not 'the control socket too' setpriv --reuid 64102 --regid 64102 \
    --clear-groups perl "$NET" ask "$HOME_DIR/run/router.sock" '{"op":"hello"}'
tap_done
