#!/bin/sh
# coffer fetch, killed at every step: what comes next finds the clone as it was
# or as it is to be, and nothing between.  Two at once: one of them.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"
. "$(dirname "$0")/fetch_lib.sh"

fetch_world
fix_branch
clean=$(state)

# killed POINT ARGUMENT...: coffer, which dies there.
killed()
{
	point=$1
	shift
	cd "$CLONE" || return 1
	COFFER_FAIL=$point "$O/bin/coffer" "$@" >"$T/out" 2>"$T/err" </dev/null
	[ $? -eq 137 ]
}
# taken_back POINT...: an apply that dies there is taken back by what follows.
taken_back()
{
	mode=$1
	shift
	for point in "$@"; do
		killed "$point" fetch agent/fix --yes --hold none --apply "$mode"
		tap_is $? 0 "$mode: killed at $point"
		fetch list
		tap_is "$RC $(state)" "0 $clean" 'the next command takes it back'
	done
}
taken_back unstaged fetch_planned fetch_file fetch_file:2 fetch_file:3 \
    fetch_file:4 fetch_file:5 fetch_files fetch_index
tap_ok 'and says so' err_has 'was cut off; it is taken back'
taken_back staged fetch_files fetch_index
taken_back merge fetch_file:3 fetch_files fetch_index
taken_back branch fetch_planned

for mode in merge branch; do
	killed fetch_ref fetch agent/fix --yes --hold none --apply "$mode"
	tap_is $? 0 "$mode: killed after its last step"
	fetch list --json
	tap_is "$RC $(jq -r '.[0] | .result + " " + .apply' "$T/out")" \
	    "0 applied $mode" 'the next command finishes it, with its record'
	tap_is "$(git -C "$CLONE" status --porcelain)" '' 'and the tree is clean'
	fetch undo
	tap_is "$RC $(state)" "0 $clean" 'undo takes it back'
done
for point in fetch_done fetch_recorded; do
	n=$(find "$FETCH" -name '2*.json' | wc -l)
	killed "$point" fetch agent/fix --yes --hold none
	tap_is $? 0 "killed at $point"
	fetch list
	tap_is "$RC $(git -C "$CLONE" status --porcelain | wc -l)" '0 5' 'it is applied'
	tap_is "$(find "$FETCH" -name '2*.json' | wc -l) $(record .result)" \
	    "$((n + 1)) applied" 'with one record'
	fetch undo
	tap_is "$RC $(state)" "0 $clean" 'undo takes it back'
done
for point in fetch_undoing fetch_back_ref fetch_back fetch_back:3 \
    fetch_back_files fetch_plan_gone; do
	for mode in unstaged staged merge; do
		fetch agent/fix --yes --hold none --apply "$mode"
		killed "$point" fetch undo
		tap_is $? 0 "undo of $mode: killed at $point"
		fetch list
		tap_is "$RC $(state) $(grep -c 'cut off; it is done now' "$T/err")" "0 $clean 1" 'the next command goes on with it'
	done
done

# What was held, taken later.
fetch agent/fix --yes
some=$(state)
for point in fetch_taking fetch_file fetch_files; do
	killed "$point" fetch held --all
	tap_is $? 0 "held: killed at $point"
	fetch held
	tap_is "$RC $(state)" "0 $some" 'the rest of the apply stays'
	tap_ok 'and the file is held as before' out_has setup.py
done
fetch undo
tap_is "$RC $(state)" "0 $clean" 'undo takes it back'

# Somebody edits before the next command: it is not thrown away.
killed fetch_file:3 fetch agent/fix --yes --hold none
printf 'mine\n' >"$CLONE/src/old.c"
before=$(state)
fetch undo
tap_is "$RC $(state)" "3 $before" 'a file that was edited after the kill stays'
tap_ok 'it is named' err_has src/old.c
tap_ok 'and so is what helps' err_has 'coffer fetch undo --forget'
tap_ok 'and where the files before it are' grep -q "$FETCH/apply/before" "$T/err"
fetch list
tap_is "$RC $(state)" "0 $before" 'what only looks goes on'
tap_ok 'and says it' err_has src/old.c
printf 'int old;\n' >"$CLONE/src/old.c"
fetch list
tap_is "$RC $(state)" "0 $clean" 'put back, all of it is'

fetch undo --forget
tap_is "$RC" 4 'where nothing was cut off there is nothing to forget'

# What can no longer be taken back is left as it is.
fetch agent/fix --yes --hold none --apply branch
killed fetch_files fetch agent/fix --yes --hold none
printf 'mine\n' >"$CLONE/hello.txt"
before=$(state)
fetch undo --forget --dry-run
tap_is "$RC $(state)" "2 $before" 'to forget is not tried'
fetch undo --forget
tap_is "$RC $(state)" "0 $before" 'forgotten: things stay as they are'
tap_ok 'and it is said' out_has 'things stay as they are'
tap_is "$(cat "$FETCH/apply.forgotten/before/hello.txt")" hello 'what was there before is kept'
fetch undo
tap_is "$RC $(git -C "$CLONE" branch --list 'agent/*')" '0 ' 'undo then takes back the apply before it'
(cd "$CLONE" && git reset -q --hard && git clean -fdq)
tap_is "$(state)" "$clean" 'the clone is as it was'
for shelf in no yes; do
	fetch agent/fix --yes
	[ $shelf = no ] || fetch agent/fix --yes --apply branch
	killed fetch_files fetch held --all
	printf 'mine\n' >"$CLONE/setup.py"
	before=$(state)
	fetch undo
	tap_is "$RC $(state)" "3 $before" "a take was cut off (shelf: $shelf), and its file edited"
	fetch undo --forget
	tap_is "$RC $(state)" "0 $before" 'forgotten: things stay as they are'
	fetch held
	tap_ok 'and the file is held again' out_has setup.py
	printf 'all:\n\ttrue\n' >"$CLONE/setup.py"
	[ $shelf = no ] || fetch undo
	fetch undo
	tap_is "$RC $(state)" "0 $clean" 'the rest of that apply can be undone'
	tap_is "$(grep -l '"result":"taken"' "$FETCH"/2*.json)" '' 'and no record says that it was taken'
done

# Another git has the lock of the index when the next command comes.
killed fetch_files fetch agent/fix --yes --hold none --apply staged
touch "$CLONE/.git/index.lock"
fetch list
rm "$CLONE/.git/index.lock"
tap_is "$RC $(state)" "0 $clean" 'a locked index that was not reached is left alone'
killed fetch_index fetch agent/fix --yes --hold none --apply staged
before=$(state)
touch "$CLONE/.git/index.lock"
fetch list
rm "$CLONE/.git/index.lock"
tap_is "$RC $(state)" "1 $before" 'one that was reached is waited for'
fetch list
tap_is "$RC $(state)" "0 $clean" 'then all is taken back'

# A kill while it fetches or looks.
mkdir "$CLONE/.git/coffer/quarantine-dead"
fetch list
tap_not 'a quarantine that was left is removed' test -e "$CLONE/.git/coffer/quarantine-dead"

# Two at once.
exec 9>"$FETCH/lock"
flock 9
fetch agent/fix --yes
tap_is "$RC" 1 'a second one at the same time is refused'
tap_ok 'and says why' err_has 'another coffer fetch is at work'
exec 9>&-
fetch agent/fix --yes
tap_is "$RC" 0 'and goes when the first is done'
tap_done
