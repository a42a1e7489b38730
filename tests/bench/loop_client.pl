#!/usr/bin/perl
# Times for loop.sh: loop_client.pl ADDRESS:PORT TOKEN-FILE PROJECT ROUNDS BUNDLE
#
# Two kept connections, one of them always waiting for the next event, so that
# little of what is measured is the client's.  Lines on stdout: WHAT MS, with
# WHAT one of bare (`runc run` of BUNDLE), comment (from before the POST to the
# clock that the agent reads first), cold (sandbox asked for, until the event
# that says it runs).
use strict;
use warnings;
use IO::Socket::INET;
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(time);

my ($address, $token_file, $project, $rounds, $bundle) = @ARGV;
open my $f, '<', $token_file or die "$token_file: $!\n";
chomp(my $token = <$f>);
$| = 1;

sub dial {
	my $s = IO::Socket::INET->new(PeerAddr => $address, Timeout => 10)
	    or die "no connection to $address\n";
	setsockopt $s, IPPROTO_TCP, TCP_NODELAY, 1;
	return $s;
}

sub ask {
	my ($s, $method, $path, $body) = @_;
	$body //= '';
	my $head = "$method $path HTTP/1.1\r\nHost: bench\r\n"
	    . "Authorization: Bearer $token\r\n"
	    . ($body ne '' ? "Content-Type: application/json\r\n" : '')
	    . 'Content-Length: ' . length($body) . "\r\n\r\n";
	syswrite $s, $head . $body;
}

sub answer {
	my ($s) = @_;
	my $in = '';
	while ($in !~ /\r\n\r\n/) {
		sysread $s, $in, 65536, length $in or die "cofferd closed\n";
	}
	my ($head, $body) = split /\r\n\r\n/, $in, 2;
	my ($status) = $head =~ m{^HTTP/1.1 (\d+)};
	my ($length) = $head =~ /^content-length: *(\d+)/im;
	die "no length in:\n$head\n" unless defined $length || $status == 204;
	while (length $body < ($length // 0)) {
		sysread $s, $body, 65536, length $body or die "cofferd closed\n";
	}
	die "status $status: $body\n" if $status >= 300;
	return $body;
}

my ($orders, $events) = (dial(), dial());
sub call { ask($orders, @_); return answer($orders) }

my ($seq) = call('GET', '/api/coffer/v1/events?limit=1000') =~ /"last":(\d+)/;

sub listen_on { ask($events, 'GET', "/api/coffer/v1/events?after=$seq&limit=100&wait=30") }

# Events one reply after the other, until one of them has the text.
sub await {
	my ($kind, $text) = @_;
	for (1 .. 100) {
		my $got = answer($events);
		my $found = 0;
		($seq) = $got =~ /"last":(\d+)\}?\s*$/ or die "no last: $got\n";
		for my $event (split /(?=\{"seq":)/, $got) {
			$found = 1 if $event =~ /"kind":"\Q$kind\E"/ && $event =~ /\Q$text\E/;
		}
		return if $found;
		listen_on();
	}
	die "no $kind with $text\n";
}

sub bare {
	my ($name) = @_;
	my $from = time;
	system("runc run -b $bundle bench-$$-$name </dev/null >/dev/null 2>&1") == 0 or die "bare runc run\n";
	printf "bare %.1f\n", 1000 * (time - $from);
}

# What the last round left to do (a byobu that starts, a folder that goes) is
# not this round's.
sub rest { select undef, undef, undef, $_[0] }

rest(2);
for my $i (1 .. $rounds) {
	bare("c$i");
	listen_on();
	my $from = time;
	call('POST', "/api/v1/repos/$project/issues/1/comments", '{"body":"/plan"}');
	await('run.updated', '"state":"done"');
	my $runs = call('GET', "/api/coffer/v1/runs?project=$project&limit=1");
	my ($clock) = $runs =~ /"message":"(\d{19})/ or die "no time in $runs\n";
	printf "comment %.1f\n", $clock / 1e6 - 1000 * $from;
	rest(0.3);
}
for my $i (1 .. $rounds) {
	listen_on();
	call('PATCH', "/api/coffer/v1/projects/$project", '{"sandbox":{"want":"stopped"}}');
	await('sandbox.updated', '"state":"stopped"');
	rest(0.3);
	bare("s$i");
	listen_on();
	my $from = time;
	call('PATCH', "/api/coffer/v1/projects/$project", '{"sandbox":{"want":"running"}}');
	await('sandbox.updated', '"state":"running"');
	printf "cold %.1f\n", 1000 * (time - $from);
	rest(1);
}
