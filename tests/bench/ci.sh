#!/bin/bash
# CI: from a push to its job, what a job costs around its command, how well two
# slots are used by 200 jobs, and how fast logs come in.
#   ROUNDS=20 JOBS=200 SLEEP=1
set -u
cd "$(dirname "$0")/../.." || exit 1
case ${O:=build/release} in /*) ;; *) O=$PWD/$O ;; esac
[ "$(id -u)" = 0 ] || { echo 'bench ci: sandboxes need root' >&2; exit 1; }
rounds=${ROUNDS:-20} jobs=${JOBS:-200} sleep=${SLEEP:-1}

top=$(mktemp -d /tmp/coffer-bench.XXXXXX)
chmod 711 "$top"
home=$top/home db=$top/home/db/coffer.db
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
export GIT_AUTHOR_NAME=b GIT_AUTHOR_EMAIL=b@example.org GIT_COMMITTER_NAME=b GIT_COMMITTER_EMAIL=b@example.org
pids=()
cleanup() {
	trap - EXIT
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null && wait "$p" 2>/dev/null; done
	awk -v h="$home/" 'index($2, h) == 1 { print $2 }' /proc/self/mounts | sort -r | xargs -r -n 1 umount
	rm -rf "$top"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
die() { echo "bench ci: $*" >&2; exit 1; }
at() { sort -n | awk -v q="$1" '{ v[NR] = $1 } END { i = int(NR * q + 0.999999); print NR ? v[i < 1 ? 1 : i] : "-" }'; }
sql() { sqlite3 -cmd '.timeout 5000' "$db" "$1"; }
# name unit ours peer peer_name aim met
row() {
	awk -v n="$1" -v u="$2" -v o="$3" -v p="$4" -v pn="$5" -v aim="$6" -v ok="$7" 'BEGIN {
		printf "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", n, u, o, p, pn, (p + 0 > 0 ? sprintf("%.2f", o / p) : "-"), aim, ok }'
}
under() { awk -v a="$1" -v b="$2" 'BEGIN { print a <= b ? "yes" : "no" }'; }
until_sql() { for _ in $(seq "${TRIES:-4000}"); do [ "$(sql "$1")" = "$2" ] && return; sleep 0.05; done; die "$1 is $(sql "$1")"; }

"$O/bin/cofferd" --home "$home" --init >"$top/log" 2>&1 || die "$(cat "$top/log")"
chmod 711 "$home"
printf '[server]\nallow_file_upstream = yes\nmin_free = 1\n[runner]\nslots = 2\ndisk = 256M\n' >"$home/coffer.conf"
git init -q --bare "$top/up.git" && git -C "$top/up.git" symbolic-ref HEAD refs/heads/main
git init -q -b main "$top/w" && mkdir "$top/w/.coffer"
checks() { echo 'checks:'; for i in $(seq "$1"); do echo "  - {name: c$i, test: \"$2\"}"; done; }
checks 1 true >"$top/w/.coffer/checks.yml"
git -C "$top/w" add . && git -C "$top/w" commit -q -m one && git -C "$top/w" push -q "$top/up.git" main
chown -R "$(stat -c %u "$home/db")" "$top/up.git"
"$O/bin/cofferd" --home "$home" --listen 127.0.0.1:0 2>"$top/cofferd.log" &
pids+=($!)
for _ in $(seq 200); do [ -s "$home/run/cofferd.addr" ] && break; sleep 0.05; done
url=http://$(cat "$home/run/cofferd.addr")
auth="Authorization: Bearer $(cat "$home/secrets/admin.token")"
printf 'header = "%s"\n' "$auth" >"$top/curlrc"
api() { curl -sS -K "$top/curlrc" -X "$1" -H 'Content-Type: application/json' ${3:+-d "$3"} "$url$2"; }
C=/api/coffer/v1
api POST $C/projects "{\"upstream\":\"file://$top/up.git\"}" >"$top/p"
api POST "$C/projects/admin/up/sync?wait=30" >"$top/log"
mkdir -p "$home/run"
"$O/bin/coffer-runner" --home "$home" 2>"$top/runner.log" &
pids+=($!)
for _ in $(seq 600); do grep -q 'runner ready' "$top/runner.log" && break; sleep 0.05; done
grep -q 'runner ready' "$top/runner.log" || die "$(tail -n 3 "$top/runner.log")"
g() { git -C "$top/w" -c "http.extraHeader=$auth" "$@"; }
branch() { g checkout -q --detach main && echo "$1 $2" >"$top/w/f$1" && g add . && g commit -q -m "$1" && g push -q "$url/admin/up.git" "+HEAD:refs/heads/$1" 2>"$top/log" || die "$(cat "$top/log")"; }

# From the push's event to the claim, and to the end of the job.
branch b 0
api POST /api/v1/repos/admin/up/pulls '{"title":"b","head":"b","base":"main"}' >"$top/log"
until_sql "SELECT count(*) FROM job WHERE state > 2" 1
for i in $(seq "$rounds"); do
	branch b "$i"
	until_sql "SELECT count(*) FROM job WHERE state > 2" $((i + 1))
	sleep 0.3
done
sql "SELECT (SELECT min(e.at) FROM event e WHERE e.kind = 'check.started' AND json_extract(e.data, '\$.job') = j.id)
    - (SELECT max(e.at) FROM event e WHERE e.kind = 'branch.updated' AND e.at <= j.started_at), j.ended_at - j.started_at
    FROM job j WHERE j.state = 3 ORDER BY j.id" | sed 1d >"$top/times"
p50=$(cut -d'|' -f1 "$top/times" | at 0.5) p99=$(cut -d'|' -f1 "$top/times" | at 0.99)
row push_to_start_p50 ms "$p50" 200 'limit 200 ms' '<= 200 ms' "$(under "$p50" 200)"
row push_to_start_p99 ms "$p99" 200 'limit 200 ms' '<= 200 ms' "$(under "$p99" 200)"

# A bare container of the same command.
b=$top/bundle
mkdir -p "$b/rootfs/usr" "$b/rootfs/proc" "$b/rootfs/dev" "$b/rootfs/sys"
for l in bin sbin lib lib64; do ln -s "usr/$l" "$b/rootfs/$l"; done
(cd "$b" && runc spec && jq '.process.args = ["/bin/true"] | .process.terminal = false
    | .mounts += [{destination: "/usr", type: "bind", source: "/usr", options: ["rbind", "ro"]}]' config.json >c &&
    mv c config.json) || die 'runc spec'
for i in $(seq "$rounds"); do
	s=$(date +%s%N)
	runc run -b "$b" "cfbench$$" >"$top/log" 2>&1 </dev/null || die "$(cat "$top/log")"
	echo $((($(date +%s%N) - s) / 1000000))
done >"$top/bare"
ours=$(cut -d'|' -f2 "$top/times" | at 0.5) bare=$(at 0.5 <"$top/bare")
row job_of_true ms "$ours" "$bare" 'bare runc run' '<= peer + 300 ms' "$(under "$ours" $((bare + 300)))"

# A queue: 10 checks for each pull request, while the runner is paused.
id=$(api GET $C/ci/runners | jq '.[0].id')
api PATCH "$C/ci/runners/$id" '{"paused":true}' >"$top/log"
g checkout -q main && checks 10 "sleep $sleep" >"$top/w/.coffer/checks.yml" && g commit -qam many
chown -R 0 "$top/up.git" # git does not push to another's
g push -q "$top/up.git" main 2>"$top/log" || die "$(cat "$top/log")"
chown -R "$(stat -c %u "$home/db")" "$top/up.git"
api POST "$C/projects/admin/up/sync?wait=30" >"$top/log"
for i in $(seq $((jobs / 10))); do
	branch "q$i" "$i"
	api POST /api/v1/repos/admin/up/pulls "{\"title\":\"q$i\",\"head\":\"q$i\",\"base\":\"main\"}" >"$top/log"
done
until_sql "SELECT count(*) FROM job WHERE state = 1 AND name LIKE 'c%' AND pull > 1" $((jobs / 10 * 10))
api PATCH "$C/ci/runners/$id" '{"paused":false}' >"$top/log"
until_sql "SELECT count(*) FROM job WHERE state > 2 AND pull > 1" $((jobs / 10 * 10))
sql "SELECT sum(ended_at - started_at) / 2, max(ended_at) - min(started_at) FROM job WHERE pull > 1" >"$top/queue"
sum=$(cut -d'|' -f1 "$top/queue") wall=$(cut -d'|' -f2 "$top/queue")
row "queue_${jobs}_jobs" ms "$wall" "$sum" 'their times on 2 slots' '<= peer / 0.95' "$(under "$(awk "BEGIN { print $wall * 0.95 }")" "$sum")"

# Logs, by one connection in parts of 1 MiB.
api PATCH "$C/ci/runners/$id" '{"paused":true}' >"$top/log"
inv=$(api POST $C/ci/runners '{"name":"log"}' | jq -r .token)
secret=$(curl -sS -d "{\"token\":\"$inv\"}" -H 'Content-Type: application/json' "$url$C/ci/register" | jq -r .secret)
printf 'header = "Authorization: Bearer %s"\n' "$secret" >"$top/logrc"
branch b log
curl -sS -K "$top/logrc" -d '{}' -H 'Content-Type: application/json' "$url$C/ci/poll?wait=20" >"$top/job"
head -c 1048576 /dev/zero | tr '\0' 'x' >"$top/part"
for i in $(seq 0 30); do # under the 32 MiB that are kept
	[ "$i" = 0 ] || echo next
	printf 'header = "Authorization: Bearer %s"\nheader = "X-Coffer-Lease: %s"\nheader = "Content-Range: bytes %d-%d/*"\nrequest = PATCH\ndata-binary = "@%s"\noutput = "%s"\nurl = "%s"\n' \
	    "$secret" "$(jq -r .lease "$top/job")" $((i * 1048576)) $((i * 1048576 + 1048575)) "$top/part" "$top/log" "$url$C/ci/jobs/$(jq .id "$top/job")/log"
done >"$top/parts"
chmod 600 "$top/parts"
s=$(date +%s%N)
curl -sS -K "$top/parts" || die 'log'
ms=$((($(date +%s%N) - s) / 1000000))
[ "$(jq .next "$top/log")" = $((31 * 1048576)) ] || die "log: $(cat "$top/log")"
row log_ingest MB/s "$(awk "BEGIN { printf \"%.0f\", 31 * 1.048576 / $ms * 1000 }")" 50 'limit 50 MB/s' '>= 1.00' \
    "$(under 50 "$(awk "BEGIN { print 31 * 1.048576 / $ms * 1000 }")")"
