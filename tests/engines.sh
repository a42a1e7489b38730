# shellcheck shell=sh disable=SC2154
# engines.sh: the tests of sandboxes once more, over each engine that is installed.  Sourced by check.sh.  Each engine is
# started here with folders and a socket of its own, in a network namespace of its own, where Docker may do to iptables what
# it does; nothing of it is left.  ENGINES: these alone, and Podman with all tests.

engines_part=
[ -n "${ENGINES-}" ] || engines_part=yes
ENGINES=${ENGINES:-docker docker-remap podman}
engines_unit='driver driver_root netns sandbox'
engines_system='run_template session_git cli_exec sandbox_life sandbox_limits sandbox_seed sandbox_crash
    attach_cp attach_hostile attach_ssh attach_term attack_sandbox attack_token prove_cmd ci_runner'
engines_own='restart crash engine_image pause'
# docker-remap is Docker with userns-remap: what depends on users.
engines_remap='driver sandbox cli_exec sandbox_life sandbox_seed attack_sandbox'
# What Podman does otherwise: its API, its user namespaces, its execs, its end.
engines_podman='driver driver_root sandbox cli_exec attack_sandbox ci_runner restart engine_image pause'
engine_pid=
engine_dir=
engine_net=
engines_covered=

engines_wait() { # SOCKET
	for _ in $(seq 600); do
		curl -fs -m 10 --unix-socket "$1" http://engine/_ping >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	return 1
}

# It starts again when a test ends it, by the pid in DIR/main, until DIR/on is gone.  What ends us by our group does not end
# it: the test that runs has to take away what it has in it.
engine_keep() { # DIR COMMAND...
	engine_dir=$1
	shift
	: >"$engine_dir/on"
	# Podman's conmon leaves a file where it was started.
	# shellcheck disable=SC2016
	setsid sh -c 'cd "$1" || exit 1
		net=$2
		shift 2
		while [ -e on ]; do
			nsenter --net="/run/netns/$net" "$@" >>log 2>&1 &
			echo $! >main
			wait $!
			sleep 0.1
		done' sh "$engine_dir" "$engine_net" "$@" </dev/null >/dev/null 2>&1 &
	engine_pid=$!
}

engine_start_docker() { # DIR [OPTION...]
	dir=$1
	shift
	engine_keep "$dir" dockerd "$@" --data-root "$dir/data" --exec-root "$dir/exec" -p "$dir/pid" -H "unix://$dir/sock"
}

# Its range is that of a user in /etc/subuid, which is not a test's to write: it is covered, in a mount namespace of our own.
engine_start_docker_remap() { # DIR
	printf '%s:1500000000:65536\n' nobody nogroup >"$1/sub"
	for f in /etc/subuid /etc/subgid; do
		[ -e "$f" ] && mount --bind "$1/sub" "$f" || return 1
	done
	engine_start_docker "$1" --userns-remap=nobody:nogroup
	engines_covered=yes
}

# What its defaults ask for, not every root may set.
engine_start_podman() { # DIR
	printf '%s\n' '[containers]' 'default_ulimits = []' '[engine]' 'cgroup_manager = "cgroupfs"' \
	    'events_logger = "file"' 'runtime = "runc"' >"$1/containers.conf"
	engine_keep "$1" env CONTAINERS_CONF="$1/containers.conf" podman --root "$1/data" --runroot "$1/exec" \
	    --tmpdir "$1/tmp" system service -t 0 "unix://$1/sock"
}

# engine_start NAME DIR
engine_start() {
	mkdir -p "$2"
	case $1 in
	docker) engine_start_docker "$2" ;;
	docker-remap) engine_start_docker_remap "$2" || return 1 ;;
	podman) engine_start_podman "$2" ;;
	esac
	engines_wait "$2/sock" && return 0
	tail -n 20 "$2/log"
	return 1
}

# All that is in it: it is a test's alone, and a test may have been killed.
engine_empty() { # SOCKET
	curl -fs -m 10 --unix-socket "$1" 'http://engine/v1.41/containers/json?all=1' | jq -r '.[].Id' | while read -r id; do
		curl -fs -m 20 -o /dev/null --unix-socket "$1" -X DELETE "http://engine/v1.41/containers/$id?force=1&v=1"
	done
}

engine_stop() {
	[ -n "$engine_pid" ] || return 0
	engine_empty "$engine_dir/sock"
	rm -f "$engine_dir/on"
	kill "$(cat "$engine_dir/main")" 2>/dev/null
	wait "$engine_pid" 2>/dev/null
	engine_pid=
	engine_sweep
	[ -z "$engines_covered" ] || umount /etc/subuid /etc/subgid
	engines_covered=
}

# Podman keeps the followers of an exec for five minutes, and they mount its folder until they are gone; one whose engine was
# killed follows its container.  They have our folder as an argument.
engine_sweep() {
	for _ in $(seq 50); do
		left=
		for p in /proc/[0-9]*; do
			{ tr '\0' '\n' <"$p/cmdline" | grep -q "^$engine_dir/"; } 2>/dev/null || continue
			left=yes
			# Its container first: it does not end before.
			# shellcheck disable=SC2046
			kill -KILL $(cat "$p"/task/*/children 2>/dev/null) 2>/dev/null
			kill "${p#/proc/}" 2>/dev/null
		done
		[ -n "$left" ] || break
		sleep 0.1
	done
}

engines_stop() {
	engine_stop
	# Deepest first.
	awk -v d="$work/" 'index($5, d) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while read -r at; do
		umount -l "$at"
	done
	[ -z "$engine_net" ] || ip netns delete "$engine_net" 2>/dev/null
	engine_net=
}

# Programs that are those of $O, but that setup chooses the engine.
engines_programs() { # DIR SOCKET
	mkdir -p "$1/bin"
	for f in "$O"/* "$O"/bin/*; do
		to=$1/${f#"$O"/}
		[ -e "$to" ] || ln -s "$f" "$to"
	done
	rm "$1/bin/coffer"
	cat >"$1/bin/coffer" <<-PROGRAM
	#!/bin/bash
	[ "\$1" = setup ] || exec -a "\$0" "$O/bin/coffer" "\$@"
	"$O/bin/coffer" "\$@"
	rc=\$?
	sed -i -E 's|^\[(agentd\|runner)\]|&\ndriver = engine\nengine_socket = $2|' "\$COFFER_HOME/coffer.conf"
	exit \$rc
	PROGRAM
	chmod 755 "$1/bin/coffer"
}

# The tests of one engine that runs: DIR has its socket.
engines_test() { # NAME DIR TEST...
	engine_name=$1
	dir=$2
	shift 2
	in="nsenter --net=/run/netns/$engine_net"
	export COFFER_TEST_DRIVER=engine COFFER_TEST_SOCKET="$dir/sock" COFFER_TEST_ENGINE="$dir" COFFER_TEST_OTHER=oci
	# Docker without userns-remap has no user namespace: an agent is its project's uid.
	export COFFER_TEST_UID=1000 COFFER_TEST_SHARED='' COFFER_TEST_MADE='engine (Podman 4'
	if [ "$engine_name" = docker ]; then
		COFFER_TEST_UID=266536
		COFFER_TEST_SHARED=' user'
		COFFER_TEST_MADE='engine (Docker [0-9.+a-z]*, no user namespace)'
	elif [ "$engine_name" = docker-remap ]; then
		COFFER_TEST_MADE='engine (Docker [0-9.+a-z]*)$'
	fi
	for t in "$@"; do
		if [ -e "$O/tests/unit/agentd/test_$t" ]; then
			# shellcheck disable=SC2086
			tap "$engine_name: tests/unit/agentd/test_$t" 240 env CMOCKA_MESSAGE_OUTPUT=TAP $in \
			    "$O/tests/unit/agentd/test_$t"
		elif [ -e "tests/engines/$t.t" ]; then
			# shellcheck disable=SC2086
			tap "$engine_name: tests/engines/$t.t" 240 env O="$dir/o" $in "tests/engines/$t.t"
		else
			# shellcheck disable=SC2086
			tap "$engine_name: tests/system/$t.t" 300 env O="$dir/o" $in "tests/system/$t.t"
		fi
	done
}

run_engines() { # [TEST...]
	named=$*
	# shellcheck disable=SC2086
	[ $# -gt 0 ] || set -- $engines_unit $engines_system $engines_own
	[ "$(id -u)" = 0 ] || { echo 'engines need root' >&2; exit 1; }
	engine_net=coffer-engines-$$
	ip netns add "$engine_net" && ip -n "$engine_net" link set lo up || exit 1
	for engine in $ENGINES; do
		program=$engine
		case $engine in docker*) program=dockerd ;; esac
		why=
		if ! command -v "$program" >/dev/null; then
			why='is not installed: deps.sh install engines'
		elif [ "$engine" = docker-remap ] &&
		    [ "$(readlink /proc/self/ns/mnt)" = "$(readlink /proc/1/ns/mnt)" ]; then
			why='needs mounts of its own: unshare -m'
		fi
		if [ -n "$why" ]; then
			skipped=$((skipped + 1))
			echo "skipped - $engine $why"
			continue
		fi
		if ! engine_start "$engine" "$work/$engine"; then
			failed=$((failed + 1))
			echo "not ok - $engine does not start"
			engine_stop
			continue
		fi
		engines_programs "$work/$engine/o" "$work/$engine/sock"
		# shellcheck disable=SC2086
		case $engine,$named,$engines_part in
		docker-remap,,*) engines_test "$engine" "$work/$engine" $engines_remap ;;
		podman,,yes) engines_test "$engine" "$work/$engine" $engines_podman ;;
		*) engines_test "$engine" "$work/$engine" "$@" ;;
		esac
		engine_stop
	done
}
