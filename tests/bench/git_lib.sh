# shellcheck shell=bash disable=SC2154,SC2034 # set by bench_put
# git_lib.sh: what the pieces of `make bench B=git` share.  Sourced by bash:
#
#	. tests/bench/git_lib.sh
#	bench_setup		# cofferd and its peers, all with the same repository
#	bench_measure ls_remote 5 '' ours nginx
#	bench_row git_ls_remote ms ls_remote wall ours nginx '<= 0.65'
#
# Peers: nginx with fcgiwrap and git-http-backend, `git daemon`, file://.  A
# peer that is not installed makes rows with met = skip.  A piece that runs
# alone starts everything itself; under git.sh it finds it in $BENCH_GIT_TOP.
# QUICK=1 takes a small repository and few rounds: it tests the benchmark.

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
case ${O:=build/release} in /*) ;; *) O=$PWD/$O ;; esac
export O GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_TERMINAL_PROMPT=0
export GIT_AUTHOR_NAME=Bench GIT_AUTHOR_EMAIL=bench@example.org
export GIT_COMMITTER_NAME=Bench GIT_COMMITTER_EMAIL=bench@example.org
unset COFFER_URL COFFER_TOKEN COFFER_HOME
export QUICK=${QUICK:-}
bench_pids=()
bench_groups=()

bench_die() { echo "bench git: $*" >&2; exit 1; }
bench_say() { echo "bench git: $(date +%T) $*" >&2; }
# bench_rounds N: that many, two when it is quick.
bench_rounds() { if [ -n "$QUICK" ]; then echo 2; else echo "$1"; fi; }
bench_port() {
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1,
	    LocalAddr => "127.0.0.1")->sockport'
}

bench_cleanup() {
	local p d i
	trap - EXIT
	for p in "${bench_pids[@]}"; do
		kill -TERM "$p" 2>/dev/null
	done
	for p in "${bench_pids[@]}"; do
		for ((i = 0; i < 200; i++)); do
			kill -0 "$p" 2>/dev/null || break
			sleep 0.05
		done
		kill -KILL "$p" 2>/dev/null
		wait "$p" 2>/dev/null
	done
	for d in "${bench_groups[@]}"; do
		# Children of a server that was killed have only their group.
		while read -r p; do kill -KILL "$p" 2>/dev/null; done <"$d/cgroup.procs"
		for ((i = 0; i < 40; i++)); do
			rmdir "$d" 2>/dev/null && break
			sleep 0.05
		done
	done
	if [ -n "${KEEP:-}" ]; then echo "kept $top" >&2; else rm -rf "$top"; fi
}

# bench_start NAME GROUP COMMAND...: a server in a control group.
bench_start() {
	local name=$1 group=coffer-bench-$$-$2 p
	shift 2
	if [ -n "$bench_cgroups" ]; then
		if [ ! -d "$bench_cgroups/$group" ]; then
			mkdir "$bench_cgroups/$group" || bench_die "no control group $group"
			bench_groups+=("$bench_cgroups/$group")
		fi
		# shellcheck disable=SC2016 # the other shell expands it
		bash -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$bench_cgroups/$group" "$@" \
		    >>"$top/$name.log" 2>&1 </dev/null &
		p=$!
		bench_put "meter_$name" "--group $group"
	else
		"$@" >>"$top/$name.log" 2>&1 </dev/null &
		p=$!
		bench_put "meter_$name" "--pid $p"
	fi
	bench_pids+=("$p")
	bench_put "pid_$name" "$p"
}

# What pieces started by git.sh read back.
bench_put() {
	printf -v "$1" '%s' "$2"
	printf '%s=%q\n' "$1" "$2" >>"$top/env"
}

# bench_wait SECONDS COMMAND...: until it succeeds.
bench_wait() {
	local i=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		((i-- > 0)) || return 1
		sleep 0.05
	done
}

# The control groups' file system that counts processor time, or nothing.
bench_cgroups() {
	local d
	[ "$(id -u)" = 0 ] || return 0
	for d in /sys/fs/cgroup/cpuacct /sys/fs/cgroup; do
		if [ -e "$d/cgroup.procs" ] && mkdir "$d/coffer-bench-$$" 2>/dev/null; then
			rmdir "$d/coffer-bench-$$"
			echo "$d"
			return 0
		fi
	done
}

bench_peer_nginx() {
	command -v nginx >/dev/null && command -v fcgiwrap >/dev/null || return 0
	bench_put port_nginx "$(bench_port)"
	bench_put port_tls "$(bench_port)"
	cat >"$top/git.inc" <<-CONF
	client_max_body_size 0;
	fastcgi_buffering off;
	fastcgi_read_timeout 600;
	location / {
		fastcgi_pass unix:$top/fcgi.sock;
		fastcgi_param SCRIPT_FILENAME $(git --exec-path)/git-http-backend;
		fastcgi_param GIT_PROJECT_ROOT $top/peers;
		fastcgi_param GIT_HTTP_EXPORT_ALL "";
		fastcgi_param PATH_INFO \$uri;
		fastcgi_param QUERY_STRING \$query_string;
		fastcgi_param REQUEST_METHOD \$request_method;
		fastcgi_param CONTENT_TYPE \$content_type;
		fastcgi_param CONTENT_LENGTH \$content_length;
		fastcgi_param HTTP_CONTENT_ENCODING \$http_content_encoding;
		fastcgi_param HTTP_GIT_PROTOCOL \$http_git_protocol;
		fastcgi_param GIT_CONFIG_NOSYSTEM 1;
		fastcgi_param HOME $top/nohome;
	}
	CONF
	cat >"$top/nginx.conf" <<-CONF
	$([ "$(id -u)" = 0 ] && echo 'user root;')
	worker_processes 2;
	daemon off;
	pid $top/nginx.pid;
	error_log $top/nginx.err;
	events { worker_connections 256; }
	http {
		log_format seen '\$connection \$server_port';
		access_log $top/nginx.seen seen;
		client_body_temp_path $top/nginx.body;
		fastcgi_temp_path $top/nginx.fcgi;
		proxy_temp_path $top/nginx.proxy;
		uwsgi_temp_path $top/nginx.uwsgi;
		scgi_temp_path $top/nginx.scgi;
		server {
			listen 127.0.0.1:$port_nginx;
			include $top/git.inc;
		}
		server {
			listen 127.0.0.1:$port_tls ssl;
			ssl_certificate $top/tls.crt;
			ssl_certificate_key $top/tls.key;
			include $top/git.inc;
		}
	}
	CONF
	bench_start fcgi nginx fcgiwrap -c 34 -s "unix:$top/fcgi.sock"
	bench_wait 10 test -S "$top/fcgi.sock" || bench_die "fcgiwrap: $(cat "$top/fcgi.log")"
	bench_start nginx nginx nginx -c "$top/nginx.conf"
	bench_wait 10 curl -s -o /dev/null "http://127.0.0.1:$port_nginx/" ||
	    bench_die "nginx: $(cat "$top/nginx.log" "$top/nginx.err")"
	[ -n "$bench_cgroups" ] || bench_put meter_nginx "--pid $pid_nginx,$pid_fcgi"
	bench_put url_nginx "http://127.0.0.1:$port_nginx/nginx.git"
}

bench_peer_daemon() {
	bench_put port_daemon "$(bench_port)"
	bench_start daemon daemon git daemon --reuseaddr --listen=127.0.0.1 \
	    "--port=$port_daemon" --export-all --enable=receive-pack \
	    --max-connections=0 "--base-path=$top/peers" "$top/peers"
	bench_put url_daemon "git://127.0.0.1:$port_daemon/daemon.git"
	bench_wait 10 git ls-remote "$url_daemon" HEAD || bench_die "git daemon: $(tail -n 3 "$top/daemon.log")"
}

# bench_api METHOD PATH [JSON [CURL-ARGUMENT...]]: the reply on stdout.
bench_api() {
	curl -sS --fail-with-body -K "$top/curlrc" -X "$1" -H 'Content-Type: application/json' \
	    ${3:+-d "$3"} "${@:4}" "http://127.0.0.1:$port_ours$2"
}

# bench_project URL: made and synchronised.
bench_project() {
	local name
	name=$(bench_api POST /api/coffer/v1/projects \
	    "{\"upstream\":\"$1\",\"name\":\"$2\",\"sandbox\":{\"want\":\"stopped\"}}" |
	    jq -er .full_name) || bench_die "project $1: $name"
	for _ in 1 2 3 4 5; do
		[ "$(bench_api POST "/api/coffer/v1/projects/$name/sync?wait=60" |
		    jq -r .mirror.state)" != ok ] || return 0
	done
	bench_die "the mirror of $1: $(bench_api GET "/api/coffer/v1/projects/$name" | jq -c .mirror)"
}

bench_product() {
	bench_put home "$top/home"
	"$O/bin/cofferd" --home "$home" --init >"$top/init.log" 2>&1 || bench_die "$(cat "$top/init.log")"
	chmod 711 "$home"
	bench_put token "$(cat "$home/secrets/admin.token")"
	bench_put port_ours "$(bench_port)"
	printf 'header = "Authorization: Bearer %s"\n' "$token" >"$top/curlrc"
	chmod 600 "$top/curlrc"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
	    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
	    -keyout "$top/tls.key" -out "$top/tls.crt" 2>/dev/null || bench_die openssl
	{
		echo '[server]'
		echo "upstream_ca = $top/tls.crt"
		# Care comes when the benchmark asks for it.
		echo 'care_quiet = 24h'
		echo 'allow_file_upstream = yes'
		echo 'rate = 0'
		[ "$(id -u)" = 0 ] || printf 'router_uid = %s\nrouter_gid = %s\n' "$(id -u)" "$(id -g)"
		[ -z "${bench_conf:-}" ] || printf '%s\n' "$bench_conf"
	} >"$home/coffer.conf"
	bench_put owner "$(stat -c %u "$home/db")"
	[ "$(id -u)" != 0 ] || chown -R "$owner" "$top/src.git"
	bench_start ours ours "$O/bin/cofferd" --home "$home" --listen "127.0.0.1:$port_ours"
	bench_wait 20 test -s "$home/run/cofferd.addr" || bench_die "cofferd: $(cat "$top/ours.log")"
	bench_put url_ours "http://127.0.0.1:$port_ours/admin/big.git"
}

# bench_care PROJECT: refs packed, one pack with its bitmap, commit-graph.
bench_care() {
	local step status i
	for step in refs repack graph; do
		for ((i = 0; i < 5; i++)); do
			status=$(bench_api POST "/api/coffer/v1/projects/$1/maintain?wait=60" \
			    "{\"step\":\"$step\"}" -o "$top/care.json" -w '%{http_code}')
			[ "$status" = 202 ] || break
		done
		[ "$status" = 200 ] || bench_die "care of $1: $status $(cat "$top/care.json")"
	done
}

# bench_request FILE REPO [LINE...]: a fetch of everything, protocol 2.
bench_request() {
	local file=$1 repo=$2 l
	shift 2
	{
		bench_pkt 'command=fetch'
		printf 0001
		bench_pkt ofs-delta
		bench_pkt include-tag
		for l in "$@"; do bench_pkt "$l"; done
		git -C "$repo" for-each-ref --format='0032want %(objectname)'
		bench_pkt 'done'
		printf 0000
	} >"$file"
}
bench_pkt() { printf '%04x%s\n' $((${#1} + 5)) "$1"; }

# bench_forget SERVER: packs that cofferd remembers are computed again.
bench_forget() {
	[ "$1" = ours ] || return 0
	find "$home/git/packs" -mindepth 2 -type f -delete 2>/dev/null
	rm -f "$home/git/packs/seen"
	return 0
}

bench_setup() {
	if [ -n "${BENCH_GIT_TOP:-}" ]; then
		top=$BENCH_GIT_TOP
		# shellcheck disable=SC1091 # made by bench_put
		. "$top/env"
		bench_auth
		return
	fi
	local folder=${BENCH_CACHE:-build/bench-cache} kind=big options=() peer
	if [ -n "$QUICK" ]; then
		kind=small
		options=(--commits 2000 --files 480 --tags 100)
	fi
	case $folder in /*) ;; *) folder=$PWD/$folder ;; esac
	tests/bench/git_repo.sh "$folder/$kind" "${options[@]}" || bench_die 'no repository'
	top=$(mktemp -d /tmp/coffer-bench.XXXXXX)
	chmod 711 "$top"
	trap bench_cleanup EXIT
	trap 'exit 1' INT TERM
	: >"$top/env"
	bench_put bench_cgroups "$(bench_cgroups)"
	bench_put cache "$folder/$kind"
	mkdir "$top/peers" "$top/m" "$top/nohome"
	cp -r "$cache/whole.git" "$top/src.git"
	for peer in nginx daemon file; do
		cp -r "$cache/whole.git" "$top/peers/$peer.git"
		git -C "$top/peers/$peer.git" config http.receivepack true
	done
	bench_put tip "$(git -C "$cache/whole.git" rev-parse main)"
	bench_put url_file "file://$top/peers/file.git"
	bench_put url_nginx ''
	bench_put meter_file '--pid 0'
	bench_product
	bench_peer_nginx
	bench_peer_daemon
	bench_say "mirror of $(du -sm "$top/src.git" | cut -f1) MB"
	bench_project "file://$top/src.git" big
	bench_put id_big "$(bench_api GET /api/coffer/v1/projects/admin/big | jq -r .id)"
	bench_care admin/big
	bench_say "maintained: $(cd "$home/repos/$id_big.git/objects/pack" && stat -c '%n %s' ./* | tr '\n' ' ')"
	bench_auth
}

bench_auth() {
	export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.extraHeader
	export GIT_CONFIG_VALUE_0="Authorization: Bearer $token"
}

bench_has() {
	local u=url_$1
	[ -n "${!u:-}" ]
}

# bench_measure OP ROUNDS METER-OPTIONS SERVER...: op_OP URL DIR ROUND is run
# for each in turn; DIR is a fresh name, removed afterwards.  prep_OP, where it
# is there, gets the same before, check_OP after the measurement.
bench_measure() {
	local op=$1 rounds=$2 flags=$3 r s u m line
	shift 3
	: >"$top/m/$op"
	export -f "op_$op"
	for ((r = 1; r <= rounds; r++)); do
		for s in "$@"; do
			bench_has "$s" || continue
			u=url_$s m=meter_$s
			rm -rf "$top/d"
			if [ "$(type -t "prep_$op")" = function ]; then
				"prep_$op" "${!u}" "$top/d" "$r" "$s"
			fi
			# shellcheck disable=SC2086 # flags are words
			line=$("$O/tests/bench/git_meter" ${!m} $flags -- \
			    bash -c "op_$op \"\$@\"" op "${!u}" "$top/d" "$r" "$s" 2>"$top/op.log") ||
			    bench_die "$op of $s: $(tail -n 5 "$top/op.log")"
			if [ "$(type -t "check_$op")" = function ]; then
				"check_$op" "${!u}" "$top/d" "$r" "$s" || bench_die "$op of $s: wrong result"
			fi
			echo "$r $s $line" >>"$top/m/$op"
		done
	done
	rm -rf "$top/d"
	bench_say "$op: $(awk '{ printf "%s %.0f/%.0f/%.0f  ", $2, $3, $4, $5 / 1024 }' "$top/m/$op")(ms / server CPU ms / MB)"
}

# bench_row NAME UNIT OP wall|cpu|peak OURS PEER 'AIM' [PER]: the median of the
# ratios of the rounds; PER divides both numbers.  The aim "-" judges nothing.
bench_row() {
	local name=$1 unit=$2 op=$3 what=$4 a=$5 b=$6 aim=$7 per=${8:-1} label=$6
	case $b in
	nginx) label='nginx git-http-backend' ;;
	daemon) label='git daemon' ;;
	file) label='file://' ;;
	esac
	if ! bench_has "$b"; then
		printf '%s\t%s\t-\t-\t%s\t-\t%s\tskip\n' "$name" "$unit" "$label" "$aim"
		return
	fi
	awk -v name="$name" -v unit="$unit" -v what="$what" -v a="$a" -v b="$b" \
	    -v aim="$aim" -v per="$per" -v label="$label" '
	function median(v, n,   i, j, t) {
		for (i = 2; i <= n; i++)
			for (j = i; j > 1 && v[j - 1] > v[j]; j--) {
				t = v[j]; v[j] = v[j - 1]; v[j - 1] = t
			}
		return n ? v[int((n + 1) / 2)] : 0
	}
	{ v[$1, $2] = $(what == "wall" ? 3 : what == "cpu" ? 4 : 5); if ($1 > n) n = $1 }
	END {
		for (r = 1; r <= n; r++) {
			x[r] = v[r, a] / per; y[r] = v[r, b] / per
			q[r] = y[r] > 0 ? x[r] / y[r] : 0
		}
		r = median(q, n); split(aim, w, " ")
		met = w[1] == "<=" ? (r <= w[2] ? "yes" : "no") : \
		    w[1] == ">=" ? (r >= w[2] ? "yes" : "no") : "-"
		printf "%s\t%s\t%.4g\t%.4g\t%s\t%.3f\t%s\t%s\n", name, unit, \
		    median(x, n), median(y, n), label, r, aim, met
	}' "$top/m/$op"
}

# bench_best OP WHAT SERVER...: the one of least time.
bench_best() {
	local op=$1 what=$2
	shift 2
	awk -v what="$what" -v list="$*" '
	BEGIN { k = split(list, s, " ") }
	{ sum[$2] += $(what == "wall" ? 3 : 4) }
	END {
		for (i = 1; i <= k; i++)
			if (sum[s[i]] > 0 && (best == "" || sum[s[i]] < sum[best]))
				best = s[i]
		print best
	}' "$top/m/$op"
}
