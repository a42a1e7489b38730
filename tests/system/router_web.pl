#!/usr/bin/perl
# router_web.pl: what a project sends to the web.
#   say ADDR PORT PART...   connects, sends each part and prints what came back,
#                           control bytes as \xNN, then closed, reset or open
#     text      \r, \n, \0 and \xNN are bytes
#     read      waits for an answer, up to three seconds
#     sleep:N   seconds
#     hello:N   a TLS ClientHello for the name N (text as above)
#     ech:N     the same with an encrypted one in it
#     bits:N    the same, one byte at a time
#     records:N the same in records of five bytes
#     none:     a ClientHello without a name
#     big:      one of 64 KiB
#     fill:N    N bytes
#   echo ADDR PORT NAME N   a ClientHello and N bytes to one that echoes; prints
#                           same when they came back
#   flood ADDR PORT N       opens N connections and holds them, silent, until
#                           its input ends; prints how many, in lines
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Fcntl;
use Socket;
use Time::HiRes qw(sleep time);

$| = 1;
$SIG{PIPE} = 'IGNORE';

sub bytes
{
	my ($t) = @_;
	$t =~ s/\\r/\r/g;
	$t =~ s/\\n/\n/g;
	$t =~ s/\\0/\0/g;
	$t =~ s/\\x([0-9a-f]{2})/chr hex $1/ge;
	return $t;
}

sub shown
{
	my ($t) = @_;
	$t =~ s/\r//g;
	$t =~ s/([^\x20-\x7e\n])/sprintf('\\x%02x', ord $1)/ge;
	return $t;
}

sub hello
{
	my ($name, $ech, $size) = @_;
	my $ext = '';
	$ext .= pack('nn/a', 0xfe0d, "\0\0\1\0\1\0") if $ech;
	$ext .= pack('nn/a', 0, pack('n/a', pack('Cn/a', 0, $name)))
	    if defined $name;
	$ext .= pack('nn/a', 43, "\2\3\4");
	my $body = pack('n', 0x303) . 'r' x 32 . "\0" .
	    pack('n/a', "\x13\1\x13\2") . "\1\0" . pack('n/a', $ext);
	my $m = "\1\0" . pack('n/a', $body);
	my $out = '';
	while (length $m) {
		$out .= "\x16" . pack('nn/a', 0x301, substr($m, 0, $size, ''));
	}
	return $out;
}

my ($s, $end);
my $got = '';

sub hear
{
	my ($wait) = @_;
	return if $end || !IO::Select->new($s)->can_read($wait);
	my $n = sysread($s, my $b, 65536);
	$end = 'reset' if !defined $n;
	$end = 'closed' if defined $n && $n == 0;
	$got .= $b if $n;
	return $n;
}

sub tell_all
{
	my ($t) = @_;
	my $at = 0;
	while ($at < length $t && !$end) {
		my $n = syswrite($s, $t, 65536, $at);
		$end = 'reset' if !defined $n;
		$at += $n // 0;
	}
}

sub part
{
	my ($p) = @_;
	if ($p eq 'read') {
		hear(3);
	} elsif ($p =~ /^sleep:(.*)/) {
		sleep $1;
	} elsif ($p =~ /^(hello|ech|records|bits):(.*)/s) {
		my $m = hello(bytes($2), $1 eq 'ech', $1 eq 'records' ? 5 : 4096);
		if ($1 ne 'bits') {
			tell_all($m);
		} else {
			tell_all($_) for split //, $m;
		}
	} elsif ($p eq 'none:') {
		tell_all(hello(undef, 0, 4096));
	} elsif ($p eq 'big:') {
		tell_all("\x16\3\1\x40\0\1\1\0\0" . 'x' x 70000);
	} elsif ($p =~ /^fill:(.*)/) {
		tell_all('x' x $1);
	} else {
		tell_all(bytes($p));
	}
}

sub cmd_say
{
	my ($addr, $port, @parts) = @_;
	$s = IO::Socket::INET->new(PeerAddr => $addr, PeerPort => $port,
	    Proto => 'tcp', Timeout => 3) or do { print "refused\n"; return };
	setsockopt($s, 6, 1, pack('i', 1));
	part($_) for @parts;
	# What is still to come: answers end within a moment.
	1 while !$end && hear(0.5);
	print shown($got), "\n" if length $got;
	print $end // 'open', "\n";
}

sub cmd_echo
{
	my ($addr, $port, $name, $n) = @_;
	$s = IO::Socket::INET->new(PeerAddr => $addr, PeerPort => $port,
	    Proto => 'tcp', Timeout => 3) or do { print "refused\n"; return };
	my $all = hello($name, 0, 4096);
	my $x = 1;
	while (length $all < $n) {
		$x = ($x * 1103515245 + 12345) & 0x7fffffff;
		$all .= pack('N', $x) x 25;
	}
	my ($at, $back) = (0, '');
	$s->blocking(0);
	while (length $back < length $all) {
		my ($r, $w) = IO::Select->select(IO::Select->new($s),
		    $at < length $all ? IO::Select->new($s) : undef, undef, 5);
		last if !$r;
		$at += syswrite($s, $all, 65536, $at) // 0 if @$w;
		next if !@$r;
		sysread($s, my $b, 65536) or last;
		$back .= $b;
	}
	print $back eq $all ? 'same' : 'other', "\n";
}

sub cmd_flood
{
	my ($addr, $port, $n) = @_;
	my $to = pack_sockaddr_in($port, inet_aton($addr));
	my (@all, $pid);
	# In as many processes as descriptors ask for.
	while ($n > 900) {
		$n -= 900;
		$pid = fork;
		if (!$pid) { $n = 900; last }
	}
	for (1 .. $n) {
		socket(my $c, AF_INET, SOCK_STREAM, 0) or last;
		fcntl($c, F_SETFL, O_NONBLOCK);
		connect($c, $to);
		push @all, $c;
	}
	print scalar(@all), "\n";
	1 while <STDIN>;
}

my $verb = shift // die "usage: see the top of $0\n";
my $fn = __PACKAGE__->can("cmd_$verb") or die "no such verb: $verb\n";
$fn->(@ARGV);
