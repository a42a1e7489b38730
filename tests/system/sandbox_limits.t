#!/bin/sh
# Limits of a sandbox and what it uses: shown, and told by name when one is
# reached: memory, processes, disk, time.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
tap_plan 23
unset COFFER_TOKEN COFFER_URL
COFFER_HOME=$T/home
export COFFER_HOME
limits_on_exit() {
	coffer down >/dev/null 2>&1
	lib_on_exit
}
trap limits_on_exit EXIT
run setup
sed -i -e 's/^#* *allow_file_upstream.*/allow_file_upstream = yes/' \
    -e "s|^\[agentd\]|[agentd]\nprompts_dir = $PWD/prompts|" "$COFFER_HOME/coffer.conf"
HOME_DIR=$COFFER_HOME
make_upstream calc
run up -d --listen 127.0.0.1:0
URL=http://$(cat "$COFFER_HOME/run/cofferd.addr")
ADMIN=$(cat "$COFFER_HOME/secrets/admin.token")
run create "$UPSTREAM" --network none --memory 128M --pids 40 --disk 64M --wait --timeout 60s \
    -- /bin/sh -c 'tail -c 400m /dev/zero | tail -c 300m >/dev/null; exit 9'
tap_is "$RC" 0 'create with small limits'
PROJECT=$(coffer status calc --json | jq -r .project.full_name)
sandbox() { coffer status calc --json | jq -r ".project.sandbox.$1"; }
in_session() { coffer exec calc -- "$@"; }
use_is_known() { [ "$(sandbox use)" != null ]; }
cause_is() { [ "$(sandbox cause)" = "$1" ]; }

tap_ok 'what it uses is known' wait_for 15 use_is_known
tap_is "$(sandbox use.memory_max),$(sandbox use.pids_max),$(sandbox use.cpu_max_milli)" \
    134217728,40,2000 'with its limits'
tap_ok 'and is more than nothing' test "$(sandbox use.memory)" -gt 0 -a "$(sandbox use.pids)" -gt 0
NET=$(sandbox use.net_received)
in_session git clone -q http://coffer/admin/calc.git counted
more_came() { [ "$(sandbox use.net_received)" -gt "$NET" ] && [ "$(sandbox use.net_sent)" -gt 0 ]; }
tap_ok 'what goes over its link is counted' wait_for 15 more_came
coffer top --json >"$T/top"
tap_ok 'coffer top has it' jq -e '.[0] | .net_sent > 0 and .net_received > 0' "$T/top"
DISK=$(sandbox use.disk_max)
tap_ok 'the disk is bounded' test "$DISK" -gt 30000000 -a "$DISK" -le 67108864
run status calc
cp "$T/out" "$T/status"
tap_ok 'status shows it' out_has 'use .*memory [0-9]*M of 128M'
run status --watch --times 2 --every 100ms
tap_is "$RC,$(grep -c '/128M' "$T/out")" 0,2 'status --watch, twice'

# What it is made with, and a lockdown, live.
tap_ok 'with what it is made' grep -q "driver  *${COFFER_TEST_MADE:-oci}" "$T/status"
run net calc lockdown
run status calc
tap_ok 'status shows a lockdown' out_has 'network  *none, lockdown'
run status
tap_ok 'of every project' out_has 'running (lockdown)'
coffer status --watch --times 30 --every 100ms >"$T/watch" &
WATCH=$!
sleep 1
run net calc unlock
wait "$WATCH"
tap_is "$(grep calc "$T/watch" | grep -c LOCKED | sed 's/^[1-9].*/some/'),$(grep calc "$T/watch" | tail -n 1 | grep -c LOCKED)" \
    some,0 'status --watch follows it'

# Memory: the program is ended, the sandbox is not, and the word says it.
tap_not 'a program over the limit is ended' in_session sh -c 'tail -c 400m /dev/zero | tail -c 300m >/dev/null'
tap_ok 'and told: oom' wait_for 15 cause_is oom
tap_is "$(sandbox state)" running 'the sandbox goes on'

# Processes.
in_session sh -c 'i=0; while [ $i -lt 60 ]; do sleep 3 & i=$((i + 1)); done; wait' >/dev/null 2>&1
tap_ok 'too many processes: pids' wait_for 15 cause_is pids

# Disk, when there is room for one more process.
wait_for 15 in_session true
tap_ok 'a file over the limit is refused' \
    in_session sh -c 'dd if=/dev/zero of=/work/big bs=1M count=200 2>&1 | grep "No space left"'
tap_ok 'and told: disk-full' wait_for 15 cause_is disk-full
in_session rm -f /work/big
tap_ok 'and taken back' wait_for 15 cause_is ''

# A run ends in a state with a name.
api POST "/api/v1/repos/$PROJECT/issues" '{"title":"x","body":"y"}'
NUMBER=$(field .number)
api POST "/api/v1/repos/$PROJECT/issues/$NUMBER/comments" '{"body":"/explain"}'
run_why() { api GET "/api/coffer/v1/runs?project=$PROJECT"; field '.[0].why // ""'; }
run_is_over() { api GET "/api/coffer/v1/runs?project=$PROJECT"; [ "$(field '.[0].state')" = failed ]; }
tap_ok 'a run that is ended for memory fails' wait_for 60 run_is_over
tap_is "$(run_why)" 'agent: out of memory' 'and says so'
tap_is "$(sandbox state)" running 'its sandbox goes on'
tap_done
