#!/bin/sh
# Fails if a source file does not compile under the warnings of V=strict.
#   build.sh FILE.c...      run from the top of the tree; for the seeds
set -eu
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for f; do
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL LC_ALL=C make -s --no-print-directory V=strict O="$out" \
	    "$out/${f%.c}.o" 2>&1 || exit 1
done
