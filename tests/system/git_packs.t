#!/bin/sh
# The cache of packs: equal fetches share one computation, and nothing that
# ends in the middle of one leaves half a pack, a process or a lock.
. "$(dirname "$0")/lib.sh"

PACKS=$O/libexec/coffer/coffer-packs
coffer_home
conf() {
	{
		printf 'allow_file_upstream = yes\nmax_packs = 40\n'
		printf 'packs_per_user = 40\npacks_per_project = 39\n'
		lib_router_ids
		cat
	} >"$T/conf.server"
	coffer_conf <"$T/conf.server"
}
conf </dev/null
start_cofferd

# count NAME: of the counters that every hook adds to.
count()
{
	case $1 in
	hits) count_i=0 ;; joined) count_i=1 ;; computed) count_i=2 ;;
	plain) count_i=3 ;; failed) count_i=4 ;; abandoned) count_i=5 ;;
	esac
	[ -s "$HOME_DIR/git/packs/counts" ] || { echo 0; return; }
	od -An -v -tu8 -j $((8 * count_i)) -N 8 "$HOME_DIR/git/packs/counts" | tr -d ' '
}
# grown NAME: since mark.
mark() { for m in hits joined computed plain failed abandoned; do eval "M_$m=$(count $m)"; done; }
grown() { eval "echo \$(($(count "$1") - M_$1))"; }

# Those of this HOME alone: other tests may run on the machine.
producers()
{
	for pr in $(pgrep -x packs-producer); do
		grep -qzs "^COFFER_PACKS=$T/" "/proc/$pr/environ" && echo "$pr"
	done
}
idle() { [ -z "$(producers)" ]; }
# hold: computations stay at their start.  hold_git: until one is there;
# PRODUCER, GIT.  go: they go on.
hold() { : >"$HOME_DIR/git/packs/hold"; }
go() { rm -f "$HOME_DIR/git/packs/hold"; }
held() { PRODUCER=$(producers | head -n 1); [ -n "$PRODUCER" ] && GIT=$(pgrep -P "$PRODUCER"); }
hold_git() { wait_for 10 held || tap_bail 'no computation'; held; }
dead() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status"; }
entries() { find "$HOME_DIR/git/packs/$PROJECT_ID" -type f 2>/dev/null | wc -l; }
clone() { # DIR ARGUMENT...
	clone_d=$1
	shift
	git_as "$ADMIN" clone -q --bare "$@" "$URL/$PROJECT.git" "$clone_d" 2>"$clone_d.err"
}
# clone_bg DIR ARGUMENT...: A is the client itself.
clone_bg()
{
	bg_d=$1
	shift
	git -c "http.extraHeader=Authorization: Bearer $ADMIN" clone -q --bare \
	    "$@" "$URL/$PROJECT.git" "$bg_d" 2>"$bg_d.err" &
	A=$!
}
whole() { git -C "$1" fsck --full >"$T/fsck" 2>&1 && ! grep -qv notice "$T/fsck"; }
forget() { rm -f "$HOME_DIR/git/packs/$PROJECT_ID"/*; }

# A history whose shallow pack takes a while: many files that are alike.
make_upstream calc
perl -e 'srand(7); my @l = map { join("", map { chr(97 + int(rand(26))) } 1 .. 60) } 1 .. 4000;
	print "blob\nmark :1\ndata 2\na\n\n";
	my @f;
	for my $i (2 .. 501) {
		my $t = join("\n", map { $l[($_ * ($i % 17 + 1) + int(rand(40))) % 4000] } 1 .. 160) . "\n";
		print "blob\nmark :$i\ndata ", length($t), "\n", $t, "\n";
		push @f, "M 100644 :$i d" . ($i % 20) . "/f$i.txt\n";
	}
	print "commit refs/heads/main\ncommitter T <t\@e.org> 1700000000 +0000\ndata 4\nmany\nfrom refs/heads/main^0\n", @f, "\n";' |
    git --git-dir="$T/up/calc.git" fast-import --quiet || tap_bail fast-import
[ "$(id -u)" -ne 0 ] || chown -R "$(stat -c %u "$HOME_DIR/db")" "$T/up"
add_project() {
	api POST /api/coffer/v1/projects "{\"upstream\":\"$UPSTREAM\",\"name\":\"$1\"}"
	[ "$STATUS" = 201 ] || tap_bail "project: $STATUS $(cat "$BODY")"
	PROJECT=$(field .full_name)
	PROJECT_ID=$(field .id)
	api POST "/api/coffer/v1/projects/$PROJECT/sync?wait=60"
	[ "$STATUS" = 200 ] || tap_bail "sync: $STATUS $(cat "$BODY")"
}
add_project calc
WORK=$T/up/calc-work

# One computation for many.
mark
for i in 1 2 3 4 5 6 7 8; do clone "$T/s$i" --depth 1 & eval "J$i=\$!"; done
good=0
for i in 1 2 3 4 5 6 7 8; do eval "wait \$J$i" && good=$((good + 1)); done
tap_is $good 8 'eight equal shallow clones at once'
tap_is "$(grown computed)" 1 'are computed once'
tap_is "$(($(grown hits) + $(grown joined)))" 7 'the others share it'
good=0
for i in 1 2 3 4 5 6 7 8; do whole "$T/s$i" && good=$((good + 1)); done
tap_is $good 8 'and each is whole'
tap_ok 'one more' clone "$T/s9" --depth 1
tap_is "$(grown hits)$(grown joined)$(grown computed)" "$(($(grown hits)))$(grown joined)1" 'is a hit'
tap_is "$(stat -c %a "$HOME_DIR/git/packs/$PROJECT_ID"/* | sort -u)" 600 'entries are private'

# Different requests.
mark
tap_ok 'a full clone' clone "$T/full" && tap_ok 'is whole' whole "$T/full"
tap_ok 'without blobs' clone "$T/part" --filter=blob:none
tap_ok 'depth 2' clone "$T/d2" --depth 2 && tap_ok 'is whole, too' whole "$T/d2"
tap_ok 'protocol 0' git -c protocol.version=0 -c "http.extraHeader=Authorization: Bearer $ADMIN" clone -q --bare --no-tags "$URL/$PROJECT.git" "$T/v0"
tap_is "$(grown computed) $(grown hits)" '3 1' 'each is computed; both protocols share'
tap_ok 'the full clone again' clone "$T/full2" && tap_is "$(grown computed) $(grown hits)" '3 2' 'is a hit'
tap_is "$(cat "$T/full/objects/pack"/*.pack | cksum)" "$(cat "$T/full2/objects/pack"/*.pack | cksum)" 'of the same bytes'
mark
cp -r "$T/full" "$T/full3"
push_branch agent/new n.txt hello
tap_ok 'an incremental fetch' git_as "$ADMIN" -C "$T/full" fetch -q "$URL/$PROJECT.git" agent/new
tap_ok 'and its equal' git_as "$ADMIN" -C "$T/full3" fetch -q "$URL/$PROJECT.git" agent/new
tap_is "$(git -C "$T/full3" rev-parse FETCH_HEAD)" "$SHA" 'bring the commit'
tap_like "$(grown computed) $(grown hits)" '[12] 1' 'from one computation'
for p in 1 2; do
	git_as "$ADMIN" clone --progress --bare --depth 3 "$URL/$PROJECT.git" "$T/p$p" 2>"$T/p$p.err"
	tap_ok "progress is told: $p" grep -q 'remote: Total' "$T/p$p.err"
done

if grep -qF ../hold "$PACKS"; then
# The first one leaves, the second goes on.
forget; mark; hold
clone_bg "$T/a" --depth 1
hold_git
FIRST=$A
clone_bg "$T/b" --depth 1
joined() { [ "$(grown joined)" = 1 ]; }
wait_for 10 joined
kill -KILL "$FIRST"; wait "$FIRST" 2>/dev/null
sleep 0.7
tap_not 'the first has left; the work goes on' dead "$GIT"
go
tap_ok 'the second has it all' wait $A
tap_ok 'whole' whole "$T/b"

# Everybody leaves.
forget; mark; hold
clone_bg "$T/c" --depth 1
hold_git
tap_is "$(entries)" 1 'an entry grows'
kill -KILL $A; wait $A 2>/dev/null
tap_ok 'nobody follows: the work ends' wait_for 5 idle
tap_ok 'git is gone' wait_for 2 dead "$GIT"
go
tap_is "$(entries) $(grown abandoned)" '0 1' 'and nothing is left'

# The producer is killed before a byte is out.
forget; mark; hold
clone_bg "$T/d" --depth 1
hold_git
kill -KILL "$PRODUCER"
go
tap_ok 'a killed producer costs time only' wait $A
tap_ok 'the clone is whole' whole "$T/d"
tap_ok 'its git died with it' wait_for 2 dead "$GIT"
tap_is "$(entries)" 1 'there is one entry'

# git is killed: its message, and no entry.
forget; mark; hold
clone_bg "$T/e" --depth 1
hold_git
kill -KILL "$GIT"
go
tap_not 'a killed git fails the clone' wait $A
tap_is "$(entries) $(grown failed)" '0 1' 'and is not kept'
tap_ok 'the next one works' clone "$T/e2" --depth 1

# cofferd is killed.
forget; mark; hold
clone_bg "$T/f" --depth 1
hold_git
kill -KILL "$COFFERD_PID"; wait "$COFFERD_PID" 2>/dev/null
tap_not 'cofferd is killed: the clone fails' wait $A
tap_ok 'the producer ends' wait_for 5 idle
go
tap_is "$(entries)" 0 'no half entry'
start_cofferd
tap_ok 'cofferd starts; a clone works' clone "$T/f2" --depth 1

else
	tap_skip 'computations that are cut' 'a release build cannot be held'
fi

# Damage.
ENTRY=$(ls "$HOME_DIR/git/packs/$PROJECT_ID"/*)
truncate -s 100000 "$ENTRY"
mark
tap_ok 'a truncated entry' clone "$T/g" --depth 1
tap_is "$(grown computed)" 1 'is computed anew'
printf 'XXXX' | dd of="$ENTRY" bs=1 seek=50000 conv=notrunc 2>/dev/null
touch -d '1 minute ago' "$ENTRY"
tap_ok 'a damaged one' clone "$T/h" --depth 1
tap_is "$(grown computed)" 2 'is, too'
tap_ok 'the clone is whole' whole "$T/h"
touch -d '1 minute ago' "$ENTRY"
tap_ok 'one unused for a while' clone "$T/h2" --depth 1
tap_is "$(grown computed) $(grown hits)" '2 1' 'is a hit'
tap_ok 'and young again' test -n "$(find "$ENTRY" -newermt '-10 seconds')"

# A reader that is slow does not keep git.
forget; mark
tip=$(git --git-dir="$T/up/calc.git" rev-parse main)
pkt() { printf '%04x%s\n' $((${#1} + 5)) "$1"; }
{ pkt command=fetch; pkt object-format=sha1; printf 0001; pkt no-progress; pkt ofs-delta
  pkt 'deepen 1'; pkt "want $tip"; pkt 'done'; printf 0000; } >"$T/body"
post() { curl -sS -m 90 "$@" -u "x:$ADMIN" -H 'Git-Protocol: version=2' \
    -H 'Content-Type: application/x-git-upload-pack-request' \
    --data-binary "@$T/body" "$URL/$PROJECT.git/git-upload-pack"; }
mkfifo "$T/pipe"
post -o "$T/pipe" & A=$!
exec 7<"$T/pipe"
head -c 1 <&7 >"$T/slow"
tap_ok 'a slow reader is read to; git ends' wait_for 20 idle
tap_ok 'while it still reads' kill -0 $A
forget
cat <&7 >>"$T/slow"
exec 7<&-
tap_ok 'its entry is removed meanwhile; it gets all' wait $A
perl -e 'local $/; $_ = <>; while (/\G([0-9a-f]{4})/gc) { my $n = hex($1);
	next if $n < 5; my $d = substr($_, pos, $n - 4); pos($_) += $n - 4;
	print substr($d, 1) if ord($d) == 1 }' "$T/slow" >"$T/slow.pack"
tap_ok 'its pack is whole' git -C "$T/full" index-pack "$T/slow.pack"

# Projects never share.
CALC=$PROJECT_ID
mark
add_project twin
tap_ok 'the same request of another project' clone "$T/t" --depth 1
tap_is "$(grown computed)" 1 'is computed for itself'
api DELETE "/api/coffer/v1/projects/$PROJECT"
tap_is "$STATUS" 202 'the project is deleted'
gone() { [ ! -e "$HOME_DIR/git/packs/$PROJECT_ID" ]; }
tap_ok 'its packs with it' wait_for 5 gone
PROJECT=admin/calc PROJECT_ID=$CALC

# The sweep: the longest unused goes first, and what is old.
forget
for d in 1 2; do clone "$T/w$d" --depth "$d"; sleep 0.1; done
clone "$T/w3" --filter=blob:none
tap_is "$(entries)" 3 'three entries'
by_age() { find "$HOME_DIR/git/packs/$PROJECT_ID" -type f -printf '%T@ %p\n' | sort -n | cut -d ' ' -f 2; }
first=$(by_age | head -n 1)
all=$(du -s -B1 "$HOME_DIR/git/packs/$PROJECT_ID" | cut -f1)
sweep() { "$PACKS" --sweep "$HOME_DIR/git/packs" "$HOME_DIR/repos" "$@" >"$T/sweep.out"; }
tap_ok 'a sweep to a size' sweep $((all - 8192)) 3600000
tap_is "$(entries)" 2 'removes what is too much'
tap_not 'the oldest' test -e "$first"
touch -d '2 hours ago' "$(by_age | head -n 1)"
tap_ok 'a sweep of the old' sweep 9999999999 3600000
tap_is "$(entries)" 1 'removes one'
touch -d '+3 days' "$HOME_DIR/git/packs/$PROJECT_ID"/*
sweep 9999999999 3600000
tap_is "$(entries)" 0 'a time to come is not trusted'
clone "$T/w4" --depth 1
stop_cofferd
printf 'pack_cache_age = 1s\n' | conf
start_cofferd
none() { [ "$(entries)" = 0 ]; }
tap_ok 'cofferd sweeps by itself' wait_for 10 none
tap_ok 'and says so' grep -q 'packs sweep bytes=' "$T/cofferd.log"
stop_cofferd
printf 'pack_cache = 0\n' | conf
start_cofferd
mark
tap_ok 'switched off a clone works' clone "$T/off" --depth 1
tap_is "$(grown computed)$(grown hits)$(grown plain)$(entries)" 0000 'past all of it'

# The program itself, with a git of ours.
direct() { # PACKS-DIR INPUT ARGUMENT...
	direct_d=$1 direct_i=$2
	shift 2
	COFFER_PACKS=$direct_d/1 COFFER_PACKS_MAX=${MAX:-1000000000} COFFER_PACKS_GIT=$T/git \
	    "$PACKS" git pack-objects "$@" <"$direct_i" >"$T/direct.out" 2>"$T/direct.err"
}
mkdir "$T/bare" "$T/direct"
printf 'hello\n' >"$T/in"
cat >"$T/git" <<'GIT'
#!/bin/sh
printf x >>"$FAKE.starts"
exec "$FAKE"
GIT
chmod +x "$T/git"
export FAKE="$T/fake"
fake() { { echo '#!/bin/sh'; cat; } >"$FAKE"; chmod +x "$FAKE"; : >"$FAKE.starts"; }
starts() { wc -c <"$FAKE.starts"; }
fake <<'SH'
echo PACK; cat; printf '%040d' 7
SH
if direct "$T/direct" "$T/in" --revs && [ "$(starts)" = 1 ]; then
	direct "$T/direct" "$T/in" --revs
	tap_is "$(starts) $(tr '\n' ' ' <"$T/direct.out")" "1 PACK hello $(printf '%040d' 7)" 'the program: a hit'
	head -c 5000000 /dev/zero >"$T/large"
	direct "$T/direct" "$T/large" --revs
	tap_is "$(starts) $(wc -c <"$T/direct.out")" '2 5000045' 'a large request passes by'
	MAX=10 direct "$T/direct" "$T/in" --other
	tap_is "$? $(find "$T/direct/1" -type f | wc -l)" '0 1' 'a cache that is full takes no more before the next sweep'
	fake <<'SH'
echo PACK; sleep 0.3; printf '%040d' 7
SH
	mkdir "$T/direct2"
	MAX=10 direct "$T/direct2" "$T/in" --revs
	tap_is "$? $(wc -c <"$T/direct.out") $(find "$T/direct2/1" -type f | wc -l)" '0 45 0' 'a long pack is served, not kept'
	MAX=
	fake <<'SH'
echo 'fatal: bad object' >&2; exit 128
SH
	direct "$T/direct" "$T/in" --bad
	tap_is "$? $(grep -c 'fatal: bad object' "$T/direct.err") $(starts)" '128 1 1' 'git fails: its message'
	direct "$T/nowhere/x" "$T/in" --revs
	tap_is "$?" 128 'without a folder it is git'
	if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
		# In a namespace of its own: the mount goes with the shell.
		mkdir "$T/small"
		full() { unshare -m sh -c 'mount -t tmpfs -o size=$2 tmpfs "$1/small" || exit 3
			mkdir "$1/small/packs"; cd "$1/bare"; COFFER_PACKS=$1/small/packs/1
			COFFER_PACKS_MAX=1000000000 COFFER_PACKS_GIT=$1/git
			export COFFER_PACKS COFFER_PACKS_MAX COFFER_PACKS_GIT
			"$3" git pack-objects --revs <"$1/in" 2>"$1/direct.err" | wc -c >"$1/n"
			"$3" git pack-objects --later <"$1/in" 2>>"$1/direct.err" | wc -c >>"$1/n"
			sleep 0.4
			find "$1/small/packs/1" -type f | wc -l >>"$1/n"' sh "$T" "$1" "$PACKS"; }
		fake <<'SH'
echo PACK; head -c 100000000 /dev/zero || { echo 'fatal: No space left on device' >&2; exit 128; }
SH
		full 80m
		tap_like "$(tr '\n' ' ' <"$T/n")" '[1-9]* 100000005 0 ' 'a full disk: the next runs past the cache'
		tap_ok 'and the first says why' grep -q "disk is full" "$T/direct.err"
		full 10m
		tap_is "$(tr '\n' ' ' <"$T/n")" '100000005 100000005 0 ' 'a disk nearly full is not tried'
	else
		tap_skip 'a full disk' 'needs root and a mount namespace'
	fi
else
	tap_skip 'the program with a git of ours' 'a release build takes no other git'
fi
tap_ok 'no producer is left' wait_for 5 idle
tap_ok 'cofferd ends well' stop_cofferd
tap_done
