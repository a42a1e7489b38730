#!/bin/bash
# loop_many.sh OUT: from a comment to the agent's first instruction when there
# are many projects, each with a sandbox that runs: one comment at a time, to
# one project after the other.  And agentd's memory when nothing happens.
# MANY: the numbers of projects; SAMPLES: comments for each.
set -u
cd "$(dirname "$0")/../.." || exit 1
case ${O:=build/release} in /*) ;; *) O=$PWD/$O ;; esac
. tests/bench/loop_lib.sh
many=${MANY:-1 20 100}
samples=${SAMPLES:-100}

loop_up "prompts_dir = $PWD/prompts"

have=0
add() {
	have=$((have + 1))
	api POST /api/coffer/v1/projects "$(jq -n --arg u "http://127.0.0.1:$(cat "$top/port")/tally.git" --arg n "p$have" \
	    '{upstream: $u, name: $n, settings: {network: "none", agent_command: ["/opt/coffer/agents/stamp"],
	    interval_s: 86400, disk: 67108864, max_item_runs: 10000, max_day_runs: 100000}}')" >"$top/new"
	for _ in $(seq 600); do
		[ "$(api GET "/api/coffer/v1/projects/admin/p$have" | jq -r .sandbox.state)" = running ] && break
		sleep 0.1
	done
	api POST "/api/v1/repos/admin/p$have/issues" '{"title":"bench"}' >/dev/null
	# The first run makes what the others borrow.
	api POST "/api/v1/repos/admin/p$have/issues/1/comments" '{"body":"/plan"}' >/dev/null
	for _ in $(seq 600); do
		[ "$(api GET "/api/coffer/v1/runs?project=admin/p$have" | jq -r '.[0].state')" = 'done' ] && return
		sleep 0.1
	done
	die "p$have: no run: $(cat "$top/new")"
}
agentd() { jq -r '.[] | select(.name == "agentd").pid' "$COFFER_HOME/run/services.json"; }
# name unit ours limit
row() {
	awk -v n="$1" -v u="$2" -v o="$3" -v m="$4" 'BEGIN {
		printf "%s\t%s\t%s\t%s\tlimit %s %s\t%.2f\t<= 1.00\t%s\n", n, u, o, m, m, u, o / m, o <= m ? "yes" : "no" }'
}

for n in $many; do
	while [ "$have" -lt "$n" ]; do add; done
	sleep 2
	perl tests/bench/loop_many.pl "127.0.0.1:$port" "$COFFER_HOME/secrets/admin.token" \
	    "$n" "$samples" >"$top/times" || die "$(tail -n 3 "$COFFER_HOME/log/agentd.log")"
	sort -n "$top/times" >"$top/sorted"
	p() { awk -v p="$1" '{ v[NR] = $1 } END { i = int(NR * p); if (i < NR * p) i++; print v[i < 1 ? 1 : i] }' "$top/sorted"; }
	echo "bench loop: $n projects, $(wc -l <"$top/sorted") comments: p50 $(p 0.5) p99 $(p 0.99) ms" >&2
	row "comment_to_agent_p50_$n" ms "$(p 0.5)" 300
	row "comment_to_agent_p99_$n" ms "$(p 0.99)" 300
	row "agentd_idle_$n" KiB "$(awk '/^VmRSS/ { print $2 }' "/proc/$(agentd)/status")" 30720
done
