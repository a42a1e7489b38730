#!/bin/sh
# Each option of create and recreate: what it does in the sandbox, or the
# reason why this machine or any refuses it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
tap_plan 38
. "$SYSTEM_DIR/sandbox_lib.sh"

# What no sandbox gets, each with a reason of its own.
refused() { # REASON OPTION...
	reason=$1
	shift
	run create "$UPSTREAM" "$@"
	tap_is "$RC,$(grep -c -e "$reason" "$T/err")" 3,1 "create $* is refused, with the reason"
}
refused 'it leaves by git' --rw /srv
refused 'no sandbox any more' --privileged
refused "the host's kernel" --device /dev/kvm
refused 'no capabilities' --cap-add NET_ADMIN
refused 'listens on the host' --publish 8080:80
refused 'processes of others' --pid host
refused 'memory of others' --ipc host
refused 'users of its own' --userns host
refused '--docker needs --runtime sysbox-runc' --docker
refused '--docker needs --runtime sysbox-runc' --docker --runtime runc

# Out of bounds, or nothing that there is.
for OPTION in '--memory 1M' '--cpus 100000' '--pids 1' '--disk 1M' '--wall 1s' '--network wild' '--ro relative'; do
	# shellcheck disable=SC2086
	run create "$UPSTREAM" $OPTION --no-start
	tap_ok "create $OPTION says what is wrong" test "$RC" = 1 -a -s "$T/err"
done
run create "$UPSTREAM" --agent clod --no-start
tap_is "$RC,$(tr -c 'a-z\n' '\n' <"$T/err" | grep -cxE 'command|claude|codex|goose|opencode')" 1,5 \
    'create --agent with none that there is names those that there are'
tap_is "$(sed -n 's/^	\.name = "\(.*\)",/\1/p' agentd/agent/agent_*.c | sort | tr '\n' ' ')" \
    'claude codex command goose opencode ' 'which are all that agentd has'
run status
tap_not 'nothing of all that was made' out_has calc

echo shared >"$SHARE/hello"
run create "$UPSTREAM" --network none --memory 200M --cpus 1 --pids 64 --disk 80M --wall 10s \
    --branch dev --ro "$SHARE" --entrypoint 'sh -c echo>/tmp/entry;exec/bin/true' --wait --timeout 60s \
    -- /bin/sh -c 'git -C /work/calc symbolic-ref --short HEAD >/run/coffer/out/message.md 2>&1; sleep 60'
tap_is "$RC" 0 'create with all that there is'
use_is_known() { [ "$(sandbox use.memory_max)" != -1 ] && [ "$(sandbox use)" != null ]; }
wait_for 15 use_is_known
tap_is "$(sandbox use.memory_max),$(sandbox use.pids_max),$(sandbox use.cpu_max_milli)" 209715200,64,1000 \
    '--memory, --pids and --cpus'
# Two that spin get one CPU.
SPUN=$(in_session sh -c 'for i in 1 2; do timeout 1 sh -c "while :; do :; done" & done; wait; times' | tail -n 1)
tap_ok "which holds ($SPUN)" sh -c "echo '$SPUN' | awk '{ n = split(\$1, t, /[ms]/); exit !(n > 1 && t[1] * 60 + t[2] > 0.05 && t[1] * 60 + t[2] < 1.6) }'"
tap_ok '--disk' in_session sh -c 'test "$(df -m /work | awk "NR == 2 { print \$2 }")" -le 80'
tap_is "$(in_session cat "/mnt/$(basename "$SHARE")/hello")" shared '--ro'
tap_is "$(in_session cat /run/coffer/live/branch)" dev '--branch'
tap_is "$(setting network)" none '--network'
PROJECT=$(coffer status calc --json | jq -r .project.full_name)
api POST "/api/v1/repos/$PROJECT/issues" '{"title":"x","body":"y"}'
api POST "/api/v1/repos/$PROJECT/issues/$(field .number)/comments" '{"body":"/explain"}'
run_is_over() { api GET "/api/coffer/v1/runs?project=$PROJECT"; [ "$(field '.[0].state')" = timed_out ]; }
tap_ok '--wall ends a run' wait_for 40 run_is_over

# What this machine, or this driver, does not have: the reason is in status.
lacks() { # REASON OPTION...
	reason=$1
	shift
	run recreate calc --yes --force "$@" --timeout 30s
	tap_is "$RC,$(sandbox state),$(grep -c -e "$reason" "$T/err")" 1,running,1 "recreate $* is refused, with the reason"
}
lacks 'has no GPUs' --gpus all
lacks 'has the runtime runc, not crun' --runtime crun
lacks 'has the runtime runc, not sysbox-runc' --runtime sysbox-runc --docker
lacks 'driver' --driver engine
lacks 'coffer profile build c' --profile c
tap_is "$(setting driver),$(setting runtime),$(setting gpus),$(setting profile),$(setting docker)" ,,,,false \
    'the settings are those of the sandbox that is there'
tap_is "$(sandbox state),$(sandbox cause)" running,refused 'why not is shown'
tap_is "$(sandbox generation)" 0 'and nothing is made anew then'
run recreate calc --yes --force --profile '' --branch '' --timeout 30s
tap_is "$RC,$(setting memory),$(setting branch)" 0,209715200, 'recreate keeps what is not named'
tap_is "$(sandbox cause)" '' 'until one is made'
tap_done
