#!/bin/sh
# Sandboxes are made and end, five at once, while agentd, the router or the
# sandbox itself is killed: each starts all the same, and nothing of it is left.
# CYCLES: how many (slow_prove_residue.t: a hundred).
[ -n "${NET_INSIDE-}" ] || exec env NET_INSIDE=1 unshare -n -- "$0"
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/net_lib.sh"
CYCLES=${CYCLES:-20}
AT_ONCE=5
net_start keep
pid_of() { coffer status --json | jq -r --arg n "$1" '.services[] | select(.name == $n) | .pid'; }
# What there is of this installation, but of the project that stays, the first.
left()
{
	find /run/netns -name "coffer-$INST-p*" ! -name "*-p1"
	ip netns exec "coffer-$INST-router" ip -br link | grep -o "cf${INST}p[0-9]*" | grep -v "p1\$"
	ip netns exec "coffer-$INST-router" ipset save 2>/dev/null | grep -oE '10\.214\.1\.([2-9]|[0-9]{2,})\b' | sort -u
	ip netns exec "coffer-$INST-router" iptables-save | grep -oE "cf${INST}p([2-9]|[0-9]{2,})\b" | sort -u
	find /sys/fs/cgroup -maxdepth 4 -type d -path "*coffer-$INST*" -name "*-p[0-9]*" ! -name '*-p1' 2>/dev/null
	losetup -O BACK-FILE -n | grep "$HOME_DIR/" | grep -v '/sandboxes/1/'
	awk -v d="$HOME_DIR/sandboxes/" 'index($5, d) && !index($5, d "1/") { print "mount " $5 }' /proc/self/mountinfo
	find "$HOME_DIR/sandboxes" -mindepth 1 -maxdepth 1 ! -name 1
	find "$HOME_DIR/run/runc" -mindepth 1 -maxdepth 1 ! -name '*-p1' 2>/dev/null
	pgrep -f "coffer-shim.*$HOME_DIR/sandboxes/([2-9]|[0-9]{2,})" | sed 's/^/shim /'
}
tap_is "$(left)" '' 'control: nothing is there but the one that stays'
make_upstream once
# cycle N: each third one ends by itself before it is removed
cycle()
{
	cp -a "$T/up/once.git" "$T/up/c$1.git"
	coffer create "file://$T/up/c$1.git" --network none --disk 64M --wait --timeout 120s >"$T/c$1" 2>&1 || echo "c$1" >>"$T/bad"
	[ $(($1 % 3)) -ne 0 ] || coffer exec "c$1" -- sh -c 'kill -9 -1' >/dev/null 2>&1
	# A service that was killed meanwhile cannot say whether work is lost.
	for _ in 1 2 3; do coffer destroy "c$1" --yes --force >>"$T/c$1" 2>&1 && return; done
	echo "c$1" >>"$T/bad"
}
: >"$T/bad"
n=0
while [ "$n" -lt "$CYCLES" ]; do
	pids=
	for _ in $(seq "$AT_ONCE"); do
		n=$((n + 1))
		cycle "$n" &
		pids="$pids $!"
	done
	if [ $((n % 10)) -eq 0 ]; then
		sleep 0.3
		if [ $((n % 20)) -eq 0 ]; then kill -9 "$(pid_of router)"; else kill -9 "$(pid_of agentd)"; fi
	fi
	for p in $pids; do wait "$p"; done
done
tap_is "$(sort -u "$T/bad" | tr '\n' ' ')" '' "$n cycles, $((n / 10)) services killed: each started and went"
none() { [ -z "$(left)" ]; }
tap_ok 'nothing of them is left' wait_for 40 none
left | sed 's|^|# |'
[ "$TAP_FAILED" -eq 0 ] || while read -r c; do sed "s/^/# $c: /" "$T/$c"; done <"$T/bad"
tap_is "$(coffer exec keep -- echo here)" here 'the one that stays is as it was'

# What is stopped while no router runs, the next one is told to forget.
make_upstream last
coffer create "$UPSTREAM" --network web --disk 64M --wait >"$T/create.log" 2>&1
id=$(coffer status --json | jq -r '.projects[].project | select(.name == "last") | .id')
in_router() { ip netns exec "coffer-$INST-router" ipset save | grep -q "10\.214\.1\.$id\b"; }
tap_ok 'a sandbox is in the tables of the router' in_router
up=$(cat "$HOME_DIR/run/coffer.pid")
router=$(pid_of router)
kill -STOP "$up"
kill -9 "$router"
coffer stop last >"$T/stop.log" 2>&1
sed 's/^/# /' "$T/stop.log"
kill -CONT "$up"
answers() { in_router || ip netns exec "coffer-$INST-router" ipset list -n | grep -q .; }
forgotten() { answers && ! in_router; }
tap_ok 'it was stopped while no router ran: the next one is told to forget it' wait_for 60 forgotten
in_router && ip netns exec "coffer-$INST-router" ipset save | grep "10\.214\.1\.$id\b" | sed 's/^/# /'
coffer down >"$T/down.log" 2>&1
# A loop device goes when the last copy of its mount does, which a container that
# begins elsewhere has for a moment.
rest() { echo "$(find /run/netns -name "coffer-$INST-*" ! -name '*-inet' | wc -l),$(losetup -O BACK-FILE -n | grep -c "$HOME_DIR/"),$(pgrep -c -f "$HOME_DIR/")"; }
clean() { [ "$(rest)" = 0,0,0 ]; }
wait_for 20 clean
tap_is "$(rest)" 0,0,0 'and after down nothing at all'
[ "$TAP_FAILED" -eq 0 ] || tail -n 40 "$HOME_DIR"/log/agentd.log | sed 's/^/# /'
tap_done
