# shellcheck shell=bash disable=SC2034,SC2154
# loop_lib.sh: a HOME of its own with everything up, and an upstream, for the
# benches of the loop.  Set O before; gives $top, $url, $port, $token, $pids, die, coffer, api.
[ "$(id -u)" = 0 ] || { echo 'bench loop: sandboxes need root' >&2; exit 1; }
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
api() { curl -sS -K "$top/curlrc" -X "$1" -H 'Content-Type: application/json' ${3:+-d "$3"} "$url$2"; }

# loop_up LINE: with that in [agentd] ("": nothing); agents/stamp answers with the time.
loop_up() {
	tests/demo/upstream.sh "$top/up/tally.git" || die 'no upstream'
	perl tests/demo/git-http.pl "$top/up" "$top/port" &
	pids+=($!)
	for _ in $(seq 100); do [ -s "$top/port" ] && break; sleep 0.05; done
	coffer setup >"$top/log" 2>&1 || die "$(cat "$top/log")"
	[ -z "$1" ] || sed -i "s|^\[agentd\]|[agentd]\n$1|" "$COFFER_HOME/coffer.conf"
	port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen=>1,LocalAddr=>"127.0.0.1")->sockport')
	coffer up -d --listen "127.0.0.1:$port" >"$top/log" 2>&1 || die "$(cat "$top/log")"
	url=http://127.0.0.1:$port
	token=$(cat "$COFFER_HOME/secrets/admin.token")
	printf 'header = "Authorization: Bearer %s"\n' "$token" >"$top/curlrc"
	chmod 600 "$top/curlrc"
	mkdir -p "$COFFER_HOME/agents"
	# shellcheck disable=SC2016 # the agent expands it
	printf '#!/bin/sh\ndate +%%s%%N >"$COFFER_OUT"\n' >"$COFFER_HOME/agents/stamp"
	chmod 755 "$COFFER_HOME/agents/stamp"
}
