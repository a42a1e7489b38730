#!/bin/bash
# shellcheck disable=SC2154,SC2034 # names of bench_setup
# ls-refs of all refs, replayed over eight kept connections, the server with
# all its children on one processor, the client on another.
set -u
# shellcheck source=tests/bench/git_lib.sh
. "$(dirname "$0")/git_lib.sh"
bench_setup

# The request of `git ls-remote`, protocol 2.
{
	bench_pkt 'command=ls-refs'
	bench_pkt 'agent=git/2.39.5'
	bench_pkt 'object-format=sha1'
	printf 0001
	bench_pkt 'peel'
	bench_pkt 'symrefs'
	printf 0000
} >"$top/ls.body"

# replay SERVER PATH MS CONNECTIONS
replay() {
	local port=port_$1
	taskset -c 1 "$O/tests/bench/http_replay" --port "${!port}" --path "$2/git-upload-pack" \
	    --header "Authorization: Bearer $token" --header 'Git-Protocol: version=2' \
	    --body "$top/ls.body" --ms "$3" --connections "$4" --save "$top/ls.$1"
}
# pin MASK PID...: with what they have started
pin() {
	local mask=$1 p
	shift
	for p in "$@" $(pgrep -d ' ' -P "$(echo "$*" | tr ' ' ,)"); do
		taskset -a -p "$mask" "$p" >/dev/null 2>&1
	done
}
path_ours=/admin/big.git
path_nginx=/nginx.git
servers=(ours)
pin 1 "$pid_ours"
if bench_has nginx; then
	servers+=(nginx)
	pin 1 "$pid_nginx" "$pid_fcgi"
fi
: >"$top/m/lsrefs"
for ((r = 1; r <= $(bench_rounds 5); r++)); do
	for s in "${servers[@]}"; do
		p=path_$s
		[ "$r" -gt 1 ] || replay "$s" "${!p}" 200 1 >/dev/null || bench_die "ls-refs of $s"
		out=$(replay "$s" "${!p}" 700 8) || bench_die "ls-refs of $s: $out"
		# The columns of bench_measure: the rate stands for the time.
		echo "$r $s ${out% *} 0 0 0" >>"$top/m/lsrefs"
		LC_ALL=C tr -d '\0' <"$top/ls.$s" | grep -a -q "$tip refs/heads/main" ||
		    bench_die "ls-refs of $s: main is not there"
	done
done
bench_say "ls-refs: $(awk '{ printf "%s %s  ", $2, $3 }' "$top/m/lsrefs")per second"
bench_row lsrefs_c8 1/s lsrefs wall ours nginx '>= 8.00'
all=$(printf '%x' $(((1 << $(nproc)) - 1)))
pin "$all" "$pid_ours"
[ ${#servers[@]} = 1 ] || pin "$all" "$pid_nginx" "$pid_fcgi"
