#!/bin/bash
# shellcheck disable=SC2154,SC2034 # names of bench_setup
# Sandboxes and jobs that clone the same commit at once: 8 and 32 shallow
# clones of one branch that nobody has asked for before, and one more.
set -u
# shellcheck source=tests/bench/git_lib.sh
. "$(dirname "$0")/git_lib.sh"
bench_setup
export top
both=(ours nginx)

# clones URL DIR N BRANCH: each into a folder of its own; all must be right.
clones() {
	local i pids=()
	mkdir -p "$2"
	for ((i = 0; i < $3; i++)); do
		git clone -q --bare --depth 1 --branch "$4" "$1" "$2/$i" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i" || return 1; done
}
export -f clones
heads=(maint-1 maint-2 maint-3)
[ -z "$QUICK" ] || heads=(main main main)
export head8=${heads[0]} head32=${heads[1]}
op_stampede_8() { clones "$1" "$2" 8 "$head8"; }
op_stampede_32() { clones "$1" "$2" 32 "$head32"; }
op_stampede_one_more() { clones "$1" "$2" 1 "$head32"; }
prep_stampede_8() { bench_forget "$4"; }
prep_stampede_32() { bench_forget "$4"; }
# check DIR N BRANCH
check() {
	local want i
	want=$(git -C "$cache/whole.git" rev-parse "$3")
	for ((i = 0; i < $2; i++)); do
		[ "$(git -C "$1/$i" rev-parse HEAD)" = "$want" ] || return 1
	done
	[ "$(git -C "$1/0" rev-list --count HEAD)" = 1 ] && git -C "$1/0" fsck --connectivity-only >/dev/null 2>&1
}
check_stampede_8() { check "$2" 8 "$head8"; }
check_stampede_32() { check "$2" 32 "$head32"; }
check_stampede_one_more() { check "$2" 1 "$head32"; }

bench_measure stampede_8 1 '--every 25' "${both[@]}"
bench_row shallow_8_at_once ms stampede_8 wall ours nginx '<= 1.00'
bench_row shallow_8_cpu_each ms stampede_8 cpu ours nginx - 8
bench_measure stampede_32 1 '--every 25' "${both[@]}"
bench_row shallow_32_at_once ms stampede_32 wall ours nginx '<= 1.00'
bench_row shallow_32_cpu_each ms stampede_32 cpu ours nginx '<= 0.05' 32
bench_row shallow_32_memory KiB stampede_32 peak ours nginx '<= 0.10'
bench_measure stampede_one_more "$(bench_rounds 3)" '' "${both[@]}"
bench_row shallow_one_more_cpu ms stampede_one_more cpu ours nginx '<= 0.05'
