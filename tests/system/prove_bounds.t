#!/bin/sh
# What a sandbox may use up, and what tools that look for a way out find in it.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
[ -x /usr/sbin/runc ] || [ -x /usr/bin/runc ] || tap_skip_all 'runc is absent'
attack_start beta
make_upstream hog
coffer create "$UPSTREAM" --network none --cpus 1 --disk 64M --memory 128M --wait >"$T/create.log" 2>&1 ||
    tap_bail "$(cat "$T/create.log")"

# ---- tools that look for a way out: nothing is there ----
coffer exec beta -- sh -s <"$SYSTEM_DIR/attack_agent_tools.sh" >"$T/found" 2>&1
tap_is "$(tail -n 1 "$T/found")" LOOKED 'escape tools looked'
tap_is "$(grep -v LOOKED "$T/found")" '' 'and found nothing'
sh "$SYSTEM_DIR/attack_agent_tools.sh" >/dev/null 2>&1
tap_is "$?" 99 'outside of a sandbox they do not look'

# ---- a hog of the processor: its bound, and what the others do meanwhile ----
# 20 turns of work with pauses: how many were done.
turns()
{
	coffer exec beta -- perl -e 'my $n = 0;
	    for (1 .. 20) { my $x = 0; $x += $_ for 1 .. 400_000; $n++; select(undef, undef, undef, 0.05) } print "$n\n"'
}
used() # ticks of the hogs so far
{
	for p in $(pgrep -f '^hog-of-this-test'); do cat "/proc/$p/stat"; done 2>/dev/null |
	    awk '{ n += $14 + $15 } END { print n + 0 }'
}
coffer exec hog -- perl -e 'for (1 .. 16) { next if fork; $0 = "hog-of-this-test"; 1 while 1 } sleep 60' >/dev/null 2>&1 &
hogs() { [ "$(pgrep -c -f '^hog-of-this-test')" -eq 16 ]; }
tap_ok 'sixteen hogs run' wait_for 10 hogs
from=$(used) at=$(date +%s%N)
done=$(turns)
used=$(($(used) - from))
# A bound of the kernel's, which no load of the host exceeds.
share=$(((100 * used * 1000000000 / $(getconf CLK_TCK)) / ($(date +%s%N) - at)))
one() { [ "$used" -gt 0 ] && [ "$share" -le 125 ]; }
tap_ok "a hog has its one processor and no more ($share %)" one
both() { [ "$done" = 20 ] && hogs; }
tap_ok "another project's work goes on ($done turns of 20, while the hogs ran)" both
tap_ok 'and so do the services' coffer status
coffer exec hog -- pkill -9 perl >/dev/null 2>&1

# ---- inodes ----
inodes() { find "$HOME_DIR" -xdev 2>/dev/null | wc -l; }
before=$(inodes)
coffer exec hog -- perl -e 'my ($d, $n) = ($ARGV[0], 0);
    for my $i (0 .. 400) { mkdir "$d/f$i" or goto out; for (1 .. 1000) { open(my $f, ">", "$d/f$i/$_") or goto out; $n++ } }
    out: print "$n $!\n"' \
    /work >"$T/inodes" 2>&1
tap_ok "inodes end ($(cat "$T/inodes"))" grep -q 'No space left' "$T/inodes"
tap_ok 'with the file system' awk '{ exit !($1 > 100 && $1 < 200000) }' "$T/inodes"
tap_ok "the host's are as they were" [ $(($(inodes) - before)) -lt 500 ]
tap_ok 'another project has its own' coffer exec beta -- sh -c ': >/work/one && rm /work/one'
tap_not 'the full one has none' coffer exec hog -- sh -c ': >/work/one'
tap_ok 'until it frees some' coffer exec hog -- sh -c 'rm -rf /work/f1 && : >/work/one'
# Files in memory count as memory: the end is the sandbox's own.
coffer exec hog -- perl -e 'for (1 .. 1_000_000) { open(my $f, ">", "/tmp/x$_") or exit 3 } exit 4' >/dev/null 2>&1
rc=$?
tap_not "files of a tmpfs are bounded too (exit $rc)" [ "$rc" -eq 4 ]
tap_ok 'and the services live' coffer status
[ "$TAP_FAILED" -eq 0 ] || { sed 's/^/# /' "$T/found"; tail -n 10 "$HOME_DIR"/log/*.log | sed 's/^/# /'; }
tap_done
