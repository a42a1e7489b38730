#!/bin/sh
# coffer fetch and what the git of the user's clone runs or obeys from within
# the tree: links of its folder of hooks and on the way there, scripts that a
# hook starts, what its configuration names; and links that only the work tree has.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"
. "$(dirname "$0")/fetch_lib.sh"

fetch_world
S='#!/bin/sh\nexit 0\n'
# script PATH...: one that may be run, in the seed.
script()
{
	for at; do
		mkdir -p "$(dirname "$SEED/$at")"
		# shellcheck disable=SC2059
		printf "$S" >"$SEED/$at"
		chmod +x "$SEED/$at"
	done
}
script scripts/check-style tools/git/commit-msg
ln -s ../../scripts/check-style "$SEED/tools/git/pre-commit"
ln -s tools/git "$SEED/.hk"
printf '[core]\n\tabbrev = 12\n' >"$SEED/team.conf"
printf '[core]\n\tabbrev = 12\n' >"$SEED/more.conf"
printf 'true\n' >"$SEED/clean"
mkdir -p "$SEED/docs/claude"
echo text >"$SEED/docs/claude/notes.txt"
mkdir "$SEED/ci"
echo 'print()' >"$SEED/ci/lint.py"
git -C "$SEED" add -A
git -C "$SEED" commit -q -m Scripts
git -C "$SEED" push -q origin main
git -C "$CLONE" pull -q "$SRV" main

branch h/style
printf '#!/bin/sh\necho ran\n' >"$SEED/scripts/check-style"
publish
branch h/team
printf '[core]\n\tabbrev = 13\n' >"$SEED/team.conf"
printf '[core]\n\tabbrev = 13\n' >"$SEED/more.conf"
publish
branch h/clean
printf 'false\n' >"$SEED/clean"
publish
branch h/lint
printf 'print(1)\n' >"$SEED/ci/lint.py"
publish
branch h/notes
printf 'more\n' >"$SEED/docs/claude/notes.txt"
publish
branch h/new
printf 'echo ran\n' >"$SEED/ci/new"
publish

HOOKS=$CLONE/.git/hooks
rm -rf "$HOOKS"
mkdir "$HOOKS"
# is_hook BRANCH PATH TEXT: PATH is refused as a hook, and held when let pass.
is_hook()
{
	fetch "$1" --yes
	tap_is "$RC" 3 "$3 is refused"
	tap_ok 'as a hook' out_has "$2: the git of this clone runs it"
	fetch "$1" --yes --allow hook --allow executable --allow symlink --reason 'I read it'
	tap_is "$RC $(git -C "$CLONE" status --porcelain -- "$2")" '0 ' 'let pass it is held back'
	run fetch undo
}
# is_none BRANCH TEXT
is_none()
{
	fetch "$1" --yes
	tap_is "$RC $(out_has 'the git of this clone' && cat "$T/out")" '0 ' "$2"
	run fetch undo
}
set_to() { git -C "$CLONE" config "$1" "$2"; }
unset_of() { git -C "$CLONE" config --unset "$1"; }

printf 'x\n' >"$HOOKS/pre-commit.sample"
is_none h/style 'a script that nothing runs is none'

# Links of the folder of hooks.
ln -s ../../scripts/check-style "$HOOKS/pre-commit"
is_hook h/style scripts/check-style 'what a link of .git/hooks leads to'
rm "$HOOKS/pre-commit"
ln -s "$T/far" "$HOOKS/pre-commit"
ln -s "$CLONE/scripts/check-style" "$T/far"
is_hook h/style scripts/check-style 'one through a link elsewhere'
rm "$HOOKS/pre-commit"
ln -s ../../ci/new "$HOOKS/pre-commit"
is_hook h/new ci/new 'what is not there yet'
rm "$HOOKS/pre-commit"
ln -s loop "$HOOKS/pre-commit"
ln -s pre-commit "$HOOKS/loop"
is_none h/style 'links in a circle lead nowhere'
rm -r "$HOOKS"
ln -s ../tools/git "$HOOKS"
is_hook h/style scripts/check-style 'with .git/hooks a link into the tree, a link there'
rm "$HOOKS"
mkdir "$HOOKS"

# A hook that is no link and starts a script of the tree.
hook()
{
	printf '#!/bin/sh\n%s\n' "$1" >"$HOOKS/pre-push"
	chmod +x "$HOOKS/pre-push"
}
for line in 'exec scripts/check-style "$@"' '"$(dirname "$0")/../../scripts/check-style" || exit 1' \
    'top=$(git rev-parse --show-toplevel); sh "$top/scripts/check-style"'; do
	hook "$line"
	is_hook h/style scripts/check-style "what a hook starts: $line"
done
hook 'python3 ci/lint.py'
is_hook h/lint ci/lint.py 'what it has an interpreter for'
hook '# scripts/check-style was once run here
grep -q text docs/claude/notes.txt'
is_none h/style 'what a comment of it names is as others'
is_none h/notes 'so is a file that is no script'
hook 'exec scripts/check-style'
chmod -x "$HOOKS/pre-push"
is_none h/style 'so is what a hook names that git does not run'
rm "$HOOKS/pre-push"

# What is started, in the forms that hooks are written in.  The branch of a path
# changes just that, or adds it.
git -C "$SEED" checkout -q main
mkdir -p "$SEED/tools/hooks.d" "$SEED/src" "$SEED/attic"
script tools/git/run scripts/check.sh scripts/odd.py tools/hooks.d/10-a tools/hooks.d/deep/more
printf '#!/bin/sh\n. scripts/lib.sh\n. "$(dirname "$0")/beside.sh"\n' >"$SEED/scripts/check.sh"
printf 'echo lib\n. scripts/env\n' >"$SEED/scripts/lib.sh"
echo 'echo beside' >"$SEED/scripts/beside.sh"
printf '#!/usr/bin/env python3\nrun("scripts/check.sh")\n' >"$SEED/scripts/odd.py"
echo 'X=1' >"$SEED/scripts/env"
echo 'print(1)' >"$SEED/lint.py"
echo 'x = 1' >"$SEED/src/main.py"
echo 'x' >"$SEED/attic/README.md"
git -C "$SEED" add -A
git -C "$SEED" commit -q -m 'More scripts'
git -C "$SEED" push -q origin main
git -C "$CLONE" pull -q "$SRV" main
# changes PATH: fetches a branch that does.
changes()
{
	name=c/$(echo "$1" | tr './' '--')
	if ! git -C "$SEED" rev-parse -q --verify "$name" >"$T/rev"; then
		branch "$name"
		mkdir -p "$(dirname "$SEED/$1")"
		echo 'echo changed' >>"$SEED/$1"
		publish
	fi
	fetch "$name" --dry-run
}
# runs PATH TEXT
runs()
{
	changes "$1"
	tap_is "$RC $(grep -c "$1: the git of this clone runs it" "$T/out")" '3 1' "$1 is one: $2"
}
# runs_not PATH TEXT
runs_not()
{
	changes "$1"
	tap_is "$RC $(out_has 'the git of this clone' && cat "$T/out")" '0 ' "$1 is none: $2"
}
while IFS='~' read -r path line; do
	hook "$line"
	runs "$path" "$line"
done <<'END'
tools/git/commit-msg~exec "$(git rev-parse --show-toplevel)/tools/git/$(basename "$0")" "$@"
tools/git/pre-push~exec "$(git rev-parse --show-toplevel)/tools/git/${0##*/}" "$@"
scripts/local-hook~[ -x scripts/local-hook ] && scripts/local-hook
scripts/local.sh~if [ -f scripts/local.sh ]; then . scripts/local.sh; fi
scripts/env~. scripts/env
lint.py~exec python3 lint.py
lint.py~python3 -W error -- lint.py src/main.py
lint.sh~sh lint.sh
lint.sh~bash -o pipefail < lint.sh
scripts/lib.sh~exec scripts/check.sh
scripts/beside.sh~exec scripts/check.sh
scripts/env~exec scripts/check.sh
scripts/lib.sh~scripts/odd.py
tools/hooks.d/10-a~for f in tools/hooks.d/*; do "$f" || exit 1; done
tools/hooks.d/20-b~for f in tools/hooks.d/*.sh; do . "$f"; done
tools/hooks.d/10-a~run-parts tools/hooks.d
scripts/check.sh~cd scripts && ./check.sh
tools/git/run~cd "$(dirname "$0")/../../tools" && git/run
scripts/check.sh~D=scripts; $D/check.sh
scripts/check.sh~"$PWD/scripts/check.sh"
scripts/check.sh~$GIT_DIR/../scripts/check.sh
scripts/check.sh~out=$(scripts/check.sh 2>&1) || exit 1
scripts/check.sh~git diff --cached --name-only | xargs scripts/check.sh
scripts/check.sh~bash -ec "true; scripts/check.sh"
scripts/check.sh~case $1 in src/*) scripts/check.sh ;; esac
tools/clean.py~python3 -m tools.clean
scripts/setup.js~node -r ./scripts/setup.js src/main.js
tools/lint/__main__.py~python3 tools/lint
END
while IFS='~' read -r path line; do
	hook "$line"
	runs_not "$path" "$line"
done <<'END'
src/main.py~git diff --cached --name-only | grep -q "^src/main.py" && echo remember src/main.py
src/main.py~git diff --quiet -- src/main.py; git add src/main.py
src/main.py~python3 lint.py src/main.py
src/main.py~case $1 in src/main.py) true ;; src/*) true ;; esac
src/main.py~for f in src/*.py; do grep -q x "$f"; done
src/main.py~[ -f src/main.py ] && cat <src/main.py >"$TMP/x"
src/main.py~cd src && "$MY/$tool" main.py
tools/hooks.d/deep/more~for f in tools/hooks.d/*; do "$f"; done
lint.py~"$PWD/" ./* || true
END
rm "$HOOKS/pre-push"
# command KEY VALUE
while IFS='~' read -r path key value; do
	set_to "$key" "$value"
	runs "$path" "$key = $value"
	unset_of "$key"
done <<'END'
tools/clean.py~filter.b.clean~python3 -m tools.clean
scripts/lib.sh~filter.b.clean~scripts/check.sh
tools/w.sh~core.fsmonitor~cd tools; ./w.sh
tools/attrs~core.attributesFile~tools/attrs
scripts/lint.sh~alias.lint~!scripts/lint.sh
lint.py~core.hooksPath~lint.py
END
while IFS='~' read -r path key value; do
	set_to "$key" "$value"
	runs_not "$path" "$key = $value"
	unset_of "$key"
done <<'END'
lint.py~core.hooksPath~
lint.py~core.hooksPath~.
src/main.py~core.hooksPath~.
lint.py~filter.a.clean~sed -e "s|$PWD/|./|g"
scripts/lint.sh~alias.lint~log scripts/lint.sh
END
set_to core.hooksPath .
runs pre-commit 'core.hooksPath is the top, where only the names of hooks count'
unset_of core.hooksPath

# A hook that the branch changes, and what it will start.
branch h/two
echo 'exec attic/README.md' >>"$SEED/scripts/check.sh"
echo 'echo ran' >>"$SEED/attic/README.md"
publish
runs_not attic/README.md 'nothing starts it yet'
hook 'scripts/check.sh'
fetch h/two --dry-run
tap_ok 'what it will start then is one, too' out_has 'attic/README.md: the git of this clone runs it'
rm "$HOOKS/pre-push"
git -C "$SEED" checkout -q main

# core.hooksPath.
set_to core.hooksPath tools/git
is_hook h/style scripts/check-style 'what a link of core.hooksPath leads to'
set_to core.hooksPath .hk
is_hook h/style scripts/check-style 'with core.hooksPath a link, what a link there leads to'
branch h/repoint
rm "$SEED/.hk"
ln -s lib2 "$SEED/.hk"
script lib2/pre-commit
publish
is_hook h/repoint .hk 'a link that core.hooksPath names'
fetch h/repoint --yes
tap_ok 'with what it leads to then' out_has 'lib2/pre-commit: the git of this clone runs it'
unset_of core.hooksPath
is_none h/repoint 'a link that nothing names is none'
git -C "$SEED" checkout -q main

# husky's own folder, which its install makes.
mkdir -p "$CLONE/.husky/_"
printf '*\n' >"$CLONE/.husky/_/.gitignore"
printf '#!/bin/sh\nexit 0\n' >"$CLONE/.husky/_/pre-commit"
set_to core.hooksPath .husky/_
is_none h/style 'beside the hooks of husky a change is as others'
mkdir -p "$CLONE/.husky"
echo 'sh scripts/x.sh' >"$CLONE/.husky/pre-commit"
runs scripts/x.sh 'a hook of husky starts it'
rm "$CLONE/.husky/pre-commit"
branch h/husky
mkdir "$SEED/.husky"
printf 'npm test\n' >"$SEED/.husky/pre-commit"
publish
fetch h/husky --yes
tap_is "$RC" 3 'a hook of husky is one'
unset_of core.hooksPath
rm -r "$CLONE/.husky"

# What the configuration names.
while IFS='|' read -r key value; do
	set_to "$key" "$value"
	is_hook h/style scripts/check-style "$key = $value"
	unset_of "$key"
done <<-'END'
	filter.x.clean|scripts/check-style
	filter.x.process|sh ./scripts/../scripts/check-style --all
	diff.x.textconv|sh -c 'scripts/check-style "$1"' -
	diff.external|"$PWD/scripts/check-style"
	merge.x.driver|$(git rev-parse --show-toplevel)/scripts/check-style %O %A %B
	core.fsmonitor|scripts/check-style
	core.sshCommand|scripts/check-style -v
	sequence.editor|scripts/check-style
	credential.helper|!scripts/check-style
	gpg.ssh.allowedSignersFile|scripts/check-style
END
set_to core.pager "$CLONE/scripts/check-style"
is_hook h/style scripts/check-style 'the whole path in core.pager'
unset_of core.pager
set_to include.path ../team.conf
is_hook h/team team.conf 'a file that is included'
unset_of include.path
printf '[include]\n\tpath = %s\n' "$CLONE/more.conf" >"$T/outside"
set_to include.path "$T/outside"
is_hook h/team more.conf 'one that is included by another'
unset_of include.path
set_to includeIf.onbranch:other.path ../team.conf
is_hook h/team team.conf 'one that is included on another branch'
unset_of includeIf.onbranch:other.path

# Filters as git-lfs configures them, and words that name no file.
set_to filter.lfs.clean 'git-lfs clean -- %f'
set_to filter.lfs.smudge 'git-lfs smudge -- %f'
set_to filter.lfs.process 'git-lfs filter-process'
set_to filter.lfs.required true
set_to core.editor 'clean --wait'
set_to diff.algorithm histogram
is_none h/clean 'a file that is called as a word of git-lfs is as others'
for key in filter.lfs.clean filter.lfs.smudge filter.lfs.process filter.lfs.required core.editor diff.algorithm; do
	unset_of $key
done

# Links of the work tree alone.
printf '.claude\n.cursor\n' >>"$CLONE/.git/info/exclude"
branch h/agents
echo '{}' >"$SEED/docs/claude/settings.json"
echo text >"$SEED/docs/claude.txt"
publish
is_none h/agents 'a file that nothing obeys'
for target in docs/claude "$CLONE/docs/claude" docs/claude/; do
	ln -s "$target" "$CLONE/.claude"
	fetch h/agents --yes
	tap_is "$RC" 3 "what a link to $target that git does not track makes an agent's is refused"
	tap_ok 'by that name' out_has 'docs/claude/settings.json: .* it is .claude/settings.json'
	fetch h/agents --yes --allow agent-config --reason 'I read it'
	tap_is "$RC $(git -C "$CLONE" status --porcelain)" '0 ?? docs/claude.txt' 'let pass it is held back'
	run fetch undo
	rm "$CLONE/.claude"
done
mkdir "$CLONE/.cursor"
ln -s ../docs/claude "$CLONE/.cursor/rules"
fetch h/agents --yes
tap_ok 'one in a folder of settings counts, too' out_has \
    'docs/claude/settings.json: .* it is .cursor/rules/settings.json'
rm -r "$CLONE/.cursor"
ln -s /nowhere/else "$CLONE/.claude"
is_none h/agents 'a link out of the tree makes nothing of it'
rm "$CLONE/.claude"
tap_done
