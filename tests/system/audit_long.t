#!/bin/sh
# The audit log is read whatever is in it: rows that were written before texts
# had a bound, one of megabytes among them, and very many rows, asked for by
# what they are, by whom, and of which project.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"
. "$(dirname "$0")/web_lib.sh"

unset COFFER_TOKEN
coffer_home
COFFER_HOME=$HOME_DIR
export COFFER_HOME
start_cofferd
unset COFFER_URL
make_project
A=/api/coffer/v1/audit
P=/-/admin/audit
DB=$HOME_DIR/db/coffer.db
make_user bob >/dev/null
sql() { sqlite3 "$DB" "$1" || tap_bail "sqlite3"; }
mine() { [ "$(id -u)" -ne 0 ] || chown --reference="$HOME_DIR/db" "$DB"*; }
sign_in admin "$ADMIN"
rows() { grep -o '<td class="num" data-column="Row"' "$BODY" | wc -l; }

# ---- long ones, as they were written before ----
api GET "$A?limit=500"
FEW=$(field '.rows | length')
stop_cofferd
# 14 rows of a text of quotes, then one of what JSON makes six bytes of.
sqlite3 "$DB" "SELECT seq || ' ' || hash FROM audit ORDER BY seq DESC LIMIT 1" | perl -MDigest::SHA=sha256_hex -ne '
	($seq, $hash) = split;
	print "BEGIN;\n";
	for my $n (1 .. 15) {
		my $text = ($n < 15 ? "\\\"" : "\\u0001") x (255 * 1024);
		my @row = (++$seq, 1795000000000 + $n, 2, "bob", "token 2", "127.0.0.1", "r-$n", 1, "admin/calc", "checks.changed",
		    "settings", 0, "{\"text\":\"$text\"}", "{\"text\":\"$text#\"}");
		$hash = sha256_hex(join "", map { length($_) . ":$_," } $hash, @row);
		print "INSERT INTO audit VALUES (", join(", ", map { "\x27$_\x27" } @row, $hash), ");\n";
	}
	print "COMMIT;\n"' >"$T/old.sql"
sqlite3 "$DB" <"$T/old.sql" || tap_bail 'old rows'
rm "$T/old.sql"
mine
start_cofferd
ALL=$((FEW + 15))
run audit verify
tap_is "$RC" 0 'coffer audit verify reads them all'
tap_ok 'each of them' out_has "^$ALL rows, whole"
run audit export
tap_is "$RC,$(wc -l <"$T/out")" "0,$ALL" 'so does coffer audit export'
tap_is "$(jq -s '[.[].seq] == [range(1; length + 1)]' "$T/out")" true 'each once, in order'
tap_is "$(tail -n 1 "$T/out" | jq -r '.new | length')" $((255 * 1024 * 6 + 12)) 'as they are'
run audit list --what checks.changed
tap_is "$RC,$(wc -l <"$T/out")" 0,16 'coffer audit list has a line of each'
tap_ok 'which is no megabyte' test "$(wc -c <"$T/out")" -lt 1000000
run audit list --json --limit 10
tap_is "$RC,$(jq 'length' "$T/out")" 0,10 'as many as it was asked for'
run audit list --json --what nothing.here
tap_is "$RC,$(jq -c . "$T/out")" '0,[]' 'or none'
api GET "$A?limit=500&newest=true"
tap_is "$STATUS,$(field '.more')" 200,true 'a page of the API ends before the limit'
tap_is "$(field '.rows | length')" 1 'with one row at least'
BEFORE=$(field .next)
api GET "$A?limit=500&newest=true&before=$BEFORE"
tap_is "$STATUS,$(field ".rows[0].seq == $BEFORE - 1")" 200,true 'and says where the next begins'
page GET "$P?verify=1"
tap_is "$STATUS,$(rows)" 200,1 'the page has what it can'
tap_ok 'says what it does not show' shows 'bytes, too many to show; they are in the file'
tap_ok 'is sound' perl "$SYSTEM_DIR/html_check.pl" "$BODY"
tap_ok 'leads to the older ones' shows 'rel="next"'
tap_ok 'and checks what it has' shows 'The newest 1 rows follow'
page GET "$P?before=$BEFORE"
tap_ok 'of which it shows how they begin' shows '&quot;&quot;&quot;…</code>'
page GET "$P.jsonl"
tap_is "$STATUS,$(wc -l <"$BODY")" "200,$ALL" 'the file has them all'

# ---- very many ----
stop_cofferd
sql "WITH RECURSIVE x (i) AS (SELECT $((ALL + 1)) UNION ALL SELECT i + 1 FROM x WHERE i < 100000)
    INSERT INTO audit SELECT i, 1795000001000 + i, 1, CASE i % 2 WHEN 1 THEN 'admin' ELSE 'bob' END, '', '', '', 1, '$PROJECT',
    CASE i % 2 WHEN 1 THEN 'issue.closed' ELSE 'issue.reopened' END, '#' || i, i, '', '{}', '$(printf '%064d' 1)' FROM x"
mine
start_cofferd
# asks QUERY ROWS NAME: of the first page
asks()
{
	page GET "$P?$1"
	tap_is "$STATUS,$(rows)" "200,$2" "$3"
}
asks what=user.created "$(sqlite3 "$DB" "SELECT count(*) FROM audit WHERE what = 'user.created'")" 'what is rare is found among 100,000'
asks what=checks 1 'by the word before its dot'
asks what=issue 40 'or what is not'
asks what=nothing.here 0 'or is not there'
tap_ok 'which is known' shows 'No row is like that.<'
asks 'what=nothing.here&who=admin' 0 'and of somebody'
asks "what=x&project=$PROJECT" 0 'and of a project'
asks 'what=issue.reopened&who=bob' 40 'of two that are many'
asks 'what=issue.reopened&who=admin' 0 'many rows of which none is both are looked at some at a time'
tap_ok 'the page says how far' shows 'of those that were looked at'
tap_ok 'and goes on' shows 'rel="next"'
run audit list --what issue.reopened --who admin
tap_is "$RC,$(wc -l <"$T/out")" 0,1 'coffer audit list looks at all of them'
run audit export --what checks.changed --who bob
tap_is "$RC,$(wc -l <"$T/out")" 0,15 'so does coffer audit export'
page GET "$P.jsonl?what=checks&who=bob"
tap_is "$STATUS,$(wc -l <"$BODY")" 200,15 'and the file of the page'
tap_done
