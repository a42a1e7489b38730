#!/usr/bin/perl
# hook_sink.pl DIR: a receiver of webhooks on a free port of 127.0.0.1.  Writes
# DIR/port, then for the Nth request DIR/N.head and DIR/N.body (the head last).
# The first part of the path names a file in DIR: its text is the status of the
# answer, "hang" for none; without the file it is 200.
use strict;
use warnings;
use IO::Socket::INET;

my $dir = shift or die "usage: hook_sink.pl DIR\n";
my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0,
    Proto => 'tcp', Listen => 64, ReuseAddr => 1) or die "listen: $!\n";
my $n = 0;
my @kept;
$SIG{PIPE} = 'IGNORE';

sub put {
	my ($name, $text) = @_;
	open(my $f, '>', "$dir/.new") or die "$dir: $!\n";
	binmode $f;
	print $f $text;
	close $f;
	rename "$dir/.new", "$dir/$name";
}

sub answer {
	my $path = shift;
	my ($name) = $path =~ m{^/(\w+)};
	return 200 unless defined $name && open(my $f, '<', "$dir/$name");
	my $text = <$f> // '';
	chomp $text;
	return $text;
}

put('port', $listen->sockport . "\n");
while (my $c = $listen->accept) {
	my ($head, $body, $length) = ('', '', 0);
	$c->timeout(5);
	while (my $line = <$c>) {
		$head .= $line;
		last if $line eq "\r\n";
	}
	$length = $1 if $head =~ /^content-length:\s*(\d+)/im;
	read($c, $body, $length) if $length > 0;
	my ($path) = $head =~ m{^\S+ (\S+)};
	next unless defined $path;
	$n++;
	my $status = answer($path);
	put("$n.body", $body);
	put("$n.head", $head);
	if ($status eq 'hang') {
		push @kept, $c;
		next;
	}
	my $extra = $status =~ /^3/ ? "Location: http://127.0.0.1/away\r\n" : '';
	print $c "HTTP/1.1 $status Answer\r\nContent-Length: 6\r\n",
	    "Content-Type: text/plain\r\nX-Sink: $n\r\n$extra",
	    "Connection: close\r\n\r\nanswer";
	close $c;
}
