#!/bin/bash
# Each command line of README and docs, on a home, projects, a pull request and
# a runner: docs_run.rows says how, and in what order.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

ROOT=$(cd "$SYSTEM_DIR/../.." && pwd)
ROWS=$SYSTEM_DIR/docs_run.rows
V=${V:-debug}
export V
coffer help --json >"$T/table" || tap_bail 'coffer help --json'

# ---- the table is of the documents ----
perl "$SYSTEM_DIR/docs_lines.pl" "$T/table" "$ROOT"/README.md "$ROOT"/docs/*.md >"$T/lines" ||
    tap_bail 'docs_lines.pl'
cut -f 2 "$T/lines" | LC_ALL=C sort >"$T/there"
# A tab in a row's name would be one of its actions.
grep -v -e '^#' -e '^+' -e '^	' -e '^$' "$ROWS" | LC_ALL=C sort >"$T/listed"
tap_ok 'the documents have many command lines' [ "$(wc -l <"$T/there")" -ge 250 ]
tap_is "$(LC_ALL=C comm -23 "$T/there" "$T/listed" | while read -r line; do
	grep -F "	$line" "$T/lines" | head -n 1
done)" '' 'each is in docs_run.rows: it is run'
tap_is "$(LC_ALL=C comm -13 "$T/there" "$T/listed")" '' 'what is there stands in a document'
tap_is "$(uniq -d "$T/listed")" '' 'once'
# NUMBER<TAB>KIND<TAB>COMMAND<TAB>WHAT for each action.
cat >"$T/rows.pl" <<'P'
use strict;
use warnings;
use JSON::PP;
my $table = do { local (@ARGV, $/) = shift; decode_json(<>) };
my %name = map { $_->{name} => 1 } @{ $table->{commands} };
my ($key, $done, $bad) = ('', 1, 0);
my (%runs, @same);
sub wrong { print STDERR "$.: @_\n"; $bad++; }
# Of what stands in the document, what is to be in the command that runs.
sub must {
	my ($doc) = @_;
	1 while $doc =~ s/\[[^\[\]]*\]//;
	$doc =~ s/\s\|.*//;
	my @w = split ' ', $doc;
	return ($w[0]) if $w[0] !~ /^coffer$/;
	my @must = $name{ join ' ', @w[1 .. (@w > 2 ? 2 : $#w)] } ? @w[0 .. (@w > 2 ? 2 : 1)] : @w[0 .. (@w > 1 ? 1 : 0)];
	return (join(' ', grep { !/^--/ } @must), grep { /^--[a-z]/ } @w);
}
while (<>) {
	chomp;
	next if /^#|^$/;
	if (/^\+ (.*)/) { print "+\t-\t$1\n"; next; }
	if (!/^\t/) {
		wrong("nothing is done for: $key") if !$done;
		($key, $done) = ($_, 0);
		next;
	}
	$done = 1;
	if (/^\t(?:run)$/) { print "0\t$key\t$key\n"; }
	elsif (/^\t(?:run) (.*)/) {
		print "0\t$key\t$1\n";
		my $run = $1;
		for my $m ($key =~ /^\d+ blocks|^coffer(?:-\w+|d)? --/ ? () : must($key)) {
			wrong("it does not have `$m`: $run") if index($run, $m) < 0;
		}
	} elsif (/^\tas (.*)/) {
		push @same, [$key, $1];
		next;
	} elsif (/^\tends (\d+) (.*)/) { print "$1\t$key\t$2\n"; }
	elsif (/^\tby ([^:]+): (.*)/) { print "by\t$key\t$1\t$2\n"; }
	elsif (/^\tgit$/) { wrong("not of git: $key") if $key !~ /^git /; }
	else { wrong("what is this? $_"); }
	$runs{$key} = 1;
}
for (@same) {
	my ($one, $other) = @$_;
	my ($must) = must($one);
	wrong("$one: no such row runs: $other") if !$runs{$other} || index($other, $must) < 0;
}
wrong("nothing is done for: $key") if !$done;
exit($bad ? 1 : 0);
P
tap_ok 'the table can be read, and runs what the documents say' \
    sh -c "perl '$T/rows.pl' '$T/table' '$ROWS' >'$T/plan'"
printf 'coffer net PROJECT unlock\n\t%s true\n' run >"$T/bad"
tap_not 'something else in the place of a command would be seen' perl "$T/rows.pl" "$T/table" "$T/bad"
printf 'coffer net PROJECT unlock\n' >"$T/bad"
tap_not 'and one for which nothing is done' perl "$T/rows.pl" "$T/table" "$T/bad"
printf 'coffer net PROJECT unlock\n\tas coffer net PROJECT lock\n' >"$T/bad"
tap_not 'and one that is another, which is not there' perl "$T/rows.pl" "$T/table" "$T/bad"

# ---- what other tests run ----
while IFS=$'\t' read -r kind key file text; do
	[ "$kind" = by ] || continue
	[ -f "$SYSTEM_DIR/$file" ] && file=$SYSTEM_DIR/$file || file=$ROOT/$file
	tap_ok "$key: ${file##*/} runs it" grep -qF -e "$text" "$file"
done <"$T/plan"

# ---- the world that they are run in ----
if [ "$(id -u)" -ne 0 ] || ! command -v runc >/dev/null; then
	tap_skip 'the other commands are run' 'sandboxes need root and runc'
	tap_done
fi
unset COFFER_TOKEN COFFER_URL
COFFER_HOME=$T/home
HOME_DIR=$COFFER_HOME
export UP=file://$T/up
TMPDIR=$T/tmp
XDG_CONFIG_HOME=$T/config
PATH=$O/bin:$PATH
export COFFER_HOME TMPDIR XDG_CONFIG_HOME PATH
mkdir -p "$T/tmp" "$T/config" "$T/me/.claude" "$T/up"
echo 'Be brief.' >"$T/me/.claude/CLAUDE.md"

docs_on_exit()
{
	coffer down >"$T/down.log" 2>&1
	lib_on_exit
}
trap docs_on_exit EXIT

upstream_of() # NAME
{
	make_upstream "$1"
	(
		cd "$WORK" || exit 1
		mkdir .coffer
		printf 'check:\n\ttest -s a.txt\n' >Makefile
		printf 'checks:\n  - name: test\n    test: make check\n' >.coffer/checks.yml
		git add . && git commit -q -m 'What must pass' && git push -q origin main
	) || tap_bail 'an upstream'
}

# An agent that speaks as Claude Code does, and has one thing to do.
world_conf()
{
	mkdir -p "$HOME_DIR/agents/bin"
	cat >"$HOME_DIR/agents/bin/claude" <<'A'
#!/bin/sh
[ "${1-}" != --version ] || { echo '2.1.0 (Claude Code)'; exit 0; }
prompt=$(cat)
echo '{"type":"system","subtype":"init","session_id":"s1","model":"stub","tools":["Read"],"mcp_servers":[]}'
case $prompt in *slowly*) sleep 600 ;; esac
[ "$COFFER_ACCESS" != write ] || echo mended >>a.txt
echo '{"type":"result","subtype":"success","is_error":false,"result":"Done.","num_turns":1,"usage":{}}'
A
	chmod 755 "$HOME_DIR/agents/bin/claude"
	world_port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(
	    Listen => 1, LocalAddr => "127.0.0.1")->sockport')
	coffer config set server.allow_file_upstream yes &&
	    coffer config set server.listen "127.0.0.1:$world_port" &&
	    coffer config set agentd.prompts_dir "$ROOT/prompts" &&
	    upstream_of project && upstream_of two &&
	    chown -R "$(stat -c %u "$HOME_DIR/db")" "$T/up" &&
	    git clone -q "$T/up/project.git" "$T/clone" || return 1
	ADMIN=$(cat "$HOME_DIR/secrets/admin.token")
	printf 'sk-of-the-test-0123456789\n' >"$T/clone/key"
	cp "$T/clone/key" "$T/clone/key-file"
	echo 'a long sentence is fine' >"$T/clone/password-file"
	printf 'key\nkey-file\npassword-file\n' >>"$T/clone/.git/info/exclude"
}

all_up() { [ "$(coffer status --json | jq '[.services[] | select(.state == "up")] | length')" = 5 ]; }
world_is_up()
{
	wait_for 30 all_up || return 1
	URL=http://$(cat "$HOME_DIR/run/cofferd.addr")
}
run_ended() { coffer run wait "$1" --timeout 90s >/dev/null 2>&1 || [ $? -le 1 ]; }
# Of a pull request, nothing but this is missing.
waits_for()
{
	[ "$(coffer pr gate project "$1" --json |
	    jq -r '[.requirements[] | select(.met | not) | .id] | join(" ")')" = "$2" ]
}
gate_waits_for() { wait_for 60 waits_for "$@" || { coffer pr gate project "$1"; false; }; }
slow_run()
{
	SLOW=$(coffer run list project --json | jq -r '[.[] | select(.state == "running")][0].id // empty')
	[ -n "$SLOW" ]
}
order() # WORD
{
	coffer issue new project -t "Do it $1" -b "/fix $1" && wait_for 30 slow_run
}
kept_one()
{
	KEPT=$(coffer kept list project --json | jq -r '.[0].name // empty')
	[ -n "$KEPT" ]
}
lose_a_branch()
{
	PROJECT=admin/project
	WORK=$T/up/project-work
	push_branch lost a.txt lost && cat "$T/push.err" && git_as "$ADMIN" -C "$WORK" push -q "$URL/$PROJECT.git" :lost && wait_for 20 kept_one
}

# ---- they run ----
# What prepares stays in this shell, a command of the documents has its own.
while IFS=$'\t' read -r kind key text <&5; do
	[ "$kind" != by ] || continue
	cd "$T/clone" 2>/dev/null || cd "$T" || exit 1
	[ -z "${TIMES-}" ] || echo "# $(date +%s) $key"
	if [ "$kind" = + ]; then
		eval "$text" >"$T/world.out" 2>&1 </dev/null ||
		    { tap_result 1 "$text"; sed 's/^/# /' "$T/world.out" | tail -n 20; }
		continue
	fi
	(eval "$text") >"$T/out" 2>"$T/err" </dev/null
	RC=$?
	tap_is "$RC" "$kind" "$key"
	[ "$RC" = "$kind" ] || tail -n 15 "$T/out" "$T/err" | sed 's/^/# /'
	[ "$key" = "$text" ] || [ "$RC" = "$kind" ] || echo "# as: $text"
done 5<"$T/plan"
tap_done
