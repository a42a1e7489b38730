#!/bin/bash
# The checks of `coffer fetch` over real repositories: time beside `git diff` of
# the same change, and memory when the change is a thousand times as large.
# QUICK=1 tests the benchmark.
set -u
cd "$(dirname "$0")/../.." || exit 1
case ${O:=build/release} in /*) ;; *) O=$PWD/$O ;; esac
rounds=9 large=1024
if [ -n "${QUICK:-}" ]; then rounds=2 large=32; fi

top=$(mktemp -d "${TMPDIR:-/tmp}/coffer-bench.XXXXXX")
trap 'rm -rf "$top"' EXIT
trap 'exit 1' INT TERM
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null HOME=$top
export GIT_AUTHOR_NAME=b GIT_AUTHOR_EMAIL=b@example.org GIT_COMMITTER_NAME=b GIT_COMMITTER_EMAIL=b@example.org
die() { echo "bench fetch: $*" >&2; exit 1; }
# name unit ours peer peer_name aim met
row() {
	awk -v n="$1" -v u="$2" -v o="$3" -v p="$4" -v pn="$5" -v aim="$6" -v ok="$7" 'BEGIN {
		printf "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", n, u, o, p, pn, (p + 0 > 0 ? sprintf("%.2f", o / p) : "-"), aim, ok }'
}
under() { awk -v a="$1" -v b="$2" 'BEGIN { print a <= b ? "yes" : "no" }'; }
least() { sort -n | head -n 1; }
g() { git -C "$top/w" -c core.compression=1 -c core.bigFileThreshold=4m "$@" >/dev/null || die "git $1"; }
repo() {
	rm -rf "$top/w" && git init -q -b main "$top/w"
	echo base >"$top/w/readme" && g add . && g commit -q -m base
}
box() { rm -rf "$top/box" && git clone -q --bare --shared "$top/w" "$top/box"; }
at() { git -C "$top/w" rev-parse "$1"; }
# check: "MS OURS_KB GIT_KB BYTES"
check() { { "$O/tests/bench/fetch_check" "$top/box" "$(at HEAD~1)" "$(at HEAD)" >/dev/null; } 2>&1; }
diff_ms() {
	local a b
	a=$(date +%s%N)
	git -C "$top/box" diff "$(at HEAD~1)" "$(at HEAD)" >/dev/null
	b=$(date +%s%N)
	echo $(((b - a) / 1000000))
}
# code FILE LINES SALT
code() {
	awk -v n="$2" -v s="$3" 'BEGIN { for (i = 0; i < n; i++)
		printf "\tif (value_%d_%d == table[%d].key) return \"%s text of line %d\";\n", i, s, (i * 7919 + s) % 4096, s % 3 ? "some" : "other", i }' >"$1"
}

# 50,000 lines: 200 files, 125 lines of each replaced.
repo
for i in $(seq 200); do code "$top/w/f$i.c" 500 "$i"; done
g add . && g commit -q -m files
for i in $(seq 200); do sed -i '1~4s/return/continue; return/' "$top/w/f$i.c"; done
g add . && g commit -q -m change
box
for _ in $(seq "$rounds"); do
	check | cut -d ' ' -f 1 >>"$top/ours"
	diff_ms >>"$top/peer"
done
lines=$(git -C "$top/box" diff "$(at HEAD~1)" "$(at HEAD)" | grep -c '^[-+]')
echo "lines changed: $lines" >&2
ours=$(least <"$top/ours") peer=$(least <"$top/peer")
row "checks of a diff of 50,000 lines" ms "$ours" "$peer" "git diff" '< 3 times' "$(under "$ours" "$((3 * peer))")"

# The same in files that are new as a whole.
repo
for i in $(seq 100); do code "$top/w/n$i.c" 500 "$i"; done
g add . && g commit -q -m new
box
: >"$top/ours" && : >"$top/peer"
for _ in $(seq "$rounds"); do
	check | cut -d ' ' -f 1 >>"$top/ours"
	diff_ms >>"$top/peer"
done
ours=$(least <"$top/ours") peer=$(least <"$top/peer")
row "checks of 50,000 lines in new files" ms "$ours" "$peer" "git diff" '-' '-'

# Memory: one file of a megabyte, then many, then one that is as large.
repo
code "$top/w/one.c" 14000 1
g add . && g commit -q -m small
box
small=$(check)
size=$(stat -c %s "$top/w/one.c")
repo
for i in $(seq "$large"); do code "$top/w/f$i.c" 14000 "$i"; done
g add . && g commit -q -m large
box
many=$(check)
echo "1 MB ($size): $small; $large MB: $many" >&2
ours=$(echo "$many" | cut -d ' ' -f 2) peer=$(echo "$small" | cut -d ' ' -f 2)
row "memory of coffer, $large files of 1 MB" KB "$ours" "$peer" "one of 1 MB" '< 1.5 times' "$(under "$ours" "$((peer * 3 / 2))")"
row "memory of its git" KB "$(echo "$many" | cut -d ' ' -f 3)" "$(echo "$small" | cut -d ' ' -f 3)" "one of 1 MB" '-' '-'
row "time, $large MB" ms "$(echo "$many" | cut -d ' ' -f 1)" "$(diff_ms)" "git diff" '-' '-'
repo
for i in $(seq "$large"); do code "$top/part" 14000 "$i" && cat "$top/part"; done >"$top/w/all.c"
g add . && g commit -q -m one
box
one=$(check)
echo "one file of $large MB: $one" >&2
ours=$(echo "$one" | cut -d ' ' -f 2)
row "memory of coffer, one file of $large MB" KB "$ours" "$peer" "one of 1 MB" '< 1.5 times' "$(under "$ours" "$((peer * 3 / 2))")"
row "memory of its git" KB "$(echo "$one" | cut -d ' ' -f 3)" "$(echo "$small" | cut -d ' ' -f 3)" "one of 1 MB" '-' '-'
