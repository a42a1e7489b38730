#!/bin/sh
# agentd is killed at moments of a create, a start and a destroy: what is wanted comes about, once, and nothing that an engine
# has of it is left over.  For check.sh engines only.
SYSTEM=$(cd "$(dirname "$0")/../system" && pwd)
# shellcheck disable=SC1091
. "$SYSTEM/lib.sh"
# shellcheck disable=SC1091
. "$SYSTEM/cli_lib.sh"

[ -n "${COFFER_TEST_ENGINE-}" ] || tap_skip_all 'tests/check.sh engines runs it'
tap_plan 14
unset COFFER_TOKEN COFFER_URL
COFFER_HOME=$T/home
export COFFER_HOME
on_exit() {
	coffer down >/dev/null 2>&1
	lib_on_exit
}
trap on_exit EXIT
ours() {
	curl -s --unix-socket "$COFFER_TEST_SOCKET" "http://engine/v1.41/containers/json?all=1" |
	    jq -r --arg i "$INST" '[.[] | select(.Labels["coffer.inst"] == $i) | .Names[0] | ltrimstr("/")] | sort | join(" ")'
}
agentd_pid() { jq -r '.[] | select(.name == "agentd").pid' "$COFFER_HOME/run/services.json"; }
agentd_is_new() { P=$(agentd_pid); [ -n "$P" ] && [ "$P" != "$OLD" ] && kill -0 "$P" 2>/dev/null; }
# The supervisor gives up on one that ends too often: again from its beginning.
again() {
	coffer down >/dev/null 2>&1
	coffer up -d --listen 127.0.0.1:0 >/dev/null 2>&1
}
killed_after() { # SECONDS
	OLD=$(agentd_pid)
	sleep "$1"
	kill -KILL "$OLD"
	wait_for 30 agentd_is_new
}
runs() { [ "$(coffer exec "$1" -- echo here 2>/dev/null)" = here ]; }
has_two() { [ "$(ours)" = "coffer-$INST-holder-p$1 coffer-$INST-session-p$1" ]; }
has_none() { [ -z "$(ours)" ]; }

run setup
INST=$(cat "$COFFER_HOME/instance")
sed -i -e 's/^#* *allow_file_upstream.*/allow_file_upstream = yes/' "$COFFER_HOME/coffer.conf"
# shellcheck disable=SC2034
HOME_DIR=$COFFER_HOME
run up -d --listen 127.0.0.1:0
ID=0
for MS in 0.1 0.5; do
	ID=$((ID + 1))
	make_upstream "calc$ID"
	run create "$UPSTREAM" --network none
	killed_after "$MS"
	tap_ok "killed $MS s after a create: it runs" wait_for 60 runs "calc$ID"
	tap_ok 'with one holder and one session' wait_for 20 has_two "$ID"
	run stop "calc$ID"
	again
	coffer start "calc$ID" --no-wait >/dev/null 2>&1
	killed_after "$MS"
	tap_ok 'after a start: it runs' wait_for 60 runs "calc$ID"
	tap_ok 'with one holder and one session' wait_for 20 has_two "$ID"
	again
	wait_for 60 runs "calc$ID"
	coffer destroy "calc$ID" --yes --force >/dev/null 2>&1 &
	DESTROY=$!
	killed_after "$MS"
	wait "$DESTROY"
	coffer destroy "calc$ID" --yes --force >/dev/null 2>&1
	tap_ok 'in a destroy: no container is left' wait_for 60 has_none
	tap_is "$(ls "$COFFER_HOME/sandboxes/$ID" 2>/dev/null)" '' 'nor a file'
	again
done
tap_is "$(find /run/netns -name "coffer-$INST-p*" 2>/dev/null)" '' 'no namespace is left'
coffer down >/dev/null 2>&1
tap_is "$(grep -c "$COFFER_HOME" /proc/self/mountinfo)" 0 'and no mount'
tap_done
