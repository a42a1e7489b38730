#!/usr/bin/perl
# gateway_provider.pl PORTFILE LOG: a model provider on loopback, scripted by
# the model's name in the request:
#   slow-N     a stream with N pieces, 100 ms apart
#   echo       the request's headers as the answer
#   split      the key that came, in the answer, a byte at a time
#   nousage    an answer that does not say what it took
#   hang       no answer
#   status-N   an error with that status
#   big-N      an answer of N KiB
#   think      a stream that says nothing for a minute
#   cut        a stream that ends in its middle
# anything else answers "hello".  Each request is a line of LOG: method, path,
# its headers with | between, body's length.  One process per connection.
use strict;
use warnings;
use IO::Socket::INET;
use IO::Handle;
use Socket qw(IPPROTO_TCP TCP_NODELAY);

my ($portfile, $logfile) = @ARGV;
my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 128, ReuseAddr => 1)
    or die "listen: $!\n";
open(my $pf, '>', "$portfile.new") or die "$portfile: $!\n";
print $pf $listen->sockport, "\n";
close($pf);
rename("$portfile.new", $portfile) or die "$portfile: $!\n";
$SIG{CHLD} = 'IGNORE';
$SIG{TERM} = sub { exit 0 };

my %usage = (
	messages => '{"input_tokens":1000,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":50}',
	chat => '{"prompt_tokens":1000,"completion_tokens":50,"total_tokens":1050}',
	responses => '{"input_tokens":1000,"input_tokens_details":{"cached_tokens":0},"output_tokens":50,"total_tokens":1050}',
);

sub send_all {
	my ($c, $data) = @_;
	while (length $data) {
		my $n = syswrite $c, $data;
		exit 0 unless defined $n;
		substr($data, 0, $n) = '';
	}
}

sub send_json {
	my ($c, $status, $body, $more) = @_;
	send_all($c, "HTTP/1.1 $status X\r\nContent-Type: application/json\r\nrequest-id: req_1\r\n"
	    . ($more // '') . 'Content-Length: ' . length($body) . "\r\n\r\n$body");
}

sub chunk { my ($c, $data) = @_; send_all($c, sprintf("%x\r\n%s\r\n", length $data, $data)) }

sub stream {
	my ($c, $model, $n, $wait, $cut) = @_;
	send_all($c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
	chunk($c, "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"$model\",\"usage\":{\"input_tokens\":1000,\"output_tokens\":1}}}\n\n");
	for my $i (1 .. $n) {
		chunk($c, "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"piece $i\"}}\n\n");
		select undef, undef, undef, $wait if $wait;
	}
	exit 0 if $cut;
	chunk($c, "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":50}}\n\n");
	chunk($c, "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
	send_all($c, "0\r\n\r\n");
}

sub answer {
	my ($c, $path, $body, $head, $key) = @_;
	my ($model) = $body =~ /"model" *: *"([^"]*)"/;
	my $kind = $path =~ /chat/ ? 'chat' : $path =~ /responses/ ? 'responses' : 'messages';
	my $type = $kind eq 'messages' ? '"type":"message",' : '';
	$model //= '';
	if ($path =~ /count_tokens/) { return send_json($c, 200, '{"input_tokens":7}') }
	if ($path =~ /models$/) { return send_json($c, 200, '{"data":[]}') }
	if ($model =~ /^status-(\d+)/) {
		return send_json($c, $1, "{\"error\":{\"message\":\"refused $key\"}}", "retry-after: 3\r\n") if $1 == 402;
		return send_json($c, $1, '{"error":{"message":"scripted"}}', "retry-after: 3\r\n");
	}
	if ($model eq 'hang') { sleep 60; exit 0 }
	if ($model eq 'split') {
		send_all($c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
		for my $b (split //, "data: $key\n\n") {
			chunk($c, $b);
			select undef, undef, undef, 0.005;
		}
		return send_all($c, "0\r\n\r\n");
	}
	if ($model =~ /^big-(\d+)/) {
		return send_json($c, 200, "{$type\"model\":\"$model\",\"text\":\"" . 'x' x ($1 * 1024) . "\",\"usage\":$usage{$kind}}");
	}
	if ($model =~ /^slow-(\d+)/) { return stream($c, $model, $1, 0.1, 0) }
	if ($model eq 'think') { return stream($c, $model, 1, 60, 0) }
	if ($model eq 'cut') { return stream($c, $model, 5, 0, 1) }
	if ($body =~ /"stream" *: *true/ && $kind eq 'messages') { return stream($c, $model, 3, 0, 0) }
	$head =~ s/["\\\r\n]+/ /g;
	my $text = $model eq 'echo' ? $head : 'hello';
	my $u = $model eq 'nousage' ? '' : ",\"usage\":$usage{$kind}";
	send_json($c, 200, "{$type\"model\":\"$model\",\"text\":\"$text\"$u}");
}

sub serve {
	my ($c) = @_;
	my $in = '';
	for (;;) {
		while ($in !~ /\r\n\r\n/) {
			sysread($c, $in, 65536, length $in) or return;
		}
		(my $head, $in) = split /\r\n\r\n/, $in, 2;
		my ($length) = $head =~ /^content-length: *(\d+)/im;
		while (length $in < ($length // 0)) {
			sysread($c, $in, 65536, length $in) or return;
		}
		my $body = substr($in, 0, $length // 0, '');
		my ($method, $path) = $head =~ m{^(\S+) (\S+)};
		my ($key) = $head =~ /^(?:x-api-key|authorization): *(?:Bearer )?(\S+)/im;
		open(my $log, '>>', $logfile) or die;
		(my $line = $head) =~ s/\r\n/|/g;
		syswrite $log, "$line|" . length($body) . "\n";
		close $log;
		answer($c, $path, $body, $head, $key // '');
	}
}

while (1) {
	my $c = $listen->accept or next;
	if (fork == 0) {
		close $listen;
		setsockopt $c, IPPROTO_TCP, TCP_NODELAY, 1;
		serve($c);
		exit 0;
	}
	close $c;
}
