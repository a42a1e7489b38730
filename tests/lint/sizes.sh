#!/bin/sh
# Fails on a file or a function over its limit (lines):
#   .c 800, .h 250, main.c 150, function 100.
# exceptions.txt has rows "file limit"; a row that is no longer needed fails
# too, so that the list can only shrink.  Runs from the top of the tree.
set -eu
list=$(mktemp)
trap 'rm -f "$list"' EXIT
find lib findings server agentd router cli packs tests -name '*.[ch]' \
    ! -path 'tests/lint/seeds/*' 2>/dev/null | LC_ALL=C sort >"$list" || :
touch "$list.x"
[ ! -e tests/lint/exceptions.txt ] || cp tests/lint/exceptions.txt "$list.x"
trap 'rm -f "$list" "$list.x"' EXIT
awk '
function complain(text) { print text; bad = 1 }
FILENAME == ARGV[1] {
	if ($0 !~ /^#/ && NF == 2) allowed[$1] = $2
	next
}
{
	f = $0; files++; n = start = 0; head = ""
	while ((getline line < f) > 0) {
		n++
		if (line == "{") start = n
		else if (line == "}" && start) {
			if (n - start - 1 > 100)
				complain(f ": " head " has " n - start - 1 \
				    " lines, the limit is 100")
			start = 0
		} else if (!start && line ~ /^[a-z_][a-z0-9_]*\(/) {
			head = line; sub(/\(.*/, "", head)
		}
	}
	close(f)
	max = 800
	if (f ~ /\.h$/) max = 250
	if (f ~ /(^|\/)main\.c$/) max = 150
	if (f in allowed) {
		if (n <= max)
			complain(f ": needs no exception any more")
		max = allowed[f]
		delete allowed[f]
	}
	if (n > max)
		complain(f ": " n " lines, the limit is " max)
}
END {
	if (!files) complain("no source files found")
	for (f in allowed) complain(f ": an exception without a file")
	exit bad
}' "$list.x" "$list"
