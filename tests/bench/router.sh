#!/bin/bash
# The router against plain forwarding, in namespaces of its own: throughput
# and new connections by mode, a change of rules with 1 to 1,000 projects, and
# what a name's check costs.  8.8.8.8 stands for the internet: nothing of this
# leaves the namespaces.  QUICK=1 tests the benchmark.
set -u
cd "$(dirname "$0")/../.." || exit 1
case ${O:=build/release} in /*) ;; *) O=$PWD/$O ;; esac
PATH=$PATH:/usr/sbin:/sbin
[ "$(id -u)" = 0 ] || { echo 'bench router: needs root' >&2; exit 1; }
rounds=7 conns=120 mib=1024 many=1000 changes=60
if [ -n "${QUICK:-}" ]; then rounds=2 conns=20 mib=32 many=100 changes=10; fi
WEB=8.8.8.8 HOST=w.bench.test
peer=$O/tests/bench/router_peer

top=$(mktemp -d /tmp/coffer-bench.XXXXXX)
chmod 711 "$top"
home=$top/home
inst=$(od -An -N2 -tx1 /dev/urandom | tr -d ' \n')
all='p7 p8 inet plain pc nat nc dc'
pids=()
# shellcheck disable=SC2317 # by the trap
cleanup() {
	local p n
	trap - EXIT
	for p in "${pids[@]}"; do
		kill "$p" 2>/dev/null
		wait "$p" 2>/dev/null
	done
	"$O/bin/coffer-router" --home "$home" --teardown >/dev/null 2>&1
	for n in $all; do ip netns del "coffer-$inst-$n" 2>/dev/null; done
	rm -rf "$top"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
die() { echo "bench router: $*" >&2; exit 1; }
say() { echo "bench router: $(date +%T) $*" >&2; }
# name unit ours peer peer-name aim-of-ratio
row() {
	awk -v n="$1" -v u="$2" -v o="$3" -v p="$4" -v pn="$5" -v aim="$6" 'BEGIN {
		r = p > 0 ? o / p : 0; split(aim, w, " ")
		met = w[1] == "<=" ? (r <= w[2] ? "yes" : "no") : w[1] == ">=" ? (r >= w[2] ? "yes" : "no") : "-"
		printf "%s\t%s\t%.4g\t%.4g\t%s\t%.3f\t%s\t%s\n", n, u, o, p, pn, r, aim, met }'
}
median() { sort -n | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : 0 }'; }
in_ns() { local n=$1; shift; ip netns exec "coffer-$inst-$n" "$@"; }
begin() { "$@" >>"$top/log" 2>&1 </dev/null & pids+=($!); }
ctl() { "$peer" ctl "$home/run/router.sock"; }
answers() { echo '{"op":"hello"}' | ctl >/dev/null 2>&1; }

# link A AIF AADDR B BIF BADDR: a wire with one address at each end.
link() {
	ip link add "$2" netns "coffer-$inst-$1" type veth peer name "$5" netns "coffer-$inst-$4"
	in_ns "$1" ip addr add "$3" dev "$2"
	in_ns "$1" ip link set "$2" up
	in_ns "$4" ip addr add "$6" dev "$5"
	in_ns "$4" ip link set "$5" up
}

mkdir -p "$home/run/front"
chmod 711 "$home"
echo "$inst" >"$home/instance"
chown 64101:64102 "$home/run/front"
chmod 2710 "$home/run/front"
dns_port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Proto => "udp", LocalAddr => "127.0.0.1")->sockport')
printf '[router]\nuid = 64102\ngid = 64102\nupstream_dns = 127.0.0.1:%s\n' "$dns_port" >"$home/coffer.conf"
begin "$peer" upstream "$dns_port" "$WEB"
begin "$O/bin/coffer-router" --home "$home"
for _ in $(seq 200); do answers && break; sleep 0.05; done
answers || die "router: $(tail -n 5 "$top/log")"
for n in $all; do
	ip netns add "coffer-$inst-$n" || die "namespace $n"
	in_ns "$n" ip link set lo up
done
in_ns inet ip addr add "$WEB/32" dev lo
begin ip netns exec "coffer-$inst-inet" "$peer" serve "$WEB" 80

# The router's own: an uplink and two projects, as docs/architecture.md has it.
link router "cf${inst}u" 10.99.0.2/30 inet up0 10.99.0.1/30
in_ns router ip route add default via 10.99.0.1
for id in 7 8; do
	link router "cf${inst}p$id" 10.214.0.1/32 "p$id" eth0 "10.214.1.$id/32"
	in_ns router ip route replace "10.214.1.$id/32" dev "cf${inst}p$id"
	in_ns "p$id" ip route add 10.214.0.1/32 dev eth0
	in_ns "p$id" ip route add default via 10.214.0.1 dev eth0
done
# Plain forwarding, the same with one masquerade, and one wire.
link pc eth0 10.98.1.2/24 plain in 10.98.1.1/24
link plain out 10.98.0.2/30 inet up1 10.98.0.1/30
link nc eth0 10.97.1.2/24 nat in 10.97.1.1/24
link nat out 10.97.0.2/30 inet up2 10.97.0.1/30
link dc eth0 10.96.0.2/30 inet up3 10.96.0.1/30
in_ns inet ip route add 10.98.1.0/24 via 10.98.0.2
for n in plain nat; do in_ns "$n" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'; done
in_ns plain ip route add default via 10.98.0.1
in_ns nat ip route add default via 10.97.0.1
in_ns nat iptables -t nat -A POSTROUTING -o out -j MASQUERADE
in_ns nat iptables -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
in_ns pc ip route add default via 10.98.1.1
in_ns nc ip route add default via 10.97.1.1
in_ns dc ip route add default via 10.96.0.1
web='{"op":"project.set","id":7,"mode":"web"}'
locked="{\"op\":\"project.set\",\"id\":8,\"mode\":\"locked\",\"allow\":[{\"domain\":\"*.bench.test\"}]}"
printf '%s\n' "$web" "$locked" | ctl >/dev/null || die 'project.set'
pin() { in_ns p8 "$peer" dns 10.214.0.1 "$HOST" 1 0 >/dev/null || die "no answer for $HOST"; }
pin
rejected=$(in_ns p8 "$peer" dns 10.214.0.1 x.evil.test 1 3 2>&1) || die "a name that is not allowed: $rejected"

say 'connections'
declare -A client=([direct]=dc [plain]=pc [nat]=nc [web]=p7 [locked]=p8)
for n in direct plain nat web locked; do
	in_ns "${client[$n]}" "$peer" latency $WEB 80 $HOST 5 6000 >/dev/null || die "$n: no way through"
done
for _ in $(seq $rounds); do
	pin
	for n in direct plain nat web locked; do
		# At most 200 new ones a second of a project: 6 ms between them.
		in_ns "${client[$n]}" "$peer" latency $WEB 80 $HOST $conns 6000 >>"$top/lat.$n" || die "$n"
	done
done
say 'throughput'
for _ in $(seq $rounds); do
	pin
	for n in direct plain nat web locked; do
		in_ns "${client[$n]}" "$peer" rate $WEB 80 $HOST $mib >>"$top/rate.$n" || die "$n"
	done
done
conn() { awk '{ print $1 }' "$top/lat.$1" | median; }
whole() { awk '{ print $2 }' "$top/lat.$1" | median; }
rate() { median <"$top/rate.$1"; }
row web_new_connection us "$(conn web)" "$(conn plain)" 'plain forwarding' '<= 1.10'
row web_new_connection us "$(conn web)" "$(conn nat)" 'forwarding, masquerade' '<= 1.10'
row web_new_connection us "$(conn web)" "$(conn direct)" 'one wire' '<= 1.45'
row web_first_answer us "$(whole web)" "$(whole plain)" 'plain forwarding' '<= 1.10'
row locked_first_answer us "$(whole locked)" "$(whole plain)" 'plain forwarding' '-'
row web_throughput MiB/s "$(rate web)" "$(rate plain)" 'plain forwarding' '>= 0.90'
row web_throughput MiB/s "$(rate web)" "$(rate nat)" 'forwarding, masquerade' '-'
row web_throughput MiB/s "$(rate web)" "$(rate direct)" 'one wire' '>= 0.80'
row locked_throughput MiB/s "$(rate locked)" "$(rate plain)" 'plain forwarding' '-'

say 'names'
for _ in $(seq $rounds); do
	in_ns p8 "$peer" dns 10.214.0.1 x.evil.test 20 3 >>"$top/dns.denied" || die 'denied'
	in_ns p8 "$peer" dns 10.214.0.1 "$HOST" 20 0 >>"$top/dns.allowed" || die 'allowed'
	sleep 0.3
done
ms() { awk -v c="$1" '{ print $c / 1000 }' | median; }
row name_refused ms "$(ms 1 <"$top/dns.denied")" 1 'limit 1 ms' '<= 1.00'
row name_answered_and_pinned ms "$(ms 1 <"$top/dns.allowed")" 1 'limit 1 ms' '<= 1.00'

# Tightening and loosening alternate; each reply comes when the kernel has it.
alternate() {
	local i
	for ((i = 0; i < changes; i++)); do
		echo '{"op":"project.set","id":7,"mode":"none"}'
		echo "$web"
	done
}
rules() {
	local i
	for ((i = 0; i < changes; i++)); do
		echo "{\"op\":\"project.set\",\"id\":8,\"mode\":\"locked\",\"allow\":[{\"domain\":\"*.bench.test\"},{\"domain\":\"a$i.test\"}]}"
	done
}
projects() { # FROM TO
	local i
	for ((i = $1; i <= $2; i++)); do echo "{\"op\":\"project.set\",\"id\":$i,\"mode\":\"web\"}"; done
}
last=0
for n in 1 $((many / 10)) "$many"; do
	say "$n projects"
	if [ "$n" -gt 1 ]; then
		projects $((100 + last)) $((100 + n - 1)) | ctl >"$top/apply.$n" || die "$n projects"
		last=$n
	fi
	for _ in $(seq 3); do
		alternate | ctl >>"$top/mode.$n" || die change
		rules | ctl >>"$top/rule.$n" || die rule
		pin
		in_ns p8 "$peer" dns 10.214.0.1 %.bench.test 15 0 >>"$top/pin.$n" || die pin
		sleep 0.2
	done
	row "mode_change_${n}_projects" ms "$(ms 1 <"$top/mode.$n")" 5 'limit 5 ms' '<= 1.00'
	row "rule_change_${n}_projects" ms "$(ms 1 <"$top/rule.$n")" 5 'limit 5 ms' '<= 1.00'
	row "name_and_pin_${n}_projects" ms "$(ms 1 <"$top/pin.$n")" 5 'limit 5 ms' '<= 1.00'
done
row mode_change_flat ms "$(ms 1 <"$top/mode.$many")" "$(ms 1 <"$top/mode.1")" 'one project' '<= 1.10'
# A connection with them all there, beside one without: the first round again.
for _ in $(seq $rounds); do
	for n in plain web; do
		in_ns "${client[$n]}" "$peer" latency $WEB 80 $HOST $conns 6000 >>"$top/lat.$n$many" || die "$n"
	done
done
row "new_connection_${many}_projects" ratio \
    "$(awk -v a="$(conn "web$many")" -v b="$(conn "plain$many")" 'BEGIN { print a / b }')" \
    "$(awk -v a="$(conn web)" -v b="$(conn plain)" 'BEGIN { print a / b }')" 'one project' '<= 1.10'

# The same number of projects, a rule each, by iptables: three tools' worth.
say 'iptables, rule by rule'
t=$(date +%s%N)
for ((i = 0; i < many / 10; i++)); do
	in_ns nat iptables -w -A FORWARD -s "10.214.$((i / 250 + 1)).$((i % 250))" -p tcp --dport 443 -j ACCEPT
done
t=$((($(date +%s%N) - t) / 1000000))
row "set_${many}_projects" ms "$(ms 3 <"$top/apply.$many")" $((t * 10)) 'iptables, one rule each, by a tenth' '<= 0.40'
