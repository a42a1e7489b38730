#!/bin/sh
# What git hands the checks of coffer fetch: every kind of change, commits that
# hide something, merges that add something, files of any size; each from a
# real repository, through the real feeder.
. "$(dirname "$0")/lib.sh"

tap_plan 44
W=$T/work
CHECK=$O/tests/bench/fetch_check
git init -q -b main "$W"
cd "$W" || exit 1
mkdir -p src sub/dir docs
printf 'int main(void)\n{\n\treturn 0;\n}\n' >src/main.c
printf 'one\n' >sub/dir/one
printf 'two\n' >sub/dir/two
printf 'text\n' >docs/a.md
ln -s docs way
git add . && git commit -q -m First
BASE=$(git rev-parse HEAD)

# branch: a new start from the base; check [BASE]: $T/out has what is found of it.
branch() { git checkout -q -f -B work "$BASE" && git clean -qfdx; }
commit() { git add -A && git commit -q -m "${1:-x}"; }
check()
{
	rm -rf "$T/box"
	git clone -q --bare --no-tags . "$T/box"
	"$CHECK" "$T/box" "${1:-$BASE}" "$(git rev-parse HEAD)" >"$T/out" 2>"$T/err"
	RC=$?
}
ids() { cut -f 2 "$T/out" | sort -u | tr '\n' ' ' | sed 's/ $//'; }
found() { awk -F '\t' -v i="$1" -v f="$2" '$2 == i && $3 == f { n++ } END { exit n == 0 }' "$T/out"; }

branch
printf 'int x;\n' >>src/main.c
printf 'new\n' >src/new.c
: >src/empty.c
mkdir 'a b' && printf 'x\n' >'a b/c d'
printf '\303\274\n' >"$(printf 'gr\303\274n.txt')"
git mv docs/a.md docs/b.md
git rm -q sub/dir/one
commit
check
tap_is "$RC $(ids)" '0 ' 'ordinary changes of every kind have no finding'
tap_is "$(cut -d ' ' -f 4 "$T/err")" \
    "$(git diff --no-renames --full-index --text "$BASE" HEAD | wc -c)" \
    'the patch is kept as git gives it'

branch
printf 'tab\n' >"$(printf 'a\tb')"
commit
check
tap_is "$RC $(ids)" '0 bad-name' 'a name that git quotes is read'

branch
git rm -qr sub && ln -s docs sub && commit
check
tap_ok 'a folder that becomes a link' found folder-to-link sub
branch
git rm -q way && mkdir way && printf 'x\n' >way/x && commit
check
tap_ok 'a link that becomes a folder' found file-type way
branch
git rm -q way && printf 'x\n' >way && printf 'y\n' >zz && commit
check
tap_is "$RC $(ids)" '0 file-type' 'a link that becomes a file: two patches, one change'
branch
git rm -q src/main.c
git update-index --add --cacheinfo "160000,$BASE,src/main.c"
git commit -q -m sub && git checkout -q -f
check
tap_is "$RC $(ids)" '0 file-type submodule' 'a file that becomes a submodule'
branch
ln -s way/../../etc out && commit
check
tap_ok 'a link through a link' found symlink-chain out
branch
git update-index --add --cacheinfo "100644,$(git hash-object -w docs/a.md),SRC/Main.c"
git commit -q -m case
check
tap_ok 'names that are one where case does not matter' found case-collision SRC/Main.c

# A repository in the tree whose last piece comes later.
branch
mkdir -p in/objects/00 in/refs/heads && printf x >in/objects/00/x && printf x >in/refs/heads/m
commit
PART=$(git rev-parse HEAD)
check
tap_is "$RC $(ids)" '0 ' 'objects and refs alone are no repository'
printf 'ref: refs/heads/m\n' >in/HEAD
commit
check "$PART"
tap_ok 'with HEAD they are' found embedded-repository in

branch
printf '[submodule "x"]\n\tpath = x\n\turl = ext::sh -c id\n' >.gitmodules
commit
check
tap_is "$RC $(ids)" '0 gitmodules gitmodules-danger' 'a .gitmodules is read'
branch
printf 'int y;\n' >>src/main.c && printf '*.c linguist-generated\n' >src/.gitattributes
commit
check
tap_ok 'an attribute that hides a changed file' found hidden-from-review src/main.c

# Commits.
branch
printf 'AKIAABCDEFGHIJKLMNOP\n' >src/key && commit
git rm -q src/key && printf 'int z;\n' >>src/main.c && commit
check
tap_is "$RC $(ids)" '0 history-hidden' 'a secret that came and went'
branch
printf 'AKIAABCDEFGHIJKLMNOP\n' >src/key && commit
printf 'int z;\n' >>src/main.c && commit
check
tap_is "$RC $(ids)" '0 secret' 'one that stayed is said once'
branch
printf 'x\n' >y && git add y
git -c user.email=eve@example.org -c user.name=Eve commit -q -m x --author 'Eve <eve@example.org>' 2>/dev/null
GIT_COMMITTER_EMAIL=eve@example.org git commit -q --amend --no-edit --author 'Eve <eve@example.org>'
check
tap_is "$RC $(ids)" '0 new-identity' 'a committer that the base does not know'
branch
printf 'x\n' >y && git add y
GIT_COMMITTER_DATE='2099-01-01T00:00:00Z' git commit -q -m x
check
tap_is "$RC $(ids)" '0 commit-date' 'a commit of the future'
branch
printf 'x\n' >y && git add y && printf 'x \342\200\256 y\n' | git commit -q -F -
check
tap_is "$RC $(ids)" '0 commit-message' 'a message that turns its direction'

# Merges.  side: main's own change on another file, to merge.
branch
printf 'side\n' >docs/side.md && commit side
SIDE=$(git rev-parse HEAD)
branch
printf 'int m;\n' >>src/main.c && commit
git merge -q --no-edit "$SIDE"
check
tap_is "$RC $(ids)" '0 ' 'a merge that adds nothing'
printf 'evil\n' >>docs/a.md && git add docs/a.md && git commit -q --amend --no-edit
check
tap_is "$RC $(ids)" '0 evil-merge' 'a merge that adds something of its own'
branch
printf 'int m;\n' >>src/main.c && commit
git merge -q --no-edit -s ours "$SIDE"
check
tap_is "$RC $(ids)" '0 evil-merge' 'a merge that drops one side'
branch
printf 'first\n' >docs/a.md && commit
FIRST=$(git rev-parse HEAD)
branch
printf 'second\n' >docs/a.md && commit
git merge -q --no-edit "$FIRST" >/dev/null 2>&1
printf 'both\n' >docs/a.md && commit merged
check
tap_is "$RC $(ids)" '0 merge-resolution' 'a merge with a conflict'
branch
printf 'second\n' >docs/a.md && commit
git merge -q --no-edit "$FIRST" >/dev/null 2>&1
printf 'both\n' >docs/a.md && printf 'more\n' >>src/main.c && commit merged
check
tap_is "$RC $(ids)" '0 evil-merge' 'one that changes more than the conflict'
branch
printf 'x\n' >o1 && commit
O1=$(git rev-parse HEAD)
branch
printf 'x\n' >o2 && commit
O2=$(git rev-parse HEAD)
branch
printf 'x\n' >o3 && commit
git merge -q --no-edit "$O1" "$O2" >/dev/null 2>&1
check
tap_is "$RC $(ids)" '0 ' 'a merge of three'
printf 'evil\n' >>src/main.c && git add -A && git commit -q --amend --no-edit
check
tap_is "$RC $(ids)" '0 evil-merge' 'one of three that adds something'

# A base that replaces or grafts something is not believed.
branch
printf 'AKIAABCDEFGHIJKLMNOP\n' >src/key && commit
git replace HEAD "$BASE"
check
git replace -d "$(git rev-parse HEAD)" >/dev/null
tap_is "$RC $(ids)" '0 secret' 'a replaced commit is read as it is'

# Sizes.  10 MB: not compared, all the same looked at to its end.
branch
awk 'BEGIN { for (i = 0; i < 700000; i++) print "int v" i ";" }' >src/big.c
printf 'AKIAABCDEFGHIJKLMNOP\n' >>src/big.c
printf 'x\n' >zz.c
commit
check
tap_ok 'a secret at the end of a large file' found secret src/big.c
tap_is "$(awk -F '\t' '$2 == "secret" { print $4 }' "$T/out")" 700001 'with its line'
tap_is "$(cut -d ' ' -f 4 "$T/err")" \
    "$(git diff --full-index "$BASE" HEAD -- zz.c | wc -c)" \
    'the others are compared'
BIG=$(git rev-parse HEAD)
git rm -q src/big.c && commit
check "$BIG"
tap_is "$RC $(ids)" '0 ' 'a large file that goes'
git checkout -q -f "$BIG" && git clean -qfdx
printf 'int more;\n' >>src/big.c && commit
check "$BIG"
tap_ok 'a large file that changes is looked at as a whole' found secret src/big.c
branch
mkdir src/dir && awk 'BEGIN { for (i = 0; i < 700000; i++) print "int v" i ";" }' >src/dir/big.c
commit
DIRBIG=$(git rev-parse HEAD)
git rm -q -r src/dir && printf 'x\n' >src/dir && commit
check "$DIRBIG"
tap_is "$RC" 1 'a large file whose folder becomes a file: refused'
branch
awk 'BEGIN { for (i = 0; i < 1500000; i++) printf "abcdefg "; printf "AKIAABCDEFGHIJKLMNOP\n" }' >one-line.txt
commit
check
tap_ok 'a secret at the end of a line of 12 MB' found secret one-line.txt
tap_ok 'a file over what is usual' found large-file one-line.txt
tap_ok 'memory does not grow with it' test "$(cut -d ' ' -f 2 "$T/err")" -lt 65536
branch
head -c 3000000 /dev/zero >zero.bin && commit
check
tap_is "$RC $(ids)" '0 binary' 'a binary file'
branch
i=0
while [ $i -lt 600 ]; do : >"src/f$i" && i=$((i + 1)); done
commit
check
tap_is "$RC $(ids)" '0 ' 'many empty files'
branch
i=0
while [ $i -lt 3 ]; do git commit -q --allow-empty -m "empty $i" && i=$((i + 1)); done
check
tap_is "$RC $(ids)" '0 ' 'commits that change nothing'
git checkout -q --orphan lone && printf 'AKIAABCDEFGHIJKLMNOP\n' >root.txt && commit root
git rm -q root.txt && commit gone
LONE=$(git rev-parse HEAD)
branch
printf 'x\n' >y && commit
git merge -q --no-edit --allow-unrelated-histories "$LONE" >/dev/null 2>&1
check
tap_ok 'a secret of a history that has no part in the base' found history-hidden root.txt

# What git does not have is an error, not a clean answer.
branch
printf 'int q;\n' >>src/main.c && commit
rm -rf "$T/box"
git clone -q --bare --no-local . "$T/box"
(cd "$T/box" && git unpack-objects -q <"$(find objects/pack -name '*.pack' | head -n 1)" 2>/dev/null
    mv objects/pack/*.pack "$T/the.pack" && rm -f objects/pack/*
    git unpack-objects -q <"$T/the.pack")
BLOB=$(git rev-parse HEAD:src/main.c)
rm -f "$T/box/objects/$(echo "$BLOB" | cut -c 1-2)/$(echo "$BLOB" | cut -c 3-)"
"$CHECK" "$T/box" "$BASE" "$(git rev-parse HEAD)" >"$T/out" 2>"$T/err"
tap_is $? 1 'an object that is missing: refused'
tap_ok 'and said' grep -q 'not in the branch' "$T/err"
"$CHECK" "$T/box" "$BASE" 1111111111111111111111111111111111111111 >"$T/out" 2>"$T/err"
tap_is $? 1 'a head that is missing: refused'
"$CHECK" "$T/none" "$BASE" "$BASE" >"$T/out" 2>"$T/err"
tap_is $? 2 'a box that is not there'
tap_not 'no child of it is left' pgrep -f "$T/box"
tap_done
