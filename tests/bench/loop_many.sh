#!/bin/bash
# loop_many.sh OUT: from a comment to the agent's first instruction when there
# are many projects, each with a sandbox that runs: one comment at a time, to
# one project after the other.  And agentd's memory when nothing happens.
# MANY: the numbers of projects; SAMPLES: comments for each.
set -u
cd "$(dirname "$0")/../.." || exit 1
case ${O:=build/release} in /*) ;; *) O=$PWD/$O ;; esac
[ "$(id -u)" = 0 ] || { echo 'bench loop: sandboxes need root' >&2; exit 1; }
many=${MANY:-1 20 100}
samples=${SAMPLES:-100}

top=$(mktemp -d /tmp/coffer-bench.XXXXXX)
chmod 711 "$top"
export COFFER_HOME=$top/home GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
unset COFFER_URL COFFER_TOKEN
pids=()
cleanup() {
	trap - EXIT
	"$O/bin/coffer" down >/dev/null 2>&1
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null; done
	rm -rf "$top"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
die() { echo "bench loop: $*" >&2; exit 1; }
coffer() { "$O/bin/coffer" "$@"; }

tests/demo/upstream.sh "$top/up/tally.git" || die 'no upstream'
perl tests/demo/git-http.pl "$top/up" "$top/port" &
pids+=($!)
for _ in $(seq 100); do [ -s "$top/port" ] && break; sleep 0.05; done
coffer setup >"$top/log" 2>&1 || die "$(cat "$top/log")"
sed -i "s|^\[agentd\]|[agentd]\nprompts_dir = $PWD/prompts|" "$COFFER_HOME/coffer.conf"
port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen=>1,LocalAddr=>"127.0.0.1")->sockport')
coffer up -d --listen "127.0.0.1:$port" >"$top/log" 2>&1 || die "$(cat "$top/log")"
token=$(cat "$COFFER_HOME/secrets/admin.token")
printf 'header = "Authorization: Bearer %s"\n' "$token" >"$top/curlrc"
chmod 600 "$top/curlrc"
api() { curl -sS -K "$top/curlrc" -X "$1" -H 'Content-Type: application/json' ${3:+-d "$3"} "http://127.0.0.1:$port$2"; }
mkdir -p "$COFFER_HOME/agents"
# shellcheck disable=SC2016 # the agent expands it
printf '#!/bin/sh\ndate +%%s%%N >"$COFFER_OUT"\n' >"$COFFER_HOME/agents/stamp"
chmod 755 "$COFFER_HOME/agents/stamp"

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
