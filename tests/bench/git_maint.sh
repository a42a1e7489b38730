#!/bin/bash
# shellcheck disable=SC2154,SC2034 # names of bench_setup
# What cofferd's maintenance is worth: a project as years of fetching would leave
# it (45 packs, loose refs, no bitmap, no commit-graph), asked for everything,
# before and after.
set -u
# shellcheck source=tests/bench/git_lib.sh
. "$(dirname "$0")/git_lib.sh"
bench_setup
export top token

bench_project "file://$top/src.git" aged
repo=$home/repos/$(bench_api GET /api/coffer/v1/projects/admin/aged | jq -r .id).git
own=()
[ "$(id -u)" != 0 ] || own=(setpriv "--reuid=$owner" "--regid=$(stat -c %g "$home/db")" --clear-groups)
(
	cd "$repo" || exit 1
	old=$(ls objects/pack)
	cp "$cache/parts.git/objects/pack/"* objects/pack/
	[ "$(id -u)" != 0 ] || chown "$owner:$(stat -c %g "$home/db")" objects/pack/*
	for f in $old; do rm -f "objects/pack/$f"; done
	rm -rf objects/info/commit-graph objects/info/commit-graphs
	refs=$("${own[@]}" git --git-dir=. for-each-ref --format='create %(refname) %(objectname)')
	rm -f packed-refs
	printf '%s\n' "$refs" | "${own[@]}" git --git-dir=. update-ref --stdin
) || bench_die 'the repository does not age'

bench_request "$top/all.request" "$cache/whole.git"
op_serve() {
	curl -sS --fail -K "$top/curlrc" -H 'Git-Protocol: version=2' -H Expect: \
	    -H 'Content-Type: application/x-git-upload-pack-request' \
	    --data-binary "@$top/all.request" -o "$2" "$1/git-upload-pack"
}
prep_serve() { bench_forget ours; }
check_serve() {
	[ "$(tail -c 4 "$2")" = 0000 ] && [ "$(stat -c %s "$2")" -gt \
	    $(($(stat -c %s "$cache/whole.git"/objects/pack/*.pack) / 2)) ]
}
url_before=http://127.0.0.1:$port_ours/admin/aged.git
url_after=$url_before
meter_before=$meter_ours
meter_after=$meter_ours
rounds=$(bench_rounds 2)
bench_measure serve "$rounds" '--every 20' before
cp "$top/m/serve" "$top/before"
bench_care admin/aged
bench_measure serve "$rounds" '--every 20' after
cat "$top/before" >>"$top/m/serve"
bench_row clone_maintained_cpu ms serve cpu after before '<= 0.10' | sed 's/\tbefore\t/\tbefore, 45 packs\t/'
bench_row clone_maintained ms serve wall after before - | sed 's/\tbefore\t/\tbefore, 45 packs\t/'
bench_row clone_maintained_memory KiB serve peak after before - | sed 's/\tbefore\t/\tbefore, 45 packs\t/'
