#!/bin/sh
# Maintenance: many packs become one with a bitmap, in nobody's way; a kill, a
# full disk and a flipped byte are survived, the latter said aloud.
. "$(dirname "$0")/lib.sh"

coffer_home
sed -i 's/^\[server\]/[server]\ncare_quiet = 1s/' "$HOME_DIR/coffer.conf"
start_cofferd
make_project
R=$HOME_DIR/repos/$PROJECT_ID.git
P=/api/coffer/v1/projects/$PROJECT
own() { [ "$(id -u)" -ne 0 ] || chown -R "$(stat -c %u "$HOME_DIR/db")" "$R"; }

# stream CHUNK FILES: a commit of that many small texts, on the chunk before.
stream()
{
	perl -e '
	my ($chunk, $n, $salt) = @ARGV;
	srand(1000 * $salt + $chunk);
	my $text = join("", map { sprintf("line %d of %d\n", $_, int(rand(1e9))) } 1 .. 40);
	for my $i (1 .. $n) {
		my $t = "file $i of $chunk\n" . $text . int(rand(1e9)) . "\n";
		printf("blob\nmark :%d\ndata %d\n%s\n", $i, length($t), $t);
	}
	printf("commit refs/heads/agent/bulk\ncommitter T <t\@example.org> %d +0000\ndata 5\nchunk\n", 1700000000 + $chunk);
	print("from refs/heads/agent/bulk^0\n") if $chunk > 1;
	print("M 100644 :$_ d$chunk/f$_\n") for 1 .. $n;
	print("\ndone\n");
	' "$1" "$2" "$SALT" | git --git-dir="$R" -c fastimport.unpackLimit=0 fast-import --quiet --done
}
# shatter PACKS FILES: what a year of pushes leaves.
shatter()
{
	SALT=$((${SALT:-0} + 1))
	git --git-dir="$R" update-ref -d refs/heads/agent/bulk
	shatter_i=0
	while [ $shatter_i -lt "$1" ]; do
		shatter_i=$((shatter_i + 1))
		stream $shatter_i "$2"
	done
	own
}
packs() { find "$R/objects/pack" -name 'pack-*.pack' | wc -l; }
care() { api POST "$P/maintain?wait=${2:-60}" "{${1:+\"step\":\"$1\"}}"; }
health() { api GET "$P"; [ "$(field .repository.health)" = "$1" ]; }
leftovers() { find "$R/objects" \( -name 'tmp_*' -o -name '.tmp-*' \) | grep . ; }
whole() { git --git-dir="$R" fsck --full --no-dangling; }
events() { api GET '/api/coffer/v1/events?after=0&limit=100'; field "[.events[] | select(.kind==\"$1\")] | length"; }
# The processes of a repack of this test.
repackers() { pgrep -f '^[^ ]*git (repack|pack-objects)' | while read -r p; do ! grep -qa "GIT_DIR=$R" "/proc/$p/environ" 2>/dev/null || echo "$p"; done; }
repacking() { [ -n "$(repackers)" ]; }
# A repack packs what the index names, too: where that is a FIFO, its pack-objects stays in open() until somebody opens
# the other end.  hold before it begins; unhold and the next one is free; let_go ends the one that stays there.
mkfifo -m 666 "$T/held"
hold() { ln "$T/held" "$R/index"; }
unhold() { rm "$R/index"; }
let_go() { exec 9<>"$T/held"; exec 9>&-; }
# No care but what is asked for.
care_by_hand() { sed -i 's/^care_quiet = .*/care_quiet = 1h/' "$HOME_DIR/coffer.conf"; }
packing() { repackers | while read -r p; do tr '\0' ' ' <"/proc/$p/cmdline"; echo; done 2>/dev/null | grep '^[^ ]*git pack-objects'; }

# Forty packs, loose refs.
stop_cofferd
shatter 40 20
i=0
while [ $i -lt 60 ]; do echo "create refs/heads/agent/b$i refs/heads/agent/bulk"; i=$((i + 1)); done |
    git --git-dir="$R" update-ref --stdin
own
tap_ok 'there are 40 packs' test "$(packs)" -ge 40
start_cofferd
tidy() { [ "$(packs)" = 1 ] && [ -n "$(ls "$R"/objects/pack/*.bitmap 2>/dev/null)" ] && [ -e "$R/objects/info/commit-graphs/commit-graph-chain" ]; }
tap_ok 'they become one with a bitmap and a commit-graph, by themselves' wait_for 90 tidy
tap_is "$(find "$R/refs" -type f | wc -l)" 1 'and the refs are packed'
tap_ok 'git says that it is whole' whole
quiet() { api GET "$P"; [ "$(field .repository.packs)" = 1 ]; }
tap_ok 'the project says so' wait_for 60 quiet
tap_ok 'with its size and when' jq -e '.repository | .size > 0 and .maintained_at != null and .problem == null and .purging == false' "$BODY"
tap_is "$(git_as "$ADMIN" ls-remote "$URL/$PROJECT.git" 'refs/heads/agent/b*' | wc -l)" 61 'every ref is listed'
steps() { grep -c 'care step' "$T/cofferd.log"; }
care
N=$(steps)
care
tap_is "$STATUS,$(field .error)" 200,null 'care on demand'
tap_is "$(steps)" "$N" 'does nothing where nothing is due'
[ "$(steps)" = "$N" ] || grep 'care ' "$T/cofferd.log" | sed 's/^/# /'

# Who may, what may be said.
USER=$(make_user bob)
api PUT "/api/v1/repos/$PROJECT/collaborators/bob" '{"permission":"write"}'
as "$USER" care
tap_is "$STATUS" 403 'a maintainer may not ask for it'
care nonsense
tap_is "$STATUS" 422 'an unknown step is refused'

# In nobody's way: a clone and a push while a repack runs.
git_as "$ADMIN" clone -q "$URL/$PROJECT.git" "$T/c" 2>/dev/null
stop_cofferd
care_by_hand
shatter 12 1500
hold
start_cofferd
git -C "$T/c" remote set-url origin "$URL/$PROJECT.git"
api POST "$P/maintain" '{"step":"repack"}'
tap_is "$STATUS" 202 'a repack is asked for'
tap_ok 'it runs' wait_for 60 packing
tap_ok 'a clone meanwhile' git_as "$ADMIN" clone -q --bare --branch agent/bulk "$URL/$PROJECT.git" "$T/meanwhile"
tap_ok 'is whole' git --git-dir="$T/meanwhile" fsck --no-dangling
tap_ok 'it is not over' packing
unhold
git -C "$T/c" checkout -q -b agent/quick && git -C "$T/c" commit -q --allow-empty -m quick
BEGIN=$(date +%s%N)
tap_ok 'a push meanwhile' git_as "$ADMIN" -C "$T/c" push -q origin agent/quick
TOOK=$((($(date +%s%N) - BEGIN) / 1000000))
echo "# the push took $TOOK ms"
gave_way() { grep -q 'care gave-way' "$T/cofferd.log"; }
tap_ok 'the repack gave way' wait_for 60 gave_way
afterwards() { ! repacking && [ -n "$(ls "$R"/objects/pack/*.bitmap 2>/dev/null)" ] && [ "$(packs)" -le 2 ]; }
tap_ok 'and is done afterwards' wait_for 90 afterwards
neat() { ! leftovers; }
tap_ok 'nothing is left over' wait_for 20 neat
tap_is "$(git --git-dir="$R" rev-parse agent/quick)" "$(git -C "$T/c" rev-parse HEAD)" 'what was pushed is there'
tap_ok 'git says again that it is whole' whole

# Killed in the middle.
stop_cofferd
shatter 12 1500
touch -d '3 days ago' "$R/objects/pack/tmp_pack_old"
hold
start_cofferd
api POST "$P/maintain" '{"step":"repack"}'
tap_ok 'a repack runs' wait_for 60 packing
tap_ok 'there are many packs yet' test "$(packs)" -ge 12
kill -9 "$COFFERD_PID"
orphan() { [ "$(repackers | wc -l)" = 1 ] && packing; }
tap_ok 'kill -9: git dies too' wait_for 60 orphan
unhold
let_go
none() { ! repacking; }
tap_ok 'and what it had started, when it is heard of' wait_for 60 none
# What a kill in the middle of the pack leaves.
head -c 100000 "$(find "$R/objects/pack" -name 'pack-*.pack' | head -n 1)" >"$R/objects/pack/.tmp-4242-pack-tmp"
own
tap_ok 'nothing is lost' whole
start_cofferd
care repack
tap_ok 'after a restart it is done' wait_for 90 tidy
tap_not 'what the killed one left is swept' leftovers
tap_ok 'and all is whole' whole

# A flipped byte.
care check
tap_is "$STATUS,$(field .repository.health)" 200,ok 'a check says that it is whole'
PACK=$(find "$R/objects/pack" -name 'pack-*.pack' | head -n 1)
chmod u+w "$PACK"
cp "$PACK" "$T/pack.good"
AT=$(($(stat -c %s "$PACK") / 2))
BYTE=$(dd if="$PACK" bs=1 skip=$AT count=1 2>/dev/null | od -An -tu1 | tr -d ' ')
# shellcheck disable=SC2059
printf "\\$(printf %o $(((BYTE + 1) % 256)))" | dd of="$PACK" bs=1 seek=$AT conv=notrunc 2>/dev/null
care check
tap_is "$STATUS,$(field .repository.health)" 200,corrupt 'a flipped byte is found'
tap_like "$(field .error)" '*checksum*' 'and said to who asked'
api GET "$P"
tap_like "$(field .repository.error)" "objects/pack/$(basename "$PACK")*" 'the project names the file'
tap_is "$(events repository.corrupt)" 1 'there is an event'
care repack
tap_is "$(field .repository.health),$(packs)" corrupt,1 'it is not repacked'
tap_ok 'the very file is still there' test -e "$PACK"
care check
tap_is "$(events repository.corrupt)" 1 'the event is not repeated'
cat "$T/pack.good" >"$PACK"
care check
tap_is "$(field .repository.health),$(field .error)" ok,null 'mended: it is whole again'
tap_is "$(events repository.healthy)" 1 'and there is an event'

# git removes a pack before its index: a repack that was killed in between.
cp "${PACK%.pack}.idx" "$R/objects/pack/pack-0123456789012345678901234567890123456789.idx"
own
care check
tap_is "$(field .repository.health),$(field .error)" ok,null 'an index alone, its objects in another pack: no loss'
# Of two such indexes either might be named first.
rm -f "$R/objects/pack/pack-0123456789012345678901234567890123456789.idx"
mv "$PACK" "$T/pack.away"
care check
tap_like "$(field .repository.error)" "objects/pack/$(basename "$PACK"): it is missing*" 'a pack that is gone is'
mv "$T/pack.away" "$PACK"
care check
tap_is "$(field .repository.health)" ok 'and back'

# A lost loose object, a damaged one.
OBJ=$(echo loose | git --git-dir="$R" hash-object -w --stdin)
FILE=$R/objects/$(echo "$OBJ" | cut -c1-2)/$(echo "$OBJ" | cut -c3-)
chmod u+w "$FILE"
printf 'xxxx' | dd of="$FILE" bs=1 seek=4 conv=notrunc 2>/dev/null
own
care check
tap_like "$(field .repository.error)" 'objects/*object*' 'a damaged loose object is found'
rm "$FILE"
care check
tap_is "$(field .repository.health)" ok 'and forgotten when it went'
tap_ok 'cofferd ends well' stop_cofferd
tap_done
