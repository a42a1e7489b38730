#!/bin/sh
# An engine's runtime gives up to freeze a sandbox that is busy: it is asked again.  For check.sh engines only.
SYSTEM=$(cd "$(dirname "$0")/../system" && pwd)
# shellcheck disable=SC1091
. "$SYSTEM/lib.sh"
# shellcheck disable=SC1091
. "$SYSTEM/cli_lib.sh"

[ -n "${COFFER_TEST_ENGINE-}" ] || tap_skip_all 'tests/check.sh engines runs it'
tap_plan 7
unset COFFER_TOKEN COFFER_URL
COFFER_HOME=$T/home
export COFFER_HOME
PROXY=
on_exit() {
	coffer down >/dev/null 2>&1
	[ -z "$PROXY" ] || kill "$PROXY" 2>/dev/null
	lib_on_exit
}
trap on_exit EXIT
session_is() {
	[ "$(curl -s --unix-socket "$COFFER_TEST_SOCKET" "http://engine/v1.41/containers/coffer-$INST-session-p1/json" |
	    jq -r .State.Status)" = "$1" ]
}
# $T/refuse has so many lines as pauses are refused.
cat >"$T/hook" <<HOOK
case \$1 in */pause) ;; *) exit ;; esac
[ -s "$T/refuse" ] || exit
sed -i 1d "$T/refuse"
echo refused >>"$T/refused"
printf 'HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: 30\r\nConnection: close\r\n\r\n'
printf '{"message":"unable to freeze"}'
HOOK
perl "$SYSTEM/../engines/proxy.pl" "$T/proxy.sock" "$COFFER_TEST_SOCKET" "$T" 2>"$T/proxy.err" &
PROXY=$!
wait_for 10 test -S "$T/proxy.sock" || tap_bail "no proxy: $(cat "$T/proxy.err")"

run setup
INST=$(cat "$COFFER_HOME/instance")
sed -i -e "s|^engine_socket = .*|engine_socket = $T/proxy.sock|" \
    -e 's/^#* *allow_file_upstream.*/allow_file_upstream = yes/' "$COFFER_HOME/coffer.conf"
# shellcheck disable=SC2034
HOME_DIR=$COFFER_HOME
make_upstream calc
run up -d --listen 127.0.0.1:0
run create "$UPSTREAM" --network none --wait --timeout 60s
tap_is "$RC" 0 'create'
printf 'a\nb\nc\n' >"$T/refuse"
run pause calc
tap_is "$RC" 0 'pause'
tap_ok 'it is paused' wait_for 20 session_is paused
tap_is "$(grep -c refused "$T/refused")" 3 'after three refusals'
run unpause calc
tap_is "$RC" 0 'unpause'
tap_ok 'it runs' wait_for 20 session_is running
tap_is "$(coffer exec calc -- echo here)" here 'and obeys'
tap_done
