# shellcheck shell=sh disable=SC2034
# lib.sh: what every system test shares.  Sourced by a POSIX shell:
#
#	. "$(dirname "$0")/lib.sh"
#	coffer_home			# $HOME_DIR, $ADMIN; a home made by --init
#	start_cofferd			# $URL, $COFFERD_PID
#	tap_plan 2
#	api POST /api/coffer/v1/projects '{"upstream":"..."}'
#	tap_is "$STATUS" 201 'a project is made'
#	tap_ok 'it has an id' jq -e '.id > 0' "$BODY"
#	tap_done
#
# Everything started through `start` or start_cofferd is ended by its pid and
# $T is removed when the shell ends.  $O/bin has the programs.

O=${O:-build/debug}
case $O in /*) ;; *) O=$PWD/$O ;; esac
SYSTEM_DIR=$(cd "$(dirname "$0")" && pwd)
export O SYSTEM_DIR
unset COFFER_URL COFFER_TOKEN COFFER_HOME
umask 022
T=$(mktemp -d /tmp/coffer-test.XXXXXX) || exit 1
chmod 711 "$T"
BODY=$T/body
HEADERS=$T/headers
STATUS=
TOKEN=
ADMIN=
HOME_DIR=
URL=
PIDS=
TAP_N=0
TAP_FAILED=0
TAP_PLANNED=

tap_plan()
{
	TAP_PLANNED=$1
	echo "1..$1"
}

# tap_result STATUS NAME
tap_result()
{
	TAP_N=$((TAP_N + 1))
	if [ "$1" -eq 0 ]; then
		printf 'ok %d - %s\n' "$TAP_N" "$2"
	else
		printf 'not ok %d - %s\n' "$TAP_N" "$2"
		TAP_FAILED=$((TAP_FAILED + 1))
	fi
	return 0
}

# tap_ok NAME COMMAND...: the command ends with status 0
tap_ok()
{
	tap_name=$1
	shift
	if "$@" >"$T/tap.out" 2>&1; then
		tap_result 0 "$tap_name"
	else
		tap_result 1 "$tap_name"
		echo "# command: $*"
		head -n 40 "$T/tap.out" | sed 's/^/# /'
		if [ -f "$BODY" ] && [ -n "$STATUS" ]; then
			echo "# last reply: $STATUS"
			head -c 1500 "$BODY" | sed 's/^/# /'
			echo
		fi
	fi
}

# tap_not NAME COMMAND...: the command fails
tap_not()
{
	tap_name=$1
	shift
	if "$@" >"$T/tap.out" 2>&1; then
		tap_result 1 "$tap_name"
		echo "# expected to fail: $*"
	else
		tap_result 0 "$tap_name"
	fi
}

# tap_is GOT WANT NAME
tap_is()
{
	if [ "$1" = "$2" ]; then
		tap_result 0 "$3"
	else
		tap_result 1 "$3"
		printf '%s\n' "got:  $1" "want: $2" | sed 's/^/# /'
		if [ -f "$BODY" ] && [ -n "$STATUS" ]; then
			echo "# last reply: $STATUS"
			head -c 1500 "$BODY" | sed 's/^/# /'
			echo
		fi
	fi
}

# tap_like GOT PATTERN NAME: PATTERN is a shell pattern
tap_like()
{
	# shellcheck disable=SC2254
	case $1 in
	$2) tap_result 0 "$3" ;;
	*)
		tap_result 1 "$3"
		printf '%s\n' "got:     $1" "pattern: $2" | sed 's/^/# /'
		;;
	esac
}

tap_skip()
{
	TAP_N=$((TAP_N + 1))
	echo "ok $TAP_N - $1 # SKIP $2"
}

# tap_skip_all REASON: before any test
tap_skip_all()
{
	echo "1..0 # SKIP $1"
	exit 0
}

# Prints the plan if there was none and ends the test.
tap_done()
{
	[ -n "$TAP_PLANNED" ] || echo "1..$TAP_N"
	[ "$TAP_FAILED" -eq 0 ] || {
		echo "# $TAP_FAILED of $TAP_N failed"
		if [ -f "$T/cofferd.log" ]; then
			tail -n 30 "$T/cofferd.log" | sed 's/^/# cofferd: /'
		fi
		exit 1
	}
	exit 0
}

tap_bail()
{
	echo "Bail out! $*"
	if [ -f "$T/cofferd.log" ]; then
		tail -n 30 "$T/cofferd.log" | sed 's/^/# cofferd: /'
	fi
	exit 1
}

# start LOG COMMAND...: in the background; $PID is its pid.
start()
{
	start_log=$1
	shift
	"$@" >>"$start_log" 2>&1 </dev/null &
	PID=$!
	PIDS="$PID $PIDS"
}

# stop_pid PID: TERM, then KILL after 10 s; its status is the result.
stop_pid()
{
	kill -TERM "$1" 2>/dev/null
	stop_i=0
	while [ $stop_i -lt 200 ] && kill -0 "$1" 2>/dev/null &&
	    ! grep -q '^State:	Z' "/proc/$1/status" 2>/dev/null; do
		sleep 0.05
		stop_i=$((stop_i + 1))
	done
	[ $stop_i -lt 200 ] || kill -KILL "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

stop_all()
{
	for stop_p in $PIDS; do
		stop_pid "$stop_p"
	done
	PIDS=
}

lib_on_exit()
{
	lib_status=$?
	trap - EXIT
	stop_all
	cd /
	if [ -n "${KEEP:-}" ]; then echo "# kept $T"; else rm -rf "$T"; fi
	exit $lib_status
}
trap lib_on_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# wait_for SECONDS COMMAND...: until it succeeds.  Three times as long on a
# machine that is busy, half a minute at least: it is there for what hangs,
# never for what is slow.
wait_for()
{
	wait_s=$((3 * $1))
	shift
	within $((wait_s > 30 ? wait_s : 30)) "$@"
}

# within SECONDS COMMAND...: the same for what should not come: as long as said.
within()
{
	wait_end=$(($(date +%s) + $1))
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$wait_end" ] || return 1
		sleep 0.05
	done
}

# coffer_home [NAME]: HOME_DIR = $T/NAME (default home), made by --init.
# Lines of [server] on standard input of coffer_conf are added afterwards.
coffer_home()
{
	HOME_DIR=$T/${1:-home}
	"$O/bin/cofferd" --home "$HOME_DIR" --init >"$T/init.log" 2>&1 ||
	    tap_bail "cofferd --init: $(tail -n 3 "$T/init.log")"
	chmod 711 "$HOME_DIR"
	ADMIN=$(cat "$HOME_DIR/secrets/admin.token")
	AGENTD=$(cat "$HOME_DIR/secrets/agentd.token")
	RUNNER=$(cat "$HOME_DIR/secrets/runner.token")
	: >"$HOME_DIR/coffer.conf"
	coffer_conf <<-CONF
	allow_file_upstream = yes
	min_free = 1
	$(lib_router_ids)
	CONF
}

# Without root the front socket's peer can only be this user; root itself is
# never taken for the router.
lib_router_ids()
{
	[ "$(id -u)" -eq 0 ] ||
	    printf 'router_uid = %s\nrouter_gid = %s\n' "$(id -u)" "$(id -g)"
}

# coffer_conf: lines of standard input become the [server] section.
coffer_conf()
{
	{ echo '[server]'; cat; } >"$HOME_DIR/coffer.conf"
}

# start_cofferd [ARGUMENT...]: on a free port; sets URL and COFFERD_PID.
start_cofferd()
{
	lib_addr=$HOME_DIR/run/cofferd.addr
	if [ -e "$lib_addr" ]; then : >"$lib_addr"; fi
	start "$T/cofferd.log" "$O/bin/cofferd" --home "$HOME_DIR" \
	    --listen 127.0.0.1:0 "$@"
	COFFERD_PID=$PID
	lib_i=0
	while ! [ -s "$lib_addr" ]; do
		lib_i=$((lib_i + 1))
		if [ $lib_i -gt 1200 ] || ! kill -0 "$COFFERD_PID" 2>/dev/null; then
			tap_bail "cofferd did not start"
		fi
		sleep 0.05
	done
	URL=http://$(cat "$lib_addr")
	export URL
}

stop_cofferd()
{
	stop_pid "$COFFERD_PID"
	lib_stopped=$?
	PIDS=$(echo " $PIDS " | sed "s/ $COFFERD_PID / /")
	return $lib_stopped
}

# http METHOD PATH [CURL-ARGUMENT...]: no Authorization unless $TOKEN or the
# arguments say so.  Sets STATUS; the body is in the file $BODY.
http()
{
	http_m=$1
	http_p=$2
	shift 2
	case $http_p in http*) ;; *) http_p=$URL$http_p ;; esac
	: >"$BODY"
	STATUS=$(printf '%s' "${http_t:+header = \"Authorization: Bearer $http_t\"}" |
	    curl -sS -K - -m 90 -X "$http_m" -o "$BODY" -D "$HEADERS" \
		-w '%{http_code}' "$@" "$http_p" 2>"$T/curl.err")
	[ -n "$STATUS" ] || STATUS=000
	return 0
}

# api METHOD PATH [JSON]: as $TOKEN if that is set, else as the admin.
api()
{
	http_t=${TOKEN:-$ADMIN}
	if [ $# -gt 2 ]; then
		printf '%s' "$3" >"$T/request"
		http "$1" "$2" -H 'Content-Type: application/json' \
		    --data-binary "@$T/request"
	else
		http "$1" "$2"
	fi
	http_t=
}

# as TOKEN COMMAND...: the command with another identity, here.
as()
{
	as_old=$TOKEN
	TOKEN=$1
	shift
	"$@"
	TOKEN=$as_old
}

# field EXPRESSION: of the last reply's JSON, as jq -r prints it.
field()
{
	jq -r "$1" "$BODY" 2>/dev/null
}

# make_user NAME: prints a token of a new user.
make_user()
{
	api POST /api/v1/admin/users "{\"username\":\"$1\"}" >/dev/null
	api POST "/api/v1/users/$1/tokens" '{"name":"test"}' >/dev/null
	field .sha1
}

# Every git of a test is cut off from the host's configuration.
GIT_CONFIG_NOSYSTEM=1
GIT_CONFIG_GLOBAL=$T/gitconfig
GIT_TERMINAL_PROMPT=0
GIT_AUTHOR_NAME=Test GIT_AUTHOR_EMAIL=test@example.org
GIT_COMMITTER_NAME=Test GIT_COMMITTER_EMAIL=test@example.org
export GIT_CONFIG_NOSYSTEM GIT_CONFIG_GLOBAL GIT_TERMINAL_PROMPT
export GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL
printf '[init]\n\tdefaultBranch = main\n[safe]\n\tdirectory = *\n' \
    >"$GIT_CONFIG_GLOBAL"

# make_upstream [NAME]: a bare repository $T/up/NAME.git with one commit on
# main; $UPSTREAM is its file:// address, $WORK a clone to commit in.
make_upstream()
{
	up_n=${1:-calc}
	mkdir -p "$T/up"
	git init -q --bare "$T/up/$up_n.git"
	git clone -q "$T/up/$up_n.git" "$T/up/$up_n-work" 2>/dev/null
	WORK=$T/up/$up_n-work
	(
		cd "$WORK" || exit 1
		git checkout -q -b main 2>/dev/null
		printf 'one\n' >a.txt
		git add a.txt && git commit -q -m 'First' && git push -q origin main
	) || tap_bail 'make_upstream'
	git -C "$T/up/$up_n.git" symbolic-ref HEAD refs/heads/main
	chmod -R a+rX "$T/up"
	[ "$(id -u)" -ne 0 ] || [ -z "$HOME_DIR" ] ||
	    chown -R "$(stat -c %u "$HOME_DIR/db")" "$T/up"
	UPSTREAM=file://$T/up/$up_n.git
}

# make_project [NAME]: a project admin/NAME of make_upstream, synchronised;
# PROJECT=OWNER/NAME, PROJECT_ID.
make_project()
{
	make_upstream "${1:-calc}"
	api POST /api/coffer/v1/projects "{\"upstream\":\"$UPSTREAM\"}"
	[ "$STATUS" = 201 ] || tap_bail "project: $STATUS $(cat "$BODY")"
	PROJECT=$(field .full_name)
	PROJECT_ID=$(field .id)
	api POST "/api/coffer/v1/projects/$PROJECT/sync?wait=30"
	[ "$STATUS" = 200 ] || tap_bail "sync: $STATUS $(cat "$BODY")"
}

# git_as TOKEN ARGUMENT...: git with that credential for cofferd.
git_as()
{
	git_token=$1
	shift
	git -c "http.extraHeader=Authorization: Bearer $git_token" "$@"
}

# push_branch BRANCH FILE TEXT [TOKEN]: one commit on top of main's tip as
# cofferd has it, pushed there; SHA is its id.
push_branch()
{
	SHA=$(
		cd "$WORK" || exit 1
		git_as "$ADMIN" fetch -q "$URL/$PROJECT.git" main &&
		    git checkout -q --detach FETCH_HEAD &&
		    mkdir -p "$(dirname "$2")" &&
		    printf '%s\n' "$3" >"$2" && git add "$2" &&
		    git commit -q -m "Write $2" &&
		    git_as "${4:-$ADMIN}" push -q "$URL/$PROJECT.git" \
			"+HEAD:refs/heads/$1" >&2 && git rev-parse HEAD
	) 2>"$T/push.err"
}
