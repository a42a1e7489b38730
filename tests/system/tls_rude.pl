#!/usr/bin/perl
# What no client of TLS does: handshakes that are cut, changed, mixed up, bytes
# of chance, and requests that are not sound once a handshake was made.  The
# seed is an argument, so that a failure comes again.
#   tls_rude.pl PORT PLAIN_PORT SEED N
use strict; use warnings;
use IO::Socket::INET;
my ($port, $plain, $seed, $n) = @ARGV;
srand $seed;
$SIG{PIPE} = 'IGNORE';

# A hello as openssl's client sends it, taken on the way.
my $l = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die $!;
my $pid = fork // die $!;
if (!$pid) {
	open STDIN, '<', '/dev/null'; open STDOUT, '>', '/dev/null'; open STDERR, '>', '/dev/null';
	exec 'openssl', 's_client', '-connect', '127.0.0.1:' . $l->sockport, '-servername', 'coffer.example.org';
	die;
}
my $c = $l->accept or die $!;
my $hello = '';
sysread $c, $hello, 16384;
close $c;
waitpid $pid, 0;
die "no hello\n" if length $hello < 100 || ord $hello != 0x16;

sub one {
	my ($bytes) = @_;
	my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 10) or die "connect: $!\n";
	syswrite $s, $bytes;
	shutdown $s, 1;
	my $got = '';
	my $sel = ''; vec($sel, fileno $s, 1) = 1;
	while (select(my $r = $sel, undef, undef, 20)) {
		my $k = sysread $s, $got, 4096, length $got;
		return $got if !$k;
	}
	die 'never ended: ' . unpack('H*', $bytes) . "\n";
}
sub chance { join '', map { chr int rand 256 } 1 .. $_[0] }

for my $i (1 .. $n) {
	my $b = $hello;
	my $how = int rand 7;
	if ($how == 0) { $b = substr $b, 0, 1 + int rand length $b }
	elsif ($how == 1) { for (1 .. 1 + int rand 8) { substr($b, int rand length $b, 1) = chance(1) } }
	elsif ($how == 2) { substr($b, 3, 2) = chance(2) }
	elsif ($how == 3) { substr($b, int rand length $b, 0) = chance(1 + int rand 200) }
	elsif ($how == 4) { $b = chance(1 + int rand 400) }
	elsif ($how == 5) { $b = "\x16\x03\x01" . chance(2) . chance(int rand 2000) }
	else { $b = $b . $b . chance(int rand 100) }
	my $got = one($b);
	# An alert, a hello of the server, the refusal in HTTP, or nothing.
	die 'an answer that is none: ' . unpack('H*', $got) . "\n"
	    if length $got && $got !~ /^(?:[\x15\x16]\x03|HTTP\/1\.1 400 )/s;
}
print "alive\n";
