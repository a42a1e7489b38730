#!/bin/sh
# coffer fetch at a terminal: what it asks and how it takes the answer, colour,
# names that would move the cursor, how far a model is.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"
. "$(dirname "$0")/fetch_lib.sh"

fetch_world
fix_branch
clean=$(state)
export TERM=xterm
Q='Apply it all the same\? \[y/N\] '
HELD='Take them with the rest\? \[y/N\] '
# term [WAIT SEND]... -- ARGUMENT...: coffer fetch on a terminal.
term()
{
	term_n=0
	for term_a; do
		[ "$term_a" != -- ] || break
		term_n=$((term_n + 1))
	done
	set -- "$@" --end--
	while [ $term_n -ge 0 ]; do
		set -- "$@" "$1"
		shift
		term_n=$((term_n - 1))
	done
	set -- "$@" "$O/bin/coffer" fetch
	while [ "$1" != --end-- ]; do
		set -- "$@" "$1"
		shift
	done
	shift
	(cd "$CLONE" && perl "$SYSTEM_DIR/pty.pl" "$T/term" "$@")
	RC=$?
}
shows() { grep -aqF -e "$1" "$T/term"; }

term "$Q" '\n' -- agent/fix
tap_is "$RC $(state)" "3 $clean" 'an empty answer is a no'
tap_is "$(record .result)" not-confirmed 'and is on record'
for no in 'n\n' 'no\n' ' y\n' 'nyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\n'; do
	term "$Q" "$no" -- agent/fix
	tap_is "$RC $(state)" "3 $clean" "so is $no"
done
term "$Q" '\x04' -- agent/fix
tap_is "$RC $(state)" "3 $clean" 'the end of the input is no answer'
term "$Q" '\x03' -- agent/fix
tap_is "$RC $(state)" "3 $clean" 'nor is ^C'
tap_is "$(record .result) $(find "$CLONE/.git/coffer" -name 'quarantine-*' | wc -l)" 'not-confirmed 0' \
    'which is on record, and nothing is left behind'
term "$Q" 'y\n' "$HELD" '\x03' -- agent/fix
tap_is "$RC $(state)" "3 $clean" '^C at the second question applies nothing'
term "$Q" 'y\n' "$HELD" '\x04' -- agent/fix
tap_is "$RC $(state)" "3 $clean" 'nor does the end of the input there'
term "$Q" "y$(printf '%0400d' 0 | tr 0 y)\\n" "$HELD" 'n\n' -- agent/fix
tap_is "$RC $(git -C "$CLONE" diff --name-only -- setup.py)" '0 ' \
    'a long yes is one answer, and the no to the second holds back'
tap_is "$(record .confirmed)" terminal 'that it was said at the terminal is on record'
fetch undo
term "$Q" 'Yes\n' "$HELD" 'y\n' -- agent/fix
tap_is "$RC $(git -C "$CLONE" diff --name-only -- setup.py)" '0 setup.py' 'yes to both takes all'
fetch undo
tap_is "$(state)" "$clean" 'and undo gives it back'
term -- agent/fix --yes --hold none
tap_is "$RC $(grep -ac 'y/N' "$T/term")" '0 0' 'with --yes and --hold it asks nothing'
fetch undo

# Colour, and what is no colour of ours.
branch agent/odd
printf 'x\n' >"$SEED/$(printf 'a\033[2Jb\r\302\2331Jc')"
printf 'all:\n\tfalse # \033]0;title\007\n' >"$SEED/setup.py"
publish
term -- agent/odd
tap_is "$RC" 3 'a branch of odd names'
tap_ok 'is told in colour' shows "$(printf '\033[31m')"
tap_not 'a name does not clear the screen' shows "$(printf '\033[2J')"
tap_not 'nor a C1 control' shows "$(printf '\302\233')"
tap_not 'content does not set the title' shows "$(printf '\033]0')"
tap_ok 'but is shown' shows 'a<U+001B>[2Jb<U+000D>'
term -- agent/odd --no-colour
tap_not 'without colour there is no escape at all' grep -aq "$(printf '\033')" "$T/term"
fetch agent/odd
tap_not 'nor where there is no terminal' grep -aq "$(printf '\033')" "$T/out"
term -- diff agent/odd
tap_not 'a diff does not reach the terminal as it is' grep -aq "$(printf '\033\\]0')" "$T/term"

# The model's time; ^C in it.
STUB=$T/stub
mkdir -p "$STUB" "$T/xdg/coffer"
start "$T/stub.log" perl "$SYSTEM_DIR/review_stub.pl" "$STUB"
wait_for 10 test -s "$STUB/port" || tap_bail 'review_stub.pl'
printf '[reviewer]\nprovider = openai\nurl = http://127.0.0.1:%s/slow/v1\nmodel = st\033[1mub\nkey = key-of-the-test\ntimeout = 60s\n' \
    "$(cat "$STUB/port")" | tr -d '\033' >"$T/xdg/coffer/reviewer.conf"
chmod 600 "$T/xdg/coffer/reviewer.conf"
term 'part 1, \d of \d files, [1-9] s' '\x03' -- agent/fix --yes
tap_is "$RC $(state)" "130 $clean" '^C while a model works ends it, and nothing is changed'
fetch list
tap_is "$RC $(find "$CLONE/.git/coffer" -name 'quarantine-*' | wc -l)" '0 0' 'the next command clears up'
sed -i 's|/slow/|/typed/|' "$T/xdg/coffer/reviewer.conf"
ln -s "$T/term" "$STUB/typed"
term 'part 1, ' 'yyy\n' "$Q" 'n\n' -- agent/fix
tap_is "$RC $(state) $(grep -c yyy "$T/term")" "3 $clean 1" 'a yes that is typed before the question answers nothing'
term 'part 1, ' 'yyy\nyyy' "$Q" 'n\n' -- agent/fix
tap_is "$RC $(state)" "3 $clean" 'nor does one without the end of its line'
rm "$T/xdg/coffer/reviewer.conf"

# propose asks before it uses a credential.
git init -q --bare "$T/mine.git"
git -C "$CLONE" remote add mine "$T/mine.git"
term 'Go on\? \[y/N\] ' '\x03' -- propose --remote mine main
tap_is "$RC $(git -C "$T/mine.git" for-each-ref | wc -l)" '3 0' 'propose pushes nothing at ^C'
term 'Go on\? \[y/N\] ' 'n\n' -- propose --remote mine main
tap_is "$RC $(git -C "$T/mine.git" for-each-ref | wc -l)" '3 0' 'nor at a no'
term 'Go on\? \[y/N\] ' 'y\n' -- propose --remote mine main
tap_is "$RC $(git -C "$T/mine.git" for-each-ref | wc -l)" '0 1' 'at a yes it does'

# The key is typed unseen, and the echo comes back.
rm -f "$STUB"/count.*
(cd "$CLONE" && perl "$SYSTEM_DIR/pty.pl" "$T/term" 'Provider.*: ' 'openai\n' 'Address.*: ' \
    "http://127.0.0.1:$(cat "$STUB/port")/ok/v1\\n" 'Model: ' 'stub\n' 'API key.*: ' 'typed-key-of-the-test\n' \
    -- sh -c "'$O/bin/coffer' fetch config; echo status-\$?; stty -a")
tap_ok 'fetch config asks for what it needs' shows 'status-0'
tap_not 'the key is not shown' shows typed-key-of-the-test
tap_ok 'and is kept' grep -q typed-key-of-the-test "$T/xdg/coffer/reviewer.conf"
tap_ok 'the terminal echoes again' grep -aq '[^-]echo ' "$T/term"
tap_done
