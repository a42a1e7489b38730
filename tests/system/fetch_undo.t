#!/bin/sh
# coffer fetch undo: what was changed since is not thrown away, and named.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"
. "$(dirname "$0")/fetch_lib.sh"

fetch_world
fix_branch
clean=$(state)

# refuses WHAT NAME COMMAND: undo refuses after COMMAND, and changes nothing.
refuses()
{
	(cd "$CLONE" && eval "$3") >/dev/null 2>&1
	before=$(state)
	fetch undo
	tap_is "$RC $(state)" "3 $before" "undo refuses: $1"
	tap_ok "and says which" err_has "$2"
}
fetch undo
tap_is "$RC" 4 'without an apply there is nothing to undo'

fetch agent/fix --yes
refuses 'a file was edited' 'hello.txt' 'printf "x\n" >>hello.txt'
printf 'hello world\n' >"$CLONE/hello.txt"
refuses 'a file that it brought was edited' 'lib/deep/new.c' \
    'printf "x\n" >>lib/deep/new.c'
printf 'new\n' >"$CLONE/lib/deep/new.c"
refuses 'a file that it brought is gone' 'run.sh' 'mv run.sh ../run.sh'
mv "$CLONE/../run.sh" "$CLONE/run.sh"
refuses 'its mode was changed' 'run.sh' 'chmod -x run.sh'
chmod +x "$CLONE/run.sh"
refuses 'a file that it removed is there again' 'src/old.c' 'echo >src/old.c'
rm "$CLONE/src/old.c"
refuses 'a folder is where it removed a file' 'src/old.c' \
    'mkdir src/old.c && echo >src/old.c/own'
rm "$CLONE/src/old.c/own"
refuses 'also an empty one' 'src/old.c' true
rmdir "$CLONE/src/old.c"
refuses 'a file is where its folder was' 'src/old.c' 'mv src ../src && echo >src'
rm "$CLONE/src" && mv "$CLONE/../src" "$CLONE/src"
refuses 'it was staged since' 'staged otherwise since: hello.txt' 'git add hello.txt'
git -C "$CLONE" reset -q
refuses 'HEAD has moved' 'HEAD has moved' \
    'git commit -q --allow-empty -m x'
git -C "$CLONE" reset -q --soft HEAD~1
printf 'own\n' >"$CLONE/lib/own"
fetch undo --json
tap_is "$RC $(jq -r .undone "$T/out")" '0 true' 'as it was left it can be undone'
tap_is "$(cat "$CLONE/lib/own")" own 'a file of mine in a folder that it made stays'
rm -r "${CLONE:?}/lib"
tap_is "$(state)" "$clean" 'and all else is as it was'
fetch undo
tap_is "$RC" 4 'once'

fetch agent/fix --yes --apply staged
refuses 'it was unstaged since' 'hello.txt' 'git reset -q -- hello.txt'
git -C "$CLONE" add hello.txt
fetch undo --dry-run
tap_is "$RC $(git -C "$CLONE" status --porcelain | wc -l)" '0 4' \
    '--dry-run only says that it would'
fetch undo
tap_is "$RC $(state)" "0 $clean" 'undo of what was staged'

fetch merge agent/fix --yes --hold none
refuses 'a commit follows the merge' 'has moved since' \
    'git commit -q --allow-empty -m x'
git -C "$CLONE" reset -q --soft HEAD~1
git -C "$CLONE" branch -q other && git -C "$CLONE" symbolic-ref HEAD refs/heads/other
fetch undo
tap_is "$RC" 3 'undo refuses: the merge was into another branch'
git -C "$CLONE" symbolic-ref HEAD refs/heads/main
git -C "$CLONE" branch -q -D other
fetch undo
tap_is "$RC $(state)" "0 $clean" 'undo of a merge'

fetch agent/fix --yes --apply branch
git -C "$CLONE" update-ref refs/heads/agent/fix HEAD
fetch undo
tap_is "$RC" 3 'undo refuses: the branch was moved'
git -C "$CLONE" update-ref refs/heads/agent/fix "$HEAD_SHA"
fetch undo
tap_is "$RC $(state)" "0 $clean" 'undo of a branch'

# Another work tree of the same clone.
git -C "$CLONE" worktree add -q -b side "$T/side" 2>/dev/null
fetch agent/fix --yes
cd "$T/side" && run fetch undo
tap_is "$RC" 3 'another work tree does not undo what was applied here'
tap_ok 'and says where' err_has "$CLONE"
fetch undo
tap_is "$RC" 0 'this one does'
git -C "$CLONE" worktree remove --force "$T/side"
git -C "$CLONE" branch -q -D side

# A file becomes a folder, and a folder a file.
branch agent/turn
git -C "$SEED" rm -q -r hello.txt src
mkdir -p "$SEED/hello.txt/deep"
printf 'a\n' >"$SEED/hello.txt/deep/a"
printf 'src\n' >"$SEED/src"
publish
fetch agent/turn --yes
tap_is "$RC $(cat "$CLONE/src")" '0 src' 'a folder becomes a file'
refuses 'a folder that it made has a file of mine' 'hello.txt' \
    'echo >hello.txt/own'
rm "$CLONE/hello.txt/own"
refuses 'or a folder of mine' 'hello.txt' 'mkdir hello.txt/deep/own'
rmdir "$CLONE/hello.txt/deep/own"
fetch undo
tap_is "$RC $(state)" "0 $clean" 'undo gives back file and folder'
for n in 1 2 3 4; do
	fetch agent/turn --yes --hold none
	COFFER_FAIL=fetch_back:$n "$O/bin/coffer" fetch undo >"$T/out" 2>&1
	tap_is $? 137 "undo killed at its step $n"
	mkdir -p "$CLONE/hello.txt/deep" 2>/dev/null # or dies before its rmdir
	fetch list
	tap_is "$RC $(state)" "0 $clean" 'the next command goes on with it'
done

fetch agent/fix --yes
mv "$CLONE" "$T/moved"
CLONE=$T/moved
fetch undo
tap_is "$RC $(state)" "0 $clean" 'a clone that was moved since is undone, too'
mv "$T/moved" "$T/clone"
CLONE=$T/clone

# One after the other, back to where it began.
branch agent/two
printf 'two\n' >"$SEED/two.c"
publish
branch agent/three
printf 'three\n' >"$SEED/three.c"
publish
# folders: of the work tree, the empty ones too.
folders() { (cd "$CLONE" && find . -path ./.git -prune -o -type d -print | LC_ALL=C sort); }
mkdir -p "$CLONE/lib" "$CLONE/empty"
dirs=$(folders)
fetch merge agent/three --yes
one=$(state)
fetch agent/fix --yes
two=$(state)
fetch agent/two --yes --apply staged
tap_is "$RC" 0 'three applies: a merge, unstaged, staged'
fetch undo --json
tap_is "$RC $(jq -r '.what + ", " + .next' "$T/out" | sed 's/ ([0-9a-f]*)//g') $(state)" \
    "0 agent/two, agent/fix $two" 'undo takes the last one back, and says which is next'
fetch held
tap_ok 'what that one held back is at hand again' out_has setup.py
fetch undo
tap_is "$RC $(state)" "0 $one" 'undo again that one'
tap_ok 'and says what came before it' out_has 'before it came agent/three'
fetch undo
tap_is "$RC $(state)" "0 $clean" 'and then the first: all is as it was'
tap_is "$(folders)" "$dirs" 'also the empty folders that were mine, and no others'
fetch undo
tap_is "$RC" 4 'then there is none'

fetch agent/two --yes
git -C "$CLONE" add two.c && git -C "$CLONE" commit -q -m two
fetch agent/three --yes
fetch undo
tap_is "$RC" 0 'an apply after a commit is undone'
refuses 'the one before it was committed' 'HEAD has moved' true
git -C "$CLONE" reset -q --hard HEAD~1
fetch agent/fix --yes
printf 'mine\n' >>"$CLONE/hello.txt"
fetch agent/three --yes
fetch undo
refuses 'an earlier one has a file that was edited since' 'hello.txt' true
printf 'hello world\n' >"$CLONE/hello.txt"
fetch undo
tap_is "$RC $(state)" "0 $clean" 'undone once it is as it was'

# A death between the one and the other.
fetch agent/fix --yes
one=$(state)
for point in fetch_shelved fetch_planned fetch_file fetch_files; do
	COFFER_FAIL=$point "$O/bin/coffer" fetch agent/two --yes >"$T/out" 2>&1
	tap_is "$?" 137 "a second apply, killed at $point"
	fetch list
	tap_is "$RC $(state)" "0 $one" 'is taken back'
done
# One undo takes one apply back, also when it finds one that was cut off.
for point in fetch_shelved fetch_planned fetch_file fetch_files fetch_index fetch_ref; do
	COFFER_FAIL=$point "$O/bin/coffer" fetch agent/two --yes --apply staged >"$T/out" 2>&1
	tap_is "$?" 137 "killed at $point"
	fetch undo --json
	tap_is "$RC $(jq -r '.what, .cut_off, .next' "$T/out" | cut -d ' ' -f 1 | tr '\n' ' ')$(state)" \
	    "0 agent/two true agent/fix $one" 'an undo is of that one'
	tap_ok 'and says that it was cut off' err_has 'the apply of agent/two .*was cut off; it is taken back'
done
for point in fetch_undoing fetch_back_ref fetch_back fetch_back_files fetch_plan_gone fetch_unshelved; do
	fetch agent/two --yes
	COFFER_FAIL=$point "$O/bin/coffer" fetch undo >"$T/out" 2>&1
	tap_is "$?" 137 "an undo, killed at $point"
	fetch undo
	tap_is "$RC $(state)" "0 $one" 'another one ends it, and goes no further'
	tap_ok 'which it says' out_has 'the apply of agent/two .* is undone'
	tap_ok 'with what came before it' out_has 'before it came agent/fix'
	tap_is "$(record '.result + " " + .branch')" 'undone agent/two' 'it is on record'
done
fetch agent/two --yes
COFFER_FAIL=fetch_back "$O/bin/coffer" fetch undo >"$T/out" 2>&1
fetch undo --dry-run
tap_is "$RC $(state)" "0 $one" '--dry-run does not leave it half done'
COFFER_FAIL=fetch_files "$O/bin/coffer" fetch agent/two --yes >"$T/out" 2>&1
fetch held --all
tap_is "$RC $(state)" "0 $one" 'nothing is taken of another one than the one that was cut off'
tap_ok 'which it says' out_has 'nothing was taken'
fetch undo
tap_is "$RC $(state)" "0 $clean" 'the next undo is of the one before it'
mkdir -p "$CLONE/lib"
fetch agent/fix --yes
COFFER_FAIL=fetch_back_files "$O/bin/coffer" fetch undo >"$T/out" 2>&1
rm -f "$CLONE/lib/deep/new.c" && mkdir -p "$CLONE/lib/deep" # as one that dies before its rmdir
fetch list
tap_is "$RC $(folders)" "0 $dirs" 'a folder that a killed undo left goes, mine stays'
rmdir "$CLONE/lib"

# What earlier ones hold back.
branch agent/also
printf "module.exports = {}\n" >"$SEED/jest.config.js"
printf 'also\n' >"$SEED/also.c"
publish
fetch agent/fix --yes
one=$(state)
fetch agent/also --yes
two=$(state)
tap_ok 'a second apply says what the first still holds back' out_has '1 file of agent/fix .* still held back'
fetch held
tap_ok 'which is listed behind its own' out_has '^setup.py .*of the earlier apply of agent/fix'
tap_ok 'whose it is, too' out_has '^jest.config.js  ([a-z-]*)$'
fetch held --json
tap_is "$(jq -r '[.[] | .path + " " + .what] | join(", ")' "$T/out" | sed 's/ ([0-9a-f]*)//g')" \
    'jest.config.js agent/also, setup.py agent/fix' 'also to a program'
for point in fetch_taking fetch_file fetch_files; do
	COFFER_FAIL=$point "$O/bin/coffer" fetch held --take setup.py >"$T/out" 2>&1
	tap_is "$?" 137 "the taking of one of them, killed at $point"
	fetch list
	tap_is "$RC $(state)" "0 $two" 'is taken back'
	tap_ok 'which is said' err_has 'what was taken later of agent/fix .* taken back'
done
COFFER_FAIL=fetch_file "$O/bin/coffer" fetch held --take setup.py >"$T/out" 2>&1
fetch undo
tap_is "$RC $(state)" "0 $two" 'an undo after that is of that, and of no apply'
COFFER_FAIL=fetch_done "$O/bin/coffer" fetch held --take setup.py >"$T/out" 2>&1
fetch list
tap_is "$(record '.result + " " + .branch') $(cat "$CLONE/setup.py")" "taken agent/fix $(git -C "$SEED" show agent/fix:setup.py)" \
    'killed at its end it is taken, and on record'
tap_is "$(find "$FETCH" -name 'apply.taking' | wc -l)" 0 'and no mark is left'
fetch held
tap_not 'it is not held any more' out_has setup.py
fetch undo --dry-run
tap_ok 'an undo of the last apply would say what stays' out_has '^setup.py of agent/fix .*, taken later, stays'
fetch undo
tap_ok 'the last apply is undone' out_has 'the apply of agent/also'
tap_ok 'with what stays' out_has '^setup.py of agent/fix .*, taken later, stays'
fetch undo
tap_is "$RC $(state)" "0 $clean" 'then the first, with what was taken of it'
tap_ok 'which is said of all of it' out_has '^the apply of agent/fix .* is undone'
tap_not 'and nothing stays' out_has stays
fetch agent/fix --yes
one=$(state)
COFFER_FAIL=fetch_file "$O/bin/coffer" fetch held --take setup.py >"$T/out" 2>&1
fetch list
tap_is "$RC $(state)" "0 $one" 'a take of the only apply that was cut off is taken back'
fetch undo
tap_ok 'and what is undone then is the apply' out_has '^the apply of agent/fix .* is undone'
fetch agent/fix --yes
fetch agent/also --yes
two=$(state)
fetch held --take jest.config.js --take nonsense --take setup.py
tap_is "$RC $(state)" "4 $two" 'a path that nothing holds is an error, and nothing is taken'
tap_ok 'which names it' err_has 'nonsense: no such file is held back'
fetch held --take jest.config.js --take setup.py --dry-run
tap_is "$RC $(state) $(grep -c '^would take 1 file of agent' "$T/out")" "0 $two 2" '--dry-run says of which it would take what'
fetch held --take setup.py --take jest.config.js --json
tap_is "$RC $(jq -r .taken "$T/out")" '0 2' 'paths of two applies are taken of both'
tap_is "$(test -f "$CLONE/setup.py" && test -f "$CLONE/jest.config.js" && echo there)" there 'and are there'
fetch undo --json
tap_is "$(jq -c .stays "$T/out")" '["setup.py"]' 'what stays is told to a program, too'
fetch undo
tap_is "$RC $(state)" "0 $clean" 'both undone, all is as it was'
fetch agent/fix --yes
fetch agent/also --yes
fetch held --all
tap_ok 'all of them are those of one apply' out_has 'took 1 file of agent/also'
tap_ok 'and what is left is said' out_has '1 file of agent/fix .* still held back'
fetch held --all
tap_ok 'again those before it' out_has 'took 1 file of agent/fix'
fetch held --all
tap_is "$RC" 4 'then none'
fetch undo
fetch undo
tap_is "$RC $(state)" "0 $clean" 'all is undone'
fetch agent/fix --yes
fetch agent/also --yes --apply branch
git -C "$CLONE" commit -q --allow-empty -m x
fetch held
tap_ok 'what cannot be taken any more is not listed' out_has 'nothing is held back'
git -C "$CLONE" reset -q --soft HEAD~1
fetch undo
fetch undo
tap_is "$RC $(state)" "0 $clean" 'all is undone'

# Twenty are kept.
i=0
while [ $i -lt 22 ]; do
	git -C "$CLONE" branch -q -D agent/two 2>/dev/null
	fetch agent/two --yes --apply branch
	i=$((i + 1))
done
tap_is "$(find "$FETCH/apply.earlier" -mindepth 1 -maxdepth 1 | wc -l)" 20 'twenty are kept beside the last one'
git -C "$CLONE" branch -q -D agent/two
rm -r "$FETCH/apply.earlier" "$FETCH/apply"

# Repositories of mine, and things of mine in the way.
git init -q "$CLONE/lib"
before=$(state)
fetch agent/fix --yes
tap_is "$RC $(state)" "3 $before" 'nothing is put into a repository of mine'
tap_ok 'which is named' err_has 'lib is a repository of yours'
rm -r "${CLONE:?}/lib"
mkdir "$CLONE/three.c"
before=$(folders)
fetch agent/three --yes
tap_is "$RC $(folders)" "3 $before" 'nor where a folder of mine is'
tap_ok 'which is named, too' err_has 'three.c is in the way'
rmdir "$CLONE/three.c"
fetch agent/turn --yes
tap_is "$RC" 0 'a file becomes a folder'
refuses 'a repository of mine is in a folder that goes' 'hello.txt' 'git init -q hello.txt/deep'
rm -rf "$CLONE/hello.txt/deep/.git"
fetch undo
tap_is "$RC $(state)" "0 $clean" 'undone when it is away'
fetch agent/fix --yes
mkdir -p "$CLONE/deep/own"
fetch held --all
fetch undo
tap_is "$RC $(state) $(ls -d "$CLONE/deep/own")" "0 $clean $CLONE/deep/own" 'a folder of mine outlives what was taken later'
tap_done
