#!/bin/bash
# What a sandbox's container costs to start, beside runc alone, bwrap and
# docker run with the same program in it: one after the other, and at once.
# QUICK=1 tests the benchmark.
set -u
cd "$(dirname "$0")/../.." || exit 1
case ${O:=build/release} in /*) ;; *) O=$PWD/$O ;; esac
PATH=$PATH:/usr/sbin:/sbin
[ "$(id -u)" = 0 ] || { echo 'bench sandbox: needs root' >&2; exit 1; }
rounds=15 many=100
if [ -n "${QUICK:-}" ]; then rounds=3 many=16; fi

top=$(mktemp -d /tmp/coffer-bench.XXXXXX)
chmod 711 "$top"
home=$top/home
inst=$(od -An -N2 -tx1 /dev/urandom | tr -d ' \n')
docker_pid=
# shellcheck disable=SC2317 # by the trap
cleanup() {
	local at
	trap - EXIT
	if [ -n "$docker_pid" ]; then
		kill "$docker_pid" 2>/dev/null
		wait "$docker_pid" 2>/dev/null
	fi
	awk -v d="$top/" 'index($5, d) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
	    while read -r at; do umount -l "$at"; done
	for n in p1 docker; do ip netns del "coffer-$inst-$n" 2>/dev/null; done
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
bare() { runc --root "$top/state" run --bundle "$bundle" "bench-$1" </dev/null >>"$top/log" 2>&1 || die "runc: $(tail -n 2 "$top/log")"; }
jail() { bwrap --unshare-all --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 --proc /proc --dev /dev /bin/true; }
engine() { docker -H "unix://$top/engine/sock" run --rm --network none -v /usr:/usr:ro bench /bin/true >>"$top/log" 2>&1 || die "docker: $(tail -n 2 "$top/log")"; }

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
	case $peers in *docker*) timed docker engine ;; esac
done
mid() { awk '{ print $1 }' "$top/$1" | median; }
row sandbox_start ms "$(mid off)" "$(mid runc)" 'bare runc run' '<= 2.00'
row sandbox_start_in_network ms "$(mid net)" "$(mid runc)" 'bare runc run' '<= 2.00'
case $peers in
*docker*) row sandbox_start ms "$(mid off)" "$(mid docker)" 'docker run' '<= 0.20' ;;
*) skip sandbox_start ms 'docker run' '<= 0.20' ;;
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
