#!/bin/sh
# agentd is killed at each step of a first start, a later one, one that makes
# the sandbox anew, a pause and a removal: what is wanted comes about all the
# same, once, and nothing is left over.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
[ "${V:-debug}" != release ] || tap_skip_all 'a release build is not killed'
unset COFFER_TOKEN COFFER_URL
COFFER_HOME=$T/home
COFFER_FAIL_FILE=$T/fail
export COFFER_HOME COFFER_FAIL_FILE
kill_on_exit() {
	stop_all
	"$O/bin/coffer-agentd" --home "$COFFER_HOME" --teardown >/dev/null 2>&1
	"$O/bin/coffer-router" --home "$COFFER_HOME" --teardown >/dev/null 2>&1
	coffer down >/dev/null 2>&1
	lib_on_exit
}
trap kill_on_exit EXIT
run setup
sed -i -e 's/^#* *allow_file_upstream.*/allow_file_upstream = yes/' \
    -e "s|^\[agentd\]|[agentd]\nprompts_dir = $PWD/prompts|" "$COFFER_HOME/coffer.conf"
HOME_DIR=$COFFER_HOME
make_upstream calc
run up -d --no-sandboxes --listen 127.0.0.1:0
start "$T/router.log" "$O/bin/coffer-router" --home "$COFFER_HOME"
wait_for 10 test -S "$COFFER_HOME/run/router.sock"
start_agentd() {
	start "$T/agentd.log" "$O/bin/coffer-agentd" --home "$COFFER_HOME"
	AGENTD_PID=$PID
}
start_agentd
INST=$(cat "$COFFER_HOME/instance")
sandbox() { coffer status "$1" --json | jq -r ".project.sandbox.$2"; }
is() { [ "$(sandbox "$1" state)" = "$2" ]; }
is_made() { [ "$(sandbox "$1" state),$(sandbox "$1" generation)" = "running,$2" ]; }
works() { coffer exec "$1" -- true; }
is_gone() { ! coffer status "$1"; }
agentd_died() { ! kill -0 "$AGENTD_PID" 2>/dev/null || grep -q '^State:	Z' "/proc/$AGENTD_PID/status"; }
# What there is of project ID outside of its folder.
left_of() {
	{
		ls -d "$COFFER_HOME/sandboxes/$1" "/run/netns/coffer-$INST-p$1"
		grep " $COFFER_HOME/sandboxes/$1/" /proc/self/mounts
		losetup -a | grep "$COFFER_HOME/sandboxes/$1/"
		find "$COFFER_HOME/run/runc" -maxdepth 1 -name "*-p$1"
		grep -ls "coffer-$INST.*-p$1\$" /proc/[0-9]*/cgroup
	} 2>/dev/null
}

# at STEP COMMAND...: agentd is killed there while it does that, and started
# again.
at() {
	echo "seq $1" >"$COFFER_FAIL_FILE"
	shift
	run "$@"
	if ! wait_for 15 agentd_died; then
		echo "# it was not killed: $*"
		rm -f "$COFFER_FAIL_FILE"
		return 1
	fi
	wait "$AGENTD_PID" 2>/dev/null
	start_agentd
}

UP='desired state,workspace,make the workspace,make the workspace+,mount the workspace,mount the workspace+,own the workspace+,network,hold the namespace+,make the namespace+,harden the namespace+,wire the router'\''s end+,wire the project'\''s end+,check the namespace,router,router+,self-test,session,prepare the sandbox+,start the sandbox,start the sandbox+,pause'
AGAIN='desired state+,workspace+,mount the workspace+,network+,router+,session+,start the sandbox+'
RENEW='what is asked for,end the session,end the session+,remove the session+,set the workspace aside,set the workspace aside+,take the new settings+,make the workspace+,session+,drop the old workspace'
FREEZE='desired state,pause the session,pause the session+'
THAW='resume the session,resume the session+,desired state+'
GONE='desired state,end the sandbox,end the sandbox+,remove the sandbox+,remove the bundle,router+,remove the link+,remove the namespace+,release the namespace,unmount the workspace,unmount the workspace+,delete the workspace,delete the workspace+'

# moments LIST FUNCTION: for each of the list.
moments() {
	moments_rest=$1,
	while [ -n "$moments_rest" ]; do
		MOMENT=${moments_rest%%,*}
		moments_rest=${moments_rest#*,}
		$2
	done
}

N=0
first() {
	N=$((N + 1))
	run create "$UPSTREAM" --name "c$N" --network none --disk 64M --no-start
	tap_ok "a first start, killed at: $MOMENT" first_is_made
}
first_is_made() {
	at "$MOMENT" start "c$N" --no-wait && wait_for 20 is "c$N" running && works "c$N"
}
LAST=0
gone() {
	[ "$LAST" -lt "$N" ] || return 0
	LAST=$((LAST + 1))
	tap_ok "a removal, killed at: $MOMENT" gone_is_made
}
gone_is_made() {
	gone_id=$(coffer status "c$LAST" --json | jq -r .project.id)
	at "$MOMENT" destroy "c$LAST" --yes --force --no-wait && wait_for 20 is_gone "c$LAST" || return 1
	LEFT=$(left_of "$gone_id")
	echo "$LEFT"
	[ -z "$LEFT" ]
}
again() { tap_ok "a start, killed at: $MOMENT" again_is_made; }
again_is_made() {
	run stop calc --timeout 20s && [ "$RC" = 0 ] && at "$MOMENT" start calc --no-wait &&
	    wait_for 20 is calc running && [ "$(coffer exec calc -- cat /work/kept)" = kept ]
}
G=0
renew() { tap_ok "made anew, killed at: $MOMENT" renew_is_made; }
renew_is_made() {
	G=$((G + 1))
	coffer exec calc -- sh -c 'echo old >/work/old'
	at "$MOMENT" recreate calc --yes --force --no-wait &&
	    wait_for 20 is_made calc "$G" && works calc && ! coffer exec calc -- test -e /work/old
}
freeze() { tap_ok "a pause, killed at: $MOMENT" freeze_is_made; }
freeze_is_made() {
	at "$MOMENT" pause calc --no-wait && wait_for 20 is calc paused &&
	    run unpause calc --timeout 20s && [ "$RC" = 0 ] && works calc
}
thaw() { tap_ok "the end of a pause, killed at: $MOMENT" thaw_is_made; }
thaw_is_made() {
	run pause calc --timeout 20s && [ "$RC" = 0 ] && at "$MOMENT" unpause calc --no-wait &&
	    wait_for 20 is calc running && works calc
}

moments "$UP" first
moments "$GONE" gone
run create "$UPSTREAM" --network none --disk 64M --wait --timeout 30s
tap_is "$RC" 0 'one that stays'
coffer exec calc -- sh -c 'echo kept >/work/kept'
moments "$AGAIN" again
moments "$FREEZE" freeze
moments "$THAW" thaw
moments "$RENEW" renew
tap_is "$(find /run/netns -name "coffer-$INST-p*" | wc -l)" "$(coffer status --json | jq '.projects | length')" \
    'a namespace for each project there is'
tap_done
