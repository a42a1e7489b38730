#!/bin/sh
# Every lint as one line of TAP; what it says follows as "# " lines.
# Environment: O, the build directory whose objects are looked at.
set -u
cd "$(dirname "$0")/../.." || exit 1
O=${O:-build/debug}
out=$(mktemp)
trap 'rm -f "$out"' EXIT
n=0
failed=0

lint() { # NAME COMMAND...
	name=$1
	shift
	n=$((n + 1))
	if "$@" >"$out" 2>&1; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		failed=$((failed + 1))
		sed 's/^/# /' "$out"
	fi
}

echo 1..7
lint layers tests/lint/layers.sh
lint names tests/lint/names.sh
lint sizes tests/lint/sizes.sh
lint symbols tests/lint/symbols.sh "$O"
lint shell tests/lint/shell.sh
lint spelling tests/lint/spelling.sh
lint seeds tests/lint/seeds.sh
[ "$failed" = 0 ]
