# shellcheck shell=bash disable=SC2034,SC2154
# api_lib.sh: a cofferd of its own with a database of any size, for api.sh and
# web.sh, which set `name` and O before they source it.  $top is the folder of the
# run, $home the server's, $auth its admin's header; `deep` is how many comments
# the first issue that is filled in gets.
deep=200

top=$(mktemp -d /tmp/coffer-bench.XXXXXX)
chmod 711 "$top"
home=$top/home
pids=()
stop() { # PID...: ends and waits
	local p i
	for p in "$@"; do
		kill "$p" 2>/dev/null
		for ((i = 0; i < 200; i++)); do
			kill -0 "$p" 2>/dev/null || break
			sleep 0.05
		done
		wait "$p" 2>/dev/null
	done
}
# shellcheck disable=SC2317 # by the trap
cleanup() {
	trap - EXIT
	stop "${pids[@]}"
	[ ! -d "$top/pg" ] || pg_do pg_ctl -D "$top/pg" -m immediate stop >/dev/null 2>&1
	rm -rf "$top"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
die() { echo "bench $name: $*" >&2; exit 1; }
say() { echo "bench $name: $(date +%T) $*" >&2; }
free_port() {
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1,
	    LocalAddr => "127.0.0.1")->sockport'
}
# name unit ours peer peer-name 'aim'; the ratio is ours / peer
row() {
	awk -v n="$1" -v u="$2" -v o="$3" -v p="$4" -v pn="$5" -v aim="$6" 'BEGIN {
		r = p > 0 ? o / p : 0; split(aim, w, " ")
		met = w[1] == "<=" ? (r <= w[2] ? "yes" : "no") : w[1] == ">=" ? (r >= w[2] ? "yes" : "no") : "-"
		printf "%s\t%s\t%.4g\t%.4g\t%s\t%.3f\t%s\t%s\n", n, u, o, p, pn, r, aim, met }'
}
skip() { printf '%s\t%s\t-\t-\t%s\t-\t%s\tskip\n' "$1" "$2" "$3" "$4"; }
median() { sort -n | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : 0 }'; }

preload=
serve() {
	port=$(free_port)
	LD_PRELOAD=$preload "$O/bin/cofferd" --home "$home" --listen "127.0.0.1:$port" >>"$top/cofferd.log" 2>&1 &
	pid=$!
	pids+=("$pid")
	for _ in $(seq 400); do
		! curl -sf -o /dev/null "http://127.0.0.1:$port/api/v1/version" || return 0
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	die "cofferd: $(tail -n 5 "$top/cofferd.log")"
}
api() {
	curl -sS --fail-with-body -K "$top/curlrc" -X "$1" -H 'Content-Type: application/json' ${3:+-d "$3"} "http://127.0.0.1:$port$2"
}
# replay CONNECTIONS MS PATH [OPTION...]: "rate bytes p50 p99 p95"
replay() {
	local c=$1 t=$2 path=$3
	shift 3
	"$O/tests/bench/http_replay" --port "$port" --path "$path" --connections "$c" --ms "$t" \
	    --header "$auth" --type application/json --loose "$@" || die "$path: no good answer"
}
field() { awk -v n="$1" '{ print $n }'; }

# bring_up: HOME, and cofferd on it.
bring_up() {
	"$O/bin/cofferd" --home "$home" --init >"$top/init.log" 2>&1 || die "$(cat "$top/init.log")"
	chmod 711 "$home"
	{
		printf '[server]\nallow_file_upstream = yes\ncare_quiet = 24h\n'
		# Whoever measures asks more often than a client may.
		grep -q '"rate"' server/config.c && printf 'rate = 0\n'
		[ "$(id -u)" = 0 ] || printf 'router_uid = %s\nrouter_gid = %s\n' "$(id -u)" "$(id -g)"
	} >"$home/coffer.conf"
	owner=$(stat -c %u "$home/db")
	[ "$(id -u)" != 0 ] || chown -R "$owner" "$repo"
	auth="Authorization: Bearer $(cat "$home/secrets/admin.token")"
	printf 'header = "%s"\n' "$auth" >"$top/curlrc"
	chmod 600 "$top/curlrc"
	serve
}

# fill FROM TO: that many comments over all, $deep in the first issue, ten in each other, straight into the database.
fill() {
	say "comments $1 to $2"
	stop "$pid"
	sqlite3 "$home/db/coffer.db" >"$top/sql.log" 2>&1 <<-SQL || die "$(tail -n 5 "$top/sql.log")"
	PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON;
	BEGIN;
	WITH RECURSIVE n(i) AS (SELECT $(($1 == 0 ? 0 : ($1 - deep) / 10 + 1)) UNION ALL SELECT i + 1 FROM n WHERE i < ($2 - $deep) / 10)
	INSERT INTO issue (project_id, number, is_pull, author_id, state, comments, created_at, updated_at, title, body)
	SELECT 1, 10 + i, 0, 1, 1 + (i % 3 = 0), CASE i WHEN 0 THEN $deep ELSE 10 END, 1700000000000 + i, 1700000000000 + i,
	    'Issue ' || i || ' about ' || substr('parser socket buffer merge mirror', 1 + i % 5 * 7, 6),
	    'The body of the issue ' || i || ', of the usual length.' FROM n;
	WITH RECURSIVE n(i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2)
	INSERT INTO comment (project_id, item, author_id, run_id, created_at, updated_at, body)
	SELECT 1, CASE WHEN i < $deep THEN 10 ELSE 11 + (i - $deep) / 10 END, 1, 0, 1700000000000 + i, 1700000000000 + i,
	    'Comment ' || i || ': what was said of it, in some words, word' || CASE WHEN i <= 1000 THEN i % 100 ELSE 100 + i % 50000 END || ' among them.' FROM n;
	UPDATE project SET next_number = (SELECT max(number) + 1 FROM issue WHERE project_id = 1) WHERE id = 1;
	COMMIT;
	PRAGMA wal_checkpoint(TRUNCATE);
	SQL
	[ "$(id -u)" != 0 ] || chown "$owner" "$home"/db/*
	serve
}

# nginx_up: files of $top by one nginx, at $nport; false when there is none.
nginx_up() {
	command -v nginx >/dev/null || return 1
	nport=$(free_port)
	cat >"$top/nginx.conf" <<-CONF
	$([ "$(id -u)" = 0 ] && echo 'user root;')
	worker_processes 1; daemon off; pid $top/nginx.pid; error_log $top/nginx.err;
	events { worker_connections 256; }
	http { access_log off; client_body_temp_path $top/a; fastcgi_temp_path $top/b; proxy_temp_path $top/c;
	uwsgi_temp_path $top/d; scgi_temp_path $top/e; keepalive_requests 1000000;
	server { listen 127.0.0.1:$nport; root $top; } }
	CONF
	nginx -c "$top/nginx.conf" 2>/dev/null &
	npid=$!
	pids+=("$npid")
	sleep 0.5
}
