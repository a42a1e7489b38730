#!/bin/bash
# shellcheck disable=SC2154,SC2034 # names of bench_setup
# Git hosting and mirroring against its peers, with one repository of 52,000
# commits: tests/bench/git_NAME.sh one after the other, on the same servers.
set -u
# shellcheck source=tests/bench/git_lib.sh
. "$(dirname "$0")/git_lib.sh"
bench_setup
export BENCH_GIT_TOP=$top
status=0
for piece in git_lsrefs git_ops git_stampede git_maint git_manyrefs mirror_poll mirror_clone; do
	bench_say "$piece"
	"tests/bench/$piece.sh" || {
		echo "bench: $piece failed" >&2
		status=1
	}
done
for piece in http_stream spawn; do
	"$O/tests/bench/$piece" || status=1
done
exit "$status"
