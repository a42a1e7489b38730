#!/bin/bash
# shellcheck disable=SC2154,SC2034 # names of bench_setup
# What it costs cofferd to learn that nothing is new upstream: its own processor
# time for a poll of its schedule (all that it does in some seconds, divided by
# the polls that upstream saw) and for one that is asked for by the API and
# waited for, against `git fetch` and `git ls-remote` of the same repository;
# and how many connections upstream sees for 100 polls.
set -u
# shellcheck source=tests/bench/git_lib.sh
. "$(dirname "$0")/git_lib.sh"
bench_setup
export top
rounds=$(bench_rounds 5)
polls=20
if ! bench_has nginx; then
	for n in mirror_poll_cpu mirror_poll_cpu mirror_poll_asked_cpu mirror_poll_connections \
	    mirror_poll_tls; do
		printf '%s\t-\t-\t-\tnginx git-http-backend\t-\t-\tskip\n' "$n"
	done
	exit 0
fi
mirrors=8
# bench_mirrors N: made at once, then waited for.
bench_mirrors() {
	local i
	for ((i = 1; i <= $1; i++)); do
		bench_api POST /api/coffer/v1/projects "{\"upstream\":\"$url_nginx\",
		    \"name\":\"every-$i\",\"sandbox\":{\"want\":\"stopped\"}}" >/dev/null ||
		    bench_die "project every-$i"
	done
	for ((i = 1; i <= $1; i++)); do
		bench_api POST "/api/coffer/v1/projects/admin/every-$i/sync?wait=120" |
		    jq -e '.mirror.state == "ok"' >/dev/null || bench_die "mirror of every-$i"
	done
}
# every SECONDS: the interval of all of them.
every() {
	local i
	for ((i = 1; i <= mirrors; i++)); do
		bench_api PATCH "/api/coffer/v1/projects/admin/every-$i" \
		    "{\"settings\":{\"interval_s\":$1}}" >/dev/null || bench_die "interval of every-$i"
	done
}
bench_project "$url_nginx" polled
bench_project "https://localhost:$port_tls/nginx.git" polled-tls

# polls PROJECT N: one connection for all; each waits for its sync.
polls() {
	local i urls=()
	for ((i = 0; i < $2; i++)); do
		urls+=(-o /dev/null "http://127.0.0.1:$port_ours/api/coffer/v1/projects/$1/sync?wait=30")
	done
	curl -sS --fail -K "$top/curlrc" -X POST "${urls[@]}"
}
# Milliseconds on a processor of cofferd itself, all threads, ended ones too.
own_ms() { awk '{ s += $1 } END { print s / 1e6 }' "/proc/$pid_ours/task/"*/schedstat; }
# The same of a client and its children.
client_ms() {
	local line
	line=$({ TIMEFORMAT='%U %S'; time "$@" >/dev/null 2>&1; } 2>&1)
	echo "$line" | awk '{ print ($1 + $2) * 1000 }'
}
many() {
	local i n=$1
	shift
	for ((i = 0; i < n; i++)); do "$@" || return 1; done
}
seen() { grep -c " $1\$" "$top/nginx.seen"; }
# scheduled SECONDS: milliseconds for each poll.
scheduled() {
	local a b n m
	every 1
	sleep 2
	n=$(seen "$port_nginx") a=$(own_ms)
	sleep "$1"
	b=$(own_ms) m=$(seen "$port_nginx")
	every 86400
	sleep 1
	[ $((m - n)) -ge $((mirrors * $1 / 2)) ] || bench_die "$((m - n)) polls in $1 seconds"
	echo "$a $b $((m - n))" | awk '{ print ($2 - $1) / $3 }'
}

git clone -q --mirror -s "$cache/whole.git" "$top/poll.git"
git -C "$top/poll.git" fetch -q "$url_nginx" '+refs/*:refs/*' || bench_die fetch
bench_mirrors "$mirrors"
every 86400
export port_ours
export -f polls
polls admin/polled 2 || bench_die "no poll: $(bench_api GET /api/coffer/v1/projects/admin/polled | jq -c .mirror)"
: >"$top/m/poll"
for ((r = 1; r <= rounds; r++)); do
	a=$(own_ms)
	polls admin/polled "$polls" || bench_die 'a poll failed'
	b=$(own_ms)
	# The call alone: the same number of GETs of the project.
	# shellcheck disable=SC2046 # words
	curl -sS --fail -K "$top/curlrc" $(for ((i = 0; i < polls; i++)); do
		echo "-o /dev/null http://127.0.0.1:$port_ours/api/coffer/v1/projects/admin/polled"
	done)
	c=$(own_ms)
	{
		echo "$r ours 0 $(scheduled 4) 0 0"
		echo "$r asked 0 $(echo "$a $b" | awk -v n="$polls" '{ print ($2 - $1) / n }') 0 0"
		echo "$r call 0 $(echo "$b $c" | awk -v n="$polls" '{ print ($2 - $1) / n }') 0 0"
		echo "$r fetch 0 $(client_ms many 5 git -C "$top/poll.git" fetch "$url_nginx" '+refs/*:refs/*' |
		    awk '{ print $1 / 5 }') 0 0"
		echo "$r lsremote 0 $(client_ms many 5 git ls-remote "$url_nginx" |
		    awk '{ print $1 / 5 }') 0 0"
	} >>"$top/m/poll"
done
bench_say "poll: $(awk '{ printf "%s %s  ", $2, $4 }' "$top/m/poll")ms of processor"
url_fetch=1 url_lsremote=1
awk '{ exit !($4 > 0) }' "$top/m/poll" || bench_die 'a measurement failed'
bench_row mirror_poll_cpu ms poll cpu ours fetch '<= 0.02' | sed 's/\tfetch\t/\tgit fetch\t/'
bench_row mirror_poll_cpu ms poll cpu ours lsremote '<= 0.15' | sed 's/\tlsremote\t/\tgit ls-remote\t/'
bench_row mirror_poll_asked_cpu ms poll cpu asked fetch - | sed 's/\tfetch\t/\tgit fetch\t/'

# Connections that upstream has seen: 100 polls.
for kind in connections:polled:$port_nginx tls:polled-tls:$port_tls; do
	IFS=: read -r name project port <<<"$kind"
	from=$(wc -l <"$top/nginx.seen")
	polls "admin/$project" 100 || bench_die 'a poll failed'
	bench_wait 5 test "$(seen "$port")" -gt 0
	tail -n "+$((from + 1))" "$top/nginx.seen" | awk -v port="$port" -v name="mirror_poll_$name" '
	    $2 == port { n++; if (!seen[$1]++) k++ }
	    END { printf "%s\tper 100\t%d\t100\tgit, one each\t%.3f\t<= 0.05\t%s\n", name, k, k / 100,
		n >= 100 && k <= 5 ? "yes" : "no" }'
done
