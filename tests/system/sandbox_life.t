#!/bin/sh
# The life of a sandbox by the command line: options, pause, set-branch, what
# is refused because it would lose work, recreate, --all, destroy.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
tap_plan 52
. "$SYSTEM_DIR/sandbox_lib.sh"

# What no sandbox gets, before anything is made.
for OPTION in '--rw /srv' '--privileged' '--device /dev/kvm' '--cap-add ALL' '--pid host' '--docker'; do
	# shellcheck disable=SC2086
	run create "$UPSTREAM" $OPTION
	tap_is "$RC,$(grep -c refused "$T/err")" "3,$([ "$OPTION" = --docker ] && echo 0 || echo 1)" "create $OPTION"
done
run create "$UPSTREAM" --memory 1 --no-start
tap_is "$RC" 1 'a limit out of its bounds'
run status
tap_not 'no project was left' out_has calc

echo shared >"$SHARE/hello"
run create "$UPSTREAM" --network none --memory 256M --pids 100 --ro "$SHARE" \
    --entrypoint 'sh -c exec>/tmp/entry;echo;entered' --wait --timeout 60s
tap_is "$RC" 0 'create with options'
tap_is "$(setting memory),$(setting pids),$(setting network),$(setting 'ro[0]')" \
    "268435456,100,none,$SHARE" 'which are kept'
NAME=/mnt/$(basename "$SHARE")
tap_is "$(in_session cat "$NAME/hello")" shared 'a folder of the host is there'
tap_not 'and is not written to' in_session sh -c "echo x >$NAME/x"
tap_ok 'the entrypoint ran' wait_for 10 in_session test -e /tmp/entry

# Pause: nothing in it moves, and nothing begins.
in_session sh -c 'setsid sh -c "while :; do date +%s%N >/tmp/beat; sleep 0.1; done" >/dev/null 2>&1 &'
run pause calc
tap_is "$RC,$(sandbox state),$(sandbox want)" 0,paused,paused 'pause'
run exec calc -- true
tap_is "$RC,$(grep -c 'coffer unpause admin/calc' "$T/err")" 1,1 'nothing begins in it, and the way on is told'
run pause calc
tap_is "$RC" 0 'once more is fine'
run unpause --all
tap_is "$RC,$(sandbox state)" 0,running 'unpause --all'
tap_ok 'it goes on' in_session test -e /tmp/beat

# What was so once is not taken for an answer: agentd does not move.
AGENTD_PID=$(jq -r '.[] | select(.name == "agentd").pid' "$COFFER_HOME/run/services.json")
# 0 would stop the test itself.
[ "${AGENTD_PID:-0}" -gt 1 ] || tap_bail 'no coffer-agentd'
is_away() { [ "$(sandbox served)" = false ]; }
kill -STOP "$AGENTD_PID"
wait_for 30 is_away
run start calc --timeout 2s
tap_is "$RC,$(sandbox state)" 124,running 'start while agentd is away is no success'
tap_ok 'it says so' err_has 'no coffer-agentd'
run destroy calc --yes
tap_is "$RC" 3 'destroy finds nobody who could look'
kill -CONT "$AGENTD_PID"
run start calc --timeout 30s
tap_is "$RC" 0 'it is one when agentd is back'

# The branch it works on.
run set-branch calc nowhere
tap_is "$RC" 1 'set-branch: one that is not there'
run set-branch calc dev
tap_is "$RC,$(setting branch)" 0,dev 'set-branch'
# shellcheck disable=SC2016
tap_is "$(in_session sh -c 'cd /work && git tree >/dev/null 2>&1; git -C /work/calc symbolic-ref --short HEAD')" \
    dev 'git tree takes it'
run stop calc && run start calc
tap_is "$(in_session cat /run/coffer/live/branch)" dev 'it is kept over a stop'

# Work that would be lost.
run recreate calc --yes --timeout 60s
tap_is "$RC,$(sandbox generation)" 0,1 'recreate of one without work'
tap_not 'from an empty workspace' in_session test -e /work/calc
tap_is "$(setting memory),$(setting branch)" 268435456,dev 'with its settings'
in_session sh -c 'cd /work && git tree >/dev/null 2>&1; cd calc && echo 1 >f && git add f && git commit -qm mine && echo 2 >g'
run recreate calc --yes
tap_is "$RC,$(sandbox generation)" 3,1 'recreate is refused while there is'
tap_ok 'it says what' grep -q '/work/calc (dev): 1 uncommitted files 1 unpushed commits' "$T/err"
run destroy calc --yes
tap_is "$RC" 3 'so is destroy'
run stop calc
run destroy calc --yes
tap_is "$RC,$(sandbox state)" 3,stopped 'of one that is stopped as well'
run start calc
tap_ok 'nothing was lost' in_session test -e /work/calc/g

# What cannot be made anew leaves the old one.
run recreate calc --yes --force --profile never-built --timeout 30s
tap_is "$RC,$(sandbox state)" 1,running 'recreate from a profile that is not built'
tap_ok 'it says what to do' err_has 'coffer profile build never-built'
tap_ok 'the old one is there' in_session test -e /work/calc/g
tap_is "$(setting profile),$(sandbox cause)" ,refused 'and its profile, and why'
for OPTION in "--driver ${COFFER_TEST_OTHER:-engine}" '--runtime nonesuch' '--gpus all' '--ro /etc'; do
	# shellcheck disable=SC2086
	run recreate calc --yes --force --profile '' $OPTION --timeout 30s
	tap_is "$RC,$(sandbox state)" 1,running "nor with $OPTION"
done
tap_is "$(setting driver),$(setting runtime),$(setting gpus),$(setting 'ro | length')" ,,,1 'none of it is kept'
IS=$(setting network),$(setting agent),$(setting wall_s)
run recreate calc --yes --force --gpus all --network open --agent claude --wall 2m --timeout 30s
tap_is "$RC,$(setting network),$(setting agent),$(setting wall_s)" "1,$IS" 'nor what needs no other sandbox'
run recreate calc --yes --force --gpus all --network off --timeout 30s
tap_is "$RC,$(setting network)" 1,off 'but a network that lets out less'
run settings calc network=none
network_is_none() { coffer exec calc -- curl -sS -o /dev/null http://coffer/; }
wait_for 20 network_is_none
tap_ok 'it is still the old one' in_session test -e /work/calc/g
run recreate calc --yes --force --memory 512M --timeout 60s
tap_is "$RC,$(setting memory),$(setting branch)" 0,536870912,dev 'recreate --force with another limit'
tap_not 'it is new' in_session test -e /work/calc

in_session sh -c 'cd /work && git tree >/dev/null 2>&1; cd calc && echo 1 >f'
make_upstream spare
run create "$UPSTREAM" --network none --no-start
run recreate calc --all --yes
tap_is "$RC" 2 'a PROJECT or --all'
run destroy --all --yes
tap_is "$RC,$(sandbox state),$(coffer status --json | jq '.projects | length')" 3,running,1 'destroy --all: but what would be lost'
run destroy --all --yes --force
tap_is "$RC" 0 'destroy --all --force'
tap_not 'nothing of it is left' ls "$COFFER_HOME/sandboxes/1"
tap_done
