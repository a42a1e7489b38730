#!/bin/sh
# codespell over sources and texts; words.txt has what it must let pass.
# Runs from the top of the tree.
set -eu
set --
for d in lib findings server agentd router cli packs tests docs prompts Makefile README.md; do
	if [ -e "$d" ]; then set -- "$@" "$d"; fi
done
codespell -q 3 -I tests/lint/words.txt \
    -S 'tests/fuzz/corpus,tests/lint/seeds,tests/lint/words.txt,*.pack,*.min.js' \
    "$@"
