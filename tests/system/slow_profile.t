#!/bin/sh
# A real root from Debian's packages, and a sandbox in it: needs the network.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
command -v mmdebstrap >/dev/null || tap_skip_all 'no mmdebstrap'
# Where this host has its packages from.
FROM=$(apt-get --print-uris update 2>/dev/null | sed -n "s/^'\([^']*\)'.*/\1/p" | head -n 1)
curl -sS -m 10 -o /dev/null "$FROM" 2>/dev/null || tap_skip_all 'Debian is not reached'
tap_plan 9
unset COFFER_TOKEN COFFER_URL
COFFER_HOME=$T/home
export COFFER_HOME
profile_on_exit() {
	coffer down >/dev/null 2>&1
	lib_on_exit
}
trap profile_on_exit EXIT
run setup
sed -i -e 's/^#* *allow_file_upstream.*/allow_file_upstream = yes/' \
    -e "s|^\[agentd\]|[agentd]\nprompts_dir = $PWD/prompts|" "$COFFER_HOME/coffer.conf"
mkdir -p "$COFFER_HOME/profiles/small"
printf 'bash\nbyobu\nca-certificates\ngit\nopenssh-server\nhello\n' >"$COFFER_HOME/profiles/small/packages"
run profile build small
tap_is "$RC" 0 'a root is built'
HOME_DIR=$COFFER_HOME
make_upstream calc
run up -d --listen 127.0.0.1:0
run create "$UPSTREAM" --network none --profile small --wait --timeout 90s \
    -- /bin/sh -c 'command -v hello >/run/coffer/out/message.md'
tap_is "$RC" 0 'a sandbox has it'
in_session() { coffer exec calc -- "$@"; }
# hello is not on this host.
tap_not 'this host does not have the program' command -v hello
tap_ok 'the sandbox does' in_session sh -c 'command -v hello'
tap_is "$(in_session id -u)" 1000 'as uid 1000'
tap_not 'the root is not written to' in_session touch /usr/x
PROJECT=$(coffer status calc --json | jq -r .project.full_name)
# shellcheck disable=SC2016
tap_ok 'git reaches the project' in_session sh -c "git clone -q http://coffer/$PROJECT.git /tmp/c"
URL=http://$(cat "$COFFER_HOME/run/cofferd.addr")
ADMIN=$(cat "$COFFER_HOME/secrets/admin.token")
api POST "/api/v1/repos/$PROJECT/issues" '{"title":"x","body":"y"}'
api POST "/api/v1/repos/$PROJECT/issues/$(field .number)/comments" '{"body":"/explain"}'
run_is_over() { api GET "/api/coffer/v1/runs?project=$PROJECT"; [ "$(field '.[0].state')" = "done" ]; }
tap_ok 'so does a run' wait_for 60 run_is_over
tap_ok 'which had the program' test "$(field '.[0].message' | grep -c hello)" = 1
tap_done
