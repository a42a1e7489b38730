#!/usr/bin/perl
# cli_evil.pl DIR: a server that means harm to who asks it by `coffer`.  What
# it does is its path's first part: /escapes answers everything with texts that
# a terminal obeys, in the shape that the path asks for; /html, /empty, /deep,
# /huge, /junk and /bad are no API; /away sends one elsewhere (DIR/away has
# where).  What it heard goes to DIR/heard, the port to DIR/port.
use strict;
use warnings;
use IO::Socket::INET;
use POSIX ();

# Colour, a title, a bell, bidi, CSI in one character, what has no width.
my $evil = 'E\u001b[31m\u001b]0;T\u0007\u202e\u009b5n\u200b\udb40\udc41Z';
my $dir = shift or die "usage: cli_evil.pl DIR\n";
my $listen = IO::Socket::INET->new(
    Listen => 16, LocalAddr => '127.0.0.1', ReuseAddr => 1) or die "listen: $!";
open my $out, '>', "$dir/port.new" or die $!;
print $out $listen->sockport, "\n";
close $out;
rename "$dir/port.new", "$dir/port" or die $!;
$SIG{CHLD} = 'IGNORE';
$SIG{PIPE} = 'IGNORE';
$SIG{TERM} = sub { exit 0 };
while (1) {
	my $c = $listen->accept or next;
	my $pid = fork;
	if (defined $pid && $pid == 0) {
		close $listen;
		serve($c);
		POSIX::_exit(0);
	}
	close $c;
}

sub reply {
	my ($c, $status, $body, @more) = @_;
	print $c join("\r\n", "HTTP/1.1 $status X", @more,
		'Content-Type: application/json', 'Connection: close',
		'Content-Length: ' . length $body, '', $body);
}

sub thing {
	my @plain = qw(title body state login ref sha kind why what message
	    clone_url upstream default_branch context description status via
	    origin subject command agent access base verdict branch head text
	    reason network mode summary created_at updated_at at started_at
	    ended_at preset profile label path event last first process proto
	    address health objects commit_id base_sha driver to);
	my @nested = qw(user sandbox mirror settings repository use prove);
	return join ',', '{"id":1,"number":1,"seq":1,"name":"calc","full_name":"acme/calc"',
	    (map { qq("$_":"$evil") } @plain),
	    map { my $k = $_; qq("$k":{) . join(',', map { qq("$_":"$evil") }
		    qw(login state why error agent kept result network at health)) . '}' } @nested;
}

sub escapes {
	my ($c, $path) = @_;
	my $t = thing();
	return reply($c, 403, qq({"message":"$evil"})) if $path =~ /refused/;
	return reply($c, 200, "[$t}]")
	    if $path =~ m{(issues|pulls|comments|reviews|runs|users|tokens|projects|runners|approvals|jobs|kept|presets|log|fetches)(\?|$)};
	reply($c, 200, $t . join('', map { qq(,"$_":[$t}]) }
		    qw(rows events requirements findings allow deny presets projects)) .
		',"open":false,"last_seq":1}');
}

sub serve {
	my $c = shift;
	my $line = <$c> // return;
	my ($mode, $path) = $line =~ m{^[A-Z]+ /([a-z]+)(\S*) HTTP/1} or return;
	my $head = '';
	while (defined(my $l = <$c>)) {
		last if $l =~ /^\r?\n$/;
		$head .= $l;
	}
	open my $heard, '>>', "$dir/heard" or die $!;
	print $heard $line, $head;
	close $heard;
	return escapes($c, $path) if $mode eq 'escapes';
	return reply($c, 200, '<html>Sign in</html>') if $mode eq 'html';
	return reply($c, 200, '') if $mode eq 'empty';
	return reply($c, 200, '[' x 200000) if $mode eq 'deep';
	return reply($c, 200, '[1,"x",null,{"number":"x","title":5,"user":7,"state":[]}]') if $mode eq 'bad';
	return print $c "SSH-2.0-OpenSSH\r\n" if $mode eq 'junk';
	if ($mode eq 'huge') {
		print $c "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n[";
		my $part = '{"number":1,"title":"' . 'x' x 65000 . '"},';
		1 while print $c $part;
		return;
	}
	open my $f, '<', "$dir/away" or die $!;
	chomp(my $to = <$f>);
	reply($c, 302, '', "Location: $to/html");
}
