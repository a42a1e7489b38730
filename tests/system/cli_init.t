#!/bin/sh
# coffer init: an AGENTS.md to begin with.
. "$(dirname "$0")/lib.sh"

mkdir -p "$T/p/src" "$T/p/tests" "$T/none"
: >"$T/p/Cargo.toml"
: >"$T/p/package.json"
coffer() { "$O/bin/coffer" "$@"; }

coffer init "$T/p" --print >"$T/out"
tap_is "$?" 0 'it is shown'
tap_ok 'with the commands that its files show' grep -q '`cargo test`' "$T/out"
tap_ok 'of each' grep -q '`npm test`' "$T/out"
tap_ok 'and its folders' grep -q '^- `src/`: the sources$' "$T/out"
tap_not 'nothing is written' test -e "$T/p/AGENTS.md"
(cd "$T/p" && coffer init 2>/dev/null)
tap_is "$?" 0 'it is written'
tap_ok 'as it was shown' cmp "$T/out" "$T/p/AGENTS.md"
echo mine >"$T/p/AGENTS.md"
coffer init "$T/p" 2>"$T/err"
tap_is "$?,$(cat "$T/p/AGENTS.md")" '1,mine' 'one that is there stays'
tap_ok 'and is named' grep -q 'AGENTS.md' "$T/err"
ln -s "$T/elsewhere" "$T/none/AGENTS.md"
coffer init "$T/none" 2>/dev/null
tap_is "$?,$(ls "$T/elsewhere" 2>/dev/null)" '1,' 'a link is not followed'
rm "$T/none/AGENTS.md"
coffer init "$T/none" 2>"$T/err"
tap_ok 'without a sign it says so' grep -q 'none were recognised' "$T/err"
coffer init "$T/missing" 2>/dev/null
tap_is "$?" 4 'no such folder'
tap_done
