#!/usr/bin/perl
# A git smart HTTP server on loopback for demos and tests: git's own
# http-backend as a CGI, one process per connection, fetch only.
#   git-http.pl ROOT PORTFILE     serves ROOT/*.git, writes the port it got
use strict;
use warnings;
use IO::Socket::INET;

my ($root, $portfile) = @ARGV;
die "usage: git-http.pl ROOT PORTFILE\n" unless defined $portfile;
my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64, ReuseAddr => 1)
    or die "listen: $!\n";
open(my $pf, '>', "$portfile.new") or die "$portfile: $!\n";
print $pf $listen->sockport, "\n";
close($pf);
rename("$portfile.new", $portfile) or die "$portfile: $!\n";
$SIG{CHLD} = 'IGNORE';
$SIG{TERM} = sub { exit 0 };

sub read_body {
	my ($c, $h) = @_;
	my $body = '';
	if (lc($h->{'transfer-encoding'} // '') eq 'chunked') {
		while (1) {
			my $size = <$c>;
			last unless defined $size && $size =~ /^([0-9a-fA-F]{1,8})/;
			my $n = hex($1);
			read($c, my $part, $n) == $n or return undef if $n > 0;
			$body .= $part if $n > 0;
			<$c>;
			last if $n == 0;
		}
	} elsif (my $n = $h->{'content-length'}) {
		return undef if $n !~ /^\d{1,9}$/;
		read($c, $body, $n) == $n or return undef;
	}
	return $body;
}

sub serve {
	my ($c) = @_;
	my $line = <$c> // return;
	my ($method, $path, $query) = $line =~ m{^(GET|POST) ([^ ?]+)(?:\?(\S*))? HTTP/1\.[01]\r?$}
	    or return;
	my %h;
	while (defined(my $l = <$c>)) {
		$l =~ s/\r?\n$//;
		last if $l eq '';
		$h{lc $1} = $2 if $l =~ /^([A-Za-z0-9-]+):\s*(.*)$/;
	}
	print $c "HTTP/1.1 100 Continue\r\n\r\n" if lc($h{'expect'} // '') eq '100-continue';
	my $body = read_body($c, \%h) // return;
	local %ENV = (
		PATH => '/usr/bin:/bin', GIT_PROJECT_ROOT => $root, GIT_HTTP_EXPORT_ALL => '1',
		GIT_CONFIG_COUNT => '1', GIT_CONFIG_KEY_0 => 'safe.directory', GIT_CONFIG_VALUE_0 => '*',
		GIT_CONFIG_NOSYSTEM => '1', HOME => '/nonexistent',
		REQUEST_METHOD => $method, PATH_INFO => $path, QUERY_STRING => $query // '',
		CONTENT_TYPE => $h{'content-type'} // '', CONTENT_LENGTH => length($body),
		HTTP_CONTENT_ENCODING => $h{'content-encoding'} // '', REMOTE_ADDR => '127.0.0.1',
		defined $h{'git-protocol'} ? (GIT_PROTOCOL => $h{'git-protocol'}) : (),
	);
	open(my $in, '+>', undef) or return;
	binmode($in);
	print $in $body;
	$in->flush;
	seek($in, 0, 0);
	open(STDIN, '<&', $in) or return;
	open(my $git, '-|', 'git', 'http-backend') or return;
	binmode($git);
	my ($status, $head) = ('200 OK', '');
	while (defined(my $l = <$git>)) {
		$l =~ s/\r?\n$//;
		last if $l eq '';
		if ($l =~ /^Status: (.*)/) { $status = $1 } else { $head .= "$l\r\n" }
	}
	print $c "HTTP/1.1 $status\r\n${head}Connection: close\r\n\r\n";
	while (read($git, my $buf, 65536)) { print $c $buf }
	close($git);
}

while (1) {
	my $c = $listen->accept or next;
	my $pid = fork();
	next if $pid;
	$SIG{CHLD} = 'DEFAULT';
	binmode($c);
	serve($c);
	$c->flush;
	shutdown($c, 1);
	exit 0;
}
