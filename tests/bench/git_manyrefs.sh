#!/bin/bash
# shellcheck disable=SC2154,SC2034 # names of bench_setup
# A repository with 50,000 refs of pull requests, which a push is not told of:
# a small push and an ls-remote of it against one with 1,000.
set -u
# shellcheck source=tests/bench/git_lib.sh
. "$(dirname "$0")/git_lib.sh"
bench_setup
export top
refs=50000
[ -z "$QUICK" ] || refs=5000

# Two projects of one small repository; one gets the refs as cofferd has them.
git init -q --bare -b main "$top/refs.git"
"$O/tests/bench/gen_repo" --commits 1500 --files 96 --tags 1000 |
    git -C "$top/refs.git" -c fastimport.unpackLimit=0 fast-import --quiet --done --force
git -C "$top/refs.git" pack-refs --all
git clone -q --bare "$top/refs.git" "$top/p.git"
[ "$(id -u)" != 0 ] || chown -R "$owner" "$top/refs.git"
for s in few many; do
	bench_project "file://$top/refs.git" "$s"
done
repo=$home/repos/$(bench_api GET /api/coffer/v1/projects/admin/many | jq -r .id).git
own=()
[ "$(id -u)" != 0 ] || own=(setpriv "--reuid=$owner" "--regid=$(stat -c %g "$home/db")" --clear-groups)
git -C "$top/p.git" rev-list --all | awk -v n="$refs" '
    { c[NR] = $1 }
    END { for (i = 1; i <= n; i++) printf "create refs/pull/%d/head %s\n", i, c[i % NR + 1] }' |
    "${own[@]}" git --git-dir="$repo" -c core.fsync=none update-ref --stdin || bench_die 'no refs'
"${own[@]}" git --git-dir="$repo" -c core.fsync=none pack-refs --all || bench_die 'no packed refs'
url_few=http://127.0.0.1:$port_ours/admin/few.git
url_many=http://127.0.0.1:$port_ours/admin/many.git
meter_few=$meter_ours
meter_many=$meter_ours

rounds=$(bench_rounds 7)
main=$(git -C "$top/p.git" rev-parse main)
for ((i = 0; i <= rounds; i++)); do
	git -C "$top/p.git" branch -f "bench/$i" \
	    "$(git -C "$top/p.git" commit-tree -p "$main" -m "bench $i" "$main^{tree}")"
done
op_refs_push() { git -C "$top/p.git" push -q "$1" "bench/$3:refs/heads/agent/bench-$3"; }
check_refs_push() {
	[ "$(git ls-remote "$1" "refs/heads/agent/bench-$3" | cut -f1)" = \
	    "$(git -C "$top/p.git" rev-parse "bench/$3")" ]
}
op_refs_list() { for _ in 1 2 3 4 5; do git ls-remote "$1" >"$2"; done; }
check_refs_list() { [ "$(grep -c refs/tags/ "$2")" -ge 1000 ]; }
op_refs_push "$url_few" - 0 && op_refs_push "$url_many" - 0 || bench_die 'no push'
bench_measure refs_push "$rounds" '' many few
bench_row push_50k_refs ms refs_push wall many few '<= 3.00' | sed 's/\tfew\t/\tours with 1,000 refs\t/'
bench_measure refs_list "$rounds" '' many few
bench_row ls_remote_50k_refs ms refs_list wall many few - 5 | sed 's/\tfew\t/\tours with 1,000 refs\t/'
