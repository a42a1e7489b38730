#!/bin/sh
# compose/: the images are built without pulling one, docker-compose starts
# all of Cofferdam by them, and a sandbox works over the same engine.  Docker
# is the test's own, in namespaces of mounts and network.
#   COFFER_TEST_BASE=FILE   take this tar as the base, instead of making one
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" = 0 ] || tap_skip_all 'needs root (an engine)'
for tool in dockerd docker docker-compose mmdebstrap; do
	command -v $tool >/dev/null ||
	    tap_skip_all "no $tool: ./deps.sh install engines"
done

top=$(cd "$SYSTEM_DIR/../.." && pwd)
COFFER_HOME=$T/home
COFFER_SOCKET=$T/sock
DOCKER_HOST=unix://$T/sock
export COFFER_HOME COFFER_SOCKET DOCKER_HOST
ENGINE_PID=

# What it mounts is shared with its containers, as where systemd is process 1.
cat >"$T/engine" <<-ENGINE
	mount --make-rshared /
	ip link set lo up
	mkdir -p /run/netns
	exec dockerd --data-root "$T/data" --exec-root "$T/exec" -p "$T/pid" \
	    -H "unix://$T/sock"
ENGINE

compose()
{
	nsenter -t "$ENGINE_PID" -m -n --wd="$top" docker-compose -p coffer-test \
	    -f compose/docker-compose.yml "$@"
}
in_agentd() { docker exec coffer-test_agentd_1 "$@"; }

compose_end()
{
	end_status=$?
	trap - EXIT
	if [ -n "$ENGINE_PID" ]; then
		compose down -t 5 >/dev/null 2>&1
		docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1
	fi
	(exit "$end_status")
	lib_on_exit
}
trap compose_end EXIT

start "$T/engine.log" unshare --mount --net --propagation private sh "$T/engine"
engine_is() { ENGINE_PID=$(cat "$T/pid") && docker version; }
wait_for 60 engine_is || tap_bail "dockerd: $(tail -n 3 "$T/engine.log")"

if [ -n "${COFFER_TEST_BASE-}" ]; then
	docker import "$COFFER_TEST_BASE" coffer-base >/dev/null
fi
tap_ok 'the image is built from packages and this build' \
    env V="${V:-debug}" "$top/compose/build.sh"
tap_is "$(docker images --format '{{.Repository}}' | sort | tr '\n' ' ')" \
    'coffer coffer-base ' 'and nothing was pulled for it'
tap_ok 'docker-compose starts it' compose up -d
up_is() { in_agentd coffer status | awk '$2 == "up"' | grep -c . | grep -qx 5; }
tap_ok 'five programs answer' wait_for 60 up_is
runner_is() { docker logs coffer-test_runner_1 2>&1 | grep -q 'runner ready'; }
tap_ok 'and the runner is ready' wait_for 60 runner_is
tap_is "$(docker inspect -f '{{.Config.User}} {{.HostConfig.Privileged}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}' \
    coffer-test_cofferd_1)" '64101:64101 false true [ALL]' 'cofferd is nobody'
# sees PROGRAM PLACE: how many names are there for its container
sees() { docker exec "coffer-test_$1_1" sh -c "find '$T/home/$2' -mindepth 1 2>/dev/null | wc -l"; }
tap_is "$(sees cofferd gateway),$(sees gateway db),$(sees gateway repos),$(sees gateway secrets)" 0,0,0,0 \
    'cofferd and the gateway do not see what is the other'"'"'s'
tap_not 'the gateway writes nothing but its own' docker exec coffer-test_gateway_1 sh -c ": >'$T/home/run/x'"
for program in cofferd gateway router agentd runner; do
	tap_ok "$program gets no new privileges" sh -c \
	    "docker inspect -f '{{.HostConfig.SecurityOpt}}' coffer-test_${program}_1 | grep -q no-new-privileges"
done
healthy() { [ "$(docker inspect -f '{{.State.Health.Status}}' coffer-test_cofferd_1)" = healthy ]; }
tap_ok 'the engine knows that cofferd is well' wait_for 60 healthy
tap_is "$(stat -c %a "$T/home/secrets/admin.token")" 600 'setup has made HOME, outside too'

git init -q --bare "$T/home/up.git"
git init -q "$T/w"
echo hello >"$T/w/README.md"
git -C "$T/w" add README.md
git -C "$T/w" commit -qm one
git -C "$T/w" push -q "$T/home/up.git" HEAD:refs/heads/main
git -C "$T/home/up.git" symbolic-ref HEAD refs/heads/main
chown -R 64101:64101 "$T/home/up.git"
sed -i 's/^\[server\]$/&\nallow_file_upstream = yes\nmin_free = 1/' "$T/home/coffer.conf"
docker restart coffer-test_cofferd_1 >/dev/null
tap_ok 'cofferd starts again' wait_for 60 up_is
tap_ok 'a project is made, its sandbox started by the engine' \
    in_agentd coffer create "file://$T/home/up.git" --name demo
tap_ok 'its sandbox clones it through the router' in_agentd coffer exec demo -- \
    sh -c 'git clone -q http://coffer/admin/demo.git x'
tap_is "$(in_agentd coffer exec demo -- cat x/README.md)" hello 'with what is in it'
tap_ok 'the engine has the sandbox' sh -c "docker ps --format '{{.Names}}' | grep -q -- '-session-p1\$'"

tap_ok 'the programs of sandboxes are stopped' compose stop -t 10 agentd runner router
tap_ok 'coffer down ends what they left' compose run --rm agentd coffer down
tap_is "$(docker ps -a --format '{{.Names}}' | grep -v '^coffer-test_')" '' 'no sandbox is left'
tap_ok 'and the rest goes' compose down -t 10
tap_is "$(docker ps -aq)" '' 'nothing is left'
tap_done
