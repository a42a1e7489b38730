#!/usr/bin/perl
# held.pl HOST:PORT TOKEN GO METHOD PATH [TYPE]: a client that sends the head of
# a request, for a POST with a body that does not come, and reads nothing until
# the file GO is there.  Then it prints "whole" when 30 MB come, "cut" when less
# do, or "open" when nothing more comes for 4 s and there is no end.
use strict;
use warnings;
use IO::Socket::INET;

my ($to, $token, $go, $method, $path, $type) = @ARGV;
my $s = IO::Socket::INET->new(PeerAddr => $to) or die "connect: $!";
print $s "$method $path HTTP/1.1\r\nHost: $to\r\n",
    "Authorization: token $token\r\nConnection: close\r\n",
    defined $type ? "Content-Type: $type\r\nTransfer-Encoding: chunked\r\n" : '',
    "\r\n";
$s->flush;
select undef, undef, undef, 0.05 until -e $go;
$SIG{ALRM} = sub { print "open\n"; exit };
alarm 4;
my ($all, $n) = ('');
while ($n = sysread $s, my $part, 1 << 20) {
	alarm 4;
	$all .= $part;
}
print length $all >= 30_000_000 ? "whole\n" : "cut\n";
