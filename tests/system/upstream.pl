#!/usr/bin/perl
# upstream.pl DIR: an HTTP upstream that can misbehave, on a free port of
# 127.0.0.1, written to DIR/port.  It serves DIR/*.git by git http-backend.
# DIR/log gets a line for each connection and request; DIR/mode, read at each
# request, has lines "KIND ACTION [ARGUMENT...]" of which the first that fits
# counts.  KIND: info, ls, poll (an ls that cofferd sends itself), fetch or
# any.  ACTION:
#   status CODE [NAME=VALUE ...]  a reply without content
#   redirect CODE URL             to URL and the request's path
#   hang                          nothing, for a minute
#   drip BYTES                    so much of the reply, then nothing
#   cut BYTES                     so much of the reply, then the end
#   corrupt BYTES                 one byte, so far from the end, is another
#   sub OLD NEW                   in the reply, of the same length
#   refs FILE                     its lines are the list of refs
#   echo                          what came as Authorization, in every way
# upstream.pl --tls DIR PORT CERT KEY: a TLS door to that port; its own port is
# written to DIR/tls.port, a line for each connection to DIR/tls.log.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use IPC::Open2;

$SIG{CHLD} = 'IGNORE';
$| = 1;

sub note {
	my ($file, $text) = @_;
	open(my $f, '>>', $file) or die $file;
	syswrite($f, "$text\n");
	close($f);
}

sub listen_at {
	my ($file) = @_;
	my $s = IO::Socket::INET->new(Listen => 64, ReuseAddr => 1,
	    LocalAddr => '127.0.0.1', LocalPort => 0) or die "listen: $!";
	open(my $f, '>', "$file.new") or die $file;
	print $f $s->sockport, "\n";
	close($f);
	rename("$file.new", $file);
	return $s;
}

sub serve {
	my ($listener, $fn) = @_;
	my $parent = $$;
	while (1) {
		my $c = $listener->accept or next;
		my $pid = fork;
		if (!defined $pid) { close($c); next; }
		if ($pid == 0) {
			close($listener);
			$SIG{CHLD} = 'DEFAULT';
			$SIG{ALRM} = sub { exit 0 };
			alarm(90);
			$fn->($c, $parent);
			exit 0;
		}
		close($c);
	}
}

# --- the door

if ($ARGV[0] eq '--tls') {
	my (undef, $dir, $port, $cert, $key) = @ARGV;
	my $l = listen_at("$dir/tls.port");
	serve($l, sub {
		my ($c) = @_;
		note("$dir/tls.log", "connection $$");
		# openssl takes at most 31 bytes.
		my $path = "tls.$$";
		chdir $dir or exit 1;
		my $back = IO::Socket::INET->new(
		    PeerAddr => '127.0.0.1', PeerPort => $port) or exit 1;
		my $pid = open2(my $out, my $in, 'openssl', 's_server',
		    '-unix', $path, '-naccept', '1', '-quiet',
		    '-cert', $cert, '-key', $key) or exit 1;
		my $tls;
		for (1 .. 200) {
			$tls = IO::Socket::UNIX->new(Peer => $path) and last;
			select(undef, undef, undef, 0.02);
		}
		my %to = ($c => $tls, $tls => $c, $back => $in, $out => $back);
		my $s = IO::Select->new($c, $tls, $back, $out);
		ROUND: while (my @ready = $s->can_read(80)) {
			for my $fd (@ready) {
				my $n = sysread($fd, my $buf, 65536);
				last ROUND if !$n && $fd != $back;
				if (!$n) {
					# What is on its way may arrive.
					$s->remove($back);
					alarm(1);
					next;
				}
				my $at = 0;
				while ($at < $n) {
					my $w = syswrite($to{$fd}, $buf, $n - $at, $at);
					last ROUND if !$w;
					$at += $w;
				}
			}
		}
		kill 'KILL', $pid;
		unlink $path;
	});
}

# --- the upstream

my ($dir) = @ARGV;
my $listener = listen_at("$dir/port");

sub lines {
	my ($file) = @_;
	open(my $f, '<', $file) or return ();
	my @l = <$f>;
	chomp @l;
	return @l;
}

sub request {
	my ($c, $buf) = @_;
	while ($$buf !~ /\r\n\r\n/) {
		sysread($c, $$buf, 65536, length $$buf) or return;
	}
	$$buf =~ s/^(.*?)\r\n\r\n//s;
	my ($first, @h) = split /\r\n/, $1;
	my ($method, $path) = split / /, $first;
	my %h = map { my ($k, $v) = split /:\s*/, $_, 2; (lc $k, $v) } @h;
	my $body = '';
	if (($h{'transfer-encoding'} // '') eq 'chunked') {
		while (1) {
			while ($$buf !~ /\r\n/) {
				sysread($c, $$buf, 65536, length $$buf) or return;
			}
			$$buf =~ s/^([0-9a-fA-F]+)[^\r]*\r\n//;
			my $n = hex $1;
			while (length $$buf < $n + 2) {
				sysread($c, $$buf, 65536, length $$buf) or return;
			}
			$body .= substr($$buf, 0, $n);
			substr($$buf, 0, $n + 2) = '';
			last if $n == 0;
		}
	} else {
		my $n = $h{'content-length'} // 0;
		while (length $$buf < $n) {
			sysread($c, $$buf, 65536, length $$buf) or return;
		}
		$body = substr($$buf, 0, $n);
		substr($$buf, 0, $n) = '';
	}
	return ($method, $path, \%h, $body);
}

# The reply of git http-backend: headers and body.
sub backend {
	my ($method, $path, $h, $body) = @_;
	my ($p, $q) = split /\?/, $path, 2;
	local $ENV{GIT_PROJECT_ROOT} = $dir;
	local $ENV{GIT_HTTP_EXPORT_ALL} = 1;
	local $ENV{REQUEST_METHOD} = $method;
	local $ENV{PATH_INFO} = $p;
	local $ENV{QUERY_STRING} = $q // '';
	local $ENV{CONTENT_TYPE} = $h->{'content-type'} // '';
	local $ENV{CONTENT_LENGTH} = length $body;
	local $ENV{GIT_PROTOCOL} = $h->{'git-protocol'} // '';
	local $ENV{HTTP_CONTENT_ENCODING} = $h->{'content-encoding'} // '';
	my $file = "$dir/in.$$";
	open(my $f, '>', $file) or die;
	print $f $body;
	close($f);
	my $out = `git http-backend <'$file' 2>>'$dir/err'`;
	unlink $file;
	$out =~ s/^(.*?)\r?\n\r?\n//s;
	my %r = map { my ($k, $v) = split /:\s*/, $_, 2; (lc $k, $v) }
	    split /\r?\n/, $1 // '';
	return (\%r, $out);
}

sub pkt { return sprintf('%04x', 4 + length $_[0]) . $_[0]; }

sub head {
	my ($code, $length, %h) = @_;
	my $t = "HTTP/1.1 $code X\r\nContent-Length: $length\r\n";
	$t .= "$_: $h{$_}\r\n" for sort keys %h;
	return "$t\r\n";
}

sub put {
	my ($c, $data) = @_;
	my $at = 0;
	while ($at < length $data) {
		my $n = syswrite($c, $data, length($data) - $at, $at) or exit 0;
		$at += $n;
	}
}

sub answer {
	my ($c, $method, $path, $h, $body) = @_;
	my $kind = $method eq 'GET' ? 'info'
	    : $body =~ /command=ls-refs/ ? 'ls' : 'fetch';
	my ($action, @arg) = ('ok');
	for (lines("$dir/mode")) {
		my ($k, $a, @r) = split / /;
		next unless $k eq $kind || $k eq 'any' ||
		    ($k eq 'poll' && $body =~ m{agent=git/cofferd});
		($action, @arg) = ($a, @r);
		last;
	}
	note("$dir/log", "$kind $action $path $$ " . ($h->{authorization} // '-'));
	if ($action eq 'hang') {
		sleep 60;
		exit 0;
	}
	if ($action eq 'status') {
		my $code = shift @arg;
		put($c, head($code, 0, map { split /=/, $_, 2 } @arg));
		return 1;
	}
	if ($action eq 'redirect') {
		put($c, head($arg[0], 0, Location => $arg[1] . $path));
		return 1;
	}
	my %type = ('Content-Type' => $kind eq 'info'
	    ? 'application/x-git-upload-pack-advertisement'
	    : 'application/x-git-upload-pack-result');
	if ($action eq 'refs') {
		my $t = join '', map { pkt("$_\n") } lines($arg[0]);
		put($c, head(200, 4 + length $t, %type) . $t . '0000');
		return 1;
	}
	if ($action eq 'echo') {
		my $t = pkt('ERR you sent ' . ($h->{authorization} // '-'));
		put($c, head(200, length $t, %type, 'X-Echo' => $h->{authorization}
		    // '-') . $t);
		return 1;
	}
	my ($r, $out) = backend($method, $path, $h, $body);
	my ($code) = split / /, $r->{status} // '200';
	$type{'Content-Type'} = $r->{'content-type'} // 'text/plain';
	if ($action eq 'sub') {
		$out =~ s/\Q$arg[0]\E/$arg[1]/g;
	} elsif ($action eq 'corrupt') {
		substr($out, -$arg[0], 1) ^= "\x55";
	}
	put($c, head($code, length $out, %type));
	if ($action eq 'cut' || $action eq 'drip') {
		put($c, substr($out, 0, $arg[0]));
		sleep 60 if $action eq 'drip';
		return 0;
	}
	put($c, $out);
	return ($h->{connection} // '') ne 'close';
}

serve($listener, sub {
	my ($c) = @_;
	my $buf = '';
	note("$dir/log", "connection $$");
	while (my @r = request($c, \$buf)) {
		answer($c, @r) or last;
	}
});
