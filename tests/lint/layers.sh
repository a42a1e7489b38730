#!/bin/sh
# Fails if a file includes a header of ours that its layer may not see
# (layers.txt), or the header of a library that another folder owns
# (libraries.txt).  Runs from the top of the tree.
set -eu
list=$(mktemp)
trap 'rm -f "$list"' EXIT
find lib findings server agentd router cli packs tests -name '*.[ch]' \
    ! -path 'tests/lint/seeds/*' 2>/dev/null | LC_ALL=C sort >"$list" || :
awk '
function complain(text) { printf "%s: %s\n", f, text; bad = 1 }
function fits(row, file, dir) {
	if (row == file || row == dir)
		return 1
	if (row ~ /\/\*\*$/)
		return index(file, substr(row, 1, length(row) - 2)) == 1
	return 0
}
function check_ours(inc, row,   m, a, k) {
	m = split(ok[row], a, " ")
	for (k = 1; k <= m; k++)
		if (inc == a[k] || index(inc, a[k] "/") == 1)
			return
	complain("may not include \"" inc "\"")
}
function check_library(inc, dir,   k, m, a, j) {
	for (k = 1; k <= libs; k++) {
		if (inc !~ header[k])
			continue
		m = split(owner[k], a, " ")
		for (j = 1; j <= m; j++)
			if (a[j] == dir)
				return
		complain("may not include <" inc ">, " library[k] \
		    " belongs to " owner[k])
	}
}
/^#/ && FILENAME != ARGV[3] { next }
FILENAME == ARGV[1] {
	if (NF) { n++; row[n] = $1; $1 = ""; ok[n] = $0 }
	next
}
FILENAME == ARGV[2] {
	if (NF) {
		libs++; library[libs] = $1; header[libs] = $3
		$1 = $2 = $3 = ""; sub(/^ +/, ""); owner[libs] = $0
	}
	next
}
{
	f = $0; dir = f; sub(/\/[^\/]*$/, "", dir); files++
	for (i = 1; i <= n && !fits(row[i], f, dir); i++)
		;
	if (i > n) {
		complain("its folder has no row in layers.txt")
		next
	}
	while ((getline line < f) > 0) {
		if (line ~ /^#[ \t]*include[ \t]*"/) {
			split(line, q, "\"")
			check_ours(q[2], i)
		} else if (line ~ /^#[ \t]*include[ \t]*</ && dir !~ /^tests/) {
			split(line, q, /[<>]/)
			check_library(q[2], dir)
		}
	}
	close(f)
}
END {
	if (!files) { print "no source files found"; bad = 1 }
	exit bad
}' tests/lint/layers.txt tests/lint/libraries.txt "$list"
