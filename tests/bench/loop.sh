#!/bin/bash
# From a comment to an agent, a sandbox's cold start, and cofferd's memory while
# packs pass through it; everything for real, on a HOME of its own.
set -u
cd "$(dirname "$0")/../.." || exit 1
case ${O:=build/release} in /*) ;; *) O=$PWD/$O ;; esac
. tests/bench/loop_lib.sh
rounds=${ROUNDS:-7}

median() { sort -n | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : "-" }'; }
# name unit ours peer peer_name aim limit-of-ratio
row() {
	awk -v n="$1" -v u="$2" -v o="$3" -v p="$4" -v pn="$5" -v aim="$6" -v max="$7" 'BEGIN {
		r = p > 0 ? o / p : 0
		printf "%s\t%s\t%s\t%s\t%s\t%.2f\t%s\t%s\n", n, u, o, p, pn, r, aim, r <= max ? "yes" : "no" }'
}

loop_up ''
coffer create "http://127.0.0.1:$(cat "$top/port")/tally.git" --network web --wait \
    -- /opt/coffer/agents/stamp >"$top/log" 2>&1 || die "$(cat "$top/log")"
api POST /api/v1/repos/admin/tally/issues '{"title":"bench"}' >/dev/null

# A bare container of the same kind: the host's /usr, nothing else.
bundle=$top/bundle
mkdir -p "$bundle/rootfs/usr" "$bundle/rootfs/proc" "$bundle/rootfs/dev" "$bundle/rootfs/sys"
for l in bin sbin lib lib64; do ln -s "usr/$l" "$bundle/rootfs/$l"; done
(cd "$bundle" && runc spec) || die 'runc spec'
jq '.process.args = ["/bin/true"] | .process.terminal = false
    | .mounts += [{destination: "/usr", type: "bind", source: "/usr", options: ["rbind", "ro"]}]' \
    "$bundle/config.json" >"$bundle/c" && mv "$bundle/c" "$bundle/config.json"
perl tests/bench/loop_client.pl "127.0.0.1:$port" "$COFFER_HOME/secrets/admin.token" \
    admin/tally "$rounds" "$bundle" >"$top/times" || die "$(tail -n 3 "$COFFER_HOME/log/agentd.log")"
times() { sed -n "s/^$1 //p" "$top/times"; }
echo "bench loop: $(tr '\n' ' ' <"$top/times")" >&2
row comment_to_agent ms "$(times comment | median)" 100 'limit 100 ms' '<= 1.00' 1.00
row sandbox_cold_start ms "$(times cold | median)" "$(times bare | median)" 'bare runc run' '<= 3.00' 3.00

# Memory: the peak while a pack of 100 MB comes in, and goes out.
pid=$(pgrep -f "^$O/bin/cofferd .*$COFFER_HOME" | head -n 1)
peak() { awk '/VmHWM/ { print $2 }' "/proc/$pid/status"; }
reset() { echo 5 >"/proc/$pid/clear_refs"; }
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.extraHeader GIT_CONFIG_VALUE_0="Authorization: Bearer $token"
git clone -q "$url/admin/tally.git" "$top/w" || die clone
head -c 100000000 /dev/urandom >"$top/w/blob"
git -C "$top/w" -c user.name=b -c user.email=b@example.org add blob
git -C "$top/w" -c user.name=b -c user.email=b@example.org commit -q -m blob
reset; a=$(peak)
git -C "$top/w" push -q origin HEAD:refs/heads/agent/blob 2>"$top/log" || die "push: $(cat "$top/log")"
b=$(peak)
row push_100mb_hwm_growth KiB $((b - a)) 8192 'limit 8 MiB' '<= 1.00' 1.00
reset; a=$(peak)
git clone -q --bare --branch agent/blob --single-branch "$url/admin/tally.git" "$top/c.git" || die clone
b=$(peak)
row clone_100mb_hwm_growth KiB $((b - a)) 8192 'limit 8 MiB' '<= 1.00' 1.00

# The same with many projects.
O=$O tests/bench/loop_many.sh

# And by the model gateway.
O=$O tests/bench/gateway.sh
