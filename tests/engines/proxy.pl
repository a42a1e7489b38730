# proxy.pl AT ENGINE DIR: stands between coffer and an engine's socket.  For each POST `sh DIR/hook PATH` runs first; what it
# writes is the reply, and the engine is not asked.
use strict;
use IO::Select;
use IO::Socket::UNIX;

my ($at, $engine, $dir) = @ARGV;
$SIG{CHLD} = 'DEFAULT';
$SIG{PIPE} = 'IGNORE';
umask 0077;
my $l = IO::Socket::UNIX->new(Local => $at, Listen => 64) or die "$at: $!";

sub hook {
	open my $f, '-|', 'sh', "$dir/hook", $_[0] or return '';
	local $/;
	my $said = <$f>;
	close $f;
	return $said // '';
}

sub put {
	my ($to, $bytes) = @_;
	while (length $bytes) {
		my $n = syswrite $to, $bytes;
		exit 0 if !defined $n;
		substr $bytes, 0, $n, '';
	}
}

sub relay {
	my $c = shift;
	my $s = IO::Socket::UNIX->new(Peer => $engine) or exit 1;
	my $set = IO::Select->new($c, $s);
	while ($set->count) {
		for my $from ($set->can_read) {
			my ($to, $bytes) = ($from == $c ? $s : $c);
			if (!sysread $from, $bytes, 65536) {
				$set->remove($from);
				shutdown $to, 1;
				next;
			}
			my $said = $from == $c && $bytes =~ m{^POST (\S+)} ? hook($1) : '';
			if ($said ne '') {
				put($c, $said);
				exit 0;
			}
			put($to, $bytes);
		}
	}
	exit 0;
}

while (my $c = $l->accept) {
	# A child of a child, which nobody waits for.
	my $pid = fork;
	if (!$pid) {
		close $l;
		fork and exit 0;
		relay($c);
	}
	waitpid $pid, 0;
	close $c;
}
