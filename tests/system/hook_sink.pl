#!/usr/bin/perl
# hook_sink.pl DIR: a receiver of webhooks on a free port of 127.0.0.1.  Writes
# DIR/port, then for the Nth request DIR/N.head and DIR/N.body (the head last).
# The first part of the path names a file in DIR: its text is the status of the
# answer, "hang" for none, "endless" for a body without an end; without the file
# it is 200.  Below /list/NAME a request is a line in DIR/NAME.list instead: its
# delivery id and the id of its comment.
use strict;
use warnings;
use IO::Socket::INET;

my $dir = shift or die "usage: hook_sink.pl DIR\n";
my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0,
    Proto => 'tcp', Listen => 64, ReuseAddr => 1) or die "listen: $!\n";
my $n = 0;
my @kept;
my $rest = 'x' x 8192;
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
	my $status = answer($path);
	if ($path =~ m{^/list/(\w+)}) {
		my $name = $1;
		my ($id) = $head =~ /^x-gitea-delivery: (\S+)\r$/im;
		my ($comment) = $body =~ /"comment":\{"id":(\d+)/;
		open(my $f, '>>', "$dir/$name.list") or die "$dir: $!\n";
		print $f "$id $comment\n";
		close $f;
		print $c "HTTP/1.1 $status Answer\r\nContent-Length: 0\r\n",
		    "Connection: close\r\n\r\n";
		close $c;
		next;
	}
	$n++;
	put("$n.body", $body);
	put("$n.head", $head);
	if ($status eq 'hang') {
		push @kept, $c;
		next;
	}
	if ($status eq 'endless') {
		print $c "HTTP/1.1 200 Answer\r\nConnection: close\r\n\r\n";
		my $sent = 0;
		$sent += length $rest while syswrite $c, $rest;
		put('endless.sent', "$sent\n");
		close $c;
		next;
	}
	my $extra = $status =~ /^3/ ? "Location: http://127.0.0.1/away\r\n" : '';
	print $c "HTTP/1.1 $status Answer\r\nContent-Length: 6\r\n",
	    "Content-Type: text/plain\r\nX-Sink: $n\r\n$extra",
	    "Connection: close\r\n\r\nanswer";
	close $c;
}
