#!/bin/bash
# shellcheck disable=SC2154,SC2034 # names of bench_setup
# The first sync of a mirror over HTTP, from the request that makes the project
# until it is there, against `git clone --mirror` of the same address.
set -u
# shellcheck source=tests/bench/git_lib.sh
. "$(dirname "$0")/git_lib.sh"
bench_setup
export top home port_ours tip

op_first_clone() {
	case $4 in
	clone)
		git clone -q --mirror "$1" "$2"
		;;
	*)
		curl -sS --fail -K "$top/curlrc" -X POST -H 'Content-Type: application/json' -o /dev/null \
		    -d "{\"upstream\":\"$1\",\"name\":\"first-$3\",\"sandbox\":{\"want\":\"stopped\"}}" \
		    "http://127.0.0.1:$port_ours/api/coffer/v1/projects" || return 1
		for _ in 1 2 3 4 5; do
			curl -sS --fail -K "$top/curlrc" -X POST -o "$2.json" \
			    "http://127.0.0.1:$port_ours/api/coffer/v1/projects/admin/first-$3/sync?wait=60"
			[ "$(jq -r .mirror.state "$2.json")" != ok ] || return 0
		done
		return 1
		;;
	esac
}
check_first_clone() {
	if [ "$4" = clone ]; then
		[ "$(git -C "$2" rev-parse main)" = "$tip" ]
	else
		[ "$(git ls-remote "http://127.0.0.1:$port_ours/admin/first-$3.git" refs/heads/main | cut -f1)" = "$tip" ]
	fi
}
url_clone=$url_nginx url_first=$url_nginx
meter_clone=$meter_file
meter_first=$meter_ours
! bench_has nginx || bench_measure first_clone "$(bench_rounds 2)" '' first clone
bench_row mirror_first_clone ms first_clone wall first clone '<= 1.05' |
    sed 's/\tclone\t/\tgit clone --mirror\t/'
