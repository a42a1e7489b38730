#!/bin/sh
# coffer fetch: what a branch may cost before anybody looks at it, and a clone
# that has not all of its history.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"
. "$(dirname "$0")/fetch_lib.sh"

tap_plan 11
fetch_world

# A few objects that are a hundred thousand files, and a hundred million.
cd "$SEED" || exit 1
blob=$(echo x | git hash-object -w --stdin)
# shellcheck disable=SC2059
ten() { for i in 0 1 2 3 4 5 6 7 8 9; do printf "$1\n" "$2" "$i"; done | git mktree; }
tree=$(ten '100644 blob %s\tf%s' "$blob")
deeper()
{
	for _ in 1 2 3; do tree=$(ten '040000 tree %s\td%s' "$tree"); done
}
# many BRANCH: the tree on a branch
many()
{
	root=$( (git ls-tree main; printf '040000 tree %s\tzz\n' "$tree") | git mktree)
	many_id=$(git commit-tree -p main -m many "$root")
	git push -q origin "$many_id:refs/heads/$1"
}
deeper
tree=$(ten '040000 tree %s\td%s' "$tree")
many x/many
deeper
many x/bomb
gone=$(git commit-tree -p "$many_id" -m gone "$( (git ls-tree main
    printf '100644 blob %s\tzzz\n' "$blob") | git mktree)")
git push -q origin "$gone:refs/heads/x/gone"
before=$(state)
for how in unstaged branch; do
	fetch x/many --apply $how --yes
	tap_is "$RC" 3 "more files than are read are refused ($how)"
	tap_ok 'as too large' err_has 'too-large: over 50000 files are changed'
done
fetch x/bomb --yes
tap_is "$RC" 3 'so are those that do not fit into memory'
tap_ok 'in these words' err_has 'too-large: the changed files cannot be listed'
fetch x/gone --dry-run --json
tap_is "$(jq -r '.findings[].id' "$T/out")" history-unread \
    'where they came and went it is said that this was not read'
tap_is "$(state)" "$before" 'the clone is as it was'

# A shallow clone.
git -C "$SEED" checkout -q main
for i in 1 2 3; do echo "$i" >"$SEED/n$i" && publish; done
git -C "$SEED" checkout -q -B x/old main~2
echo s >"$SEED/s.txt" && publish
cd "$T" || exit 1
rm -rf "$CLONE"
git clone -q --depth 1 -b main "file://$SRV" "$CLONE"
git -C "$CLONE" config coffer.project acme/calc
git -C "$CLONE" config coffer.url "$COFFER_URL"
fetch x/old --yes
tap_is "$RC" 3 'a shallow clone that has not the base is refused'
tap_ok 'and told what to do' err_has 'unshallow it first: git fetch --unshallow'
git -C "$CLONE" fetch -q --unshallow
fetch x/old --yes
tap_is "$RC" 0 'then it works'
tap_done
