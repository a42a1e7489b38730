#!/bin/sh
# The main suite: every piece below, one after the other, rows to stdout.
# A piece is a program (tests/bench/NAME.c) or a script (tests/bench/NAME.sh).
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${O:=build/release}"
export O
status=0

piece() {
	if [ -x "tests/bench/$1.sh" ]; then
		"tests/bench/$1.sh"
	else
		"$O/tests/bench/$1"
	fi || {
		echo "bench: $1 failed" >&2
		status=1
	}
}

piece http_tiny
piece http_stream
piece loop
exit "$status"
