#!/bin/bash
# What a sandbox's container costs to start, beside runc alone, bwrap and
# docker run with the same program in it: one after the other, and at once; a
# hundred that run: time, memory; a network made and removed, a pause.
# QUICK=1 tests the benchmark.
set -u
cd "$(dirname "$0")/../.." || exit 1
case ${O:=build/release} in /*) ;; *) O=$PWD/$O ;; esac
PATH=$PATH:/usr/sbin:/sbin
[ "$(id -u)" = 0 ] || { echo 'bench sandbox: needs root' >&2; exit 1; }
rounds=15 many=100 docker_many=20
if [ -n "${QUICK:-}" ]; then rounds=3 many=16 docker_many=4; fi

top=$(mktemp -d /tmp/coffer-bench.XXXXXX)
chmod 711 "$top"
home=$top/home
inst=$(od -An -N2 -tx1 /dev/urandom | tr -d ' \n')
docker_pid='' many_pid=''
# shellcheck disable=SC2317 # by the trap
cleanup() {
	local at
	trap - EXIT
	[ -z "$many_pid" ] || kill "$many_pid" 2>/dev/null
	if [ -n "$docker_pid" ]; then
		# Its containers outlive it.
		docker -H "unix://$top/engine/sock" ps -aq 2>/dev/null |
		    xargs -r docker -H "unix://$top/engine/sock" rm -f >/dev/null 2>&1
		kill "$docker_pid" 2>/dev/null
		wait "$docker_pid" 2>/dev/null
	fi
	awk -v d="$top/" 'index($5, d) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
	    while read -r at; do umount -l "$at"; done
	bare_remove
	for d in /sys/fs/cgroup/pids/coffer-"$inst"/*/ /sys/fs/cgroup/coffer-"$inst"/*/; do
		[ ! -f "$d/cgroup.procs" ] || xargs -r kill -9 <"$d/cgroup.procs" 2>/dev/null
	done
	for n in /run/netns/coffer-"$inst"-*; do ip netns del "${n##*/}" 2>/dev/null; done
	find /sys/fs/cgroup -depth -type d -path "*/coffer-$inst*" -exec rmdir {} + 2>/dev/null
	rm -rf "$top"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
die() { echo "bench sandbox: $*" >&2; exit 1; }
say() { echo "bench sandbox: $(date +%T) $*" >&2; }
# name unit ours peer peer-name aim-of-ratio
row() {
	awk -v n="$1" -v u="$2" -v o="$3" -v p="$4" -v pn="$5" -v aim="$6" 'BEGIN {
		r = p > 0 ? o / p : 0; split(aim, w, " ")
		met = w[1] == "<=" ? (r <= w[2] ? "yes" : "no") : w[1] == ">=" ? (r >= w[2] ? "yes" : "no") : "-"
		printf "%s\t%s\t%.4g\t%.4g\t%s\t%.3f\t%s\t%s\n", n, u, o, p, pn, r, aim, met }'
}
skip() { printf '%s\t%s\t-\t-\t%s\t-\t%s\tskip\n' "$1" "$2" "$3" "$4"; }
median() { sort -n | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : 0 }'; }

mkdir -p "$home"
chmod 711 "$home"
printf '%s' "$inst" >"$home/instance"
ip netns add "coffer-$inst-p1" || die 'namespace'
next=1
ours() { # COUNT AT_ONCE [NETNS]: "median all" in ms
	"$O/tests/bench/sandbox_start" "$home" "$O/libexec/coffer/coffer-shim" "$inst" "$@" || die "a sandbox has failed"
}

# The host's /usr for everybody.
bundle=$top/bundle
mkdir -p "$bundle/rootfs/usr" "$bundle/rootfs/proc" "$bundle/rootfs/dev" "$bundle/rootfs/sys"
for l in bin sbin lib lib64; do ln -s "usr/$l" "$bundle/rootfs/$l"; done
(cd "$bundle" && runc spec) || die 'runc spec'
jq '.process.args = ["/bin/true"] | .process.terminal = false
    | .mounts += [{destination: "/usr", type: "bind", source: "/usr", options: ["rbind", "ro"]}]' \
    "$bundle/config.json" >"$bundle/c" && mv "$bundle/c" "$bundle/config.json"
bare_remove() { # what is kept running
	local i
	for i in $(seq "$many"); do echo "bench-k$i"; done |
	    xargs -P 4 -n 1 runc --root "$top/state" delete --force >/dev/null 2>&1
}
bare() { runc --root "$top/state" run --bundle "$bundle" "bench-$1" </dev/null >>"$top/log" 2>&1 || die "runc: $(tail -n 2 "$top/log")"; }
jail() { bwrap --unshare-all --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 --proc /proc --dev /dev /bin/true; }
engine() { docker -H "unix://$top/engine/sock" run --rm --network none -v /usr:/usr:ro bench /bin/true >>"$top/log" 2>&1 || die "docker: $(tail -n 2 "$top/log")"; }

api() { # METHOD PATH [BODY] --next ...: one curl
	local args=() body
	while [ $# -gt 0 ]; do
		body=()
		[ "${3:---next}" = --next ] || body=(-H 'Content-Type: application/json' -d "$3")
		args+=(-fs -o /dev/null --unix-socket "$top/engine/sock" -X "$1" "${body[@]}" "http://engine$2" --next)
		shift $((2 + (${#body[@]} > 0)))
		[ "${1:-}" != --next ] || shift
	done
	curl "${args[@]:0:${#args[@]}-1}" >>"$top/log" 2>&1 || die "the engine's API"
}
engine_api() {
	api POST "/containers/create?name=api$1" '{"Image":"bench","Cmd":["/bin/true"],"HostConfig":{"NetworkMode":"none","Binds":["/usr:/usr:ro"]}}' --next \
	    POST "/containers/api$1/start" --next POST "/containers/api$1/wait"
}

docker_begin() {
	command -v dockerd >/dev/null || return 1
	mkdir -p "$top/engine"
	ip netns add "coffer-$inst-docker" || return 1
	nsenter --net="/run/netns/coffer-$inst-docker" dockerd --data-root "$top/engine/data" --exec-root "$top/engine/exec" \
	    -p "$top/engine/pid" -H "unix://$top/engine/sock" >"$top/engine/log" 2>&1 &
	docker_pid=$!
	for _ in $(seq 200); do
		curl -fs --unix-socket "$top/engine/sock" http://engine/_ping >/dev/null 2>&1 && break
		kill -0 "$docker_pid" 2>/dev/null || return 1
		sleep 0.1
	done
	tar -C "$bundle/rootfs" -c . | docker -H "unix://$top/engine/sock" import - bench >/dev/null 2>>"$top/log"
}
# timed NAME COMMAND...: its milliseconds into $top/NAME
timed() {
	local what=$1 t
	shift
	t=$(date +%s%N)
	"$@"
	echo $((($(date +%s%N) - t) / 1000)) | awk '{ print $1 / 1000 }' >>"$top/$what"
}

say 'docker'
peers='runc'
! command -v bwrap >/dev/null || ! jail || peers="$peers bwrap"
! docker_begin || peers="$peers docker"
say "peers: $peers"
ours "$next" 1 1 >/dev/null
next=$((next + 1))
bare warm
for r in $(seq $rounds); do
	ours "$next" 1 1 >>"$top/off"
	ours $((next + 1)) 1 1 "coffer-$inst-p1" >>"$top/net"
	next=$((next + 2))
	timed runc bare "$r"
	case $peers in *bwrap*) timed bwrap jail ;; esac
	case $peers in
	*docker*)
		timed docker engine
		timed api engine_api "$r"
		# The first of three says hello to the engine.
		[ "$r" -gt 7 ] || ENGINE_SOCKET=$top/engine/sock ours "$next" 3 1 >>"$top/driver"
		next=$((next + 3))
		;;
	esac
done
mid() { awk '{ print $1 }' "$top/$1" | median; }
row sandbox_start ms "$(mid off)" "$(mid runc)" 'bare runc run' '<= 2.00'
row sandbox_start_in_network ms "$(mid net)" "$(mid runc)" 'bare runc run' '<= 2.00'
case $peers in
*docker*)
	row sandbox_start ms "$(mid off)" "$(mid docker)" 'docker run' '<= 0.20'
	row engine_start ms "$(mid driver)" "$(mid docker)" 'docker run' '<= 1.00'
	row engine_start ms "$(mid driver)" "$(mid api)" 'its API, by curl' '<= 1.10'
	;;
*)
	skip sandbox_start ms 'docker run' '<= 0.20'
	skip engine_start ms 'docker run' '<= 1.00'
	;;
esac
case $peers in
*bwrap*) row sandbox_start ms "$(mid off)" "$(mid bwrap)" bwrap '-' ;;
*) skip sandbox_start ms bwrap '-' ;;
esac

say "$many, 16 at once"
at_once() { # as many of runc, 16 at a time
	local i batch=()
	for ((i = 0; i < many; i++)); do
		bare "m$i" &
		batch+=($!)
		[ ${#batch[@]} -lt 16 ] || { wait "${batch[@]}"; batch=(); }
	done
	# Without an argument it would wait for dockerd as well.
	[ ${#batch[@]} = 0 ] || wait "${batch[@]}"
}
for _ in 1 2 3; do
	ours "$next" "$many" 16 >>"$top/sixteen"
	next=$((next + many))
	timed sixteen_runc at_once
done
rate() { awk -v n="$many" -v c="$2" '{ print n * 1000 / $c }' "$top/$1" | median; }
row starts_16_at_once 1/s "$(rate sixteen 2)" 50 'limit 50/s' '>= 1.00'
row starts_16_at_once 1/s "$(rate sixteen 2)" "$(rate sixteen_runc 1)" 'bare runc run' '>= 0.50'
say "$many at once"
ours "$next" "$many" "$many" >"$top/all"
row "start_${many}_at_once" s "$(awk '{ print $2 / 1000 }' "$top/all")" \
    "$(awk -v n="$many" -v o="$(mid off)" 'BEGIN { print n * o / 1000 }')" 'one after the other' '<= 1.00'

# Many that stay: until the last runs, what each takes, a pause, a network.
say "$many that run"
pss() { # PATTERN of the command lines: KiB of all
	local p
	for p in $(pgrep -f -- "$1"); do cat "/proc/$p/smaps_rollup" 2>/dev/null; done |
	    awk '$1 == "Pss:" { n += $2 } END { print n + 0 }'
}
used() { # CGROUP...: KiB of all, whichever hierarchy has them
	local d
	for d; do
		cat "/sys/fs/cgroup/memory/$d/memory.usage_in_bytes" 2>/dev/null ||
		    cat "/sys/fs/cgroup/$d/memory.current" 2>/dev/null
	done | awk '{ n += $1 } END { print n / 1024 }'
}
each() { awk -v n="$2" -v t="$1" 'BEGIN { print t / n / 1024 }'; } # KiB COUNT: MiB
ip netns add "coffer-$inst-router" || die 'namespace'
mkfifo "$top/orders" "$top/answers"
"$O/tests/bench/sandbox_many" "$home" "$O/libexec/coffer/coffer-shim" "$inst" "$many" <"$top/orders" >"$top/answers" &
many_pid=$!
exec 3>"$top/orders" 4<"$top/answers"
for what in network networks running; do
	read -r name ms <&4
	[ "$name" = "$what" ] || die 'sandbox_many has ended'
	echo "$ms" >"$top/$what"
done
shims=$(pss "^$O/libexec/coffer/coffer-shim $home/many/")
self=$(awk '$1 == "Pss:" { print $2 }' "/proc/$many_pid/smaps_rollup")
for i in $(seq "$many"); do echo "coffer-$inst/coffer-$inst-run-$i-many"; done >"$top/groups"
# shellcheck disable=SC2046
groups=$(used $(cat "$top/groups"))
echo >&3
for what in pause gone; do
	read -r name ms <&4
	[ "$name" = "$what" ] || die 'sandbox_many has ended'
	echo "$ms" >"$top/$what"
	[ "$what" = gone ] || echo >&3
done
exec 3>&-
wait "$many_pid" || die 'sandbox_many'
many_pid=''

jq '.process.args = ["/bin/sleep", "1000"]' "$bundle/config.json" >"$bundle/c" && mv "$bundle/c" "$bundle/config.json"
keep() { runc --root "$top/state" run -d --bundle "$bundle" "bench-k$1" </dev/null >>"$top/log" 2>&1; }
keep_all() {
	local i batch=()
	for ((i = 1; i <= many; i++)); do
		keep "$i" &
		batch+=($!)
	done
	wait "${batch[@]}"
}
timed kept keep_all
(cd /sys/fs/cgroup/memory 2>/dev/null || cd /sys/fs/cgroup || exit; find . -type d -name 'bench-k*') >"$top/groups"
# shellcheck disable=SC2046
bare_groups=$(used $(cat "$top/groups"))
bare_remove
row "running_$many" s "$(awk '{ print $1 / 1000 }' "$top/running")" "$(awk '{ print $1 / 1000 }' "$top/kept")" 'bare runc run -d' '<= 2.00'
row memory_of_each MB "$(each "$(awk -v a="$shims" -v b="$groups" 'BEGIN { print a + b }')" "$many")" \
    "$(each "$bare_groups" "$many")" 'bare runc, nobody beside it' '-'
row memory_of_agentd MB "$(each "$self" 1)" 20 'limit 20 MB' '<= 1.00'
case $peers in
*docker*)
	run_all() {
		seq "$docker_many" | xargs -P 16 -I N docker -H "unix://$top/engine/sock" run -d --name keepN \
		    --network none -v /usr:/usr:ro bench /bin/sleep 1000 >>"$top/log" 2>&1
	}
	network_pair() {
		local verb
		for verb in create rm; do
			docker -H "unix://$top/engine/sock" network "$verb" bench >>"$top/log" 2>&1 ||
			    die "docker network: $(tail -n 2 "$top/log")"
		done
	}
	timed ran run_all
	row running_each ms "$(awk -v n="$many" '{ print $1 / n }' "$top/running")" \
	    "$(awk -v n="$docker_many" '{ print $1 / n }' "$top/ran")" "docker run -d, $docker_many at 16" '<= 0.50'
	d_shims=$(pss "containerd-shim.*$top/engine/")
	docker -H "unix://$top/engine/sock" ps -q --no-trunc | sed 's,^,docker/,' >"$top/groups"
	# shellcheck disable=SC2046
	d_groups=$(used $(cat "$top/groups"))
	row memory_beside_each MB "$(each "$shims" "$many")" "$(each "$d_shims" "$docker_many")" "docker's shim" '<= 1.00'
	row memory_of_each MB "$(each "$(awk -v a="$shims" -v b="$groups" 'BEGIN { print a + b }')" "$many")" \
	    "$(each "$(awk -v a="$d_shims" -v b="$d_groups" 'BEGIN { print a + b }')" "$docker_many")" 'docker' '<= 1.00'
	for _ in $(seq $rounds); do
		timed api_pause api POST /containers/keep1/pause --next POST /containers/keep1/unpause
		timed d_net network_pair
	done
	row pause_and_resume ms "$(mid pause)" "$(mid api_pause)" "docker's API, by curl" '<= 0.10'
	row network_made_and_removed ms "$(mid network)" "$(mid d_net)" 'docker network create, rm' '<= 0.20'
	;;
*)
	skip memory_beside_each MB "docker's shim" '<= 1.00'
	skip pause_and_resume ms "docker's API, by curl" '<= 0.10'
	skip network_made_and_removed ms 'docker network create, rm' '<= 0.20'
	;;
esac
