#!/bin/bash
# The API: what a durable comment costs, lists while others write, the newest
# event at a thousand readers, and the same with a million comments.
# QUICK=1 takes 20,000 comments and short rounds: it tests the benchmark.
set -u
cd "$(dirname "$0")/../.." || exit 1
case ${O:=build/release} in /*) ;; *) O=$PWD/$O ;; esac
export O GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
unset COFFER_URL COFFER_TOKEN COFFER_HOME
many=1000000 ms=2000 rounds=5
if [ -n "${QUICK:-}" ]; then many=20000 ms=300 rounds=2; fi

name=api
. tests/bench/api_lib.sh

repo=$top/up.git
git init -q --bare -b main "$repo"
git -C "$repo" fast-import --quiet <<-'GIT' || die fast-import
	commit refs/heads/main
	committer Bench <bench@example.org> 1700000000 +0000
	data 3
	one
	M 644 inline README
	data 4
	one

GIT
bring_up
api POST /api/coffer/v1/projects "{\"upstream\":\"file://$repo\",\"name\":\"many\",\"sandbox\":{\"want\":\"stopped\"}}" >/dev/null || die project
R=/api/v1/repos/admin/many
api POST "/api/coffer/v1/projects/admin/many/sync?wait=30" | jq -e '.mirror.state == "ok"' >/dev/null || die mirror
api PATCH /api/coffer/v1/projects/admin/many '{"settings":{"interval_s":86400}}' >/dev/null
for i in 1 2 3; do api POST "$R/issues" "{\"title\":\"issue $i\",\"body\":\"of the usual length, more or less\"}" >/dev/null || die issue; done
echo '{"body":"A comment of the length that people write, more or less, when they ask for a change."}' >"$top/comment"

rss() { awk '/VmRSS/ { print $2 }' "/proc/$pid/status"; }

# measure NAME: p50 and p99 of what people open, "name p50 p99" into $top/NAME
measure() {
	: >"$top/$1"
	local what path
	while read -r what path; do
		replay 1 200 "$path" >/dev/null
		for _ in $(seq "$rounds"); do replay 1 "$((ms / 4))" "$path"; done |
		    awk -v w="$what" '{ print $3, $4 }' | sort -n |
		    awk -v w="$what" '{ a[NR] = $1; b[NR] = $2 } END { i = int((NR + 1) / 2); print w, a[i], b[i] }' >>"$top/$1"
	done <<-PATHS
	list_50 $R/issues?limit=50&state=all
	issue $R/issues/10
	issue_200_comments $R/issues/10/comments
	newest_comments $R/issues/comments?limit=50&since=2023-11-14T22:13:20Z
	search $R/issues?q=word77&state=all
	PATHS
}

fill 0 1000
measure few
say "1,000 comments: $(tr '\n' ' ' <"$top/few")"

# Writing.
for _ in $(seq "$rounds"); do
	replay 1 "$ms" "$R/issues/1/comments" --body "$top/comment" | field 1 >>"$top/w1"
	replay 32 "$ms" "$R/issues/1/comments" --body "$top/comment" | field 1 >>"$top/w32"
done
one=$(median <"$top/w1") all=$(median <"$top/w32")
row api_comments_c32 1/s "$all" "$one" 'ours, one at a time' '>= 2.5'

# In process, without HTTP.
TMPDIR=$top "$O/tests/bench/db_write" >"$top/db" || die db_write
cat "$top/db"
bare=$(awk -F '\t' '$1 == "durable changes, c=32" { print $4 }' "$top/db")

# PostgreSQL with the same rows, without HTTP too.
pg=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort | tail -n 1)
pg_do() {
	local c=$1
	shift
	if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$pg/$c" "$@"; else "$pg/$c" "$@"; fi
}
if [ -n "$pg" ]; then
	mkdir -m 700 "$top/pg"
	[ "$(id -u)" != 0 ] || chown postgres "$top/pg"
	chmod 711 "$top"
	pgport=$(free_port)
	if pg_do initdb -D "$top/pg" -A trust -U bench >"$top/pg.log" 2>&1 &&
	    pg_do pg_ctl -D "$top/pg" -w -l "$top/pg/log" -o "-p $pgport -c listen_addresses=127.0.0.1 -c unix_socket_directories=" start >>"$top/pg.log" 2>&1; then
		psql -q -h 127.0.0.1 -p "$pgport" -U bench -d postgres <<-'SQL' >>"$top/pg.log" 2>&1
		CREATE TABLE issue (id int PRIMARY KEY, comments int NOT NULL, updated_at bigint NOT NULL);
		CREATE TABLE comment (id bigserial PRIMARY KEY, item int NOT NULL, at bigint NOT NULL, body text NOT NULL);
		CREATE TABLE event (seq bigserial PRIMARY KEY, kind text NOT NULL, data text NOT NULL);
		CREATE INDEX ON comment (item, id);
		INSERT INTO issue VALUES (1, 0, 0);
		SQL
		cat >"$top/pg.sql" <<-'SQL'
		BEGIN;
		UPDATE issue SET comments = comments + 1, updated_at = 2 WHERE id = 1;
		INSERT INTO comment (item, at, body) VALUES (1, 2, 'A comment of the length that people write, more or less, when they ask for a change.');
		INSERT INTO event (kind, data) VALUES ('comment.created', '{"comment":1,"body":"A comment of the length that people write"}');
		COMMIT;
		SQL
		tps() { "$pg/pgbench" -n -h 127.0.0.1 -p "$pgport" -U bench -f "$top/pg.sql" -c "$1" -j 2 -T "$2" postgres 2>/dev/null | awk '/^tps/ { print $3; exit }'; }
		secs=$(((ms + 999) / 1000))
		for _ in $(seq "$rounds"); do
			tps 1 "$secs" >>"$top/p1"
			tps 32 "$secs" >>"$top/p32"
		done
		row api_comments_pg_c1 1/s "$bare" "$(median <"$top/p1")" 'PostgreSQL' '>= 1.0'
		row api_comments_pg_c32 1/s "$all" "$(median <"$top/p32")" 'PostgreSQL, ours by HTTP' '>= 0.7'
		pg_do pg_ctl -D "$top/pg" -m fast stop >/dev/null 2>&1
	else
		pg=
	fi
fi
if [ -z "$pg" ]; then
	skip api_comments_pg_c1 1/s PostgreSQL '>= 1.0'
	skip api_comments_pg_c32 1/s 'PostgreSQL, ours by HTTP' '>= 0.7'
fi

# Reading while others write, and alone.
LIST="$R/issues?limit=50&state=all"
while_written() { # PREFIX
	local w
	for _ in $(seq "$rounds"); do
		replay 1 "$ms" "$LIST" | field 3 >>"$top/$1.idle"
		replay 32 "$((ms + 400))" "$R/issues/1/comments" --body "$top/comment" >/dev/null &
		w=$!
		sleep 0.2
		replay 1 "$ms" "$LIST" | field 3 >>"$top/$1.busy"
		wait "$w"
	done
}
while_written now
row api_list_while_32_write us "$(median <"$top/now.busy")" "$(median <"$top/now.idle")" 'ours, alone' '<= 3.0'

# A slow disk: 5 ms more for each sync.
cat >"$top/slow.c" <<-'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
int fdatasync(int fd) { usleep(5000); return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd); }
int fsync(int fd) { usleep(5000); return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd); }
C
cc -shared -fPIC -O1 -o "$top/slow.so" "$top/slow.c" -ldl || die 'no preload'
stop "$pid"
preload=$top/slow.so
serve
: >"$top/s1"; : >"$top/s32"
for _ in $(seq "$rounds"); do
	replay 1 "$ms" "$R/issues/1/comments" --body "$top/comment" | field 1 >>"$top/s1"
	replay 32 "$ms" "$R/issues/1/comments" --body "$top/comment" | field 1 >>"$top/s32"
done
row api_slow_disk_c32 1/s "$(median <"$top/s32")" "$(median <"$top/s1")" 'ours, one at a time' '>= 8.0'
while_written slow
row api_slow_disk_list us "$(median <"$top/slow.busy")" "$(median <"$top/slow.idle")" 'ours, alone' '<= 3.0'
stop "$pid"
preload=
serve

# A page of 50 against the bytes as a file of nginx; pages further back.
api GET "$LIST" >"$top/page.json"
ours=$(for _ in $(seq "$rounds"); do replay 8 "$ms" "$LIST" | field 1; done | median)
if nginx_up; then
	peer=$(for _ in $(seq "$rounds"); do port=$nport replay 8 "$ms" /page.json | field 1; done | median)
	stop "$npid"
	row api_list_50 1/s "$ours" "$peer" 'nginx, a file' '>= 0.15'
else
	skip api_list_50 1/s 'nginx, a file' '>= 0.15'
fi

# Readers that wait for what comes, not what was.
events() { echo "/api/coffer/v1/events?after=$(sqlite3 "$home/db/coffer.db" 'SELECT max(seq) FROM event')"; }
read -r kib first last post < <("$O/tests/bench/api_readers" --port "$port" --pid "$pid" --header "$auth" \
    --path "$(events)" --post "$R/issues/1/comments" --body "$top/comment" --readers 1000) || die readers
row api_reader_memory KiB "$kib" 70 'limit 70 KiB' '<= 1.0'
row api_reader_last us "$last" 20000 'limit 20 ms' '<= 1.0'
say "1,000 readers: first $first us, last $last us, the POST itself $post us"
stop "$pid"
serve
read -r kib first last post < <("$O/tests/bench/api_readers" --port "$port" --pid "$pid" --header "$auth" \
    --path "$(events)" --post "$R/issues/1/comments" --body "$top/comment" --readers 1 --rounds 101) || die reader
row api_event_latency us "$first" "$post" 'the POST of it' '<= 4.0'
row api_event_latency us "$first" 5000000 'a poll each 10 s' '<= 0.001'

fill 1000 "$many"
measure many
say "$many comments: $(tr '\n' ' ' <"$top/many")"
while read -r what p50 p99; do
	read -r _ old50 old99 < <(grep "^$what " "$top/few")
	row "api_${what}_many_p50" us "$p50" "$old50" '1,000 comments' -
	row "api_${what}_many_p99" us "$p99" "$old99" '1,000 comments' '<= 1.5'
done <"$top/many"
for page in 1 100; do
	for _ in $(seq "$rounds"); do replay 1 "$ms" "$LIST&page=$page" | field 3; done | median >"$top/page$page"
done
row api_page_100 us "$(cat "$top/page100")" "$(cat "$top/page1")" 'page 1' '<= 1.2'
row api_memory_many KiB "$(rss)" 61440 'limit 60 MB' '<= 1.0'
exit 0
