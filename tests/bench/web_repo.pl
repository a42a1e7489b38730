#!/usr/bin/perl
# web_repo.pl FILES COMMITS: a repository as git fast-import takes it; the same
# numbers give the same one.  FILES in folders of 3 to 400, one of a twentieth of
# them (5,000 of 100,000); COMMITS on main, which change one to three files each
# and every fifth a line of a file of 2,000; 60 branches more; d1k and d20k
# change 1,000 and 20,000 lines.
use strict;
use warnings;
my ($files, $commits) = @ARGV;
die "usage: web_repo.pl FILES COMMITS\n" if !$commits;
my ($mark, $seed, $at) = (0, 1, 1_600_000_000);

sub below {
	$seed = ($seed * 1103515245 + 12345) & 0x7fffffff;
	return ($seed >> 8) % $_[0];
}

sub line {
	my @w = qw(static return struct const buffer length error object index char);
	return "\t" . join(' ', map { $w[below(10)] . below(1000) } 1 .. 6) . ";\n";
}

sub text { return join '', map { line() } 1 .. $_[0] }

sub commit {
	my ($ref, $from, $what) = @_;
	$mark++;
	$at += 3600;
	printf "commit refs/heads/%s\nmark :%d\ncommitter Author %d <a%d\@example.org> %d +0000\n",
	    $ref, $mark, below(20), 1, $at;
	my $said = "$what\n\nWhy it was done, in a sentence or two of the usual length.\n";
	printf "data %d\n%s\n", length $said, $said;
	print "from :$from\n" if $from;
	return $mark;
}

sub put {
	my ($path, $body) = @_;
	printf "M 100644 inline %s\ndata %d\n%s\n", $path, length $body, $body;
	return;
}

my @paths = map { sprintf 'many/file%05d.txt', $_ } 1 .. $files / 20;
my $folder = 0;
while (@paths < $files) {
	my $n = 3 + below(20) ** 2;
	my $dir = sprintf 'src/area%02d/part%03d', $folder % 40, $folder;
	push @paths, map { sprintf '%s/unit%03d.c', $dir, $_ } 1 .. $n;
	$folder++;
}
$#paths = $files - 1;
my @long = map { line() } 1 .. 2000;
my @d1k = map { [ map { line() } 1 .. 200 ] } 1 .. 5;
my $first = commit('main', 0, 'first');
put($_, text(3)) for @paths;
put('README.md', "# Many files\n\n" . "A *paragraph* of the [usual](src) length, with `code` in it.\n\n" x 20);
put("top$_.txt", text(5)) for 1 .. 40;
put('long.c', join '', @long);
put("diff/part$_.c", join '', @{ $d1k[ $_ - 1 ] }) for 1 .. 5;
my $main = $first;
for my $n (2 .. $commits) {
	$main = commit('main', $main, "change $n");
	put($paths[ below(scalar @paths) ], text(4)) for 0 .. below(3);
	put($paths[ below($files / 20) ], text(4)) if $n % 10 == 0;
	put('top' . (1 + below(40)) . '.txt', text(5)) if $n % 7 == 0;
	next if $n % 5;
	$long[ below(2000) ] = line();
	put('long.c', join '', @long);
}
# A thousand lines: 500 go, 500 come.
commit('d1k', $main, 'a thousand lines');
for my $f (1 .. 5) {
	my @l = @{ $d1k[ $f - 1 ] };
	$l[$_] = line() for grep { $_ % 2 } 0 .. 199;
	put("diff/part$f.c", join '', @l);
}
commit('d20k', $main, 'twenty thousand lines');
put("new/file$_.c", text(1000)) for 1 .. 20;
for my $n (1 .. 60) {
	commit("topic$n", $main, "topic $n");
	put("topic$n.txt", text(2));
}
print "done\n";
