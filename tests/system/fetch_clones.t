#!/bin/sh
# coffer fetch in clones that are not as most are, and beside other work of
# git's: it works, or says by name why it does not and changes nothing.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"
. "$(dirname "$0")/fetch_lib.sh"

fetch_world
fix_branch
branch agent/new
printf 'new\n' >"$SEED/new.c"
publish
# at FOLDER: the clone that is meant from here on, linked.
at()
{
	CLONE=$1
	FETCH=$CLONE/.git/coffer/fetch
	git -C "$CLONE" config coffer.project acme/calc
	git -C "$CLONE" config coffer.url "$COFFER_URL"
}

# In the midst of something else.
MAIN=$CLONE
git -C "$CLONE" checkout -q -b side
printf 'side\n' >"$CLONE/hello.txt"
git -C "$CLONE" commit -q -a -m side
git -C "$CLONE" checkout -q main
printf 'main\n' >"$CLONE/hello.txt"
git -C "$CLONE" commit -q -a -m main
for what in merge cherry-pick rebase; do
	git -C "$CLONE" "$what" side >/dev/null 2>&1
	git -C "$CLONE" checkout -q --ours hello.txt && git -C "$CLONE" add hello.txt
	before=$(state)
	fetch merge agent/new --yes
	tap_is "$RC $(state)" "3 $before" "no merge in the midst of a $what"
	tap_ok 'and it says why' err_has "in the middle of a $what"
	git -C "$CLONE" "$what" --abort
done
git -C "$CLONE" checkout -q side
git -C "$CLONE" commit -q --allow-empty -m more
git -C "$CLONE" checkout -q main
git -C "$CLONE" cherry-pick side~1 side >/dev/null 2>&1
git -C "$CLONE" checkout -q --ours hello.txt && git -C "$CLONE" add hello.txt
git -C "$CLONE" commit -q --allow-empty -m picked
before=$(state)
fetch merge agent/new --yes
tap_is "$RC $(state)" "3 $before" 'nor between two commits of a cherry-pick'
tap_ok 'with why' err_has 'in the middle of a cherry-pick'
git -C "$CLONE" cherry-pick --quit
git -C "$CLONE" reset -q --hard HEAD~1
git -C "$CLONE" reset -q --hard HEAD~1
fetch merge agent/new --yes
tap_ok 'a merge says into which branch it went' out_has '^merged agent/new .* into main;'
fetch undo

# Paths.
for name in 'a:b' 'with blank' 'quo"te' 'back\slash' "$(printf 'n\303\244me')"; do
	git clone -q "$SRV" "$T/$name"
	at "$T/$name"
	fetch agent/fix --yes --hold none
	tap_is "$RC $(cat "$CLONE/hello.txt")" '0 hello world' "a clone at $name"
	fetch undo
	tap_is "$RC $(git -C "$CLONE" status --porcelain)" '0 ' 'and undo'
done

# Clones that lack something.
git -C "$SRV" config uploadpack.allowFilter true
git clone -q --filter=blob:none "file://$SRV" "$T/partial" 2>/dev/null
at "$T/partial"
fetch agent/fix --yes
tap_is "$RC" 3 'a partial clone that lacks what is compared is refused'
tap_ok 'by name' err_has 'your clone is partial'
git clone -q --depth 1 "file://$SRV" "$T/shallow"
git -C "$SEED" checkout -q main
for i in 1 2; do
	printf '%s\n' $i >"$SEED/later.c"
	git -C "$SEED" add . && git -C "$SEED" commit -q -m "$i"
done
git -C "$SEED" push -q origin main
git clone -q --depth 1 "file://$SRV" "$T/shallow2"
at "$T/shallow2"
fetch agent/fix --yes
tap_is "$RC" 3 'so is a shallow one'
tap_ok 'with what to do' err_has 'git fetch --unshallow'
git init -q --object-format=sha256 "$T/sha256"
at "$T/sha256"
git -C "$CLONE" commit -q --allow-empty -m x
fetch agent/fix --yes
tap_is "$RC" 3 'one of other ids, too'
tap_ok 'which are named' err_has 'names its objects by sha256'
git init -q "$T/empty"
at "$T/empty"
fetch agent/fix
tap_ok 'one without a commit' err_has 'has no commit yet'
git clone -q "$SRV" "$T/far"
mv "$T/far/hello.txt" "$T/far/src" "$T/far/setup.py" "$T/far/later.c" "$T" # its files lie elsewhere
git -C "$T/far" config core.worktree "$T"
CLONE=$T/far
fetch agent/fix
tap_is "$RC" 3 'a work tree from which the repository is not found'
tap_ok 'is told' err_has 'core.worktree'

# Hooks of this clone that lie in the tree, by whatever name.
git clone -q --single-branch -b main "file://$SRV" "$T/hooked"
at "$T/hooked"
git -C "$CLONE" config core.hooksPath tools/git
branch agent/hooked
mkdir -p "$SEED/tools/git"
printf '#!/bin/sh\nexit 1\n' >"$SEED/tools/git/pre-commit"
printf 'text\n' >"$SEED/tools/git.txt"
publish
fetch agent/hooked --yes
tap_is "$RC" 3 'what this clone runs as a hook is refused'
tap_ok 'as a hook' out_has 'tools/git/pre-commit: the git of this clone runs it'
tap_not 'and nothing beside it' out_has 'tools/git.txt: the git'
fetch agent/hooked --yes --allow hook --allow executable --reason 'I read it'
tap_is "$RC $(git -C "$CLONE" status --porcelain)" '0 ?? tools/' 'let pass'
tap_not 'it is held back' test -e "$CLONE/tools/git/pre-commit"
fetch undo
git -C "$CLONE" config core.hooksPath "$T/elsewhere"
fetch agent/hooked --yes
tap_is "$RC" 0 'with hooks elsewhere it is a file as others'
fetch undo

# What is held back and staged later, after git threw its objects away.
fetch agent/fix --yes --apply staged
git -C "$CLONE" gc -q --prune=now
before=$(state)
fetch held --all
tap_is "$RC $(state)" "3 $before" 'nothing is staged that is not there'
tap_ok 'and it says what to do' err_has 'fetch it again with --hold none'
fetch undo
tap_is "$RC $(git -C "$CLONE" status --porcelain)" '0 ' 'undo goes on'
fetch agent/fix --yes --apply staged
fetch held --all
tap_is "$RC $(git -C "$CLONE" diff --cached --name-only | grep -c setup.py)" '0 1' 'what is there is staged'
fetch undo

# Modes that git reads as others.
CLONE=$MAIN
FETCH=$CLONE/.git/coffer/fetch
blob=$(echo x | git -C "$SEED" hash-object -w --stdin)
for mode in 100664 100777 104755; do
	tree=$({
		git -C "$SEED" cat-file tree "main^{tree}"
		printf '%s zz\0' "$mode"
		perl -e 'print pack "H*", shift' "$blob"
	} | git -C "$SEED" hash-object -t tree -w --literally --stdin)
	git -C "$SEED" push -q -f origin \
	    "$(git -C "$SEED" commit-tree -p main -m x "$tree"):refs/heads/agent/mode"
	fetch agent/mode --yes
	tap_is "$RC" 3 "a file of mode $mode is refused"
	tap_ok 'as what it is' err_has badFilemode
done

# However long its names are, a record is one that cofferd takes.
branch agent/long
L=$(printf '%0200d' 0)
mkdir -p "$SEED/$L/$L/$L"
i=0
while [ $i -lt 1500 ]; do
	echo x >"$SEED/$L/$L/$L/$L$i.c"
	i=$((i + 1))
done
publish
fetch agent/long --yes
R=$(find "$FETCH" -maxdepth 1 -name '2*.json' | sort | tail -n 1)
tap_is "$RC $(jq '.files_not_listed > 100' "$R") $(($(wc -c <"$R") < 600 << 10)) $(cat "$R.sent")" \
    '0 true 1 41' 'the record of very many names is sent'
run verify "$R"
tap_is "$RC" 0 'and holds'
fetch undo
# Links of the tree give files other names.
git -C "$SEED" checkout -q -f main
git -C "$SEED" clean -qfdx
mkdir -p "$SEED/docs/claude" "$SEED/scripts"
echo '{}' >"$SEED/docs/claude/settings.json"
echo 'true' >"$SEED/scripts/env"
ln -s docs/assistant "$SEED/.claude"
ln -s claude "$SEED/docs/assistant"
ln -s scripts/env "$SEED/.envrc"
git -C "$SEED" add -A
git -C "$SEED" commit -q -m Links
git -C "$SEED" push -q "$SRV" HEAD:main
git clone -q --single-branch -b main "file://$SRV" "$T/linked"
at "$T/linked"
branch agent/behind
echo '{"hooks": {}}' >"$SEED/docs/claude/settings.json"
echo 'echo' >"$SEED/scripts/env"
echo text >"$SEED/docs/claude.txt"
publish
fetch agent/behind --yes
tap_is "$RC" 3 'files behind links that something obeys are refused'
tap_ok 'as what they are reached as' out_has \
    'docs/claude/settings.json: through a link of the tree it is .claude/settings.json'
tap_ok 'a link to a file, too' out_has 'scripts/env: through a link of the tree it is .envrc'
tap_not 'and nothing beside them' out_has 'docs/claude.txt: through'
fetch agent/behind --yes --allow agent-config --allow editor-config --reason 'I read it'
tap_is "$RC $(git -C "$CLONE" status --porcelain)" '0 ?? docs/claude.txt' 'let pass they are held back'
fetch undo
branch agent/link
mkdir -p "$SEED/web/notes"
echo '{}' >"$SEED/web/notes/tasks.json"
ln -s notes "$SEED/web/.vscode"
publish
fetch agent/link --yes
tap_ok 'a link that the change brings counts as well' out_has \
    'web/notes/tasks.json: through a link of the tree it is web/.vscode/tasks.json'
tap_done
