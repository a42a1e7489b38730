#!/bin/sh
# agentd is killed while a sandbox is paused, and twice while one is
# made anew: what is wanted comes about, once, with nothing left over.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
tap_plan 8
unset COFFER_TOKEN COFFER_URL
COFFER_HOME=$T/home
export COFFER_HOME
crash_on_exit() {
	coffer down >/dev/null 2>&1
	lib_on_exit
}
trap crash_on_exit EXIT
run setup
sed -i -e 's/^#* *allow_file_upstream.*/allow_file_upstream = yes/' \
    -e "s|^\[agentd\]|[agentd]\nprompts_dir = $PWD/prompts|" "$COFFER_HOME/coffer.conf"
HOME_DIR=$COFFER_HOME
make_upstream calc
run up -d --listen 127.0.0.1:0
run create "$UPSTREAM" --network none --disk 64M --wait --timeout 60s
tap_is "$RC" 0 'a sandbox'
[ "$RC" = 0 ] || sed 's/^/# /' "$T/err"
sandbox() { coffer status calc --json | jq -r ".project.sandbox.$1"; }
in_session() { coffer exec calc -- "$@"; }
agentd_pid() { jq -r '.[] | select(.name == "agentd").pid' "$COFFER_HOME/run/services.json"; }
kill_agentd() {
	OLD=$(agentd_pid)
	kill -9 "$OLD"
}
agentd_is_new() { P=$(agentd_pid); [ -n "$P" ] && [ "$P" != "$OLD" ] && kill -0 "$P" 2>/dev/null; }
is_made() { [ "$(sandbox state),$(sandbox generation)" = "running,$1" ] && in_session true 2>/dev/null; }
state_is() { [ "$(sandbox state)" = "$1" ]; }

in_session sh -c 'echo kept >/work/kept'
run pause calc
kill_agentd
tap_ok 'agentd is killed while it is paused' wait_for 30 agentd_is_new
sleep 1
tap_is "$(sandbox state)" paused 'it stays so'
run unpause calc
tap_is "$RC,$(in_session cat /work/kept)" 0,kept 'and goes on'

# At other moments each time; the supervisor gives up on one that ends too often.
G=0
for MS in 0.05 0.3; do
	G=$((G + 1))
	in_session sh -c 'echo old >/work/old' 2>/dev/null
	coffer recreate calc --yes --force --no-wait >/dev/null 2>&1
	sleep "$MS"
	kill_agentd
	tap_ok "killed $MS s after a recreate: it is made all the same" wait_for 60 is_made "$G"
	tap_not 'from an empty workspace' in_session test -e /work/old
done
tap_done
