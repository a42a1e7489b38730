#!/usr/bin/perl
# Times for gateway.sh:
#   gateway_client.pl latency SOCKET UID PORT TOKEN-FILE ROUNDS
# One kept connection to the gateway, as the router hands it over for project
# 7, and one to the provider, the same request over each in turn.  Lines on
# stdout: WHAT MICROSECONDS, with WHAT one of direct, gateway (a whole answer),
# direct_first, gateway_first (the first byte of a stream).
#   gateway_client.pl streams SOCKET UID PORT TOKEN-FILE N
# N streams at once; prints "open" when all have begun, and ends with them.
use strict;
use warnings;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(time);

my ($what, $socket, $uid, $port, $token_file, $n) = @ARGV;
open my $f, '<', $token_file or die "$token_file: $!\n";
chomp(my $token = <$f>);
if ($> == 0 && $uid != 0) {
	$) = "$uid $uid";
	$( = $uid;
	POSIX::setuid($uid) or die "setuid: $!\n";
}
$| = 1;

sub dial_direct {
	my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") or die "no provider\n";
	setsockopt $s, IPPROTO_TCP, TCP_NODELAY, 1;
	return $s;
}

sub dial_gateway {
	my $s = IO::Socket::UNIX->new(Peer => $socket) or die "no gateway: $!\n";
	my $tlv = pack('Cn/a*', 0xE0, '7');
	syswrite $s, "\r\n\r\n\0\r\nQUIT\n" . pack('CCn', 0x21, 0x11, 12 + length $tlv)
	    . pack('C4C4nn', 10, 214, 1, 1, 10, 214, 0, 1, 40000, 81) . $tlv;
	return $s;
}

# 20 KB, what an agent's first request has.
sub request {
	my ($path, $model, $stream) = @_;
	my $body = "{\"model\":\"$model\",\"max_tokens\":1000,\"stream\":$stream,\"messages\":[{\"role\":\"user\",\"content\":\""
	    . 'word ' x 4000 . '"}]}';
	return "POST $path HTTP/1.1\r\nHost: bench\r\nx-api-key: $token\r\nContent-Type: application/json\r\n"
	    . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
}

# Until the reply is whole; returns when its first byte came.
sub answer {
	my ($s) = @_;
	my $in = '';
	my $first;
	while (1) {
		sysread $s, $in, 65536, length $in or die "closed: $in\n";
		$first //= time;
		next unless $in =~ /\r\n\r\n/;
		die "status:\n$in\n" unless $in =~ m{^HTTP/1.1 200};
		my ($head, $body) = split /\r\n\r\n/, $in, 2;
		my ($length) = $head =~ /^content-length: *(\d+)/im;
		last if defined $length ? length $body >= $length : $in =~ /\r\n0\r\n\r\n$/;
	}
	return $first;
}

sub once {
	my ($name, $s, $path, $stream) = @_;
	my $text = request($path, 'm', $stream);
	my $from = time;
	syswrite $s, $text;
	my $first = answer($s);
	my $us = 1e6 * (($stream eq 'true' ? $first : time) - $from);
	printf "%s%s %.0f\n", $name, $stream eq 'true' ? '_first' : '', $us;
}

if ($what eq 'latency') {
	my ($direct, $gateway) = (dial_direct(), dial_gateway());
	for my $i (1 .. $n) {
		for my $stream ('false', 'true') {
			once('direct', $direct, '/v1/messages', $stream);
			once('gateway', $gateway, '/anthropic/v1/messages', $stream);
		}
	}
	exit 0;
}
my @open = map { dial_gateway() } 1 .. $n;
syswrite $_, request('/anthropic/v1/messages', 'slow-40', 'true') for @open;
for my $s (@open) {
	sysread $s, my $in, 65536 or die "closed\n";
	die "status: $in\n" unless $in =~ m{^HTTP/1.1 200};
}
print "open\n";
for my $s (@open) {
	my $in = '';
	1 while $in !~ /\r\n0\r\n\r\n$/ && sysread $s, $in, 65536;
}
