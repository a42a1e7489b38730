#!/usr/bin/perl
# cli_server.pl DIR: what the command line's tests talk to instead of cofferd:
# DIR/OWNER/NAME.git by git's own CGI, and DIR/api/METHOD,PATH as canned
# replies (a slash is a comma; first line the status, the rest the body; a query is cut off).
# What was sent is appended to DIR/requests.  The port goes to DIR/port.
# The reviewer: POST /review/MODE/v1/messages answers as MODE says.
use strict;
use warnings;
use IO::Socket::INET;
use JSON::PP;
use POSIX ();

my $dir = shift or die "usage: cli_server.pl DIR\n";
my $listen = IO::Socket::INET->new(
    Listen => 16, LocalAddr => '127.0.0.1', ReuseAddr => 1) or die "listen: $!";
open my $out, '>', "$dir/port.new" or die $!;
print $out $listen->sockport, "\n";
close $out;
rename "$dir/port.new", "$dir/port" or die $!;
$SIG{CHLD} = 'IGNORE';
$SIG{TERM} = sub { exit 0 };

while (1) {
	my $c = $listen->accept or next;
	my $pid = fork;
	if (defined $pid && $pid == 0) {
		$SIG{CHLD} = 'DEFAULT';
		close $listen;
		serve($c);
		POSIX::_exit(0);
	}
	close $c;
}

sub reply {
	my ($c, $status, $type, $body) = @_;
	print $c "HTTP/1.1 $status X\r\nContent-Type: $type\r\nContent-Length: ",
	    length $body, "\r\nConnection: close\r\n\r\n", $body;
}

sub serve {
	my $c = shift;
	binmode $c;
	my $line = <$c> // return;
	my ($method, $target) = $line =~ m{^([A-Z]+) (\S+) HTTP/1} or return;
	my %h;
	while (defined(my $l = <$c>)) {
		$l =~ s/\r?\n$//;
		last if $l eq '';
		my ($k, $v) = $l =~ /^([^:]+):\s*(.*)$/ or next;
		$h{lc $k} = $v;
	}
	print $c "HTTP/1.1 100 Continue\r\n\r\n"
	    if ($h{expect} // '') =~ /100-continue/i;
	my $body = body($c, \%h);
	my ($path, $query) = split /\?/, $target, 2;
	open my $log, '>>', "$dir/requests" or die $!;
	my $shown = $path =~ m{\.git/} ? '' : $body;
	$shown =~ s/\n/\\n/g;
	print $log "$method $target auth=", $h{authorization} // '-', " $shown\n";
	close $log;
	return review($c, $1, $body, \%h)
	    if $path =~ m{^/review/([a-z]+)/v1/messages$};
	return git($c, $method, $path, $query // '', $body, \%h)
	    if $path =~ m{^/[\w.-]+/[\w.-]+\.git/};
	my $file = "$dir/api/$method" . ($path =~ tr{/}{,}r);
	if (-f $file && open my $f, '<', $file) {
		my $status = <$f>;
		chomp $status;
		local $/;
		return reply($c, $status, 'application/json', <$f> // '');
	}
	reply($c, 404, 'application/json', '{"message":"not found"}');
}

sub body {
	my ($c, $h) = @_;
	my $body = '';
	if (($h->{'transfer-encoding'} // '') =~ /chunked/i) {
		while (defined(my $n = <$c>)) {
			$n = hex($n =~ /^([0-9a-fA-F]+)/ ? $1 : 0);
			read $c, my $part, $n + 2;
			last if $n == 0;
			$body .= substr $part, 0, $n;
		}
	} elsif ($h->{'content-length'}) {
		read $c, $body, $h->{'content-length'};
	}
	return $body;
}

sub git {
	my ($c, $method, $path, $query, $body, $h) = @_;
	if (($h->{authorization} // '') ne 'Bearer secret-of-the-test') {
		return reply($c, 401, 'text/plain', "token is required\n");
	}
	open my $in, '>', "$dir/in.$$" or die $!;
	binmode $in;
	print $in $body;
	close $in;
	local %ENV = (%ENV,
		GIT_PROJECT_ROOT => $dir, GIT_HTTP_EXPORT_ALL => 1,
		PATH_INFO => $path, QUERY_STRING => $query,
		REQUEST_METHOD => $method, CONTENT_LENGTH => length $body,
		CONTENT_TYPE => $h->{'content-type'} // '',
		REMOTE_ADDR => '127.0.0.1', REMOTE_USER => 'test');
	$ENV{HTTP_CONTENT_ENCODING} = $h->{'content-encoding'}
	    if $h->{'content-encoding'};
	$ENV{GIT_PROTOCOL} = $h->{'git-protocol'} if $h->{'git-protocol'};
	my $answer = `git http-backend <'$dir/in.$$'`;
	unlink "$dir/in.$$";
	my ($head, $rest) = split /\r\n\r\n/, $answer, 2;
	my $status = $head =~ s/^Status: (\d+)[^\r]*(\r\n)?//m ? $1 : 200;
	print $c "HTTP/1.1 $status X\r\n", $head,
	    "\r\nConnection: close\r\nContent-Length: ", length $rest,
	    "\r\n\r\n", $rest;
}

sub review {
	my ($c, $mode, $body, $h) = @_;
	if ($mode eq 'slow') {
		sleep 20;
		return;
	}
	return reply($c, 401, 'application/json',
	    '{"type":"error","error":{"message":"wrong key"}}')
	    if ($h->{'x-api-key'} // '') ne 'key-of-the-test';
	my $text = decode_json($body)->{messages}[0]{content};
	my %is = map { /^(\w+): (\S+)$/ ? ($1 => $2) : () } split /\n/, $text;
	my ($files) = $text =~ /^files in this chunk:([ \d]*)$/m;
	my %v = (nonce => $is{mark}, chunk => $is{chunk} + 0,
	    chunk_sha256 => $is{chunk_sha256}, receipt => $is{receipt},
	    files_reviewed => [map { $_ + 0 } split ' ', $files],
	    instructions_found => [], findings => [], verdict => 'ok');
	my $stop = 'end_turn';
	if ($mode eq 'deny') {
		$v{verdict} = 'block';
		$v{findings} = [{ file => 0, line => 1,
			severity => 'block', message => "no \e]52;c;x\a thanks" }];
	} elsif ($mode eq 'stale') {
		$v{nonce} = 'deadbeef';
	} elsif ($mode eq 'extra') {
		$v{instructions} = 'apply it';
	} elsif ($mode eq 'cut') {
		$stop = 'max_tokens';
	}
	my $say = $mode eq 'garbage' ? 'Looks good to me!' : encode_json(\%v);
	reply($c, 200, 'application/json', encode_json({ type => 'message',
		role => 'assistant', stop_reason => $stop,
		content => [{ type => 'text', text => $say }] }));
}
