#!/usr/bin/perl
# front.pl SOCKET UID PROJECT METHOD PATH [TOKEN [JSON]]: one request as the
# router would hand it over; prints the reply.  PROJECT "-" sends no PROXY
# header, "" one that names none, "partial" half of one.
use strict;
use warnings;
use IO::Socket::UNIX;
use POSIX ();

my ($path, $uid, $project, $method, $target, $token, $body) = @ARGV;
if ($> == 0 && $uid != 0) {
	$) = "$uid $uid";
	$( = $uid;
	POSIX::setuid($uid) or die "setuid: $!";
}
my $s = IO::Socket::UNIX->new(Peer => $path) or die "connect: $!\n";
my $tlv = $project eq '' ? '' : pack('Cn/a*', 0xE0, $project);
my $header = "\r\n\r\n\0\r\nQUIT\n" .
    pack('CCn', 0x21, 0x11, 12 + length $tlv) .
    pack('C4C4nn', 10, 214, 1, 1, 10, 214, 0, 1, 40000, 80) . $tlv;
$SIG{ALRM} = sub { die "timeout\n" };
$SIG{PIPE} = 'IGNORE';
alarm 30;
if ($project eq 'partial') {
	syswrite $s, substr $header, 0, 10;
} else {
	my $request = "$method $target HTTP/1.1\r\nHost: coffer\r\n" .
	    "Connection: close\r\n";
	$request .= "Authorization: Bearer $token\r\n" if defined $token;
	$request .= "Content-Type: application/json\r\nContent-Length: " .
	    length($body) . "\r\n" if defined $body;
	$request .= "\r\n" . ($body // "");
	$request = $header . $request if $project ne '-';
	syswrite $s, $request;
}
while (sysread $s, my $buf, 65536) {
	print $buf;
}
