#!/usr/bin/perl
# api_fuzz.pl URL TOKEN PROJECT SEED COUNT: COUNT requests made of the route
# table's own words, right and wrong, on kept connections.  Prints each reply
# that no request may ever get (500, 502, none at all on a well-formed
# request) and ends with status 1 when there was one.
use strict;
use warnings;
use IO::Socket::INET;

my ($url, $token, $project, $seed, $count) = @ARGV;
my ($addr) = $url =~ m{^http://([^/]+)} or die "url\n";
srand($seed);
sub pick { return $_[int(rand(@_))] }

my @numbers = (0, 1, 2, 3, 7, -1, '1.5', '1e3', '9223372036854775807',
    '9223372036854775808', '99999999999999999999', '0x1', '00', ' 1', '');
my @texts = ('main', 'topic', 'agent/x', 'x' x 300, '../..', '%2e%2e', '%00',
    '%ff%fe', 'a%2fb', 'HEAD', 'refs/heads/main', '0' x 40, 'deadbeef',
    '%0d%0aX:y', 'a b', '%', '%zz', '.git', '-x', "\xc3\xa9", 'nosuch');
my $R = "/api/v1/repos/$project";
my $C = '/api/coffer/v1';
my $P = "$C/projects/$project";
sub num { return rand(3) < 2 ? 1 + int(rand(4)) : pick(@numbers) }
sub text { return pick(@texts, @numbers) }
my @paths = (
	sub { '/api/v1/version' }, sub { '/api/v1/user' },
	sub { '/api/v1/settings/api' }, sub { '/api/v1/admin/users' },
	sub { '/api/v1/admin/users/' . text() },
	sub { '/api/v1/users/' . text() },
	sub { '/api/v1/users/' . pick('admin', 'fuzz', text()) . '/tokens' },
	sub { '/api/v1/users/fuzz/tokens/' . num() },
	sub { '/api/v1/repos/search' }, sub { $R },
	sub { '/api/v1/repos/' . text() . '/' . text() },
	sub { "$R/collaborators/" . pick('bob', text()) },
	sub { "$R/collaborators/" . pick('bob', text()) . '/permission' },
	sub { $R . pick(qw(/collaborators /assignees /reviewers /subscribers
	    /subscription /topics /forks /languages /mirror-sync)) },
	sub { "$R/topics/" . text() }, sub { '/api/v1/repositories/' . num() },
	sub { '/api/v1/user' . pick('/repos', '/subscriptions') },
	sub { '/api/v1/users/' . pick('bob', text()) . '/repos' },
	sub { '/api/v1/admin/users/' . pick('bob', text()) . '/repos' },
	sub { '/api/v1/repos/migrate' },
	sub { "$R/branches" }, sub { "$R/branches/" . text() },
	sub { "$R/commits" }, sub { "$R/raw/" . text() },
	sub { "$R/issues" }, sub { "$R/issues/" . num() },
	sub { "$R/issues/" . num() . '/comments' },
	sub { "$R/issues/comments/" . num() },
	sub { "$R/pulls" }, sub { "$R/pulls/" . num() },
	sub { "$R/pulls/" . num() . pick('.diff', '/files', '/commits') },
	sub { "$R/pulls/" . num() . '/reviews' },
	sub { "$R/pulls/" . num() . '/merge' },
	sub { "$R/statuses/" . text() },
	sub { "$R/commits/" . text() . pick('/status', '/statuses') },
	sub { "$C/projects" }, sub { $P },
	sub { "$P/sync" }, sub { "$P/sandbox" }, sub { "$P/session-token" },
	sub { "$C/repos/$project/pulls/" . num() . '/gate' },
	sub { "$C/events" }, sub { "$C/cursors/" . text() },
	sub { "$C/runs" }, sub { "$C/runs/" . num() },
	sub { "$C/runs/" . num() . pick('/token', '/finish', '/cancel', '/log') },
	sub { "$C/ci/poll" }, sub { "$C/ci/jobs" }, sub { "$C/ci/jobs/" . num() },
	sub { "$C/ci/jobs/" . num()
	    . pick('/heartbeat', '/log', '/result', '/tree.tar') },
	sub { "$C/tickets" }, sub { "$C/tickets/redeem" },
	sub { "/$project.git/" . pick('info/refs', 'git-upload-pack',
	    'git-receive-pack', 'HEAD', text()) },
	sub { '/' . text() . '/' . text() }, sub { '/' . 'a/' x 70 },
	sub { '//' }, sub { '/' . 'y' x 5000 },
);
my @keys = qw(page limit state type q since uid mode sort order archived created_by ref sha head base after
    wait project pull item offset follow service path name);
my @words = qw(open closed all issues pulls running stopped gone done failed
    read write scratch off none web success pending error APPROVED
    REQUEST_CHANGES COMMENT merge squash fast-forward-only attach exec queued
    passed absent starting test setup agent command git-upload-pack
    git-receive-pack);
my @members = qw(title body state head base draft username kind name permission
    upstream settings sandbox want interval_s network agent agent_command
    pickup approvals memory cpus pids disk wall_s token reason address event
    commit_id Do head_commit_id MergeTitleField MergeMessageField
    delete_branch_after_merge context description target_url project item
    command access from why message exit_code record runner slots lease phase
    signal verb ticket seq website private topics mirror_interval clone_addr
    repo_name repo_owner auth_token allow_rebase default_merge_style
    has_issues auto_init default_branch);

sub value {
	my ($depth) = @_;
	my $k = int(rand($depth > 3 ? 8 : 11));
	return num() || 0 if $k < 2;
	return pick('true', 'false', 'null', 'NaN', '1e999', '-0') if $k == 2;
	return '"' . pick(@words) . '"' if $k < 6;
	return '"' . pick('', 'x' x 70000, '\\u0000', '\\ud800', "\xff", '../x',
	    '\\n', 'main', 'topic', 'fuzz', "\xe2\x80\xae", $project, '0' x 40)
	    . '"' if $k < 8;
	return '[' . join(',', map { value($depth + 1) } 1 .. rand(4)) . ']'
	    if $k == 8;
	return object($depth + 1);
}

sub object {
	my ($depth) = @_;
	return '{' . join(',', map { '"' . pick(@members) . '":' . value($depth) }
	    0 .. rand(6)) . '}';
}

# One that may well be taken.
sub good {
	my %v = (title => '"a title"', body => '"a body"', head => '"topic"',
	    base => '"main"', username => '"fuzz' . int(rand(9)) . '"',
	    name => '"n' . int(rand(999)) . '"', Do => '"merge"',
	    state => '"' . pick(@words) . '"', event => '"' . pick(@words) . '"',
	    project => "\"$project\"", item => 1, command => '"fix"',
	    access => '"write"', verb => '"exec"', runner => '"r"',
	    permission => '"read"', token => '""', context => '"lint"',
	    seq => int(rand(50)), message => '"done"', from => '"queued"');
	return '{' . join(',', map { "\"$_\":" . ($_ eq 'event' && rand(2) < 1
	    ? 1 + int(rand(9)) : $v{$_}) } sort keys %v) . '}';
}

sub body {
	return good() if rand(2) < 1;
	my $k = int(rand(20));
	return '' if $k == 0;
	return '[' x pick(10, 40, 5000) if $k == 1;
	return '{"a":' x 40 . '1' . '}' x 40 if $k == 2;
	return substr(object(0), 0, int(rand(40))) if $k == 3;
	return "\0\1\2\xff" x 10 if $k == 4;
	return '0000' if $k == 5;
	return object(0);
}

my ($sock, $allowed);
sub ask {
	my ($request) = @_;
	$allowed = undef;
	$sock //= IO::Socket::INET->new(PeerAddr => $addr, Timeout => 20)
	    or return 'no connection';
	local $SIG{PIPE} = 'IGNORE';
	print {$sock} $request;
	$sock->flush;
	my ($in, $status) = ('', undef);
	local $SIG{ALRM} = sub { die "late\n" };
	eval {
		alarm 60;
		while ($in !~ /\r\n\r\n/s) {
			sysread($sock, $in, 65536, length $in) or die "closed\n";
		}
		($status) = $in =~ m{^HTTP/1.[01] (\d+)};
		($allowed) = $in =~ /^allow: *(.*?)\r/mi;
		my ($head, $rest) = $in =~ /^(.*?\r\n\r\n)(.*)$/s;
		my ($len) = $head =~ /^content-length: *(\d+)/mi;
		while (defined $len && length $rest < $len) {
			sysread($sock, $rest, 65536, length $rest) or die "cut\n";
		}
		$sock = undef if !defined $len || $head =~ /^connection: *close/mi;
		alarm 0;
		$status .= ' not-json ' . substr($rest, 0, 60)
		    if $status >= 400 && $head =~ /application\/json/
		    && $rest !~ /^\{"message":/;
	};
	alarm 0;
	if ($@) { $sock = undef; chomp(my $w = $@); $status //= $w }
	return $status;
}

my $bad = 0;
my (%seen, %methods); # a path's methods, learnt from 405
for my $i (1 .. $count) {
	my $n = int(rand(@paths));
	my $path = $paths[$n]->();
	$path =~ tr/ /+/;
	my @q = map { pick(@keys) . '=' . text() } 1 .. rand(3);
	s/ /+/g for @q;
	@q = grep { !/^(?:wait|follow)=[1-9]/ } @q;
	$path .= '?' . join('&', @q) if @q;
	my $method = pick(qw(GET GET GET POST POST POST PATCH PUT DELETE HEAD));
	$method = pick(@{$methods{$n}}) if $methods{$n} && rand(8) > 1;
	next if $method eq 'DELETE' &&
	    $path =~ m{^(?:\Q$P\E|\Q$R\E|\Q$R\E/issues/[^/?]+)(?:\?|$)};
	$method = 'GET' if $method eq 'HEAD' && $path =~ m{/log};
	my $b = $method =~ /GET|HEAD/ ? '' : body();
	my $type = pick(('application/json') x 6, 'text/plain',
	    'application/x-git-receive-pack-request');
	my $more = pick(('') x 8, "Content-Range: bytes 0-3/*\r\n",
	    "Content-Range: bytes 9223372036854775806-9223372036854775806/*\r\n",
	    "Content-Range: bytes 5-1/*\r\n", "X-Coffer-Lease: x\r\n",
	    "Accept: text/event-stream\r\nLast-Event-ID: 99999999\r\n",
	    "Content-Encoding: gzip\r\n", "Git-Protocol: version=2\r\n",
	    "X-A: " . 'z' x 3000 . "\r\n");
	$more = '' if $more =~ /event-stream/ && $path =~ /events/;
	my $auth = rand(50) < 1 ? '' : "Authorization: Bearer $token\r\n";
	my $whole = "$method $path HTTP/1.1\r\nHost: x\r\n$auth$more"
	    . "Content-Type: $type\r\nContent-Length: " . length($b)
	    . "\r\n\r\n$b";
	my $status = ask($whole) if $method ne 'HEAD';
	# The admin's fuzz takes rights away, and that cuts what the identity
	# has in flight.  Asked again it has its answer.
	if (defined $status && $status eq 'closed') {
		$seen{again}++;
		$status = ask($whole);
	}
	if ($method eq 'HEAD') {
		$sock = undef;
		$status = ask("HEAD $path HTTP/1.1\r\nHost: x\r\n$auth"
		    . "Connection: close\r\n\r\n");
		$sock = undef;
		$status = substr($status, 0, 3) if $status =~ /^\d/;
	}
	$seen{$status}++;
	$methods{$n} = [split /, */, $allowed] if defined $allowed;
	next if $status =~ /^(?:2\d\d|30\d|4\d\d|503)$/;
	next if $status =~ /^(?:cut|closed)$/ && $path =~ /[\x80-\xff]/;
	print "$status: $method ", substr($path, 0, 200), ' ',
	    substr($b, 0, 200), "\n";
	$bad++;
}
print "seed $seed: ", join(' ', map { "$_=$seen{$_}" } sort keys %seen), "\n";
exit($bad ? 1 : 0);
