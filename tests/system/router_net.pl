#!/usr/bin/perl
# router_net.pl: the peers of the router's tests.
#   sink FILE ADDR...          TCP and UDP on every port of interest; a line
#                              in FILE for each connection and datagram
#   connect ADDR PORT          prints "connected" or "refused" and the time
#   hold ADDR PORT             connects, then echoes lines of stdin
#   udp ADDR PORT TEXT         sends a datagram, prints the answer or "silent"
#   dns SERVER NAME TYPE [tcp] prints RCODE and the addresses
#   raw ADDR PORT HEX          sends bytes by UDP, prints the answer as hex
#   upstream FILE PORT         a resolver for *.test on 127.0.0.1
#   cofferd SOCKET FILE        prints the PROXY header of each connection
#   http ADDR PATH [TOKEN]     a GET on port 80, prints the answer
#   spoof SRC DST PORT [FLAGS] a TCP SYN with a forged source (raw socket), or
#                              a segment with data and these flags, in hex
#   echo ADDR BYTES [options]  an ICMP echo, prints what became of it
#   ask SOCKET LINE...         the router's control socket
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use Socket;
use Time::HiRes qw(time sleep alarm);

$| = 1;
$SIG{PIPE} = 'IGNORE';

sub note
{
	my ($file, $text) = @_;
	open(my $f, '>>', $file) or die "$file: $!";
	syswrite($f, "$text\n");
	close($f);
}

sub cmd_sink
{
	my ($file, @addrs) = @_;
	my @ports = (22, 25, 53, 80, 443, 853, 3000, 8080, 51820);
	my $sel = IO::Select->new;
	my %what;
	for my $a (@addrs) {
		for my $p (@ports) {
			for my $proto ('tcp', 'udp') {
				my $s = IO::Socket::INET->new(
				    LocalAddr => $a, LocalPort => $p,
				    Proto => $proto, ReuseAddr => 1,
				    ($proto eq 'tcp' ? (Listen => 16) : ()))
				    or die "$a:$p $proto: $!";
				$sel->add($s);
				$what{$s} = [$proto, "$a:$p"];
			}
		}
	}
	note($file, 'ready');
	while (my @r = $sel->can_read) {
		for my $s (@r) {
			my ($kind, $where) = @{ $what{$s} };
			if ($kind eq 'tcp') {
				my $c = $s->accept or next;
				note($file, "tcp $where from " . $c->peerhost);
				$sel->add($c);
				$what{$c} = ['conn', $where];
			} elsif ($kind eq 'udp') {
				my $from = recv($s, my $buf, 2000, 0);
				note($file, "udp $where");
				send($s, $buf, 0, $from);
			} else {
				my $n = sysread($s, my $buf, 2000);
				if (!$n) {
					$sel->remove($s);
					close($s);
					next;
				}
				chomp(my $t = $buf);
				note($file, "data $where $t");
				syswrite($s, "HTTP/1.1 101 Yes\r\n\r\n")
				    if $buf =~ m{^GET /ws };
				syswrite($s, $buf);
			}
		}
	}
}

sub cmd_connect
{
	my ($addr, $port) = @_;
	my $t = time;
	my $s = IO::Socket::INET->new(PeerAddr => $addr, PeerPort => $port,
	    Proto => 'tcp', Timeout => 3);
	my $ms = (time - $t) * 1000;
	print $s ? 'connected' : $ms < 1000 ? 'refused' : 'silent', "\n";
}

sub cmd_hold
{
	my ($addr, $port) = @_;
	my $s = IO::Socket::INET->new(PeerAddr => $addr, PeerPort => $port,
	    Proto => 'tcp', Timeout => 3) or die "connect: $!";
	print "open\n";
	while (my $line = <STDIN>) {
		syswrite($s, $line);
		my $ok = IO::Select->new($s)->can_read(2);
		my $n = $ok ? sysread($s, my $buf, 2000) : 0;
		print $n ? "echo\n" : "dead\n";
	}
}

sub cmd_udp
{
	my ($addr, $port, $text) = @_;
	my $s = IO::Socket::INET->new(PeerAddr => $addr, PeerPort => $port,
	    Proto => 'udp') or die;
	send($s, $text, 0) or do { print "refused\n"; return };
	if (IO::Select->new($s)->can_read(1)) {
		my $ok = defined recv($s, my $buf, 2000, 0);
		print $ok ? "answer\n" : "refused\n";
	} else {
		print "silent\n";
	}
}

my %types = (A => 1, NS => 2, CNAME => 5, NULL => 10, PTR => 12, TXT => 16,
    AAAA => 28, SVCB => 64, HTTPS => 65, AXFR => 252, ANY => 255);

sub dns_question
{
	my ($name, $type) = @_;
	my $q = join '', map { pack('C/a', $_) } split /\./, $name;
	return $q . pack('Cnn', 0, $type, 1);
}

sub dns_print
{
	my ($m) = @_;
	my ($id, $fl, $qd, $an) = unpack('n4', $m);
	my $at = 12;
	my @out;
	for (1 .. $qd) {
		while (my $n = ord substr($m, $at, 1)) { $at += $n + 1 }
		$at += 5;
	}
	for (1 .. $an) {
		my ($ptr, $type, $class, $ttl, $len) =
		    unpack('nnnNn', substr($m, $at, 12));
		push @out, inet_ntoa(substr($m, $at + 12, 4)) . "/$ttl"
		    if $type == 1;
		$at += 12 + $len;
	}
	my %names = (0 => 'NOERROR', 1 => 'FORMERR', 2 => 'SERVFAIL',
	    3 => 'NXDOMAIN', 4 => 'NOTIMP', 5 => 'REFUSED');
	print join(' ', $names{ $fl & 15 }, @out), "\n";
}

sub cmd_dns
{
	my ($server, $name, $type, $tcp) = @_;
	my $s = IO::Socket::INET->new(PeerAddr => $server, PeerPort => 53,
	    Proto => $tcp ? 'tcp' : 'udp', Timeout => 3)
	    or do { print "unreachable\n"; return };
	my $m = pack('n6', 4711, 0x100, 1, 0, 0, 0) .
	    dns_question($name, $types{$type});
	my $sel = IO::Select->new($s);
	if ($tcp) {
		syswrite($s, pack('n/a', $m));
		$sel->can_read(9) or do { print "silent\n"; return };
		sysread($s, my $head, 2) or do { print "closed\n"; return };
		sysread($s, my $buf, unpack('n', $head));
		dns_print($buf);
		return;
	}
	send($s, $m, 0);
	$sel->can_read(9) or do { print "silent\n"; return };
	defined recv($s, my $buf, 4096, 0) or do { print "unreachable\n"; return };
	dns_print($buf);
}

sub cmd_raw
{
	my ($addr, $port, $hex) = @_;
	my $s = IO::Socket::INET->new(PeerAddr => $addr, PeerPort => $port,
	    Proto => 'udp') or die;
	send($s, pack('H*', $hex), 0);
	if (IO::Select->new($s)->can_read(1)) {
		recv($s, my $buf, 4096, 0);
		print unpack('H*', $buf), "\n";
	} else {
		print "silent\n";
	}
}

my %zone = (
	'ok.test' => ['203.0.113.5'], 'other.test' => ['203.0.113.6'],
	'meta.test' => ['169.254.169.254'], 'azure.test' => ['168.63.129.16'],
	'mix.test' => ['203.0.113.5', '10.0.0.1', '192.168.77.9'],
	'host.test' => ['203.0.113.9'], 'big.test' => ['203.0.113.7'],
	'shared.test' => ['203.0.113.5'], 'evil.test' => ['203.0.113.6'],
);
my $flips = 0;

sub upstream_answer
{
	my ($m, $tcp) = @_;
	my $name = '';
	my $at = 12;
	while (my $n = ord substr($m, $at, 1)) {
		$name .= '.' if length $name;
		$name .= substr($m, $at + 1, $n);
		$at += $n + 1;
	}
	my $q = substr($m, 12, $at + 5 - 12);
	my $id = substr($m, 0, 2);
	return ($name, undef) if $name eq 'slow.test';
	return ($name, $id . pack('n5', 0x8182, 1, 0, 0, 0) . $q)
	    if $name eq 'fail.test';
	return ($name, $id . pack('n5', 0x8380, 1, 0, 0, 0) . $q)
	    if $name eq 'big.test' && !$tcp;
	if ($name eq 'alias.test') {
		my $to = join '', map { pack('C/a', $_) } split /\./, 'ok.test';
		$to .= "\0";
		my $a = pack('nnnNn/a', 0xc00c, 5, 1, 5, $to);
		my $off = 12 + length($q) + 12;
		$a .= pack('nnnNn/a', 0xc000 | $off, 1, 1, 99999,
		    inet_aton('203.0.113.5'));
		$a .= pack('nnnNn/a', 0xc00c, 16, 1, 60, "\3foo");
		return ($name, $id . pack('n5', 0x8180, 1, 3, 0, 0) . $q . $a);
	}
	my $list = $zone{$name};
	$list = ['203.0.113.6'] if $name =~ /\.wild\.test$/;
	# Good at first, private from then on.
	$list = [$flips++ ? '10.0.0.5' : '203.0.113.6'] if $name eq 'flip.test';
	return ($name, $id . pack('n5', 0x8183, 1, 0, 0, 0) . $q) if !$list;
	my $a = join '', map {
		pack('nnnNn/a', 0xc00c, 1, 1, 1, inet_aton($_)) } @$list;
	return ($name,
	    $id . pack('n5', 0x8180, 1, scalar @$list, 0, 0) . $q . $a);
}

sub cmd_upstream
{
	my ($file, $port) = @_;
	my $u = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
	    LocalPort => $port, Proto => 'udp') or die "udp $port: $!";
	my $t = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
	    LocalPort => $port, Proto => 'tcp', Listen => 8, ReuseAddr => 1)
	    or die "tcp $port: $!";
	my $sel = IO::Select->new($u, $t);
	note($file, 'ready');
	while (my @r = $sel->can_read) {
		for my $s (@r) {
			if ($s == $u) {
				my $from = recv($u, my $m, 4096, 0);
				my ($name, $a) = upstream_answer($m, 0);
				note($file, "udp $name");
				send($u, $a, 0, $from) if defined $a;
				next;
			}
			my $c = $t->accept or next;
			sysread($c, my $head, 2);
			sysread($c, my $m, unpack('n', $head));
			my ($name, $a) = upstream_answer($m, 1);
			note($file, "tcp $name");
			syswrite($c, pack('n/a', $a));
			close($c);
		}
	}
}

sub cmd_cofferd
{
	my ($path, $file) = @_;
	unlink $path;
	my $l = IO::Socket::UNIX->new(Local => $path, Listen => 512) or die $!;
	chmod 0660, $path;
	note($file, 'ready');
	while (my $c = $l->accept) {
		sysread($c, my $head, 16);
		my ($sig, $vc, $fam, $len) = unpack('a12CCn', $head);
		sysread($c, my $rest, $len);
		my ($src, $dst, $sp, $dp) = unpack('a4a4nn', $rest);
		my ($tag, $val) = unpack('Cn/a', substr($rest, 12));
		note($file, sprintf('proxy %s vc=%02x fam=%02x src=%s ' .
		    'tag=%02x project=%s',
		    $sig eq "\r\n\r\n\0\r\nQUIT\n" ? 'v2' : 'bad', $vc, $fam,
		    inet_ntoa($src), $tag, $val));
		sysread($c, my $req, 4096);
		my $body = (split /\r\n/, $req)[0];
		syswrite($c, "HTTP/1.1 200 OK\r\nContent-Length: " .
		    length($body) . "\r\nConnection: close\r\n\r\n$body");
		close($c);
	}
}

sub cmd_http
{
	my ($addr, $path, $token) = @_;
	my $auth = $token ? "Authorization: Bearer $token\r\n" : '';
	my $s = IO::Socket::INET->new(PeerAddr => $addr, PeerPort => 80,
	    Proto => 'tcp', Timeout => 3) or do { print "unreachable\n"; return };
	syswrite($s, "GET $path HTTP/1.1\r\nHost: coffer\r\n$auth" .
	    "Connection: close\r\n\r\n");
	my $all = '';
	while (IO::Select->new($s)->can_read(3) && sysread($s, my $b, 4096)) {
		$all .= $b;
	}
	$all =~ s/\r//g;
	print $all, "\n";
}

sub sum16
{
	my ($b) = @_;
	my $n = 0;
	$b .= "\0" if length($b) % 2;
	$n += $_ for unpack('n*', $b);
	$n = ($n >> 16) + ($n & 0xffff) while $n >> 16;
	return ~$n & 0xffff;
}

sub cmd_spoof
{
	my ($src, $dst, $port, $flags) = @_;
	my ($s, $d) = (inet_aton($src), inet_aton($dst));
	socket(my $raw, AF_INET, SOCK_RAW, 255) or die "raw: $!";
	setsockopt($raw, 0, 3, pack('I', 1)) or die; # IP_HDRINCL
	my $tcp = pack('nnNNnnnn', 33333, $port, 1, 0,
	    0x5000 | ($flags ? hex $flags : 2), 1024, 0, 0);
	$tcp .= 'secret' if $flags;
	my $sum = sum16($s . $d . pack('nn', 6, length $tcp) . $tcp);
	substr($tcp, 16, 2) = pack('n', $sum);
	my $ip = pack('CCnnnCCn', 0x45, 0, 20 + length $tcp, 1, 0, 64, 6, 0);
	send($raw, $ip . $s . $d . $tcp, 0, pack_sockaddr_in($port, $d)) or
	    die "send: $!";
	print "sent\n";
}

# With `options`, the IP header has a record-route option.
sub cmd_echo
{
	my ($addr, $len, $options) = @_;
	my $sin = pack_sockaddr_in(0, inet_aton($addr));
	socket(my $s, AF_INET, SOCK_RAW, 1) or die "raw: $!";
	setsockopt($s, 0, 4, pack('C3x8x', 7, 11, 4)) or die "options: $!"
	    if $options;
	setsockopt($s, 0, 11, pack('I', 1)); # IP_RECVERR
	my $m = pack('CCnnn', 8, 0, 0, $$ & 0xffff, 1) . 'x' x $len;
	substr($m, 2, 2) = pack('n', sum16($m));
	send($s, $m, 0, $sin) or do { print "refused\n"; return };
	while (IO::Select->new($s)->can_read(1)) {
		my $from = recv($s, my $b, 4096, 0) or
		    do { print "refused\n"; return };
		my $icmp = substr($b, (ord(substr($b, 0, 1)) & 15) * 4);
		print "answer\n" and return if ord($icmp) == 0;
		print "refused\n" and return if ord($icmp) == 3;
	}
	print "silent\n";
}

sub cmd_ask
{
	my ($path, @lines) = @_;
	my $s = IO::Socket::UNIX->new($path) or do { print "no router\n"; exit 1 };
	for (@lines) {
		syswrite($s, "$_\n");
		my $r = <$s>;
		print $r // "closed\n";
	}
}

my $verb = shift // die "usage: see the top of $0\n";
my $fn = __PACKAGE__->can("cmd_$verb") or die "no such verb: $verb\n";
$fn->(@ARGV);
