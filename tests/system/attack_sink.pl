#!/usr/bin/perl
# attack_sink.pl FILE: a listener that must stay untouched.  Its port is
# written to FILE.port; every connection, datagram and abstract Unix
# connection adds a line to FILE.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Socket;

my ($file) = @ARGV;
my $tcp = IO::Socket::INET->new(Listen => 64, LocalAddr => '0.0.0.0') or die;
my $port = $tcp->sockport;
my $udp = IO::Socket::INET->new(
	Proto => 'udp', LocalAddr => '0.0.0.0', LocalPort => $port) or die;
socket(my $unix, AF_UNIX, SOCK_STREAM, 0) or die;
bind($unix, pack_sockaddr_un("\0coffer-sink-$port")) or die;
listen($unix, 64) or die;
my %name = ($tcp => 'tcp', $udp => 'udp', $unix => 'unix');
my $all = IO::Select->new($tcp, $udp, $unix);

open(my $p, '>', "$file.port") or die;
print $p $port;
close($p);
while (1) {
	for my $s ($all->can_read) {
		open(my $o, '>>', $file) or die;
		print $o "$name{$s}\n";
		close($o);
		if ($s == $udp) {
			recv($udp, my $b, 2048, 0);
		} else {
			accept(my $c, $s);
		}
	}
}
