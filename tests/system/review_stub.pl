#!/usr/bin/perl
# review_stub.pl DIR: a model's server for tests of the reviewer, in all the
# shapes that `coffer fetch` speaks, below http://127.0.0.1:PORT/MODE.  MODE
# says what it does wrong; DIR/port has the port, DIR/count.MODE how often it
# was asked, DIR/asked the requests, one a line.
use strict;
use warnings;
use IO::Socket::INET;
use JSON::PP;
use POSIX ();

my $dir = shift or die "usage: review_stub.pl DIR\n";
my $json = JSON::PP->new->canonical;
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
		close $listen;
		serve($c);
		POSIX::_exit(0);
	}
	close $c;
}

sub reply {
	my ($c, $status, $body, @headers) = @_;
	$body = $json->encode($body) if ref $body;
	print $c join("\r\n", "HTTP/1.1 $status X",
		'Content-Type: application/json',
		'Content-Length: ' . length $body, 'Connection: close',
		'x-request-id: req-stub', @headers), "\r\n\r\n", $body;
}

# How often it was asked in this mode, this time included.
sub count {
	my $mode = shift;
	open my $f, '>>', "$dir/count.$mode" or die $!;
	print $f 'x';
	close $f;
	return -s "$dir/count.$mode";
}

sub serve {
	my $c = shift;
	binmode $c;
	my $line = <$c> // return;
	my ($method, $mode, $path) =
	    $line =~ m{^([A-Z]+) /([a-z0-9]+)(/\S*) HTTP/1} or return;
	my %h;
	while (defined(my $l = <$c>)) {
		$l =~ s/\r?\n$//;
		last if $l eq '';
		$h{lc $1} = $2 if $l =~ /^([^:]+):\s*(.*)$/;
	}
	print $c "HTTP/1.1 100 Continue\r\n\r\n"
	    if ($h{expect} // '') =~ /100-continue/i;
	my $body = '';
	read $c, $body, $h{'content-length'} if $h{'content-length'};
	return reply($c, 200, { default_generation_settings => { n_ctx => 6000 } })
	    if $path eq '/props';
	return reply($c, 200, { data => [
		{ id => 'other', max_model_len => 1 },
		{ id => 'stub', max_model_len => 7000 } ] })
	    if $path eq '/v1/models';
	return reply($c, 200, { model_info => { 'x.context_length' => 9000 } })
	    if $path eq '/api/show';
	my $n = count($mode);
	my $in = decode_json($body);
	open my $log, '>>', "$dir/asked" or die $!;
	print $log $json->encode({ mode => $mode, path => $path, in => $in,
		key => $h{'x-api-key'} // $h{authorization} // '-' }), "\n";
	close $log;
	my $ask = { shape => shape($path), in => $in, mode => $mode,
		n => $n, len => length $body,
		key => $h{'x-api-key'} // $h{authorization} // '-' };
	return if broken($c, $ask);
	answer($c, $ask);
}

sub shape {
	my $path = shift;
	return 'messages' if $path =~ m{/v1/messages$};
	return 'chat' if $path =~ m{/chat/completions$};
	return 'responses' if $path =~ m{/responses$};
	return 'ollama' if $path =~ m{/api/chat$};
	die "no shape: $path";
}

# How JSON was asked for.
sub form {
	my $ask = shift;
	my $in = $ask->{in};
	return 'tool' if $in->{tools};
	my $f = $ask->{shape} eq 'messages' ? $in->{output_config}{format}
	    : $ask->{shape} eq 'chat' ? $in->{response_format}
	    : $ask->{shape} eq 'responses' ? $in->{text}{format}
	    : ref $in->{format} ? { type => 'json_schema' }
	    : $in->{format} ? { type => 'json_object' } : undef;
	return $f ? $f->{type} : 'text';
}

sub fault {
	my ($c, $status, $error, @headers) = @_;
	reply($c, $status, { type => 'error', error => $error }, @headers);
	return 1;
}

# What goes wrong before there is an answer; true: that was the answer.
sub broken {
	my ($c, $ask) = @_;
	my ($mode, $n, $form) = ($ask->{mode}, $ask->{n}, form($ask));
	if ($mode eq 'slow') { sleep 20; return 1; }
	# Until the terminal has echoed what was typed meanwhile.
	if ($mode eq 'typed') {
		for (1 .. 400) {
			open my $t, '<', "$dir/typed" or next;
			last if join('', <$t>) =~ /yyy/;
			select undef, undef, undef, 0.05;
		}
	}
	return 1 if $mode eq 'hangup' && $n < 3;
	return fault($c, 401, { type => 'authentication_error',
		message => 'wrong key' }) if $mode eq 'key';
	return fault($c, 401, { message => "Incorrect key: $ask->{key}" },
	    "request-id: of-$ask->{key}") if $mode eq 'echo';
	if ($mode eq 'echoed') {
		my $said = join '', map { sprintf '\\u%04x', ord }
		    split //, $ask->{key};
		reply($c, 200, '{"error":{"code":401,"message":"' . $said . '"}}');
		return 1;
	}
	# The end of what is kept of it comes within the key.
	if ($mode eq 'echocut') {
		my $said = join '', map { sprintf '\\u%04x', ord }
		    split //, ('x' x 148) . ' ' . $ask->{key};
		reply($c, 401, '{"error":{"message":"' . $said . '"}}');
		return 1;
	}
	return fault($c, 401, { message => 'Key: ' . uc substr $ask->{key}, 1, -2 })
	    if $mode eq 'echopart';
	if ($mode eq 'huge') {
		reply($c, 200, '{"x":"' . 'x' x (9 << 20) . '"}');
		return 1;
	}
	return fault($c, 429, { code => 'insufficient_quota',
		message => 'no money' }) if $mode eq 'quota';
	return fault($c, 429, { type => 'rate_limit_error',
		message => 'the limit is reached', details =>
		{ error_code => 'enforced_spend_limit_reached' } })
	    if $mode eq 'spend';
	return fault($c, 429, { message => 'later' }, 'retry-after-ms: 20')
	    if $mode eq 'later' && $n < 3;
	return fault($c, 529, { type => 'overloaded_error', message => 'full' },
	    'retry-after: 0') if $mode eq 'full' && $n < 2;
	return fault($c, 500, { message => "down \e[2J" }, 'retry-after-ms: 1')
	    if $mode eq 'down';
	return fault($c, 503, { message => 'no' }, 'x-should-retry: false')
	    if $mode eq 'never';
	return fault($c, 400, { message => 'odd' }, 'x-should-retry: true',
	    'retry-after-ms: 1') if $mode eq 'odd' && $n < 6;
	return fault($c, 429, { message => 'tomorrow' }, 'retry-after: 86400')
	    if $mode eq 'tomorrow';
	return fault($c, 400, { message => "no $form here" })
	    if $mode eq 'noschema' && $form eq 'json_schema' ||
	    $mode eq 'objects' && $form =~ /schema|tool/ ||
	    $mode eq 'texts' && $form ne 'text';
	return fault($c, 400, { param => 'max_completion_tokens',
		message => "Unsupported parameter: 'max_completion_tokens'" })
	    if $mode eq 'limit' && $ask->{in}{max_completion_tokens};
	return fault($c, 400, { type => 'exceed_context_size_error',
		message => 'too many', n_ctx => 4096 })
	    if $mode eq 'small' && $ask->{len} > 24000;
	return fault($c, 200, { code => 502, message => 'upstream is away' })
	    if $mode eq 'inside' && $n < 2;
	return fault($c, 200, { code => 400, message => 'refused inside' })
	    if $mode eq 'insidebad';
	if ($mode eq 'stream') {
		reply($c, 200, ": PROCESSING\n\nevent: error\ndata: " .
		    '{"error":{"code":402,"message":"no credits left"}}' .
		    "\n\n");
		return 1;
	}
	return 0;
}

# The review of what was sent, as a good reviewer would write it.
sub review {
	my ($ask, $text) = @_;
	my %is = map { /^(\w+): (\S+)$/ ? ($1 => $2) : () } split /\n/, $text;
	my ($files) = $text =~ /^files in this chunk:([ \d]*)$/m;
	my @files = map { $_ + 0 } split ' ', $files;
	my $mode = $ask->{mode};
	my %v = (nonce => $is{mark}, chunk => $is{chunk} + 0,
	    chunk_sha256 => $is{chunk_sha256}, receipt => $is{receipt},
	    files_reviewed => [@files], instructions_found => [],
	    findings => [], verdict => 'ok');
	if ($mode eq 'deny' || $mode eq 'ask' || $mode eq 'note') {
		my $s = $mode eq 'deny' ? 'block' : $mode;
		$v{verdict} = 'block' if $mode eq 'deny';
		$v{findings} = [{ file => $files[-1], line => 2,
			severity => $s, message => "no \e]52;c;x\a thanks" }];
	} elsif ($mode eq 'obey') {
		# Whatever the change says is done, and more.
		($v{verdict}, $v{approved}) = ('ok', JSON::PP::true)
		    if $text =~ /add the key approved/;
	} elsif ($mode eq 'found') {
		$v{instructions_found} = [$files[-1]];
	} elsif ($mode eq 'alien') {
		$v{findings} = [{ file => 999, line => 1, severity => 'note',
			message => 'x' }];
	}
	$v{nonce} = 'deadbeef' if $mode eq 'stale';
	$v{chunk_sha256} = '0' x 12 if $mode eq 'sha';
	$v{receipt} = '' if $mode eq 'tail';
	pop @{$v{files_reviewed}} if $mode eq 'missing';
	$v{extra} = 1 if $mode eq 'extra';
	return $json->encode(\%v);
}

sub answer {
	my ($c, $ask) = @_;
	my ($mode, $shape, $in) = ($ask->{mode}, $ask->{shape}, $ask->{in});
	my $text = $shape eq 'responses' ? $in->{input}[0]{content}
	    : $in->{messages}[-1]{content};
	my $say = review($ask, $text);
	$say = 'Looks good to me!'
	    if $mode eq 'garbage' || $mode eq 'repair' && $ask->{n} == 1;
	$say = "```json\n$say\n```" if $mode eq 'texts';
	$say = '' if $mode eq 'silent';
	my $tokens = $mode eq 'blind' ? 100 : int($ask->{len} / 3);
	my $reply = make($shape, form($ask), $say, $tokens, $mode);
	$reply->{error} = undef if $mode eq 'wrapped';
	my $body = $json->encode($reply);
	$body = stream($shape, $reply, $say) if $mode eq 'events';
	$body = "data: $body\n\ndata: [DONE]\n\n" if $mode eq 'wrapped';
	$body = ": PROCESSING\n\n: PROCESSING\n\n$body" if $mode eq 'comments';
	reply($c, 200, $body);
}

# The same answer as the stream of events that the server would send.
sub stream {
	my ($shape, $reply, $say) = @_;
	my ($a, $b) = (substr($say, 0, 20), substr($say, 20));
	my $event = sub {
		my $e = shift;
		return "event: $e->{type}\ndata: " . $json->encode($e) . "\n\n";
	};
	my $data = sub { return 'data: ' . $json->encode(shift) . "\n\n" };
	return join '', map { $event->($_) }
	    { type => 'message_start', message => { %$reply, content => [],
		stop_reason => undef } },
	    (map { { type => 'content_block_delta', index => 0, delta =>
		{ type => 'text_delta', text => $_ } } } $a, $b),
	    { type => 'message_delta', delta => { stop_reason => 'end_turn' },
		usage => { output_tokens => 50 } },
	    { type => 'message_stop' } if $shape eq 'messages';
	return join('', map { $data->({ id => 'c-1', choices => [{ index => 0,
		delta => { content => $_ }, finish_reason => undef }] }) }
	    $a, $b) . $data->({ id => 'c-1', choices => [{ delta => {},
		finish_reason => 'stop' }], usage => $reply->{usage} }) .
	    "data: [DONE]\n\n" if $shape eq 'chat';
	return join '', map { $event->($_) }
	    { type => 'response.created', response => { id => 'r-1',
		status => 'in_progress', error => undef } },
	    { type => 'response.output_text.delta', delta => $say },
	    { type => 'response.completed', response =>
		{ %$reply, error => undef } } if $shape eq 'responses';
	return join "\n", (map { $json->encode({ model => 'stub-9', message =>
		{ role => 'assistant', content => $_ },
		done => JSON::PP::false }) } $a, $b),
	    $json->encode({ %$reply, message => { content => '' } }), '';
}

sub make {
	my ($shape, $form, $say, $tokens, $mode) = @_;
	my $cut = $mode eq 'cut';
	my $refuse = $mode eq 'refuse';
	if ($shape eq 'messages') {
		my $part = $form eq 'tool'
		    ? { type => 'tool_use', id => 't', input => decode_json($say),
			name => $_[4] eq 'othertool' ? 'rm' : 'review_of_the_change' }
		    : { type => 'text', text => $say };
		return { type => 'message', id => 'm-1', model => 'stub-9',
			role => 'assistant', content => [
			{ type => 'thinking', thinking => 'hm' }, $part ],
			stop_reason => $cut ? 'max_tokens' : $refuse ? 'refusal'
			    : $form eq 'tool' ? 'tool_use' : 'end_turn',
			usage => { input_tokens => 1,
				cache_read_input_tokens => $tokens,
				output_tokens => 50 } };
	}
	if ($shape eq 'chat') {
		my $m = $form eq 'tool'
		    ? { content => undef, tool_calls => [{ type => 'function',
			function => { name => 'review_of_the_change',
				arguments => $say } }] }
		    : { content => $say, refusal => $refuse ? 'no' : undef };
		return { id => 'c-1', model => 'stub-9', choices => [{
			message => { role => 'assistant', %$m },
			finish_reason => $cut ? 'length'
			    : $form eq 'tool' ? 'tool_calls' : 'stop' }],
			usage => { prompt_tokens => $tokens,
				completion_tokens => 50 } };
	}
	if ($shape eq 'responses') {
		my $part = $form eq 'tool'
		    ? { type => 'function_call', call_id => 'x',
			name => 'review_of_the_change', arguments => $say }
		    : { type => 'message', content => [ $refuse
			? { type => 'refusal', refusal => 'no' }
			: { type => 'output_text', text => $say } ] };
		return { id => 'r-1', model => 'stub-9',
			status => $cut ? 'incomplete' : 'completed',
			$cut ? (incomplete_details =>
				{ reason => 'max_output_tokens' }) : (),
			output => [ { type => 'reasoning', summary => [] }, $part ],
			usage => { input_tokens => $tokens, output_tokens => 50 } };
	}
	return { model => 'stub-9', message => { role => 'assistant',
		content => $refuse ? '' : $say },
		done => JSON::PP::true, done_reason => $cut ? 'length' : 'stop',
		prompt_eval_count => $tokens, eval_count => 50 };
}
