# shellcheck shell=sh disable=SC2154
# engines.sh: the tests of sandboxes once more, over each engine that is installed.  Sourced by check.sh.  Each engine is
# started here with folders and a socket of its own, in a network namespace of its own, where Docker may do to iptables what
# it does; nothing of it is left.

ENGINES=${ENGINES:-docker podman}
engines_unit='driver driver_root netns sandbox'
engines_system='run_template session_git attack_sandbox attack_token cli_exec'
engines_own='restart'
engine_pid=
engine_dir=
engine_net=

engines_wait() { # SOCKET
	for _ in $(seq 100); do
		curl -fs --unix-socket "$1" http://engine/_ping >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	return 1
}

# It starts again when a test ends it, by the pid in DIR/main, until DIR/on is gone.
engine_keep() { # DIR COMMAND...
	: >"$1/on"
	(
		dir=$1
		shift
		while [ -e "$dir/on" ]; do
			nsenter --net="/run/netns/$engine_net" "$@" >>"$dir/log" 2>&1 &
			echo $! >"$dir/main"
			wait $! 2>/dev/null
		done
	) &
	engine_pid=$!
	engine_dir=$1
}

engine_start_docker() { # DIR
	engine_keep "$1" dockerd --data-root "$1/data" --exec-root "$1/exec" -p "$1/pid" -H "unix://$1/sock"
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
	podman) engine_start_podman "$2" ;;
	esac
	engines_wait "$2/sock" && return 0
	tail -n 20 "$2/log"
	return 1
}

engine_stop() {
	[ -n "$engine_pid" ] || return 0
	rm -f "$engine_dir/on"
	kill "$(cat "$engine_dir/main")" 2>/dev/null
	wait "$engine_pid" 2>/dev/null
	engine_pid=
}

engines_stop() {
	engine_stop
	# Podman keeps the followers of an exec for five minutes; they have our folder as an argument.
	# They mount its folder until they are gone.
	for _ in $(seq 30); do
		left=
		for p in /proc/[0-9]*; do
			if { tr '\0' '\n' <"$p/cmdline" | grep -q "^$work/podman/"; } 2>/dev/null; then
				left=yes
				kill "${p#/proc/}" 2>/dev/null
			fi
		done
		[ -n "$left" ] || break
		sleep 0.1
	done
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
	export COFFER_TEST_UID=1000 COFFER_TEST_SHARED=
	if [ "$engine_name" = docker ]; then
		COFFER_TEST_UID=266536
		COFFER_TEST_SHARED=' user'
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
	# shellcheck disable=SC2086
	[ $# -gt 0 ] || set -- $engines_unit $engines_system $engines_own
	[ "$(id -u)" = 0 ] || { echo 'engines need root' >&2; exit 1; }
	engine_net=coffer-engines-$$
	ip netns add "$engine_net" && ip -n "$engine_net" link set lo up || exit 1
	for engine in $ENGINES; do
		program=$engine
		[ "$engine" != docker ] || program=dockerd
		if ! command -v "$program" >/dev/null; then
			skipped=$((skipped + 1))
			echo "skipped - $engine is not installed: deps.sh install engines"
			continue
		fi
		if ! engine_start "$engine" "$work/$engine"; then
			failed=$((failed + 1))
			echo "not ok - $engine does not start"
			engine_stop
			continue
		fi
		engines_programs "$work/$engine/o" "$work/$engine/sock"
		engines_test "$engine" "$work/$engine" "$@"
		engine_stop
	done
}
