#!/bin/sh
# The engine ends and comes back under a project with a session: the sandbox is there again, or still, with its network; what
# a crash of ours left in the engine is swept; and down leaves nothing.  For check.sh engines only.
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
engine() { # METHOD PATH
	curl -s --unix-socket "$COFFER_TEST_SOCKET" -X "$1" "http://engine/v1.41$2"
}
ours() {
	engine GET "/containers/json?all=1" |
	    jq -r --arg i "$INST" '[.[] | select(.Labels["coffer.inst"] == $i) | .Names[0] | ltrimstr("/")] | sort | join(" ")'
}
restart() {
	was=$(cat "$COFFER_TEST_ENGINE/main")
	kill "$1" "$was"
	for _ in $(seq 900); do
		[ "$(cat "$COFFER_TEST_ENGINE/main")" != "$was" ] && engine GET /_ping >/dev/null && return 0
		sleep 0.1
	done
	return 1
}
here() { coffer exec calc -- echo here 2>/dev/null; }
is_here() { [ "$(here)" = here ]; }

run setup
INST=$(cat "$COFFER_HOME/instance")
sed -i -e 's/^#* *allow_file_upstream.*/allow_file_upstream = yes/' "$COFFER_HOME/coffer.conf"
# shellcheck disable=SC2034
HOME_DIR=$COFFER_HOME
make_upstream calc
run up -d --listen 127.0.0.1:0
tap_is "$RC" 0 'up'
run create "$UPSTREAM" --network none --wait --timeout 60s
tap_is "$RC" 0 'create'
tap_is "$(ours)" "coffer-$INST-holder-p1 coffer-$INST-session-p1" 'a holder and a session, and no other'
tap_is "$(engine GET "/containers/coffer-$INST-session-p1/json" | jq -c '[.HostConfig.Privileged, .HostConfig.CapAdd,
    .HostConfig.Devices, .HostConfig.PortBindings, .HostConfig.RestartPolicy.Name, .HostConfig.ReadonlyRootfs] |
    map(. // empty | select(. != [] and . != {}))')" '["no",true]' 'nothing that it must not have'
coffer exec calc -- sh -c 'echo kept >/work/kept' >/dev/null
tap_ok 'the engine is ended and comes back' restart -TERM
tap_ok 'the sandbox runs' wait_for 90 is_here
tap_is "$(coffer exec calc -- cat /work/kept)" kept 'with its files'
tap_is "$(coffer exec calc -- sh -c 'ls /sys/class/net 2>/dev/null; tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d " "' |
    sort | tr '\n' ' ')" 'eth0 lo ' 'and its link'
tap_ok 'its network goes to the router' coffer exec calc -- git ls-remote http://coffer/admin/calc.git
tap_ok 'the engine is killed and comes back' restart -KILL
tap_ok 'the sandbox runs, again or still' wait_for 90 is_here

# A container that nobody follows.
engine GET "/containers/coffer-$INST-holder-p1/json" | jq -c '{Image, Entrypoint: ["/usr/bin/sleep", "900"], Labels:
    {"coffer.inst": .Config.Labels["coffer.inst"], "coffer.role": "sandbox", "coffer.dir": "/nowhere"}, HostConfig:
    {NetworkMode: "none", Mounts: [{Type: "bind", Source: "/usr", Target: "/usr", ReadOnly: true}], Ulimits:
    [{Name: "nproc", Soft: 1024, Hard: 1024}, {Name: "nofile", Soft: 1024, Hard: 1024}]}}' >"$T/orphan.json"
curl -s --unix-socket "$COFFER_TEST_SOCKET" -H 'Content-Type: application/json' -d "@$T/orphan.json" \
    "http://engine/v1.41/containers/create?name=coffer-$INST-run-9-agent" >"$T/orphan.out"
engine POST "/containers/coffer-$INST-run-9-agent/start" >/dev/null
case " $(ours) " in *" coffer-$INST-run-9-agent "*) ;; *) tap_bail "no orphan: $(ours) $(cat "$T/orphan.out")" ;; esac
kill -KILL "$(coffer status --json | jq -r '.services[] | select(.name == "agentd") | .pid')"
swept() { case " $(ours) " in *-run-9-agent*) return 1 ;; esac; is_here; }
tap_ok 'agentd is killed: what nobody follows is swept, the sandbox runs' wait_for 60 swept
coffer down >/dev/null 2>&1
tap_is "$(ours)" '' 'down leaves no container'
tap_is "$(grep -c "$COFFER_HOME/run/engine" /proc/self/mountinfo)" 0 'and no mount'
tap_done
