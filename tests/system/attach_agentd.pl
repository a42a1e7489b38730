#!/usr/bin/perl
# attach_agentd.pl SOCKET MODE KEY: a coffer-agentd whose sandbox is hostile.
# KEY is the public host key that it tells.  What the client sends is read and
# thrown away, but with MODE sshd, where it goes to the command in $SSHD.
use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;
use IPC::Open2;

my ($path, $mode, $key) = @ARGV;
my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 5) or die $!;
$SIG{PIPE} = 'IGNORE';
alarm 120;

sub frame {
	my ($c, $type, $bytes) = @_;
	return syswrite($c, pack('NC', length($bytes) + 1, $type) . $bytes);
}

# Frames of the client's from its buffer to the server's input.
sub feed {
	my ($buf, $to) = @_;
	while (length($$buf) >= 5) {
		my ($n, $type) = unpack 'NC', $$buf;
		last if length($$buf) < 4 + $n;
		syswrite $to, substr($$buf, 5, $n - 1) if $type == 1;
		substr($$buf, 0, 4 + $n) = '';
	}
}

sub serve {
	my ($c) = @_;
	my $pid = open2(my $out, my $in, $ENV{SSHD});
	my $buf = '';
	my $sel = IO::Select->new($c, $out);
	while (my @ready = $sel->can_read(20)) {
		for my $fh (@ready) {
			my $n = sysread $fh, my $part, 16384;
			if (!$n) { kill 'TERM', $pid; waitpid $pid, 0; return }
			if ($fh == $out) { frame($c, 1, $part); next }
			$buf .= $part;
			feed(\$buf, $in);
		}
	}
}

my %modes = (
	error => sub { frame($_[0], 5, "why \e]0;title\a\e[31m\x{7f}") },
	keyless => sub { frame($_[0], 1, "SSH-2.0-x\r\n") },
	badkey => sub { frame($_[0], 6, "ssh-rsa AAAA"); frame($_[0], 1, "SSH-2.0-x\r\n") },
	gone => sub { frame($_[0], 6, $key) },
	junk => sub {
		frame($_[0], 6, $key);
		frame($_[0], 1, "SSH-2.0-x\r\n");
		srand 7;
		frame($_[0], 1, join '', map { chr int rand 256 } 1 .. 16000)
		    for 1 .. 100;
	},
	banner => sub {
		frame($_[0], 6, $key);
		for (1 .. 5000) { frame($_[0], 1, 'x' x 16000) or last }
	},
	lines => sub {
		frame($_[0], 6, $key);
		for (1 .. 3000) { frame($_[0], 1, "x\n" x 8000) or last }
	},
	length => sub {
		frame($_[0], 6, $key);
		frame($_[0], 1, "SSH-2.0-x\r\n" . pack('N', 0x7fffffff) . 'y' x 9000);
	},
	frame => sub { syswrite $_[0], pack('NC', 0xffffffff, 1) . 'x' x 100 },
	sshd => sub { frame($_[0], 6, $key); serve($_[0]) },
);

while (my $c = $listener->accept) {
	my $hello = '';
	while ($hello !~ /\n/) { sysread($c, $hello, 1, length $hello) or last }
	$modes{$mode}->($c);
	close $c;
}
