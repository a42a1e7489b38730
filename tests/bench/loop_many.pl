#!/usr/bin/perl
# Times for loop_many.sh: loop_many.pl ADDRESS:PORT TOKEN-FILE PROJECTS SAMPLES
# One comment at a time, to one project after the other; a line on stdout is
# the ms from before the POST to the clock that the agent reads first.
use strict;
use warnings;
use IO::Socket::INET;
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(time);

my ($address, $token_file, $projects, $samples) = @ARGV;
open my $f, '<', $token_file or die "$token_file: $!\n";
chomp(my $token = <$f>);
my $s = IO::Socket::INET->new(PeerAddr => $address, Timeout => 10) or die "no connection to $address\n";
setsockopt $s, IPPROTO_TCP, TCP_NODELAY, 1;

sub call {
	my ($method, $path, $body) = @_;
	$body //= '';
	syswrite $s, "$method $path HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer $token\r\n"
	    . ($body ne '' ? "Content-Type: application/json\r\n" : '')
	    . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
	my $in = '';
	while ($in !~ /\r\n\r\n/) {
		sysread $s, $in, 65536, length $in or die "cofferd closed\n";
	}
	my ($head, $rest) = split /\r\n\r\n/, $in, 2;
	my ($status) = $head =~ m{^HTTP/1.1 (\d+)};
	my ($length) = $head =~ /^content-length: *(\d+)/im;
	while (length $rest < ($length // 0)) {
		sysread $s, $rest, 65536, length $rest or die "cofferd closed\n";
	}
	die "status $status: $rest\n" if $status >= 300;
	return $rest;
}

for my $i (0 .. $samples - 1) {
	my $p = 'admin/p' . ($i % $projects + 1);
	my ($before) = call('GET', "/api/coffer/v1/runs?project=$p&limit=1") =~ /"id":(\d+)/;
	my $from = time;
	call('POST', "/api/v1/repos/$p/issues/1/comments", '{"body":"/plan"}');
	my $clock;
	for (1 .. 600) {
		# Rarely enough not to be what is measured.
		select undef, undef, undef, 0.1;
		my $runs = call('GET', "/api/coffer/v1/runs?project=$p&limit=1");
		my ($id) = $runs =~ /"id":(\d+)/;
		next if $id == $before || $runs !~ /"state":"(?:done|failed)"/;
		($clock) = $runs =~ /"message":"(\d{19})/ or die "no time in $runs\n";
		last;
	}
	die "no run in $p\n" unless defined $clock;
	printf "%.1f\n", $clock / 1e6 - 1000 * $from;
	select undef, undef, undef, 0.2;
}
