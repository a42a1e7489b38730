#!/bin/sh
# coffer fetch: what an apply does to a clone in each of its four ways, and
# what it leaves alone.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"
. "$(dirname "$0")/fetch_lib.sh"

fetch_world
fix_branch
WHOLE='M hello.txt
 D src/old.c
?? lib/
?? run.sh'

fetch agent/fix
tap_is "$RC" 3 'what is marked ask is not applied without a yes'
tap_ok 'and named with its file' out_has '^ *setup.py: '
tap_ok 'after a summary' out_has '^agent/fix of acme/calc, '
tap_is "$(record .result)" not-confirmed 'and that is on record'

fetch agent/fix --yes
tap_is "$RC" 0 'an apply to the work tree'
tap_is "$(git -C "$CLONE" status --porcelain | sed 's/^ *M/M/')" "$WHOLE" \
    'changes, adds and deletes, unstaged'
tap_is "$(stat -c %A "$CLONE/run.sh" | cut -c4)" x 'the bit of a program is there'
tap_is "$(cat "$CLONE/lib/deep/new.c")" new 'a new folder is there'
tap_ok 'a file that steers make is held back, and that is said' \
    out_has 'setup.py  (build-file)'
tap_is "$(git -C "$CLONE" diff --name-only -- setup.py)" '' 'it is as it was'
tap_is "$(record '[.result, .apply, (.files | length), .held[0].path] | join(" ")')" \
    'applied unstaged 4 setup.py' 'the record names what came and what did not'
fetch held
tap_ok 'fetch held lists it' out_has 'setup.py'
fetch held --take nothing
tap_is "$RC" 4 'what is not held cannot be taken'
fetch held --take setup.py
tap_is "$RC $(sed -n 2p "$CLONE/setup.py")" '0 	false' 'fetch held --take takes it'
tap_is "$(record '.result + " " + .files[0].path')" 'taken setup.py' \
    'which is a record of its own'
fetch undo
tap_is "$RC $(git -C "$CLONE" status --porcelain)" '0 ' \
    'undo takes all of it back, also what was held'
tap_not 'with the folders that it made' test -e "$CLONE/lib"

fetch agent/fix --yes --hold none
tap_is "$RC $(sed -n 2p "$CLONE/setup.py")" '0 	false' \
    '--hold none applies them at once'
fetch undo
tap_is "$RC $(git -C "$CLONE" status --porcelain)" '0 ' 'and undo takes them back'

# Work of the user's own.
printf 'mine\n' >>"$CLONE/src/main.c"
git -C "$CLONE" add src/main.c
printf 'more\n' >>"$CLONE/src/main.c"
printf 'own\n' >"$CLONE/own.txt"
fetch agent/fix --yes
tap_is "$RC" 0 'work in other files, staged or not, is no obstacle'
tap_is "$(git -C "$CLONE" status --porcelain src own.txt)" \
    'MM src/main.c
 D src/old.c
?? own.txt' 'and stays as it was'
fetch undo
tap_is "$RC $(git -C "$CLONE" status --porcelain)" '0 MM src/main.c
?? own.txt' 'undo leaves it, too'
rm "$CLONE/own.txt"
git -C "$CLONE" reset -q --hard

printf 'mine\n' >>"$CLONE/hello.txt"
before=$(state)
fetch agent/fix --yes
tap_is "$RC" 3 'work in a file that it touches is refused'
tap_ok 'with its name' err_has 'touches: hello.txt'
tap_is "$(state)" "$before" 'and nothing is changed'
git -C "$CLONE" add hello.txt
fetch agent/fix --yes
tap_is "$RC" 3 'staged work in it, too'
git -C "$CLONE" reset -q --hard
printf 'mine\n' >"$CLONE/run.sh"
before=$(state)
fetch agent/fix --yes
tap_is "$RC $(state)" "3 $before" 'an untracked file in its way is not overwritten'
tap_ok 'and named' err_has 'run.sh is in the way'
rm "$CLONE/run.sh"
git -C "$CLONE" update-index --assume-unchanged hello.txt
printf 'hidden\n' >"$CLONE/hello.txt"
fetch agent/fix --yes
tap_is "$RC $(cat "$CLONE/hello.txt")" '3 hidden' \
    'work that git was told not to look at is not overwritten'
git -C "$CLONE" update-index --no-assume-unchanged hello.txt
git -C "$CLONE" reset -q --hard
mkdir "$T/elsewhere" && ln -s "$T/elsewhere" "$CLONE/lib"
before=$(state)
fetch agent/fix --yes
tap_is "$RC $(state)" "3 $before" 'a link of the user in its way is not followed'
tap_is "$(ls "$T/elsewhere")" '' 'nothing is written through it'
rm "$CLONE/lib"

# Staged.
fetch agent/fix --yes --apply staged
tap_is "$RC $(git -C "$CLONE" status --porcelain)" '0 M  hello.txt
A  lib/deep/new.c
A  run.sh
D  src/old.c' '--apply staged stages it'
tap_ok 'its objects are in the clone' git -C "$CLONE" cat-file -e :lib/deep/new.c
fetch undo
tap_is "$RC $(git -C "$CLONE" status --porcelain)" '0 ' 'undo unstages it'

# Another git has the lock of the index.
before=$(state)
touch "$CLONE/.git/index.lock"
for mode in staged merge; do
	fetch agent/fix --yes --hold none --apply $mode
	tap_is "$RC" 1 "$mode, the index is locked: refused"
	tap_ok 'with the name of the lock' err_has 'index.lock is there'
	mv "$CLONE/.git/index.lock" "$T/lock"
	tap_is "$(state)" "$before" 'and nothing is changed'
	fetch list
	tap_is "$RC $(state)" "0 $before" 'nor is anything left to take back'
	mv "$T/lock" "$CLONE/.git/index.lock"
done
fetch agent/fix --yes
tap_is "$RC" 0 'an apply that does not touch the index goes'
fetch undo
tap_is "$RC" 0 'and can be undone'
rm "$CLONE/.git/index.lock"
tap_is "$(state)" "$before" 'to what was there'
fetch agent/fix --yes --apply staged
after=$(state)
touch "$CLONE/.git/index.lock"
fetch undo
rm "$CLONE/.git/index.lock"
tap_is "$RC $(state)" "1 $after" 'an undo that finds the lock changes nothing'
fetch undo
tap_is "$RC $(state)" "0 $before" 'and is done without it'

# What is held back, and why.
branch agent/lock
printf '{}\n' >"$SEED/package-lock.json"
printf 'A=1\n' >"$SEED/.env"
publish
fetch agent/lock --yes
tap_is "$RC $(git -C "$CLONE" status --porcelain)" '0 ?? package-lock.json' \
    'a lock file is not held back: nothing runs it by itself'
fetch held --json
tap_is "$(jq -c 'map([.path, .why])' "$T/out")" '[[".env","tool-config"]]' \
    'what is held back has a reason'
fetch undo

# Merge.
before=$(state)
fetch agent/fix --yes --apply merge
tap_is "$RC $(state)" "3 $before" 'a merge with files that are held back is refused'
old=$(git -C "$CLONE" rev-parse HEAD)
fetch merge agent/fix --yes --hold none
tap_is "$RC $(git -C "$CLONE" status --porcelain)" '0 ' 'fetch merge leaves a clean tree'
tap_is "$(git -C "$CLONE" log -1 --format='%P|%an')" "$old $HEAD_SHA|Test" \
    'a commit of the user with both parents'
tap_is "$(git -C "$CLONE" rev-parse 'HEAD^{tree}')" "$(record .tree)" \
    'its tree is that of the record'
tap_is "$(git -C "$CLONE" tag | wc -l) $(git -C "$CLONE" for-each-ref |
    wc -l)" '0 1' 'no other ref came with it'
fetch undo
tap_is "$RC $(state)" "0 $before" 'undo takes the merge back'

# Branch.
fetch agent/fix --yes --apply branch
tap_is "$RC $(git -C "$CLONE" rev-parse agent/fix)" "0 $HEAD_SHA" '--apply branch'
git -C "$CLONE" checkout -q agent/fix
fetch undo
tap_is "$RC" 3 'undo does not take the branch that one is on'
git -C "$CLONE" checkout -q main
fetch undo
tap_is "$RC $(state)" "0 $before" 'else it takes it back'

# The clone is ahead: what is looked at is what is applied.
git -C "$CLONE" mv hello.txt .envrc && git -C "$CLONE" commit -q -m moved
fetch agent/fix --yes --json
tap_is "$RC $(jq -r '[.findings[] | select(.file == ".envrc") | .id] | join(",")' \
    "$T/out")" '3 editor-config' 'a change that a rename here carries into .envrc is seen there'
git -C "$CLONE" reset -q --hard HEAD~1
printf 'other\n' >"$CLONE/other.txt"
git -C "$CLONE" add other.txt && git -C "$CLONE" commit -q -m other
fetch agent/fix --yes
tap_is "$RC $(git -C "$CLONE" status --porcelain | wc -l)" '0 4' \
    'a clone that is ahead keeps what it has'
fetch undo
printf 'else\n' >"$CLONE/hello.txt"
git -C "$CLONE" commit -q -am mine
before=$(state)
fetch agent/fix --yes
tap_is "$RC $(state)" "1 $before" 'a conflict changes nothing'
tap_ok 'and names file and way out' err_has 'in hello.txt.*--apply branch'
git -C "$CLONE" reset -q --hard HEAD~2

# A file that becomes a folder, a link, and back.
branch agent/shape
git -C "$SEED" rm -q src/old.c hello.txt
mkdir "$SEED/hello.txt" && printf 'x\n' >"$SEED/hello.txt/in"
ln -s main.c "$SEED/src/old.c"
publish
before=$(state)
fetch agent/shape --yes
tap_is "$RC $(readlink "$CLONE/src/old.c") $(cat "$CLONE/hello.txt/in")" \
    '0 main.c x' 'a file becomes a folder, another a link'
fetch undo
tap_is "$RC $(state)" "0 $before" 'and undo makes files of them'

# Line ends are the user's.
git -C "$CLONE" config core.autocrlf true
rm "$CLONE/hello.txt" && git -C "$CLONE" checkout -q hello.txt
fetch agent/fix --yes
tap_is "$RC $(od -An -c "$CLONE/hello.txt" | tr -d ' ' | tail -c 5)" '0 \r\n' \
    'with core.autocrlf a file gets the ends that git would give it'
tap_is "$(git -C "$CLONE" diff --stat -- hello.txt | wc -l)" 2 'and differs in one line'
fetch undo
git -C "$CLONE" config --unset core.autocrlf
rm "$CLONE/hello.txt" && git -C "$CLONE" checkout -q hello.txt

# The attributes of the branch do not decide on bytes.
branch agent/attr
printf 'hello you\n' >"$SEED/hello.txt"
printf '*.txt text eol=crlf\n' >"$SEED/.gitattributes"
publish
fetch agent/attr --yes --hold none
tap_is "$RC $(cat "$CLONE/.gitattributes")" '0 *.txt text eol=crlf' \
    'attributes arrive as bytes'
tap_is "$(od -An -c "$CLONE/hello.txt" | tr -d ' ')" 'helloyou\n' \
    'and do not decide how other files arrive'
fetch undo
tap_is "$RC $(git -C "$CLONE" status --porcelain)" '0 ' 'undo takes them back'

# Limits.
branch agent/big
head -c 3000000 /dev/urandom | base64 >"$SEED/src/big.txt"
publish
git -C "$CLONE" config coffer.fetchLimit 1
before=$(state)
fetch agent/big --yes
tap_is "$RC $(state)" "1 $before" 'a branch that brings more than the limit is cut off'
tap_ok 'and it says what allows more' err_has 'coffer.fetchLimit'
tap_is "$(find "$CLONE/.git/coffer" -name 'quarantine-*' | wc -l)" 0 \
    'nothing of it is left'
git -C "$CLONE" config --unset coffer.fetchLimit

# What git's own check of the objects refuses.
branch agent/modules
printf '[submodule "x"]\n\tpath = x\n\turl = --upload-pack=touch\n' >"$SEED/.gitmodules"
publish
before=$(state)
fetch agent/modules
tap_is "$RC $(state)" "3 $before" 'objects that git does not take are refused'
tap_is "$(record '.result + " " + .branch + " " + (.refused | test("gitmodulesUrl") | tostring)')" \
    'refused agent/modules true' 'which is on record, with the reason'

# --base: of a merge the one where the histories part; else it would count as
# merged what it leaves out, or bring back what was reverted.
branch dev
printf 'dev\n' >"$SEED/dev.c"
publish
git -C "$SEED" checkout -q -B agent/ondev
printf 'on dev\n' >"$SEED/ondev.c"
publish
git -C "$CLONE" fetch -q "$SRV" dev:dev
before=$(state)
fetch merge agent/ondev --base dev --yes --hold none
tap_is "$RC $(state)" "3 $before" 'a merge on a base that is not in my branch is refused'
tap_ok 'and says what to do' err_has '--apply unstaged takes'
fetch merge agent/ondev --base HEAD --yes --hold none
tap_is "$RC $(git -C "$CLONE" ls-files dev.c ondev.c | tr '\n' ' ')" \
    '0 dev.c ondev.c ' 'on one that both have it brings all'
fetch undo
fetch agent/ondev --base dev --yes
tap_is "$RC $(git -C "$CLONE" status --porcelain)" '0 ?? ondev.c' \
    'unstaged it is the difference from there, and nothing of the base'
fetch undo
git -C "$CLONE" branch -q -D dev
branch shared
printf 'bad\n' >"$SEED/bad.c"
publish
git -C "$SEED" checkout -q -B agent/onshared
printf 'good\n' >"$SEED/good.c"
publish
was=$(git -C "$CLONE" rev-parse HEAD)
base=$(git -C "$SEED" rev-parse main)
git -C "$CLONE" pull -q --no-rebase --no-edit "$SRV" shared
git -C "$CLONE" rm -q bad.c
git -C "$CLONE" commit -q -m 'Without it'
before=$(state)
fetch merge agent/onshared --base "$base" --yes --hold none
tap_is "$RC $(state)" "3 $before" 'a merge on a base before the one that both have is refused'
tap_ok 'and says why' err_has 'or bring back what you reverted'
fetch merge agent/onshared --base "$(git -C "$SEED" rev-parse shared)" --yes --hold none
tap_is "$RC $(git -C "$CLONE" ls-files bad.c good.c)" '0 good.c' 'on that one it brings what is new'
fetch undo
git -C "$CLONE" reset -q --hard "$was"
tap_done
