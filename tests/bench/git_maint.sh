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

# A project of an upstream of one commit, and then what parts.git has.
git init -q --bare -b main "$top/tiny.git"
git -C "$top/tiny.git" update-ref refs/heads/main \
    "$(git -C "$top/tiny.git" commit-tree -m tiny "$(git -C "$top/tiny.git" mktree </dev/null)")"
own=()
if [ "$(id -u)" = 0 ]; then
	own=(setpriv "--reuid=$owner" "--regid=$(stat -c %g "$home/db")" --clear-groups)
	chown -R "$owner" "$top/tiny.git"
fi
bench_project "file://$top/tiny.git" aged
bench_api PATCH /api/coffer/v1/projects/admin/aged '{"settings":{"interval_s":86400}}' >/dev/null
repo=$home/repos/$(bench_api GET /api/coffer/v1/projects/admin/aged | jq -r .id).git
cp "$cache/parts.git/objects/pack/"* "$repo/objects/pack/"
[ "$(id -u)" != 0 ] || chown "$owner:$(stat -c %g "$home/db")" "$repo/objects/pack/"*
git -C "$cache/parts.git" for-each-ref --format='update %(refname) %(objectname)' |
    "${own[@]}" git --git-dir="$repo" -c core.fsync=none update-ref --stdin || bench_die 'the repository does not age'

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
