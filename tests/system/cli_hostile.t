#!/bin/sh
# What a server says is never obeyed: not by a terminal, with colours or
# without, in words or in JSON; nor by coffer, whatever it is sent.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

TERM=xterm
export TERM
mkdir -p "$T/evil" "$T/other"
start "$T/evil.log" perl "$SYSTEM_DIR/cli_evil.pl" "$T/evil"
start "$T/other.log" perl "$SYSTEM_DIR/cli_evil.pl" "$T/other"
wait_for 10 test -s "$T/evil/port" -a -s "$T/other/port" || tap_bail 'cli_evil.pl'
EVIL=http://127.0.0.1:$(cat "$T/evil/port")
echo "http://127.0.0.1:$(cat "$T/other/port")" >"$T/evil/away"

cat >"$T/rows" <<'ROWS'
status
status acme/calc
top --times 1
project show acme/calc
settings acme/calc
kept list acme/calc
kept restore acme/calc x
kept drop acme/calc x --yes
maintain acme/calc
sync acme/calc
sync --all
credential acme/calc --remove --yes
project hook acme/calc
net acme/calc
net acme/calc rules
presets
issue list acme/calc
issue show acme/calc 1
issue new acme/calc -t x
issue comment acme/calc 1 x
issue close acme/calc 1
pr list acme/calc
pr show acme/calc 1
pr diff acme/calc 1
pr gate acme/calc 1
pr findings acme/calc 1
pr approve acme/calc 1
pr merge acme/calc 1
events acme/calc
run list acme/calc
run show 1
run logs 1
run watch 1
run inspect 1
run report 1
run cancel 1
run pause acme/calc
run start acme/calc x
approvals
approvals show 1
check list acme/calc 1
check logs 1
runner list
runner add one
user list
user add ann
token list
audit list
audit verify
start acme/calc --no-wait
stop acme/calc --no-wait
set-branch acme/calc x
destroy acme/calc --yes --no-wait
create https://example.org/x.git --no-start --timeout 1s
open acme/calc
doctor --no-sandbox
ROWS

# told FILE: what a terminal would obey or not show, but for our own colours
told()
{
	perl -0777 -ne 's/\e\[(?:0|1|2|3[0-9])m//g; s/\e\[H\e\[2J//g; s/\r\e\[K([^\r]*  \d+ s)?//g;
	    print join " ", (/\e/ ? "ESC" : ()), (/\a/ ? "BEL" : ()), (/\xc2[\x80-\x9f]/ ? "C1" : ()),
	    (/\xe2\x80\xae/ ? "BIDI" : ()), (/\xe2\x80\x8b|\xf3\xa0\x81\x81/ ? "UNSEEN" : ())' "$1"
}
typed() # ARGUMENT...: on a terminal; $T/tty, RC
{
	perl "$SYSTEM_DIR/pty.pl" "$T/tty" -- "$O/bin/coffer" "$@"
	RC=$?
}
COFFER_URL=$EVIL/escapes
export COFFER_URL
while read -r row <&5; do
	# shellcheck disable=SC2086
	typed $row
	seen=$(told "$T/tty") crash=$((RC > 124))
	# shellcheck disable=SC2086
	typed --json $row
	seen="$seen$(told "$T/tty")" crash=$((crash + (RC > 124)))
	# shellcheck disable=SC2086
	NO_COLOR=1 typed $row
	grep -q "$(printf '\033\[[0-9]*m')" "$T/tty" && seen="$seen COLOUR"
	tap_is "$seen$(told "$T/tty") $((crash + (RC > 124)))" ' 0' "$row"
done 5<"$T/rows"
run issue list acme/calc
tap_ok 'what is told is seen' out_has 'E<U+001B>\[31m.*<U+202E><U+009B>5n<U+200B><U+E0041>Z'
run issue list acme/refused
tap_is "$RC $(told "$T/err")" '3 ' 'a refusal'
run --json issue list acme/calc
tap_is "$(jq -r '.[0].title | length' "$T/out")" 19 'JSON says the same, escaped'

for mode in html empty deep bad junk huge; do
	COFFER_URL=$EVIL/$mode
	crash=0
	for row in status 'issue list acme/calc' 'pr show acme/calc 1' 'net acme/calc --json' \
	    'run show 1' 'events acme/calc' 'kept list acme/calc' 'audit list' 'runner list' top; do
		# shellcheck disable=SC2086
		run $row
		[ "$RC" -le 124 ] || crash="$row: $RC"
	done
	tap_is "$crash" 0 "$mode: nothing that coffer falls over"
done
COFFER_URL=$EVIL/empty run issue list acme/calc
tap_is "$RC $(wc -c <"$T/out")" '1 0' 'no answer is not an empty list'
COFFER_URL=$EVIL/html run issue list acme/calc
tap_ok 'what answers there is no cofferd, and it is said where' err_has "is $EVIL/html the address of cofferd?"
COFFER_URL=$EVIL/away
for row in 'issue list acme/calc' 'run logs 1'; do
	# shellcheck disable=SC2086
	run $row
	tap_is "$RC" 1 "$row: sent elsewhere"
	tap_ok 'it says where it was sent from' err_has "is $EVIL/away the address of cofferd?"
done
tap_not 'and went not, nor its token' test -e "$T/other/heard"
tap_ok 'the token was for the one it is for' grep -q "Bearer $COFFER_TOKEN" "$T/evil/heard"
tap_done
