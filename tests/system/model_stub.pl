#!/usr/bin/perl
# A model that says what a script tells it: for the real agent CLIs, without a
# key and without a network.
#   model_stub.pl PORT SCRIPT LOG [ADDRESS]
# PORT: on ADDRESS, else loopback; "0:FILE" takes a free one and writes it to FILE.
# SCRIPT: a JSON list of steps; which one is next follows from the number of
# tool results in the request.  A step is
#   {"text":"..","tools":[{"name":"..","args":{..}}]}   either, or both
#   {"status":529,"body":{..},"times":2}                an error, twice, then on
# A request without tools (a title, a name) is answered with a text.
# LOG: one line of JSON per request: {"path","key","tools":[..],"results":N,
# "last":"the last tool result"}.
# Speaks /v1/messages, /v1/chat/completions and /v1/responses.
use strict;
use warnings;
use Fcntl qw(:flock SEEK_END);
use IO::Socket::INET;
use JSON::PP;

my ($port, $script, $log, $addr) = @ARGV;
die "usage: model_stub.pl PORT SCRIPT LOG [ADDRESS]\n" unless defined $log;
my $json = JSON::PP->new->utf8->canonical;
my $steps; # as they are when a request comes
sub load_steps {
	open(my $sf, '<', $script) or die "$script: $!\n";
	$steps = $json->decode(do { local $/; <$sf> });
}
load_steps();
my ($number, $portfile) = split /:/, $port, 2;
my $listen = IO::Socket::INET->new(LocalAddr => $addr // '127.0.0.1', LocalPort => $number, Listen => 64, ReuseAddr => 1)
    or die "listen: $!\n";
if ($portfile) {
	open(my $pf, '>', "$portfile.new") or die "$portfile: $!\n";
	print $pf $listen->sockport, "\n";
	close($pf);
	rename("$portfile.new", $portfile) or die "$portfile: $!\n";
}
$SIG{CHLD} = 'IGNORE';
my %usage = (in => 1000, out => 50);
my $seq = 0;

sub id { return sprintf '%s_stub%d_%d', $_[0], $$, ++$seq }

sub text_of {
	my $c = $_[0] // '';
	return ref $c eq 'ARRAY' ? join('', map { $_->{text} // '' } grep { ref } @$c) : ref $c ? $json->encode($c) : $c;
}

# Number and last of the tool results of a request.
sub results {
	my ($api, $req) = @_;
	my @r;
	if ($api eq 'messages') {
		for my $m (@{ $req->{messages} // [] }) {
			next unless ref $m->{content};
			push @r, map { text_of($_->{content}) } grep { $_->{type} eq 'tool_result' } @{ $m->{content} };
		}
	} elsif ($api eq 'chat') {
		@r = map { text_of($_->{content}) } grep { $_->{role} eq 'tool' } @{ $req->{messages} // [] };
	} elsif (ref $req->{input}) {
		@r = map { text_of($_->{output}) } grep { ($_->{type} // '') =~ /_output$/ } @{ $req->{input} };
	}
	return @r;
}

sub tool_names {
	return [map { $_->{name} // $_->{function}{name} // $_->{type} } @{ $_[0]->{tools} // [] }];
}

sub note {
	my ($req, $path, $key, @r) = @_;
	my $line = $json->encode({ path => $path, key => $key, tools => tool_names($req), results => scalar @r,
		last => substr($r[-1] // '', 0, 4000) }) . "\n";
	open(my $f, '>>', $log) or return;
	flock($f, LOCK_EX);
	syswrite($f, $line);
	close($f);
}

# How often an error was given: its children count in a file.
sub again {
	my ($i, $times) = @_;
	open(my $f, '+>>', "$log.$i") or return 0;
	flock($f, LOCK_EX);
	seek($f, 0, SEEK_END);
	return 0 if tell($f) >= $times;
	syswrite($f, 'x');
	return 1;
}

sub next_step {
	my ($req, $n) = @_;
	return { text => 'A stub' } unless @{ $req->{tools} // [] };
	my $i = $n < @$steps ? $n : $#$steps;
	my $step = $steps->[$i];
	return $step if !$step->{status} || again($i, $step->{times} // 1e9);
	return $step->{then} // { text => 'It went on.' };
}

sub sse { return join '', map { ($_->[0] ne '' ? "event: $_->[0]\n" : '') . 'data: ' . (ref $_->[1] ? $json->encode($_->[1]) : $_->[1]) . "\n\n" } @_ }

sub messages {
	my ($req, $step) = @_;
	my @c;
	push @c, { type => 'text', text => $step->{text} } if defined $step->{text};
	push @c, { type => 'tool_use', id => id('toolu'), name => $_->{name}, input => $_->{args} } for @{ $step->{tools} // [] };
	my $stop = $step->{tools} ? 'tool_use' : 'end_turn';
	my $u = { input_tokens => $usage{in}, output_tokens => $usage{out}, cache_creation_input_tokens => 0, cache_read_input_tokens => 0 };
	my $m = { id => id('msg'), type => 'message', role => 'assistant', model => $req->{model}, content => \@c,
		stop_reason => $stop, stop_sequence => undef, usage => $u };
	return $json->encode($m) unless $req->{stream};
	my @e = { type => 'message_start', message => { %$m, content => [], stop_reason => undef, usage => { %$u, output_tokens => 1 } } };
	for my $i (0 .. $#c) {
		my $tool = $c[$i]{type} eq 'tool_use';
		push @e, { type => 'content_block_start', index => $i, content_block => $tool ? { %{ $c[$i] }, input => {} } : { type => 'text', text => '' } },
		    { type => 'content_block_delta', index => $i, delta => $tool
			? { type => 'input_json_delta', partial_json => $json->encode($c[$i]{input}) }
			: { type => 'text_delta', text => $c[$i]{text} } },
		    { type => 'content_block_stop', index => $i };
	}
	push @e, { type => 'message_delta', delta => { stop_reason => $stop, stop_sequence => undef }, usage => { output_tokens => $usage{out} } },
	    { type => 'message_stop' };
	return sse(map { [$_->{type}, $_] } @e);
}

sub chat {
	my ($req, $step) = @_;
	my $k = 0;
	my @t = map { { index => $k++, id => id('call'), type => 'function',
		function => { name => $_->{name}, arguments => $json->encode($_->{args}) } } } @{ $step->{tools} // [] };
	my $end = @t ? 'tool_calls' : 'stop';
	my $u = { prompt_tokens => $usage{in}, completion_tokens => $usage{out}, total_tokens => $usage{in} + $usage{out} };
	my %base = (id => id('chatcmpl'), created => time, model => $req->{model});
	unless ($req->{stream}) {
		my %m = (role => 'assistant', content => $step->{text});
		$m{tool_calls} = \@t if @t;
		return $json->encode({ %base, object => 'chat.completion', choices => [{ index => 0, message => \%m, finish_reason => $end }], usage => $u });
	}
	my @d = ({ role => 'assistant', content => $step->{text} // '' }, (@t ? { tool_calls => \@t } : ()));
	my @e = map { { %base, object => 'chat.completion.chunk', choices => [{ index => 0, delta => $_, finish_reason => undef }] } } @d;
	push @e, { %base, object => 'chat.completion.chunk', choices => [{ index => 0, delta => {}, finish_reason => $end }] },
	    { %base, object => 'chat.completion.chunk', choices => [], usage => $u };
	return sse((map { ['', $_] } @e), ['', '[DONE]']);
}

sub responses {
	my ($req, $step) = @_;
	my @o;
	push @o, { type => 'message', id => id('msg'), status => 'completed', role => 'assistant',
		content => [{ type => 'output_text', text => $step->{text}, annotations => [] }] } if defined $step->{text};
	push @o, { type => 'function_call', id => id('fc'), status => 'completed', call_id => id('call'), name => $_->{name},
		arguments => $json->encode($_->{args}) } for @{ $step->{tools} // [] };
	my $r = { id => id('resp'), object => 'response', created_at => time, status => 'completed', model => $req->{model}, output => \@o,
		error => undef, incomplete_details => undef, usage => { input_tokens => $usage{in}, input_tokens_details => { cached_tokens => 0 },
		output_tokens => $usage{out}, output_tokens_details => { reasoning_tokens => 0 }, total_tokens => $usage{in} + $usage{out} } };
	return $json->encode($r) unless $req->{stream};
	my @e = { type => 'response.created', response => { %$r, status => 'in_progress', output => [], usage => undef } };
	for my $i (0 .. $#o) {
		push @e, { type => 'response.output_item.added', output_index => $i, item => $o[$i] };
		push @e, { type => 'response.output_text.delta', item_id => $o[$i]{id}, output_index => $i, content_index => 0,
			delta => $o[$i]{content}[0]{text} } if $o[$i]{type} eq 'message';
		push @e, { type => 'response.output_item.done', output_index => $i, item => $o[$i] };
	}
	push @e, { type => 'response.completed', response => $r };
	return sse(map { [$_->{type}, $_] } @e);
}

my @apis = ([qr{/messages$}, 'messages', \&messages], [qr{/chat/completions$}, 'chat', \&chat], [qr{/responses$}, 'responses', \&responses]);

sub answer {
	my ($path, $key, $body) = @_;
	return ('200 OK', 'application/json', '{"input_tokens":100}') if $path =~ m{/count_tokens$};
	for my $a (@apis) {
		next unless $path =~ $a->[0];
		my $req = eval { $json->decode($body) } or return ('400 Bad Request', 'application/json', '{"error":{"message":"no JSON"}}');
		my @r = results($a->[1], $req);
		note($req, $path, $key, @r);
		my $step = next_step($req, scalar @r);
		return ("$step->{status} Error", 'application/json', $json->encode($step->{body} // { type => 'error',
			error => { type => 'api_error', message => 'the stub says so' } })) if $step->{status};
		return ('200 OK', $req->{stream} ? 'text/event-stream' : 'application/json', $a->[2]->($req, $step));
	}
	note({}, $path, $key);
	return ('404 Not Found', 'application/json', '{"type":"error","error":{"type":"not_found_error","message":"no such path"}}');
}

while (1) {
	my $c = $listen->accept or next;
	next if fork();
	load_steps();
	binmode($c);
	my ($method, $path) = (<$c> // '') =~ m{^([A-Z]+) ([^ ?]+)} or exit 0;
	my ($size, $key) = (0, '');
	while (defined(my $l = <$c>)) {
		last if $l =~ /^\r?$/;
		$size = $1 if $l =~ /^content-length:\s*(\d{1,8})\s*$/i;
		$key = $1 if $l =~ /^(?:authorization|x-api-key):\s*(.*?)\s*$/i;
	}
	read($c, my $body, $size);
	my ($status, $type, $out) = $method eq 'POST' ? answer($path, $key, $body)
	    : ('200 OK', 'application/json', '{"object":"list","data":[],"models":[]}');
	print $c "HTTP/1.1 $status\r\nContent-Type: $type\r\nContent-Length: ", length($out), "\r\nConnection: close\r\n\r\n",
	    $method eq 'HEAD' ? '' : $out;
	exit 0;
}
