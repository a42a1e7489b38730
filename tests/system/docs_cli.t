#!/bin/sh
# Every `coffer ...` in README and docs is one that the program has: its
# command, and each of its options.  What changes nothing is run, too.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

ROOT=$SYSTEM_DIR/../..
coffer help --json >"$T/table" || tap_bail 'coffer help --json'
# One line for each: FILE:LINE<TAB>WORDS, from blocks and from `code`.
cat >"$T/lines.pl" <<'END'
use strict;
use warnings;
for my $file (@ARGV) {
	open my $f, '<', $file or die "$file: $!";
	my ($short, $block, $rest) = ($file =~ s|.*/||r, 0, '');
	while (my $line = <$f>) {
		if ($line =~ /^\s*```/) { $block = !$block; next; }
		if ($block) {
			$line =~ s/\s#\s.*//;
			if ($line =~ /\\\n\z/) { $rest .= $line =~ s/\\\n//r; next; }
			$line = $rest . $line;
			$rest = '';
			print "$short:$.\t$1\n"
			    while $line =~ /(?:^\s*|[|;&(]\s*|\bsudo\s+|\$ )coffer\s+([^|;&)<>\n]+)/g;
		} else {
			print "$short:$.\t$1\n" while $line =~ /`(?:sudo )?coffer ([^`]*[^` ])`/g;
		}
	}
}
END
cat >"$T/check.pl" <<'END'
use strict;
use warnings;
use JSON::PP;
local $/;
open my $t, '<', shift or die;
my $table = decode_json(<$t>);
$/ = "\n";
my %by = map { $_->{name} => $_ } @{ $table->{commands} };
my %family = map { (split / /, $_)[0] => 1 } keys %by;
my ($bad, $n) = (0, 0);
while (my $line = <STDIN>) {
	chomp $line;
	my ($where, $text) = split /\t/, $line, 2;
	my $found;
	$n++;
	$text =~ s/'[^']*'|"[^"]*"/TEXT/g;
	$text =~ s/[\[\]()]/ /g;
	my @w = split ' ', $text;
	while (@w && $w[0] =~ /^--(?:(?:home|url)(=?)|json|dry-run|no-colour)/) {
		my $value = ($1 // '=') eq '';
		shift @w;
		shift @w if $value;
	}
	next if !@w || $w[0] =~ /^[A-Z.]+$/ || $w[0] =~ /^--help$/;
	for my $name ("$w[0] " . ($w[1] // ''), $w[0]) {
		$found //= $by{$name};
	}
	if (!$found) {
		next if $family{ $w[0] } && (!defined $w[1] || $w[1] =~ /^[A-Z.]+$/);
		print "$where: no command: coffer $text\n";
		$bad++;
		next;
	}
	my %opt = map { ("--$_->{name}" => 1, defined $_->{letter} ? ("-$_->{letter}" => 1) : ()) }
	    @{ $found->{options} }, @{ $table->{options} };
	for (@w) {
		last if $_ eq '--';
		next if !/^(--?[a-z][a-z-]*)/ || $opt{$1};
		print "$where: $found->{name} has no option $1: coffer $text\n";
		$bad++;
	}
}
print "$n lines\n";
exit $bad ? 1 : 0;
END
perl "$T/lines.pl" "$ROOT"/README.md "$ROOT"/docs/*.md >"$T/lines"
tap_ok 'the docs have many command lines' [ "$(wc -l <"$T/lines")" -ge 100 ]
tap_ok 'each has a command and options that are there' \
    perl "$T/check.pl" "$T/table" <"$T/lines"
bad() { printf 'x.md:1\t%s\n' "$1" | perl "$T/check.pl" "$T/table"; }
tap_not 'a command that is not there would be seen' bad 'issue frobnicate acme/x'
tap_not 'and an option' bad 'issue new acme/x --frobnicate'
tap_ok 'a right one passes' bad '--home /x issue new acme/x -t T --body B'
# What only tells is run as it stands.
grep -P '\t(help|completion) ?[a-z ]*$' "$T/lines" | cut -f 2 | sort -u >"$T/tells"
tap_ok 'some only tell' [ -s "$T/tells" ]
while read -r line; do
	# shellcheck disable=SC2086
	run $line
	tap_is "$RC" 0 "coffer $line"
done <"$T/tells"
tap_done
