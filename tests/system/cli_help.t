#!/bin/sh
# coffer help: groups by task, what a slip is met with, pages for man(1), and
# the table as JSON.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

run help
tap_is "$RC" 0 'help'
tap_is "$(head -n 1 "$T/out" | cut -d ' ' -f 1,2)" 'usage: coffer' 'begins with the usage'
tap_is "$(grep -c '^[A-Z][a-z ]*: ' "$T/out")" 11 'ten groups, and the exit codes'
tap_ok 'Service is the first' [ "$(grep -m1 -o '^[A-Z][a-z]*:' "$T/out")" = Service: ]
run help --json
tap_ok 'as JSON' jq -e '.commands | length > 80' "$T/out"
coffer help >"$T/list"
tap_is "$(jq -r '.commands[].name' "$T/out" | while read -r n; do
	grep -q "^  $n  *[a-z]" "$T/list" || echo "$n"
done)" '' 'every command of the table is in the list'
tap_ok 'with the options of each' jq -e \
    '.commands[] | select(.name == "issue new") | .options[] | select(.name == "title" and .letter == "t" and .value == "TEXT")' "$T/out"
tap_is "$(jq -r '.commands[] | select(.name == "wait") | "\(.min) \(.max)"' "$T/out")" '1 1' 'and the number of arguments'
run help issue
tap_is "$RC" 0 'help of a family'
tap_ok 'has its commands' out_has 'coffer issue new'
run help issue new
tap_ok 'help of two words' out_has '^coffer issue new: open an issue'

run issue lst acme/x
tap_is "$RC" 2 'a slip in the second word'
tap_ok 'is met with the nearest' err_has 'issue has no command lst; did you mean `coffer issue list`'
run help issuee
tap_is "$RC" 2 'a slip in help'
run help stauts
tap_ok 'is met, too' err_has 'did you mean `coffer status`'
run issue new acme/x --tilte T
tap_is "$RC" 2 'a slip in an option'
tap_ok 'is met with the nearest' err_has 'unknown option --tilte; did you mean --title?'
run issue new acme/x --dry-rnu
tap_ok 'also a global one' err_has 'did you mean --dry-run?'
run issue new acme/x --frobnicate
tap_ok 'what is like none is only refused' err_has 'unknown option --frobnicate (see --help)'
run issue new acme/x --title
tap_ok 'a value that is missing is told as that' err_has 'a value must follow --title'

run lockdown acme/x
tap_is "$RC" 2 'a word of another tool'
tap_ok 'is met with the command here' err_has 'here it is coffer net PROJECT lockdown'
for p in cofferd coffer-agentd coffer-gateway coffer-router coffer-runner; do
	"$O/bin/$p" --help >"$T/out" 2>&1
	tap_is "$? $(grep -c '^usage: ' "$T/out") $(head -n 1 "$T/out" | cut -d ' ' -f 1,2)" "0 1 usage: $p" "$p --help"
	"$O/bin/$p" --frobnicate >"$T/out" 2>&1
	tap_is "$? $(grep -o 'usage: *usage:' "$T/out")" '2 ' 'and an option that it does not have'
done
run help model
tap_not 'a usage ends with a word' grep -n ' $' "$T/out"
run presets --help
tap_not 'also of one command' grep -n ' $' "$T/out"
run --version
tap_like "$(cat "$T/out")" 'coffer [0-9]*' '--version'

run help --man "$T/man" --dry-run
tap_not '--dry-run writes no page' [ -e "$T/man" ]
run help --man "$T/man"
tap_is "$RC" 0 'pages for man'
coffer help --json >"$T/table"
tap_is "$(find "$T/man" -type f | wc -l)" "$(($(jq '.commands | length' "$T/table") + 1))" 'one for each command, and coffer(1)'
cp -r "$T/man" "$T/man2"
run help --man "$T/man2"
tap_ok 'the same bytes again' diff -r "$T/man" "$T/man2"
tap_not 'no line is a request by accident' grep -nE "^[.'](\$|[^A-Za-z\\\\])" -r "$T/man"
run help --man "$T/list/x"
tap_is "$RC" 1 'a folder that cannot be made'
for f in "$T"/man/*.1; do
	groff -man -Tutf8 -ww -z "$f" 2>&1
done >"$T/warned"
tap_is "$(cat "$T/warned")" '' 'groff has no warning'
groff -man -Tascii -P-cbou "$T/man/coffer-issue-new.1" >"$T/shown"
tap_ok 'and shows an option' grep -q -e '-t, --title TEXT' "$T/shown"
tap_done
