#!/usr/bin/perl
# pty.pl OUT [WAIT SEND]... -- COMMAND...: runs COMMAND on a terminal of its own
# (its controlling one).  When the pattern WAIT has come, SEND is typed: \n, \x03
# and such are Perl's escapes.  What the terminal got is in OUT; ends as COMMAND
# does (128 + N for a signal), with 97 when a WAIT does not come.
use strict;
use warnings;
use Fcntl;
use POSIX ();

my $out = shift;
my @steps;
while (@ARGV && $ARGV[0] ne '--') {
	my ($wait, $send) = (shift, shift);
	$send =~ s/\\x([0-9a-f]{2})/chr hex $1/ge;
	$send =~ s/\\n/\n/g;
	push @steps, [qr/$wait/, $send];
}
shift;
my ($TIOCGPTN, $TIOCSPTLCK, $TIOCSCTTY, $TIOCSWINSZ) =
    (0x80045430, 0x40045431, 0x540e, 0x5414);
sysopen my $m, '/dev/ptmx', O_RDWR | O_NOCTTY or die "ptmx: $!";
my $zero = pack 'i', 0;
ioctl $m, $TIOCSPTLCK, $zero or die "unlock: $!";
my $n = pack 'i', 0;
ioctl $m, $TIOCGPTN, $n or die "number: $!";
my $name = '/dev/pts/' . unpack 'i', $n;
my $size = pack 'S4', 40, 160, 0, 0;
ioctl $m, $TIOCSWINSZ, $size;
my $pid = fork // die "fork: $!";
if ($pid == 0) {
	POSIX::setsid();
	open my $s, '+<', $name or die "$name: $!";
	ioctl $s, $TIOCSCTTY, 0;
	close $m;
	POSIX::dup2(fileno $s, $_) for 0 .. 2;
	exec @ARGV or POSIX::_exit(126);
}
open my $log, '>', $out or die "$out: $!";
$log->autoflush(1);
my ($seen, $late, $end) = ('', 0, time + 120);
while (1) {
	my $r = '';
	vec($r, fileno $m, 1) = 1;
	my $got = select $r, undef, undef, 1;
	if ($got > 0) {
		my $k = sysread $m, my $piece, 4096;
		last unless $k;    # EIO: the last one closed it
		print $log $piece;
		$seen .= $piece;
	}
	while (@steps && $seen =~ /$steps[0][0]/) {
		$seen = substr $seen, $+[0];
		syswrite $m, (shift @steps)->[1];
	}
	if (time > $end) {
		kill 'KILL', $pid;
		$late = 1;
		last;
	}
}
waitpid $pid, 0;
exit 97 if $late || @steps;
exit(($? & 127) ? 128 + ($? & 127) : $? >> 8);
