#!/usr/bin/perl
# swagger.pl FILE paths                 "METHOD PATH" of each call
# swagger.pl FILE sound                 what is wrong with the description itself
# swagger.pl FILE check METHOD PATH STATUS BODY-FILE
#                                       where a reply and its description differ
use strict;
use warnings;
use JSON::PP;

my ($file, $what, @args) = @ARGV;
sub slurp { my ($f) = @_; open(my $h, '<', $f) or die "$f: $!\n"; local $/; return <$h>; }
my $json = JSON::PP->new->utf8->allow_nonref;
my $api = $json->decode(slurp($file));
my $defs = $api->{definitions};
my %seen;

sub say_once { my ($text) = @_; print "$text\n" unless $seen{$text}++; }

sub is_bool { return ref($_[0]) eq 'JSON::PP::Boolean'; }

# Where a value is not what its schema says, in either direction.
sub compare {
	my ($schema, $v, $at) = @_;
	return if !defined $v;
	if (my $ref = $schema->{'$ref'}) {
		my ($name) = $ref =~ m{^#/definitions/(.*)};
		return compare($defs->{$name}, $v, $name);
	}
	my $type = $schema->{type} // 'object';
	if ($type eq 'array') {
		return say_once("$at: not a list") if ref $v ne 'ARRAY';
		compare($schema->{items}, $_, "$at\[]") for @$v;
	} elsif ($type eq 'object') {
		return if !$schema->{properties};
		return say_once("$at: not an object") if ref $v ne 'HASH';
		for my $k (sort keys %$v) {
			my $p = $schema->{properties}{$k};
			if (!$p) { say_once("$at.$k: told, not described") }
			else { compare($p, $v->{$k}, "$at.$k") }
		}
		for my $k (sort keys %{ $schema->{properties} }) {
			say_once("$at.$k: described, not told")
			    if !exists $v->{$k} && !$schema->{properties}{$k}{'x-sometimes'};
		}
	} elsif ($type eq 'boolean') {
		say_once("$at: not a bool") if !is_bool($v);
	} elsif ($type eq 'integer') {
		say_once("$at: not a number") if ref $v || is_bool($v) || $v !~ /^-?\d+$/;
	} elsif ($type eq 'string') {
		say_once("$at: not a text") if ref $v;
		say_once("$at: not a time: $v") if ($schema->{format} // '') eq 'date-time'
		    && $v !~ /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
		say_once("$at: not one of its words: $v") if $schema->{enum} && $v ne ''
		    && !grep { $_ eq $v } @{ $schema->{enum} };
	}
}

if ($what eq 'paths') {
	for my $p (sort keys %{ $api->{paths} }) {
		print uc($_), " $p\n" for sort keys %{ $api->{paths}{$p} };
	}
} elsif ($what eq 'sound') {
	my %ids;
	my $text = slurp($file);
	while ($text =~ m{"\$ref":"#/definitions/([^"]*)"}g) {
		say_once("no definition $1") if !$defs->{$1};
	}
	for my $p (sort keys %{ $api->{paths} }) {
		for my $m (sort keys %{ $api->{paths}{$p} }) {
			my $op = $api->{paths}{$p}{$m};
			my $id = $op->{operationId};
			say_once("$m $p: no shapes") if !defined $id;
			say_once("$m $p: $id is there twice") if defined $id && $ids{$id}++;
			my %in = map { $_->{name} => 1 } grep { $_->{in} eq 'path' } @{ $op->{parameters} };
			say_once("$m $p: no parameter $_") for grep { !$in{$_} } $p =~ /\{(\w+)\}/g;
		}
	}
} elsif ($what eq 'check') {
	my ($method, $path, $status, $body) = @args;
	my $op = $api->{paths}{$path}{ lc $method } or die "no $method $path\n";
	my $r = $op->{responses}{$status};
	if (!$r) { print "$status: not described\n"; exit 0; }
	my $schema = $r->{schema};
	my $got = slurp($body);
	exit 0 if !$schema || ($schema->{type} // '') eq 'string';
	my $v = eval { $json->decode($got) };
	if ($@) { print "not JSON\n"; exit 0; }
	compare($schema, $v, 'reply');
}
