#!/usr/bin/perl
# A forge's API on loopback.  mirror_github.pl DIR: the port goes to DIR/port;
# each request is a line of DIR/log: "METHOD PATH etag=... auth=...".
# DIR/mode says what is answered: ok, moved, rate, gone, refused, broken;
# DIR/body is the repository, DIR/etag its version.
use strict;
use warnings;
use IO::Socket::INET;

my $dir = shift or die "usage: mirror_github.pl DIR\n";
my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0,
    Listen => 20, ReuseAddr => 1) or die "listen: $!\n";

sub slurp {
	open(my $f, '<', "$dir/$_[0]") or return '';
	local $/;
	my $text = <$f>;
	$text =~ s/\n\z// if defined $text;
	return $text // '';
}

open(my $p, '>', "$dir/port.new") or die;
print $p $s->sockport, "\n";
close($p);
rename("$dir/port.new", "$dir/port");

while (my $c = $s->accept) {
	my ($line, %h) = ('');
	$line = <$c> // '';
	while (my $l = <$c>) {
		last if $l =~ /^\r?\n$/;
		$h{lc $1} = $2 if $l =~ /^([^:]+):\s*(.*?)\r?\n$/;
	}
	my ($method, $path) = $line =~ /^(\S+) (\S+)/ or next;
	open(my $log, '>>', "$dir/log") or die;
	printf $log "%s %s etag=%s auth=%s\n", $method, $path,
	    $h{'if-none-match'} // '-', $h{authorization} // '-';
	close($log);
	my ($mode, $etag) = (slurp('mode'), slurp('etag'));
	my ($status, $extra, $body) = ('200 OK', '', slurp('body'));
	if ($mode eq 'moved') {
		($status, $body) = ('301 Moved Permanently',
		    '{"message":"Moved Permanently"}');
		$extra = "Location: https://api.github.com/repositories/42\r\n";
	} elsif ($mode eq 'rate') {
		($status, $body) = ('403 rate limit exceeded',
		    '{"message":"API rate limit exceeded"}');
		$extra = "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: " .
		    (time + 3600) . "\r\n";
	} elsif ($mode eq 'gone') {
		($status, $body) = ('404 Not Found', '{"message":"Not Found"}');
	} elsif ($mode eq 'refused') {
		($status, $body) = ('401 Unauthorized',
		    '{"message":"Bad credentials"}');
	} elsif ($mode eq 'broken') {
		$body = '{"full_name":[';
	} elsif ($etag ne '' && ($h{'if-none-match'} // '') eq $etag) {
		($status, $body) = ('304 Not Modified', '');
	}
	$extra .= "ETag: $etag\r\n" if $etag ne '' && $mode eq 'ok';
	print $c "HTTP/1.1 $status\r\n${extra}Content-Type: application/json" .
	    "\r\nContent-Length: " . length($body) .
	    "\r\nConnection: close\r\n\r\n$body";
	close($c);
}
