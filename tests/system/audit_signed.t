#!/bin/sh
# The head of the audit log, signed by agentd where cofferd cannot write: who
# has the database makes no other log of what was before.  And retention, which
# takes rows and leaves a chain.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'agentd needs root'
unset COFFER_TOKEN COFFER_URL
COFFER_HOME=$T/home
export COFFER_HOME
signed_on_exit() {
	coffer down >/dev/null 2>&1
	lib_on_exit
}
trap signed_on_exit EXIT
run setup
HOME_DIR=$COFFER_HOME
HEADS=$COFFER_HOME/audit.heads
DB=$COFFER_HOME/db/coffer.db
up() { run up -d --listen 127.0.0.1:0; [ "$RC" = 0 ] || tap_bail "up: $(cat "$T/err")"; }
up
tap_ok 'agentd signs the head' wait_for 30 test -s "$HEADS"
tap_is "$(stat -c '%U %a' "$HEADS")" 'root 644' 'in a file that is root'"'"'s'
tap_is "$(awk 'NF != 4 || length($2) != 64 || length($4) != 128' "$HEADS")" '' 'a line for each'
run audit verify --json
tap_is "$RC,$(jq '.heads >= 1' "$T/out")" 0,true 'coffer audit verify meets it'
# More heads than a verify reads, as of years: agentd makes the file short.
coffer down >/dev/null 2>&1
perl -ne 'print $_ x 90000 if $. == 1' "$HEADS" >"$T/many"
cp "$T/many" "$HEADS"
tap_ok 'with very many heads' [ "$(stat -c %s "$HEADS")" -gt 16777216 ]
up
run user add alice
short() { [ "$(stat -c %s "$HEADS")" -lt 10000 ]; }
tap_ok 'the file is made short' wait_for 40 short
tap_is "$(head -n 1 "$HEADS"),$(stat -c '%U %a' "$HEADS")" "$(head -n 1 "$T/many"),root 644" 'the head is still in it'
run audit verify --json
tap_is "$RC,$(jq '.heads >= 1' "$T/out")" 0,true 'and met'
SIGNED=$(tail -n 1 "$HEADS" | cut -d' ' -f1)
run user add bob
tap_is "$RC" 0 'something happens after it'
coffer down >/dev/null 2>&1
cp "$HEADS" "$T/heads"
sqlite3 "$DB" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
cp "$DB" "$T/good.db"

# anew SQL: a change of the file by somebody who makes all hashes again
anew() {
	cp "$T/good.db" "$DB"
	sqlite3 "$DB" "$1"
	sqlite3 -json "$DB" 'SELECT * FROM audit ORDER BY seq' | perl -MDigest::SHA=sha256_hex -MJSON::PP -e '
		local $/; my $h = "0" x 64;
		for my $r (@{ JSON::PP->new->utf8->decode(<>) }) {
			my $b = join "", map { utf8::encode(my $x = "$_"); length($x) . ":$x," }
			    $h, @$r{qw(seq at who_id who via origin request project_id project what subject event old new)};
			$h = sha256_hex($b);
			print "UPDATE audit SET hash = \x27$h\x27 WHERE seq = $r->{seq};\n";
		}' | sqlite3 "$DB"
	chown --reference="$COFFER_HOME/db" "$DB"*
	start_cofferd
}
anew "UPDATE audit SET who = 'eve' WHERE seq = 2"
rm -f "$HEADS"
run audit verify
tap_is "$RC" 0 'a log that was made anew is whole in itself'
cp "$T/heads" "$HEADS"
run audit verify
tap_is "$RC" 40 'but not the one that was signed'
tap_ok 'and that is said' err_has 'made anew'
run --json admin check
tap_is "$RC,$(jq -r '[.findings[].kind] | unique | join(",")' "$T/out")" 3,audit 'coffer admin check says so, too'
stop_cofferd
anew "DELETE FROM audit WHERE seq >= $SIGNED"
run audit verify
tap_is "$RC" 40 'nor is one without its end'
run --json admin check
tap_like "$RC $(jq -r '.findings[0].what' "$T/out")" '3 *its end was cut off' 'to admin check, too'
stop_cofferd
sed 's/ \([0-9a-f]\)\([0-9a-f]*\)$/ \2\1/' "$T/heads" >"$HEADS"
cp "$T/good.db" "$DB"
chown --reference="$COFFER_HOME/db" "$DB"*
start_cofferd
run audit verify
tap_not 'a line that is not signed is found' [ "$RC" -eq 0 ]
tap_ok 'and said' err_has 'audit.heads'
cp "$T/heads" "$HEADS"
run audit verify
tap_is "$RC" 0 'the log as it was is the one that was signed'
run admin check
tap_is "$RC" 0 'and admin check finds nothing'
stop_cofferd

# Retention: everything but the last rows is old.
sed -i 's/^\[server\]/[server]\naudit_keep = 1s/' "$COFFER_HOME/coffer.conf"
LAST=$(sqlite3 "$DB" 'SELECT max(seq) FROM audit')
old() { [ "$(sqlite3 "$DB" "SELECT at < 1000 * unixepoch() - 2000 FROM audit WHERE seq = $LAST")" = 1 ]; }
wait_for 20 old
start_cofferd
pruned() { api GET '/api/coffer/v1/audit?what=audit.pruned'; [ "$(field '.rows | length')" -ge 1 ]; }
ADMIN=$(cat "$COFFER_HOME/secrets/admin.token")
tap_ok 'rows that are too old go, and a row says so' wait_for 20 pruned
# The row of the changed coffer.conf, which is young, may be the last by then.
START=$(field '.start.seq')
case $START in $((LAST - 1)) | "$LAST") START=last ;; esac
tap_is "$START" last 'all but the last'
tap_is "$(field '.rows[0].new | fromjson | .hash')" "$(field .start.hash)" 'with the hash from which the chain goes on'
run audit verify
tap_is "$RC" 0 'what is left is whole'
stop_cofferd
sqlite3 "$DB" 'UPDATE audit_start SET seq = seq + 1; DELETE FROM audit WHERE seq <= (SELECT seq FROM audit_start)'
chown --reference="$COFFER_HOME/db" "$DB"*
# What is young is not looked at by retention.
LAST=$(sqlite3 "$DB" 'SELECT max(seq) FROM audit')
wait_for 20 old
start_cofferd
run audit verify
tap_is "$RC" 40 'a checkpoint that was moved is found'
kept_back() { grep -q 'audit sweep reason=.*nothing of it is forgotten' "$T/cofferd.log"; }
tap_ok 'and retention does not hide it' wait_for 20 kept_back
run audit verify
tap_is "$RC" 40 'then or later'
stop_cofferd
# Rows that are taken the way retention takes them, but by nobody who says so.
cp "$T/good.db" "$DB"
sqlite3 "$DB" 'INSERT INTO audit_start SELECT 1, seq, hash FROM audit WHERE seq = 2; DELETE FROM audit WHERE seq <= 2'
sed -i '/^audit_keep/d' "$COFFER_HOME/coffer.conf"
chown --reference="$COFFER_HOME/db" "$DB"*
start_cofferd
run audit verify
tap_is "$RC" 40 'so is one that retention did not make'
tap_ok 'and said' err_has 'no row says'
tap_done
