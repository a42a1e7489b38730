#!/bin/bash
# shellcheck disable=SC2154,SC2034 # names of bench_setup
# What people and agents do with a repository, through cofferd and its peers:
# ls-remote, fetch of nothing, small and large push, clones.  Wall time of the
# real git, processor time and memory of the server.
set -u
# shellcheck source=tests/bench/git_lib.sh
. "$(dirname "$0")/git_lib.sh"
bench_setup
export top

all=(ours nginx daemon file)
http=(ours nginx)

op_ls_remote() {
	for _ in 1 2 3 4 5; do git ls-remote "$1" >"$2"; done
}
check_ls_remote() { grep -q "^$tip	refs/heads/main$" "$2"; }

op_noop_fetch() {
	for _ in 1 2 3 4 5; do
		git -C "$top/c-$4.git" fetch -q "$1" '+refs/heads/*:refs/remotes/o/*' '+refs/tags/*:refs/tags/*'
	done
}
# Clients that have everything already.
for s in "${all[@]}"; do
	bench_has "$s" || continue
	git clone -q --bare -s "$cache/whole.git" "$top/c-$s.git"
	u=url_$s
	git -C "$top/c-$s.git" fetch -q "${!u}" '+refs/heads/*:refs/remotes/o/*' || bench_die "fetch from $s"
done

op_small_push() {
	git -C "$top/w.git" push -q "$1" "bench/small-$3:refs/heads/agent/small-$3"
}
check_small_push() {
	[ "$(git ls-remote "$1" "refs/heads/agent/small-$3" | cut -f1)" = \
	    "$(git -C "$top/w.git" rev-parse "bench/small-$3")" ]
}
op_large_push() {
	git -C "$top/w.git" push -q "$1" "bench/large-$3:refs/heads/agent/large-$3"
}
check_large_push() {
	[ "$(git ls-remote "$1" "refs/heads/agent/large-$3" | cut -f1)" = \
	    "$(git -C "$top/w.git" rev-parse "bench/large-$3")" ]
}

# branch FILE NAME: a commit of that one file on top of main.
branch() {
	local blob tree
	blob=$(git -C "$top/w.git" hash-object -w "$1")
	tree=$({
		git -C "$top/w.git" ls-tree main
		printf '100644 blob %s\tbench\n' "$blob"
	} | git -C "$top/w.git" mktree)
	git -C "$top/w.git" branch -f "$2" \
	    "$(git -C "$top/w.git" commit-tree -p main -m bench "$tree")"
}
git clone -q --bare -s "$cache/whole.git" "$top/w.git"
small=$(bench_rounds 7)
large=$(bench_rounds 2)
bytes=100000000
[ -z "$QUICK" ] || bytes=10000000
for ((i = 0; i <= small; i++)); do
	echo "small $i $RANDOM" >"$top/blob"
	branch "$top/blob" "bench/small-$i"
done
for ((i = 1; i <= large; i++)); do
	head -c "$bytes" /dev/urandom >"$top/blob"
	branch "$top/blob" "bench/large-$i"
done
rm -f "$top/blob"

op_clone_shallow() { git clone -q --bare --depth 1 --branch "maint-$3" "$1" "$2"; }
[ -z "$QUICK" ] || op_clone_shallow() { git clone -q --bare --depth 1 --branch main "$1" "$2"; }
op_clone_blobless() { git clone -q --bare --filter=blob:none "$1" "$2"; }
op_clone_full() { git clone -q --bare "$1" "$2"; }
prep_clone_shallow() { bench_forget "$4"; }
prep_clone_blobless() { bench_forget "$4"; }
prep_clone_full() { bench_forget "$4"; }
op_clone_again() { git clone -q --bare "$1" "$2"; }
# Only the second of its kind is kept.
prep_clone_again() {
	[ "$3 $4" = '1 ours' ] || return 0
	git clone -q --bare "$1" "$2" && rm -rf "$2"
}
check_clone() { [ "$(git -C "$1" rev-parse main)" = "$tip" ]; }
check_clone_blobless() { check_clone "$2"; }
check_clone_full() {
	check_clone "$2" || return 1
	[ "$3" -gt 1 ] || git -C "$2" fsck --connectivity-only >/dev/null 2>&1
}

for s in "${all[@]}"; do
	u=url_$s
	bench_has "$s" || continue
	git ls-remote "${!u}" >/dev/null || bench_die "$s does not answer"
	op_small_push "${!u}" - 0 || bench_die "$s takes no push"
done

bench_measure ls_remote "$(bench_rounds 7)" '' "${all[@]}"
bench_row ls_remote ms ls_remote wall ours nginx '<= 0.65' 5
bench_row ls_remote_cpu ms ls_remote cpu ours nginx '<= 0.10' 5
bench_row ls_remote ms ls_remote wall ours daemon '<= 1.00' 5
bench_row ls_remote ms ls_remote wall ours file - 5
bench_measure noop_fetch "$(bench_rounds 7)" '' "${all[@]}"
bench_row noop_fetch ms noop_fetch wall ours nginx '<= 1.00' 5
bench_row noop_fetch_cpu ms noop_fetch cpu ours nginx - 5
bench_row noop_fetch ms noop_fetch wall ours file - 5
bench_measure small_push "$small" '' "${all[@]}"
bench_row small_push ms small_push wall ours nginx '<= 1.00'
bench_row small_push_cpu ms small_push cpu ours nginx -
bench_row small_push ms small_push wall ours file -
bench_measure clone_shallow "$(bench_rounds 3)" '--every 10' "${all[@]}"
bench_row clone_shallow ms clone_shallow wall ours nginx '<= 1.00'
bench_row clone_shallow_cpu ms clone_shallow cpu ours nginx -
bench_row clone_shallow ms clone_shallow wall ours file '<= 1.05'
bench_measure clone_blobless "$(bench_rounds 3)" '' "${all[@]}"
bench_row clone_blobless ms clone_blobless wall ours nginx '<= 1.00'
bench_row clone_blobless_cpu ms clone_blobless cpu ours nginx '<= 0.85'
bench_row clone_blobless ms clone_blobless wall ours file '<= 1.05'
if [ "$(id -u)" = 0 ]; then
	echo 5 >"/proc/$pid_ours/clear_refs"
	before=$(awk '/VmHWM/ { print $2 }' "/proc/$pid_ours/status")
fi
bench_measure clone_full "$(bench_rounds 3)" '' "${all[@]}"
bench_row clone_full ms clone_full wall ours nginx '<= 1.00'
bench_row clone_full_cpu ms clone_full cpu ours nginx '<= 0.85'
bench_row clone_full ms clone_full wall ours daemon '<= 1.00'
bench_row clone_full ms clone_full wall ours file '<= 1.05'
bench_measure clone_again "$(bench_rounds 1)" '' "${http[@]}"
bench_row clone_again_cpu ms clone_again cpu ours nginx '<= 0.85'
bench_measure large_push "$large" '--every 10' "${http[@]}"
bench_row push_100mb ms large_push wall ours nginx '<= 0.65'
bench_row push_100mb_cpu ms large_push cpu ours nginx '<= 0.40'
bench_row push_100mb_memory KiB large_push peak ours nginx '<= 0.15'
if [ "$(id -u)" = 0 ]; then
	after=$(awk '/VmHWM/ { print $2 }' "/proc/$pid_ours/status")
	awk -v a=$((after - before)) 'BEGIN { printf "cofferd_hwm_growth\tKiB\t%d\t8192\tlimit 8 MiB\t%.3f\t<= 1.00\t%s\n",
	    a, a / 8192, a <= 8192 ? "yes" : "no" }'
fi
