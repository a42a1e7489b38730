# Every command line of the documents, once: FILE:LINE<TAB>COMMAND, as it
# stands there.  Blocks without a name or called sh are looked at line by line,
# where they begin with a program; so is `code`, also of coffer's commands
# without its name (`user list`).  usage: docs_lines.pl TABLE.json FILE...
use strict;
use warnings;
use JSON::PP;

my $table = do { local (@ARGV, $/) = shift; decode_json(<>) };
my %two = map { $_->{name} => 1 } grep { $_->{name} =~ / / } @{ $table->{commands} };
my $program = qr{(?:sudo\s+)?(?:[A-Z_]+=\S*\s+)*
    (?:coffer(?:d|-[a-z]+)?|apt-get|make|git|curl|ssh|ip|tar|sha256sum|kill|systemctl|systemd-\w+|journalctl|docker-compose|
    \./deps\.sh|\.ci/run|compose/build\.sh|tests/\w+\.sh)(?=\s|$)}x;
# Documents of which all blocks of a shell are run as they are.
my %whole = map { $_ => 1 } qw(api.md runners.md);
my (%seen, %blocks);

sub entry {
	my ($where, $line) = @_;
	$line =~ s/\\\|/|/g;
	$line =~ s/^\s+|\s+$//g;
	print "$where\t$line\n" if length $line && !$seen{$line}++;
}

for my $file (@ARGV) {
	my ($short, $in, $lang, $loop) = ($file =~ s|.*/||r, 0, '', '');
	open my $f, '<', $file or die "$file: $!";
	while (my $line = <$f>) {
		if ($line =~ /^\s*```(\w*)/) {
			$in = !$in;
			$lang = $1 if $in;
			$blocks{$short}++ if $in && $lang eq 'sh' && $whole{$short};
			next;
		}
		if (!$in) {
			while ($line =~ /`([^`]+)`/g) {
				my ($code, @w) = ($1, split ' ', $1);
				next if $code =~ /\\n/;
				entry("$short:$.", $code) if @w > 1 && $code =~ /^$program/;
				entry("$short:$.", "coffer $code") if @w > 1 && $two{"$w[0] $w[1]"};
			}
			next;
		}
		next if ($lang ne '' && $lang ne 'sh') || ($lang eq 'sh' && $whole{$short});
		$line =~ s/\s+#\s.*//;
		$line =~ s/^\s+|\s+$//g;
		if ($loop ne '' || $line =~ /^(?:for|while)\s.*\bdo$/) {
			$loop .= ($loop eq '' || $loop =~ /do$/ ? ($loop eq '' ? '' : ' ') : '; ') . $line;
			next if $line ne 'done';
			entry("$short:$.", $loop);
			$loop = '';
			next;
		}
		next if $line =~ /[^\x00-\x7f]|\S\s{3,}\S/; # a picture
		entry("$short:$.", $line) if $line =~ /^$program/;
	}
}
entry($_, "$blocks{$_} blocks of $_") for sort keys %blocks;
