#!/bin/sh
# Fails if a program of one source file does something that V=asan stops.
#   sanitize.sh FILE.c      run from the top of the tree; for the seeds
set -eu
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL LC_ALL=C make -s --no-print-directory \
    V=asan O="$out" "$out/${1%.c}.o" 2>&1
${CC:-cc} -fsanitize=address,undefined -o "$out/program" "$out/${1%.c}.o"
ASAN_OPTIONS=detect_leaks=1 "$out/program" 2>&1
