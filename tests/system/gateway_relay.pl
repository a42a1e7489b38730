#!/usr/bin/perl
# gateway_relay.pl SOCKET UID PROJECT PORTFILE: what the router does for a
# project: each connection to a port on loopback goes to SOCKET, as UID, behind
# a PROXY v2 header that names PROJECT.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(IPPROTO_TCP TCP_NODELAY);

my ($path, $uid, $project, $portfile) = @ARGV;
my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 128, ReuseAddr => 1)
    or die "listen: $!\n";
open(my $pf, '>', "$portfile.new") or die "$portfile: $!\n";
print $pf $listen->sockport, "\n";
close($pf);
rename("$portfile.new", $portfile) or die "$portfile: $!\n";
if ($> == 0 && $uid != 0) {
	$) = "$uid $uid";
	$( = $uid;
	POSIX::setuid($uid) or die "setuid: $!\n";
}
$SIG{CHLD} = 'IGNORE';
$SIG{PIPE} = 'IGNORE';
$SIG{TERM} = sub { exit 0 };

sub put {
	my ($to, $data) = @_;
	while (length $data) {
		my $n = syswrite $to, $data;
		exit 0 unless defined $n;
		substr($data, 0, $n) = '';
	}
}

while (1) {
	my $c = $listen->accept or next;
	if (fork) { close $c; next }
	close $listen;
	my $s = IO::Socket::UNIX->new(Peer => $path) or exit 0;
	setsockopt $c, IPPROTO_TCP, TCP_NODELAY, 1;
	my $tlv = pack('Cn/a*', 0xE0, $project);
	put($s, "\r\n\r\n\0\r\nQUIT\n" . pack('CCn', 0x21, 0x11, 12 + length $tlv)
	    . pack('C4C4nn', 10, 214, 1, 1, 10, 214, 0, 1, 40000, 81) . $tlv);
	my $all = IO::Select->new($c, $s);
	while (my @ready = $all->can_read) {
		for my $from (@ready) {
			my $n = sysread $from, my $buf, 65536;
			if (!$n) {
				# The client's reset is the end of both.
				exit 0;
			}
			put($from == $c ? $s : $c, $buf);
		}
	}
	exit 0;
}
