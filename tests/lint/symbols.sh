#!/bin/sh
# Fails if an object calls a library that its folder does not own
# (libraries.txt).  What we define ourselves under such a name is ours.
#   symbols.sh BUILD_DIR     run from the top of the tree
set -eu
B=$1
list=$(mktemp)
trap 'rm -f "$list" "$list.nm" "$list.nm2"' EXIT
for d in lib findings server agentd router cli packs; do
	if [ -d "$B/$d" ]; then find "$B/$d" -name '*.o'; fi
done | LC_ALL=C sort | while read -r o; do
	c=${o#"$B"/}
	if [ -e "${c%.o}.c" ]; then echo "$o"; fi
done >"$list"
if [ ! -s "$list" ]; then
	echo "no objects under $B: build first"
	exit 1
fi
xargs nm -A <"$list" >"$list.nm"
ln "$list.nm" "$list.nm2"
awk -v build="$B/" '
FILENAME == ARGV[1] {
	if ($0 !~ /^#/ && NF) {
		libs++; library[libs] = $1; symbol[libs] = $2
		$1 = $2 = $3 = ""; sub(/^ +/, ""); owner[libs] = $0
	}
	next
}
FILENAME == ARGV[2] {
	# file.o:                  U name   or   file.o:0000 T name
	if ($(NF - 1) !~ /^[Uw]$/)
		ours[$NF] = 1
	next
}
$(NF - 1) == "U" && !($NF in ours) {
	name = $NF; sub(/@.*/, "", name)
	for (k = 1; k <= libs; k++) {
		if (name !~ symbol[k])
			continue
		f = $1; sub(/\.o:.*/, ".c", f); f = substr(f, length(build) + 1)
		dir = f; sub(/\/[^\/]*$/, "", dir)
		m = split(owner[k], a, " "); good = 0
		for (j = 1; j <= m; j++)
			if (a[j] == dir) good = 1
		if (!good) {
			printf "%s: calls %s, %s belongs to %s\n", f, name, \
			    library[k], owner[k]
			bad = 1
		}
	}
}
END { exit bad }' tests/lint/libraries.txt "$list.nm" "$list.nm2"
