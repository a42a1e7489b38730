#!/usr/bin/perl
# A stub of a model: tries an agent CLI's wiring without a key.  It speaks
# /v1/messages on loopback and calls the CLI's own tools with prepared
# arguments for the demo's one bug; which step is next follows from the number
# of tool results in the request.
#   stub-model.pl PORTFILE [first]    first: the first edit is the right one
use strict;
use warnings;
use IO::Socket::INET;
use JSON::PP;

my ($portfile, $mode) = (@ARGV, '');
my $json = JSON::PP->new->utf8;
my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64) or die "listen: $!\n";
open(my $pf, '>', "$portfile.new") or die "$portfile: $!\n";
print $pf $listen->sockport, "\n";
close($pf);
rename("$portfile.new", $portfile) or die "$portfile: $!\n";
$SIG{CHLD} = 'IGNORE';

my $bug = "if (c == ' ' || c == '\\t' || c == '\\n')";
my $wrong = "if ((c == ' ' || c == '\\n') && last != ' ' && last != '\\n')";
my $right = "if ((c == ' ' || c == '\\t' || c == '\\n') &&\n\t\t    last != ' ' && last != '\\t' && last != '\\n')";
my $note = '*(The model is a stub: what it says was prepared. The agent CLI and its tools are real.)*';
my $add = q{sed -i "s/^want 'one two.*/&\\nwant 'one  two\\\\\\\\n' 1 2/" test.sh};

# All text and the number and last of the tool results of a request.
sub read_messages {
	my ($text, $n, $last) = ('', 0, '');
	for my $m (@{ $_[0]->{messages} // [] }) {
		my $content = $m->{content};
		for my $b (ref $content ? @$content : { type => 'text', text => $content }) {
			$text .= "$b->{text}\n" if $b->{type} eq 'text';
			next unless $b->{type} eq 'tool_result';
			my $c = $b->{content} // '';
			$last = ref $c ? join('', map { $_->{text} // '' } @$c) : $c;
			$n++;
		}
	}
	return ($text, $n, $last);
}

# With Edit: Claude Code's tools.  Without: the shell tool, whatever its name.
sub edit_steps {
	my ($tools, $from, $to) = @_;
	my ($shell) = grep { /^(bash|shell|developer__shell)$/i } sort keys %$tools;
	my $file = '/work/tree/tally.c';
	return ($shell, [Read => { file_path => $file }],
		[Edit => { file_path => $file, old_string => $from, new_string => $to }]) if $tools->{Edit};
	my ($f, $t) = map { unpack('H*', $_) } $from, $to;
	my $perl = "perl -0pi -e 'BEGIN { (\$f, \$t) = map { pack q(H*), \$_ } qw($f $t) } s/\\Q\$f/\$t/' tally.c";
	return ($shell, [$shell => { command => $perl, description => 'Edit' }]);
}

sub steps {
	my ($req, $text, $last) = @_;
	my %tools = map { $_->{name} => 1 } @{ $req->{tools} // [] };
	return ['stub'] unless %tools;
	if ($text !~ m{^- Command: /fix }m) {
		my @read = $tools{Read} ? [Read => { file_path => '/work/tree/tally.c' }] : ();
		my ($line) = $last =~ /^\s*(\d+)\D.*words\+\+/m;
		return [@read, "$note\n\n`tally.c" . ($line ? ":$line" : '') .
		    "` counts separators, not words. Count a separator only after a character that is none; " .
		    "test `'one  two\\n'`; `make check check-wc` must stay green."];
	}
	my $again = $text =~ /^## The check that failed/m;
	my $good = $again || $mode eq 'first';
	my ($shell, @steps) = edit_steps(\%tools, $again ? $wrong : $bug, $good ? $right : $wrong);
	my $run = $again
	    ? 'make -s check check-wc && git commit -q -am "Tabs end a word as blanks do" && ' .
	      'git push -q origin "HEAD:refs/heads/$COFFER_BRANCH" && git log --oneline -1'
	    : "$add && make -s check" . ($good ? ' check-wc' : '');
	push @steps, [$shell => { command => $run, description => 'Test' }];
	$last = substr($last, -600);
	return [@steps, "$note\n\nWords are counted where one ends" . ($again ? ', tabs end one, too' : '') .
	    ". What my last command printed:\n\n```\n$last\n```"];
}

sub events {
	my ($req, $content, $stop) = @_;
	my $usage = { input_tokens => 1000, output_tokens => 50 };
	my $msg = { id => "msg_stub$$", type => 'message', role => 'assistant', model => $req->{model},
		content => $content, stop_reason => $stop, stop_sequence => undef, usage => $usage };
	return ('application/json', $json->encode($msg)) unless $req->{stream};
	my @e = ({ type => 'message_start', message => { %$msg, content => [], stop_reason => undef } });
	for my $i (0 .. $#$content) {
		my $c = $content->[$i];
		my $tool = $c->{type} eq 'tool_use';
		push @e, { type => 'content_block_start', index => $i,
			content_block => $tool ? { %$c, input => {} } : { type => 'text', text => '' } },
		    { type => 'content_block_delta', index => $i, delta => $tool
			? { type => 'input_json_delta', partial_json => $json->encode($c->{input}) }
			: { type => 'text_delta', text => $c->{text} } },
		    { type => 'content_block_stop', index => $i };
	}
	push @e, { type => 'message_delta', delta => { stop_reason => $stop, stop_sequence => undef }, usage => $usage },
	    { type => 'message_stop' };
	return ('text/event-stream', join('', map { "event: $_->{type}\ndata: " . $json->encode($_) . "\n\n" } @e));
}

sub answer {
	my ($path, $body) = @_;
	return ('200 OK', 'application/json', '{"input_tokens":100}') if $path =~ m{/count_tokens$};
	return ('404 Not Found', 'application/json', '{"type":"error","error":{"type":"not_found_error","message":"stub"}}')
	    unless $path =~ m{/messages$};
	my $req = eval { $json->decode($body) }
	    or return ('400 Bad Request', 'application/json', '{"type":"error","error":{"type":"invalid_request_error","message":"no JSON"}}');
	my ($text, $n, $last) = read_messages($req);
	my $steps = steps($req, $text, $last);
	my $step = $steps->[$n < @$steps ? $n : -1];
	my $content = ref $step
	    ? [{ type => 'tool_use', id => "toolu_stub$$", name => $step->[0], input => $step->[1] }]
	    : [{ type => 'text', text => $step }];
	return ('200 OK', events($req, $content, ref $step ? 'tool_use' : 'end_turn'));
}

while (1) {
	my $c = $listen->accept or next;
	next if fork();
	binmode($c);
	my ($method, $path) = (<$c> // '') =~ m{^([A-Z]+) ([^ ?]+)} or exit 0;
	my $size = 0;
	while (defined(my $l = <$c>)) {
		last if $l =~ /^\r?$/;
		$size = $1 if $l =~ /^content-length:\s*(\d{1,8})\s*$/i;
	}
	read($c, my $body, $size);
	my ($status, $type, $out) = $method eq 'POST' ? answer($path, $body) : ('200 OK', 'application/json', '{}');
	print $c "HTTP/1.1 $status\r\nContent-Type: $type\r\nContent-Length: ", length($out),
	    "\r\nConnection: close\r\n\r\n", $method eq 'HEAD' ? '' : $out;
	exit 0;
}
