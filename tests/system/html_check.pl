#!/usr/bin/perl
# html_check.pl FILE...: is each page made of the elements and attributes that
# the pages are made of, closed in order, with addresses of this server alone?
# What strangers wrote can then be text only.  Prints what is wrong.
use strict;
use warnings;

my %void = map { $_ => 1 } qw(meta link input img hr br);
my %tag = map { $_ => 1 } qw(html head title script body a header nav form button main section article div
    span p h1 h2 h3 h4 h5 h6 blockquote ol em del dl dt dd ul li table thead tbody tr th td code pre time meter strong bdi label select option datalist textarea details summary fieldset legend);
my %attr = map { $_ => 1 } qw(lang charset name content rel href src defer class id role aria-label aria-current
    method action type value for autocomplete autocapitalize spellcheck list maxlength data-after data-kind data-column
    data-live data-total data-last data-url data-next data-ended datetime title scope min max high selected tabindex download rows required placeholder
    rel alt loading colspan aria-labelledby start checked disabled tabindex autofocus readonly open aria-describedby
    aria-hidden aria-pressed form enctype multiple data-orders target);
# A label's colour is a picture.
$tag{$_} = 1 for qw(svg circle aside);
$attr{$_} = 1 for qw(width height cx cy r fill);
my $bad = 0;
sub wrong { print "$ARGV: @_\n"; $bad = 1; }
for my $file (@ARGV) {
	$ARGV = $file;
	open my $f, '<:raw', $file or die "$file: $!\n";
	my $t = do { local $/; <$f> };
	my @open;
	$t =~ s/^<!DOCTYPE html>\n// or wrong('no doctype');
	while ($t =~ /\G([^<]*)<(\/?)([a-z0-9]+)((?:\s+[a-z-]+(?:="[^"<>]*")?)*)>/gc) {
		my ($text, $end, $name, $attrs) = ($1, $2, $3, $4);
		wrong("bare > or \" in: $text") if $text =~ /[>"']/;
		wrong("bare & in: $text") if $text =~ /&(?!(?:amp|lt|gt|quot|#39);)/;
		wrong("element $name") unless $tag{$name} || $void{$name};
		if ($end) {
			my $was = pop @open // '';
			wrong("</$name> closes <$was>") if $was ne $name;
			next;
		}
		push @open, $name unless $void{$name};
		while ($attrs =~ /([a-z-]+)(?:="([^"]*)")?/g) {
			my ($a, $v) = ($1, $2 // '');
			wrong("attribute $a") unless $attr{$a};
			wrong("$a=\"$v\"") if $a =~ /^(?:href|src|action|data-url)$/ && $v !~ m{^(?:/(?!/)|\?|#)} &&
			    # A link of a stranger's text, which says so.
			    !($a eq 'href' && $name eq 'a' && $v =~ m{^(?:https?://|mailto:)}i && $attrs =~ /rel="nofollow noopener noreferrer"/);
		}
	}
	my $rest = substr $t, pos($t) // 0;
	wrong('not HTML from: ' . substr $rest, 0, 100) if $rest =~ /\S/;
	wrong("not closed: @open") if @open;
}
exit $bad;
