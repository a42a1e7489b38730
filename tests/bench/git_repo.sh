#!/bin/bash
# git_repo.sh DIR [GEN_REPO-OPTION...]: two bare repositories of the same
# content for benchmarks, made once.
#   DIR/whole.git   one pack with bitmap, commit-graph, packed refs
#   DIR/parts.git   45 packs, none of that, loose refs: what years of fetching
#                   leave behind
set -eu
cd "$(dirname "$0")/../.."
case ${O:=build/release} in /*) ;; *) O=$PWD/$O ;; esac
dir=${1:?usage: tests/bench/git_repo.sh DIR [OPTION...]}
shift
[ ! -e "$dir/done" ] || exit 0
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
mkdir -p "$dir"
rm -rf "$dir/whole.git" "$dir/parts.git"
whole=$dir/whole.git
parts=$dir/parts.git

git init -q --bare -b main "$whole"
git -C "$whole" config gc.auto 0
"$O/tests/bench/gen_repo" "$@" |
    git -C "$whole" -c core.compression=0 -c pack.compression=0 \
	-c fastimport.unpackLimit=0 fast-import --quiet --done --force --depth=0
git -C "$whole" -c pack.compression=6 repack -adfbq --window=10 --depth=50
git -C "$whole" commit-graph write --reachable --changed-paths --no-progress
git -C "$whole" pack-refs --all

git init -q --bare -b main "$parts"
git -C "$parts" config gc.auto 0
n=$(git -C "$whole" rev-list --count main)
prev=
git -C "$whole" rev-list --reverse --topo-order main |
    awk -v n="$n" '{ if (int(NR * 45 / n) > k && k < 44) { k++; print } }' |
    {
	while read -r c; do
		printf '%s\n%s' "$c" "$prev" | git -C "$whole" pack-objects -q \
		    --revs --delta-base-offset "$parts/objects/pack/pack" >/dev/null
		prev="$prev^$c
"
	done
	{ printf '%s' "$prev"; git -C "$whole" for-each-ref --format='%(objectname)'; } |
	    git -C "$whole" pack-objects -q --revs --delta-base-offset \
		"$parts/objects/pack/pack" >/dev/null
    }
git -C "$whole" for-each-ref --format='create %(refname) %(objectname)' |
    git -C "$parts" update-ref --stdin
a=$(git -C "$whole" rev-list --objects --all | wc -l)
b=$(git -C "$parts" rev-list --objects --all | wc -l)
[ "$a" = "$b" ] || { echo "git_repo: $a objects, but $b in parts.git" >&2; exit 1; }
: >"$dir/done"
