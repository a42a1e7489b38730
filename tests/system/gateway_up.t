#!/bin/sh
# The gateway among the services that `coffer up` runs.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/gateway_lib.sh"
. "$(dirname "$0")/web_lib.sh"
[ "$(id -u)" -eq 0 ] || tap_skip_all 'needs root'
command -v runc >/dev/null || tap_skip_all 'needs runc'
HOME_DIR=$T/home
COFFER_HOME=$HOME_DIR
export COFFER_HOME
trap '"$O/bin/coffer" down >/dev/null 2>&1; lib_on_exit' EXIT
coffer() { "$O/bin/coffer" "$@"; }
coffer setup >"$T/out" 2>&1 || tap_bail "$(cat "$T/out")"
port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport')
tap_ok 'up starts everything' coffer up -d --listen "127.0.0.1:$port"
coffer status --json >"$T/status"
tap_is "$(jq -r '.services[] | select(.name == "gateway") | .state' "$T/status")" up 'the gateway with it'
G=$(jq -r '.services[] | select(.name == "gateway") | .pid' "$T/status")
tap_is "$(awk '/^Uid/ { print $2 }' "/proc/$G/status")" 64104 'as its own user'
tap_ok 'it takes orders' control '{"op":"hello"}'
tap_is "$(field '[.providers[] | select(.ready)] | length')" 0 'no provider is ready'
tap_ok 'a key is given' sh -c "echo $KEY | '$O/bin/coffer' model key anthropic"
control '{"op":"hello"}'
tap_is "$(field '[.providers[] | select(.ready) | .name] | join(" ")')" anthropic 'and is seen at once'
kill -KILL "$G"
again() { [ "$(coffer status --json | jq -r '.services[] | select(.name == "gateway") | "\(.state) \(.restarts)"')" = 'up 1' ]; }
tap_ok 'killed, it comes back' wait_for 15 again
G=$(coffer status --json | jq -r '.services[] | select(.name == "gateway") | .pid')
kill -KILL "$(cat "/proc/$G/task/$G/children")"
anew() { [ "$(coffer status --json | jq -r '.services[] | select(.name == "gateway") | "\(.state) \(.restarts)"')" = 'up 2' ]; }
tap_ok 'so it does when nothing puts its journal on the disk' wait_for 60 anew
coffer model list >"$T/models" 2>&1
tap_ok 'and has its keys' grep -q '^anthropic  *anthropic  *ready' "$T/models"
URL=http://127.0.0.1:$port
ADMIN=$(cat "$HOME_DIR/secrets/admin.token")
all_up() {
	api GET /metrics
	[ "$(awk '/^coffer_(agentd|router|gateway)_up / { n += $2 } END { print n }' "$BODY")" = 3 ]
}
tap_ok 'the metrics have agentd, the router and the gateway' wait_for 40 all_up
tap_is "$(awk '/^coffer_agentd_runs/ { print $2 }' "$BODY" | paste -sd,)" 0,0 'no run waits or goes on'
sign_in admin "$ADMIN"
OURS=$("$O/bin/cofferd" --version | sed 's/.* //')
versions() { page GET /-/admin/health && [ "$(grep -o "answers agentd</span> $OURS<" "$BODY" | wc -l)" = 2 ]; }
tap_ok 'the health page has the versions of the router and the gateway' wait_for 40 versions
# set_row WHAT: the audit log has it
set_row() {
	api GET '/api/coffer/v1/audit?what=gateway&limit=100'
	grep -qF "$1" "$BODY"
}
tap_ok 'the key that was given is in the audit log' wait_for 40 set_row '"key anthropic"'
tap_not 'but not what it is' grep -q "$KEY" "$BODY"
tap_is "$(field '[.rows[] | select(.subject == "defaults" or .subject == "prices") | .what] | unique | join(",")')" gateway.created 'so are the defaults and the prices'
coffer budget set 50 >/dev/null
tap_ok 'a budget is, too' wait_for 40 set_row 'budget all'
coffer budget freeze >/dev/null
frozen() { api GET '/api/coffer/v1/audit?what=gateway.changed' && [ "$(field '.rows[-1] | .subject + " " + (.old | fromjson | .frozen | tostring) + " " + (.new | fromjson | .frozen | tostring)')" = 'budget all false true' ]; }
tap_ok 'and that it is frozen' wait_for 40 frozen
coffer model key anthropic --remove --yes >/dev/null
no_key() { api GET '/api/coffer/v1/audit?what=gateway.deleted' && [ "$(field '.rows[-1].subject')" = 'key anthropic' ]; }
tap_ok 'and that the key was taken away' wait_for 40 no_key
api GET '/api/coffer/v1/audit?what=gateway'
ROWS=$(field '.rows | length')
tellings() { grep -c 'modelset told' "$HOME_DIR/log/agentd.log"; }
TOLD=$(tellings)
kill "$(coffer status --json | jq -r '.services[] | select(.name == "agentd") | .pid')"
told() { [ "$(tellings)" -gt "$TOLD" ]; }
tap_ok 'an agentd that begins tells all of it again' wait_for 40 told
api GET '/api/coffer/v1/audit?what=gateway'
tap_is "$(field '.rows | length')" "$ROWS" 'which leaves no other row'
kill -STOP "$(coffer status --json | jq -r '.services[] | select(.name == "agentd") | .pid')"
agentd_down() {
	api GET /metrics
	[ "$(awk '/^coffer_(agentd|router|gateway)_up / { n += $2 } END { print n }' "$BODY")" = 0 ]
}
tap_ok 'an agentd that says nothing is not up, and nothing that it told of is' wait_for 40 agentd_down
kill -CONT "$(coffer status --json | jq -r '.services[] | select(.name == "agentd") | .pid')"
tap_ok 'down ends it' coffer down
tap_not 'for good' control '{"op":"hello"}'
tap_done
