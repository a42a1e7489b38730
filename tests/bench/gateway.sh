#!/bin/bash
# What the model gateway adds to a request, against a connection to the same
# provider (a scripted one on loopback), and its memory for each open stream.
set -u
cd "$(dirname "$0")/../.." || exit 1
case ${O:=build/release} in /*) ;; *) O=$PWD/$O ;; esac
export O
# shellcheck source=tests/system/lib.sh
. tests/system/lib.sh
SYSTEM_DIR=$PWD/tests/system
# shellcheck source=tests/system/gateway_lib.sh
. tests/system/gateway_lib.sh
rounds=${ROUNDS:-300}
streams=${STREAMS:-30}
runs=8

# Of a home the gateway needs no more.
HOME_DIR=$T/home
mkdir -m 711 "$HOME_DIR"
mkdir "$HOME_DIR/run"
coffer_conf </dev/null
gateway_conf <<CONF
run_budget = 0
item_budget = 0
project_day_budget = 0
day_budget = 0
CONF
gateway_provider
gateway_files anthropic anthropic
gateway_prices
sed -i 's/^log_level.*/log_level = info/' "$HOME_DIR/coffer.conf"
start_gateway
row() { # name unit ours peer peer_name aim limit-of-ratio
	awk -v n="$1" -v u="$2" -v o="$3" -v p="$4" -v pn="$5" -v aim="$6" -v max="$7" 'BEGIN {
		r = p > 0 ? o / p : 0
		printf "%s\t%s\t%s\t%s\t%s\t%.2f\t%s\t%s\n", n, u, o, p, pn, r, aim, r <= max ? "yes" : "no" }'
}
# at PERCENT WHAT: milliseconds
at() { sed -n "s/^$2 //p" "$T/times" | sort -n | awk -v p="$1" '{ v[NR] = $1 } END { printf "%.3f", v[int((NR - 1) * p / 100) + 1] / 1000 }'; }
minus() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a - b }'; }
client() { perl tests/bench/gateway_client.pl "$1" "$HOME_DIR/run/gateway/gateway.sock" "$ROUTER" "$UP_PORT" "$T/token.$2" "$3"; }
rss() { awk '/^VmRSS/ { print $2 }' "/proc/$GATEWAY_PID/status"; }

for r in $(seq $runs); do
	grant "$r" 7 1
	printf '%s\n' "$TOKEN_NEW" >"$T/token.$r"
	chmod 644 "$T/token.$r"
done
client latency 1 20 >"$T/warm" || exit 1
client latency 1 "$rounds" >"$T/times" || exit 1
for w in '' _first; do
	for p in 50 99; do
		echo "bench gateway: p$p$w direct $(at $p "direct$w") ms, by the gateway $(at $p "gateway$w") ms" >&2
		row "gateway_added${w}_p$p" ms "$(minus "$(at $p "gateway$w")" "$(at $p "direct$w")")" 2 'limit 2 ms' '<= 1.00' 1.00
	done
done
before=$(rss)
for r in $(seq $runs); do
	client streams "$r" "$streams" >"$T/open.$r" &
	PIDS="$! $PIDS"
done
for r in $(seq $runs); do
	wait_for 20 grep -q open "$T/open.$r" || { echo 'bench gateway: streams did not open' >&2; exit 1; }
done
row gateway_memory_per_stream KiB "$(awk -v a="$before" -v b="$(rss)" -v n=$((runs * streams)) 'BEGIN { printf "%.1f", (b - a) / n }')" \
    128 'limit 128 KiB' '<= 1.00' 1.00
row gateway_idle_memory KiB "$before" 30720 'limit 30 MB' '<= 1.00' 1.00
